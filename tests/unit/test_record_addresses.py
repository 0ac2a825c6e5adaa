"""Which of the addresses that partners tell is the child's home, and which of them are one place."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from integration_engine.record.account import Address
from integration_engine.record.addresses import usual_address
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.survivorship import fold

DIED = "2026-03-09T04:10"
TOLD = ("2026-03-10T05:00", "2026-03-10T06:00")


def told(
    kind: str, *addresses: dict[str, Any], at: str = TOLD[0], event: str | None = None, status: str | None = None
) -> DeathNotice:
    return DeathNotice.model_validate(
        {
            "id": f"{kind}-{at}-{event}",
            "submission": "s",
            "source": {"kind": kind, "partner": kind, "event": event},
            "stated_at": at,
            "received_at": datetime(2026, 3, 20, tzinfo=UTC),
            "profile": "p",
            "child": {"addresses": addresses},
            "death": {"died_at": DIED, "status": status},
        }
    )


def home(postcode: str, **parts: Any) -> dict[str, Any]:
    return {"postcode": postcode, "use": "home", **parts}


def usual(record: ChildDeathRecord) -> Address:
    found = usual_address(record.child.addresses)
    assert found is not None
    return found


# By who tells it: kind of source, the event it tells it with, the status of the death, since when the address is in force.
SOURCES: dict[str, dict[str, Any]] = {
    "national-formal": {"kind": "national", "status": "formal"},
    "national": {"kind": "national", "status": "informal"},
    "hospital, in force before the death": {"kind": "hospital-hl7", "start": "2026-03-08"},
    "hospital": {"kind": "hospital-fhir"},
    "hospital, in force since the death": {"kind": "hospital-hl7", "start": "2026-03-09"},
    "police": {"kind": "police"},
    "coroner": {"kind": "coroner"},
}


def by(source: str, at: str, postcode: str) -> DeathNotice:
    how = SOURCES[source]
    since = {"from": how["start"]} if "start" in how else {}
    return told(how["kind"], home(postcode, **since), at=at, status=how.get("status"))


@pytest.mark.parametrize(("better", "worse"), list(pairwise(SOURCES)))
def test_the_home_is_the_one_that_the_better_source_tells_whoever_spoke_last(better: str, worse: str) -> None:
    for first, second in (TOLD, TOLD[::-1]):
        record = fold([by(better, first, "RG1 1LZ"), by(worse, second, "GL1 1AA")])
        assert usual(record).postcode == "RG1 1LZ"
        assert [conflict.value["postcode"] for conflict in record.conflicts if conflict.field == "child.addresses"] == [
            "GL1 1AA"
        ]


@pytest.mark.parametrize(
    ("event", "stated_at", "is_home"),
    [
        pytest.param("A04", "2026-03-09T03:00", False, id="registered on the day of the death"),
        pytest.param("A04", "2026-03-08T23:00", True, id="registered the day before"),
        pytest.param("A03", "2026-03-09T03:00", True, id="no registration"),
    ],
)
def test_a_home_that_a_hospital_wrote_down_on_the_day_of_the_death_gives_way_to_another_hospitals(
    event: str, stated_at: str, is_home: bool
) -> None:
    written_down = told("hospital-hl7", home("RG1 1LZ"), at=stated_at, event=event)
    other = told("hospital-fhir", home("GL1 1AA"), at="2026-03-07T05:00")
    assert (usual(fold([written_down, other])).postcode == "RG1 1LZ") is is_home


def test_a_home_that_had_ended_before_the_death_is_none_and_no_conflict() -> None:
    moved = told("national", home("GL1 1AA", to="2026-03-08"), status="formal")
    record = fold([moved, told("police", home("RG1 1LZ"))])
    assert (usual(record).postcode, record.conflicts) == ("RG1 1LZ", ())
    still = told("national", home("GL1 1AA", to="2026-03-09"), status="formal")
    assert usual(fold([still, told("police", home("RG1 1LZ"))])).postcode == "GL1 1AA"


LINES = {"lines": ["3 Reed Lane"]}
OTHER_LINES = {"lines": ["1 Kelp Quay"]}
DISTRICT = {"lad_code": "E06000038"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(home("RG1 1LZ"), home("RG1 1LZ") | LINES, True, id="one postcode"),
        pytest.param(home("RG1 1LZ") | LINES, home("GL1 1AA") | LINES, False, id="two postcodes"),
        pytest.param(home("RG1 1LZ") | LINES, {"use": "home"} | LINES, True, id="one line, one postcode told"),
        pytest.param(
            LINES | {"use": "home"}, {"lines": ["3 REED  LANE", "Reading"]}, True, id="one line, in any letters"
        ),
        pytest.param(home("RG1 1LZ") | LINES, {"use": "home"} | OTHER_LINES, False, id="two lines"),
        pytest.param(
            home("RG1 1LZ") | DISTRICT, {"use": "home"} | DISTRICT, True, id="one district, nothing more told"
        ),
        pytest.param(home("RG1 1LZ"), {"use": "home"} | DISTRICT, False, id="a postcode and a district"),
        pytest.param(home("RG1 1LZ"), home("RG1 1LZ") | {"use": "temporary"}, False, id="a stay at the same place"),
    ],
)
def test_two_addresses_are_one_place_by_postcode_else_line_else_district(
    one: dict[str, Any], other: dict[str, Any], *, same: bool
) -> None:
    for first, second in ((one, other), (other, one)):
        record = fold([told("hospital-hl7", first), told("police", second)])
        assert len(record.child.addresses) == (1 if same else 2)


def test_a_place_told_twice_has_the_parts_of_both_and_its_rank() -> None:
    record = fold([told("hospital-hl7", home("RG1 1LZ")), told("police", home("RG1 1LZ") | LINES | DISTRICT)])
    (place,) = record.child.addresses
    assert (place.postcode, place.lines, place.lad_code, place.source_rank) == (
        "RG1 1LZ",
        ("3 Reed Lane",),
        "E06000038",
        1,
    )
