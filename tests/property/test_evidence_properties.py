"""Evidence of anything: a valid notice and any JSON row become evidence that can be blocked, compared and resolved."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import evidence_of, evidence_of_row
from integration_engine.linkage.resolve import resolve
from integration_engine.record.account import Age
from integration_engine.record.notice import DeathNotice
from tests.linkage_rows import number

COLUMNS = [
    "id",
    "source",
    "sender",
    "local_ref",
    "message_type",
    "nhs_number",
    "given",
    "middle",
    "family",
    "known_as",
    "sex",
    "birth_date",
    "age_text",
    "death_datetime",
    "postcode",
    "address_line",
    "gp_ods",
    "place_of_death",
    "birth_order",
    "multiple_birth",
    "mother_given",
    "mother_nhs_number",
    "birth_weight_g",
    "gestation_weeks",
    "event_ref",
    "notified_at",
]
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "Ava",
            "O'Brien-Łuczak",
            "Baby of Sarah",
            "Twin 2",
            "",
            " ",
            "0",
            "nan",
            "NaN",
            "null",
            "Infinity",
            "1e999",
            "٣",
            "²",
            "0001-01-01",
            "9999-12-31T23:59:59+14:00",
            "2026-02-30",
            "31/02/2026",
            "00000000",
            "2026-03-29T01:30",
            "24:00",
            "7 years",
            "9999999 years",
            "3/52",
            "26+3",
            "5lb 8oz",
            "ZZ99 3VZ",
            number(1),
            "９９９１００００１３",
            "\x00",
            "\ud800",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**400, -1, 0]),
        st.floats(),
        TEXTS,
        st.just(float("nan")),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=4,
)
ROWS = st.dictionaries(st.one_of(st.sampled_from(COLUMNS), st.text(max_size=5)), VALUES)


@settings(max_examples=600, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_any_row_whatever_stands_in_its_cells_is_evidence(rows: list[dict[str, Any]]) -> None:
    evidence = [evidence_of_row({**row, "id": str(n)}) for n, row in enumerate(rows)]
    assert all(all(isinstance(key, str) for key in keys(e)) for e in evidence)
    assert sum(map(len, resolve(evidence).clusters)) == len(rows)
    evidence_of_row(rows[0])


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_a_row_says_the_same_after_a_trip_through_json(row: dict[str, Any]) -> None:
    told = json.loads(json.dumps(row))
    assert evidence_of_row(told) == evidence_of_row(row)


WORDS = st.text(min_size=1, max_size=20).filter(str.strip)
WHEN = st.sampled_from(
    [
        "0001",
        "9999",
        "9999-12",
        "9999-12-31",
        "2026-03-09",
        "2026-02",
        "2026-03-09T04:10+00:00",
        "2026-03-29T02:30+01:00",
        "1850-01-01",
    ]
)
IDENTIFIERS = st.builds(
    dict, value=WORDS, system=st.none() | WORDS, type=st.none() | st.just("NH"), problem=st.none() | WORDS
)
PEOPLE = st.builds(
    dict,
    name=st.none() | WORDS,
    family_name=st.none() | WORDS,
    given_names=st.lists(WORDS, max_size=2),
    former_names=st.lists(WORDS, max_size=2),
    nhs_number=st.none() | st.sampled_from([number(3), "0000000000", "x"]),
    other_identifiers=st.lists(IDENTIFIERS, max_size=2),
)
CHILDREN = st.builds(
    dict,
    nhs_number=st.none() | st.sampled_from([number(1), "0000000000", "1234567890"]),
    nhs_number_status=st.none() | st.sampled_from(["01", "02", "08"]),
    other_identifiers=st.lists(IDENTIFIERS, max_size=3),
    family_name=st.none() | WORDS,
    given_names=st.lists(WORDS, max_size=3),
    known_as=st.lists(WORDS, max_size=2),
    name_is_placeholder=st.none() | st.booleans(),
    birth_date=st.none() | WHEN,
    age_at_death=st.none()
    | st.builds(
        lambda value, unit: Age(value=value, unit=unit).model_dump(),
        st.integers(0, 10**9),
        st.sampled_from(["years", "days", "minutes"]),
    ),
    multiple_birth=st.none()
    | st.builds(
        dict,
        is_multiple=st.none() | st.booleans(),
        count=st.none() | st.integers(1, 20),
        order=st.none() | st.integers(1, 20),
    ),
    mother=st.none() | PEOPLE,
)
CORONERS = st.builds(
    dict,
    area=st.none() | WORDS,
    reference=st.none() | WORDS,
    transferred_from=st.none() | WORDS,
    transferred_from_reference=st.none() | WORDS,
    transferred_to_reference=st.none() | WORDS,
)
REKEYS = st.builds(
    dict,
    kind=st.sampled_from(["merged", "replaced", "invalidated", "anything"]),
    old_nhs_number=st.none() | st.sampled_from([number(1), "x"]),
    new_nhs_number=st.none() | st.sampled_from([number(2), "y"]),
    old_local_ref=st.none() | WORDS,
    new_local_ref=st.none() | WORDS,
)


@st.composite
def any_notice(draw: st.DrawFn, name: str) -> DeathNotice:
    source = {"kind": draw(st.sampled_from(["hospital-hl7", "police", "coroner", "national", "cdop", "other"]))}
    death = {
        "died_at": draw(st.none() | WHEN),
        "found_at": draw(st.none() | WHEN),
        "last_seen_alive_at": draw(st.none() | WHEN),
    }
    return DeathNotice.model_validate(
        {
            "id": name,
            "submission": "s",
            "source": source | {"partner": draw(st.none() | WORDS), "local_ref": draw(st.none() | WORDS)},
            "received_at": datetime(2026, 3, 10, 9, tzinfo=UTC),
            "profile": "p",
            "intent": draw(st.sampled_from(["report", "retract", "rekey"])),
            "child": draw(CHILDREN),
            "death": death,
            "coroner": draw(st.none() | CORONERS),
            "rekey": draw(st.none() | REKEYS),
            "police": draw(st.none() | st.builds(dict, report_id=st.none() | WORDS, person_id=st.none() | WORDS)),
        }
    )


@settings(max_examples=400, deadline=None)
@given(any_notice("a"), any_notice("b"))
def test_any_valid_notice_is_evidence(a: DeathNotice, b: DeathNotice) -> None:
    evidence = [evidence_of(a), evidence_of(b)]
    assert all(keys(e) is not None for e in evidence)
    assert sum(map(len, resolve(evidence).clusters)) == 2
