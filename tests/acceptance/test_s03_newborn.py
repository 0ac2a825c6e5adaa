"""S3: an unnamed newborn is sent on at once and named later."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from integration_engine.synthetic import hl7
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.places import MANCHESTER
from tests.acceptance.stories.s03_newborn import (
    DIED,
    NAMED,
    PLAYED,
    UNNAMED,
    named,
    registered,
    registered_by_xml,
    s3,
    unnamed,
    unnamed_by_fhir,
)
from tests.acceptance.story import at, leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)


@pytest.mark.parametrize("first", [unnamed(), unnamed_by_fhir()], ids=["hl7", "fhir"])
def test_it_is_sent_on_at_once_without_a_name_or_number(cdr_try: Try, first: bytes) -> None:
    name = "a.hl7" if first.startswith(b"MSH") else "a.json"
    case = only(cdr_try({name: first}, "--at", "2026-08-12T10:06:00+01:00")["cases"])
    assert (case["state"], case["rule"]) == ("open", "scope.child")
    assert leads(case) == ("GM-MCR", [])
    assert not case["jar"]["required"]
    child = case["record"]["child"]
    assert child["nhs_number_absent_reason"] == "NOT_CURRENTLY_AVAILABLE"
    assert child["name_is_placeholder"]
    assert "nhs_number" not in child
    assert case["clocks"]["ncmd_due"] == "2026-08-14T09:30:00+01:00"


@pytest.mark.parametrize("first", [unnamed(), unnamed_by_fhir()], ids=["hl7", "fhir"])
@pytest.mark.parametrize("last", [registered(), registered_by_xml()], ids=["json", "xml"])
def test_name_and_number_come_and_nothing_is_lost(in_any_order: Play, first: bytes, last: bytes) -> None:
    names = [f"{n}.{'hl7' if body.startswith(b'MSH') else 'xml' if body.startswith(b'<') else 'json'}"
             for n, body in (("a", first), ("b", named()), ("c", last))]  # fmt: skip
    answer = in_any_order(dict(zip(names, (first, named(), last), strict=True)), *NOW)
    case = only(answer["cases"])
    assert answer["reviews"] == []
    assert set(case["from"]) == {f"{name}#0" for name in names}
    assert leads(case) == ("GM-MCR", [])
    child = case["record"]["child"]
    assert child["nhs_number"] == NAMED.nhs_number
    assert (child["given_names"], child["family_name"]) == (["Grace"], "BELLO")
    assert "BABY OKAFOR" in child["known_as"]
    assert "nhs_number_absent_reason" not in child
    assert "name_is_placeholder" not in child
    assert child["mother"]["nhs_number"] == UNNAMED.mother_nhs_number
    assert case["record"]["death"]["status"] == "formal"
    assert case["record"]["death"]["registered_at"] == "2026-08-19"
    # Everybody said the same of the hour but the registrar, who only has the day.
    assert case["record"]["death"]["died_at"] == "2026-08-12T09:30+01:00"


def test_the_number_is_filled_by_the_message_that_brought_it(cdr_try: Try) -> None:
    case = only(cdr_try({"a.hl7": unnamed(), "b.hl7": named()}, *NOW)["cases"])
    assert case["provenance"]["child.nhs_number"]["from"] == "b.hl7#0"
    assert "nhs_number_absent_reason" not in case["record"]["child"]
    assert "child.nhs_number_absent_reason" not in case["provenance"]


@pytest.mark.parametrize(
    "told", [("a.hl7",), ("a.hl7", "b.hl7"), ("a.hl7", "b.hl7", "c.json"), ("c.json", "b.hl7", "a.hl7")]
)
def test_the_time_it_was_first_known_stays(cdr_try: Try, told: tuple[str, ...]) -> None:
    case = only(cdr_try({name: s3()[name] for name in told}, *NOW)["cases"])
    assert case["clock_notes"]["ncmd_due"]["first_known"] == "2026-08-12T10:05+01:00"
    assert case["clocks"]["ncmd_due"] == "2026-08-14T09:30:00+01:00"


@pytest.mark.parametrize(
    ("registered_on", "late"), [("2026-08-12", True), ("2026-08-13", False), ("2026-08-19", False)]
)
def test_a_registrar_who_tells_after_seven_days_is_flagged(cdr_try: Try, registered_on: str, late: bool) -> None:
    """Told on the 20th: seven days from the day after a registration on the 12th had ended on the 19th."""
    case = only(cdr_try(s3() | {"c.json": registered(registered_on)}, *NOW)["cases"])
    assert ("registered-late" in case["flags"]) is late
    assert case["record"]["death"]["registered_at"] == registered_on


def test_without_the_mother_a_person_is_asked_and_nothing_waits(cdr_try: Try) -> None:
    """Same hospital, day, sex and address are no identity for an unnamed baby: twins exist. Both are on their way."""
    alone = dataclasses.replace(UNNAMED, mother=None, mother_nhs_number=None)
    message = hl7.adt(
        "A03", alone, MANCHESTER, "M9", at("2026-08-12T10:05:00"), died_at=DIED, indicator="Y", discharge="4"
    )
    answer = cdr_try({"a.hl7": message, "b.hl7": named()}, *NOW)
    joined = len(answer["cases"]) == 1
    assert joined or answer["reviews"]
    assert all(leads(case) == ("GM-MCR", []) for case in answer["cases"])


def test_the_panel_is_told_at_once_and_then_of_the_name(played: Played) -> None:
    told = [d.body for d in played.told("s3") if d.recipient == "cdop.GM-MCR"]
    assert [body["kind"] for body in told] == ["new", "update", "update"]
    assert "nhs_number" not in told[0]["record"]["child"]
    assert {"child.nhs_number", "child.family_name", "child.nhs_number_absent_reason"} <= {
        change["field"] for change in told[1]["changes"]
    }
    assert told[-1]["record"]["death"]["status"] == "formal"
    assert {d.recipient for d in played.told("s3")} == {"cdop.GM-MCR", "national.ncmd"}
