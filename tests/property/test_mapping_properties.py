"""Whatever a partner sends, the mapping language and its readers answer: they never raise, never tell what they refuse."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Reading, Submission
from adapters.coroner.adapter import ADAPTER as CORONER
from adapters.hospital_hl7.er7 import parse
from adapters.police.adapter import ADAPTER as POLICE
from integration_engine.mapping.paths import Er7Source, FhirSource, JsonSource
from integration_engine.mapping.profile import load_profile
from integration_engine.mapping.registry import Refused
from integration_engine.mapping.transforms import TRANSFORMS
from integration_engine.record.dates import canonical

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
plain_transforms = sorted(name for name, one in TRANSFORMS.items() if any(e.argument is None for e in one.examples))
texts = (
    st.text(max_size=60)
    | st.from_regex(r"[0-9/.: T+-]{1,25}", fullmatch=True)
    | st.from_regex(r"[0-9]{1,3} ?[a-z]{1,6}", fullmatch=True)
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(plain_transforms), texts)
def test_a_transform_gives_a_value_or_a_refusal(name: str, value: str) -> None:
    refusal: Refused | None = None
    try:
        TRANSFORMS[name].bind()(value)
    except Refused as error:
        refusal = error
    assert refusal is None or (refusal.code and (len(value.strip()) < 4 or value.strip() not in refusal.why))


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["%Y%m%d%H%M%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d %B %Y %H:%M:%S"]),
)
def test_every_spelling_of_a_moment_is_the_same_moment(moment: datetime, spelling: str) -> None:
    assert TRANSFORMS["datetime"].bind()(moment.strftime(spelling)) == canonical(
        moment.replace(microsecond=0).isoformat()
    )


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_mapping_any_json_never_raises(document: Any) -> None:
    profile = load_profile("police-sudden-death")
    profile.map(JsonSource({"person": document, "event": document, "report": document}))
    profile.map(JsonSource(document))


@settings(max_examples=100, deadline=None)
@given(json_values, json_values)
def test_asking_any_json_for_fhir_paths_never_raises(patient: Any, encounter: Any) -> None:
    source = FhirSource({"Patient": patient, "Encounter": [encounter]})
    for path in (
        "Patient.name.where(use='official').family",
        "Patient.deceased",
        "Encounter.location.location.exists()",
    ):
        source.find(path)


er7_texts = st.text(alphabet=st.sampled_from("AB1 ^~&|\\\"'é"), max_size=40)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["PID", "NK1", "OBX"]), er7_texts), max_size=6))
def test_the_place_an_hl7_path_found_leads_back_to_the_value(segments: list[tuple[str, str]]) -> None:
    lines = ["MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4", *(f"{name}|{text}" for name, text in segments)]
    source = Er7Source(parse("\r".join(lines).encode()))
    for path in ("PID-1", "PID-2.2", "NK1-1[2].1.2", "OBX[1=A]-2", "PID-1[2!=B].1"):
        for found in source.find(path):
            assert [again.value for again in source.find(found.path)] == [found.value]


def readings(adapter: Any, body: bytes, profile: str) -> list[Reading]:
    return list(adapter.read(Submission(body, RECEIVED), load_profile(profile)))


@settings(max_examples=100, deadline=None)
@given(json_values, json_values)
def test_any_report_is_answered(person: Any, event: Any) -> None:
    document = {
        "schema": "police-sudden-death/1",
        "force": "E23000013",
        "report_id": "1",
        "reported_at": "2026-03-09",
        "event": event,
        "persons": [{"person_id": "P1", "role": "deceased", "family_name": "Q"}, person],
    }
    assert all(reading.items for reading in readings(POLICE, json.dumps(document).encode(), "police-sudden-death"))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_by_police_and_coroner(body: bytes) -> None:
    for adapter, profile in ((POLICE, "police-sudden-death"), (CORONER, "coroner-case")):
        found = readings(adapter, body, profile)
        assert found
        assert all(reading.items for reading in found)
        adapter.recognises(body)
        adapter.sender(body)


COLUMNS = [
    "area",
    "reference",
    "event",
    "event_at",
    "family_name",
    "date_of_birth",
    "age",
    "date_of_death",
    "conclusion",
    "nhs_number",
    "postcode",
]
cells = st.text(max_size=20) | st.sampled_from(
    ["avon", "REFERRED", "2026-03-09", "09/05/2014", "3 days", "suicide; neglect", "9990000018"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(cells, min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=5), st.randoms())
def test_rows_are_answered_the_same_in_any_order(rows: list[list[str]], chance: Any) -> None:
    def answers(ordered: list[list[str]]) -> set[tuple[str, str, str]]:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(ordered)
        body = out.getvalue().encode("utf-8", "replace")
        return {
            (one.verdict, one.reason, one.notices[0].id if one.notices else "")
            for one in readings(CORONER, body, "coroner-case")
        }

    # NUL makes a file no table at all, and white space alone no row.
    clean = [[cell.replace("\x00", "") for cell in row] for row in rows]
    shuffled = list(clean)
    chance.shuffle(shuffled)
    assert answers(clean) == answers(shuffled)
