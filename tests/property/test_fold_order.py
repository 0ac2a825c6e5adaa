"""A record is a function of the set of notices: not of their order, not of how often one is told."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integration_engine.record.account import Address
from integration_engine.record.addresses import USUAL, _same_place
from integration_engine.record.notice import DeathNotice
from integration_engine.record.survivorship import fold

SOURCES = [
    ("hospital-hl7", "RTH"),
    ("hospital-fhir", "RN3"),
    ("police", "E23000038"),
    ("coroner", "oxfordshire"),
    ("national", "national"),
]
TIMES = ["2026-03-09", "2026-03-09T04:10", "2026-03-09T05:00", "2026-03-10", "2026-03"]
PLACES = st.fixed_dictionaries(
    {
        "use": st.sampled_from([None, "home", "home", "temporary"]),
        "postcode": st.sampled_from([None, "RG1 1LZ", "GL1 2AB"]),
        "lines": st.sampled_from([(), ("7 Larkspur Row",), ("7 LARKSPUR ROW", "Reading"), ("1 Kelp Quay",)]),
        "lad_code": st.sampled_from([None, "E06000038", "E06000023"]),
        "uprn": st.sampled_from([None, "1"]),
    }
)
HOMES = [{"postcode": "RG1 1LZ", "use": "home"}, {"postcode": "GL1 2AB"}, {"postcode": "B4 6NH", "use": "temporary"}]


@st.composite
def notices(draw: st.DrawFn) -> list[DeathNotice]:
    """Up to six sources' words on one child, agreeing here and differing there; ties in time are likely."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        kind, partner = draw(st.sampled_from(SOURCES))
        child: dict[str, Any] = {
            "family_name": draw(st.sampled_from(["Harrow", "HARROW", "Harow"])),
            "given_names": draw(st.sampled_from([["Ava"], ["Ava", "Grace"], ["BABY"]])),
            "nhs_number": draw(st.sampled_from([None, "9990000018"])),
            "nhs_number_status": draw(st.sampled_from([None, "01", "02"])),
            "addresses": draw(st.lists(st.sampled_from(HOMES), max_size=2)),
        }
        child["name_is_placeholder"] = True if child["given_names"] == ["BABY"] else None
        death = {
            "died_at": draw(st.sampled_from([None, *TIMES])),
            "died_at_basis": draw(st.sampled_from([None, "known", "found"])),
            "status": draw(st.sampled_from([None, "informal", "formal"])) if kind == "national" else None,
        }
        found.append(
            DeathNotice(
                id=f"n-{number}",
                submission="s",
                source={"kind": kind, "partner": partner, "event": draw(st.sampled_from([None, "A04", "A03"]))},
                stated_at=draw(st.sampled_from(TIMES)),
                received_at=datetime(2026, 3, 20, tzinfo=UTC),
                profile="p",
                child=child,
                death=death,
            )
        )
    return found


@given(notices(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_folds_to_the_same_record(told: list[DeathNotice], chance: Any) -> None:
    shuffled = told + [chance.choice(told) for _ in range(3)]
    chance.shuffle(shuffled)
    assert fold(shuffled).model_dump_json() == fold(told).model_dump_json()


@given(notices())
def test_every_differing_family_name_is_held_true_or_kept_as_a_conflict(told: list[DeathNotice]) -> None:
    record = fold(told)
    kept = {str(c.value).casefold() for c in record.conflicts if c.field == "child.family_name"}
    kept.add(str(record.child.family_name).casefold())
    assert kept == {str(notice.child.family_name).casefold() for notice in told}


@given(st.lists(PLACES, min_size=1, max_size=9))
def test_each_place_is_kept_once_with_all_that_is_told_of_it(told: list[dict[str, Any]]) -> None:
    addresses = [Address.model_validate(place) for place in told]
    first = notice_with(addresses)
    held = [address.model_copy(update={"source_rank": None}) for address in fold([first]).child.addresses]
    assert held == each_once(sorted(addresses, key=lambda address: address.use not in USUAL))


def notice_with(addresses: Sequence[Address]) -> DeathNotice:
    return DeathNotice(
        id="n",
        submission="s",
        source={"kind": "police", "partner": "E23000038"},
        received_at=datetime(2026, 3, 20, tzinfo=UTC),
        profile="p",
        child={"addresses": addresses},
    )


def each_once(addresses: Sequence[Address]) -> list[Address]:
    """Each place once, looked for among all that were told before."""
    held: list[Address] = []
    for address in addresses:
        same = next((n for n, other in enumerate(held) if _same_place(other, address)), None)
        if same is None:
            held.append(address)
        else:
            more = {k: v for k, v in address if v not in (None, ()) and getattr(held[same], k) in (None, ())}
            held[same] = held[same].model_copy(update=more)
    return held
