"""S10: a looked-after child, placed out of the area that looks after him, dead in a third."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s10_looked_after import (
    LIVERPOOL,
    PLAYED,
    WEST_MERCIA_POLICE,
    force_report,
    placed,
    s10,
)
from tests.acceptance.story import decided, leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)
OFF = ("--switch", "looked_after_leads=false")


def test_the_authority_that_looks_after_him_leads_and_not_the_home_in_every_message(cdr_try: Try) -> None:
    answer = cdr_try(s10(), *NOW)
    case = only(answer["cases"])
    assert (case["state"], case["lead"]["cdop"], case["lead"]["rule"]) == ("open", "MERSEY", "lead.looked-after")
    assert sorted(case["from"]) == sorted(f"{name}#0" for name in s10())
    assert answer["reviews"] == []
    assert case["record"]["child"]["looked_after"] == {"is": True, "local_authority": LIVERPOOL}


@pytest.mark.parametrize("report", [force_report(), placed()], ids=["home", "placement"])
def test_where_he_was_placed_and_where_he_died_have_copies(cdr_try: Try, report: bytes) -> None:
    case = only(cdr_try(s10() | {"police.json": report}, *NOW)["cases"])
    assert {copy["cdop"]: copy["rule"] for copy in case["copies"]} == {"STW": "copy.placement", "STAFFS": "copy.death"}


def test_a_sudden_death_without_a_clear_cause_is_responded_to_by_the_team_where_he_died(cdr_try: Try) -> None:
    jar = only(cdr_try(s10(), *NOW)["cases"])["jar"]
    assert (jar["required"], jar["reasons"], jar["team"]) == (True, ["sudden-no-cause"], "JAR-STAFFS")
    assert jar["told"] == ["JAR-STW"]
    assert jar["police_force"] == WEST_MERCIA_POLICE


def test_the_serious_incident_notice_is_due_in_five_working_days_over_easter(cdr_try: Try) -> None:
    """Wednesday 1 April 2026; Good Friday is the 3rd, Easter Monday the 6th."""
    case = only(cdr_try(s10(), *NOW)["cases"])
    assert case["clocks"]["s16c_due"] == "2026-04-10T23:59:59+01:00"
    assert case["clock_notes"]["s16c_due"]["rule"] == "clock.s16c"
    without = only(cdr_try(s10() | {"police.json": force_report(looked_after=None)}, *NOW)["cases"])
    assert "s16c_due" not in without["clocks"]


@pytest.mark.parametrize("how", ["option", "environment"])
@pytest.mark.parametrize("report", [force_report(), placed()], ids=["home", "placement"])
def test_with_the_switch_off_the_placement_leads(
    cdr_try: Try, monkeypatch: pytest.MonkeyPatch, how: str, report: bytes
) -> None:
    messages = s10() | {"police.json": report}
    if how == "environment":
        monkeypatch.setenv("CDR_SWITCHES__LOOKED_AFTER_LEADS", "false")
    case = only(cdr_try(messages, *NOW, *(OFF if how == "option" else ()))["cases"])
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("STW", "lead.usual-address")
    assert leads(case)[1] == ["STAFFS"]
    assert case["jar"]["team"] == "JAR-STAFFS"
    assert case["clocks"]["s16c_due"] == "2026-04-10T23:59:59+01:00"


def test_the_force_alone_is_enough(cdr_try: Try) -> None:
    case = only(cdr_try({"police.json": placed()}, *NOW)["cases"])
    assert leads(case) == ("MERSEY", ["STAFFS", "STW"])


def test_without_the_forces_word_his_address_leads_until_a_person_says_who_looks_after_him(cdr_try: Try) -> None:
    messages = {name: body for name, body in s10().items() if name != "police.json"}
    assert leads(only(cdr_try(messages, *NOW)["cases"])) == ("STW", ["STAFFS"])
    said = decided("looked-after", "adt.hl7#0", at="2026-04-07T11:00:00+01:00", local_authority=LIVERPOOL)
    case = only(cdr_try(messages, *NOW, decisions=[said])["cases"])
    assert (case["lead"]["rule"], leads(case)) == ("lead.looked-after", ("MERSEY", ["STAFFS", "STW"]))
    # The clock starts when it was first said that he is looked after: Tuesday 7 April and five working days.
    assert case["clocks"]["s16c_due"] == "2026-04-14T23:59:59+01:00"


def test_an_agreement_between_panels_outranks_who_looks_after_him(cdr_try: Try) -> None:
    agreed = decided("agreement", "adt.hl7#0", at="2026-04-08T11:00:00+01:00", cdop="STAFFS")
    case = only(cdr_try(s10(), *NOW, decisions=[agreed])["cases"])
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("STAFFS", "lead.agreement")
    assert "STAFFS" not in leads(case)[1]


def test_looked_after_by_nobody_named_and_only_a_placement_known_is_held_and_told_where_he_died(cdr_try: Try) -> None:
    unnamed = force_report(
        looked_after={"is": True},
        address={"lines": ["2 Sabrina Court"], "postcode": "SY2 6ND", "use": "placement"},
    )
    case = only(cdr_try({"police.json": unnamed}, *NOW)["cases"])
    assert (case["state"], case["rule"], case["lead"]) == ("held", "held.no-residence", None)
    assert case["notify"] == ["unassigned:STAFFS"]
    assert "s16c_due" in case["clocks"]


def test_an_authority_that_nobody_knows_is_held_and_the_home_does_not_decide(cdr_try: Try) -> None:
    wrong = force_report(looked_after={"is": True, "local_authority": "E07009999"})
    case = only(cdr_try(s10() | {"police.json": wrong}, *NOW)["cases"])
    assert (case["state"], case["rule"], case["lead"]) == ("held", "held.unknown-area", None)
    assert case["notify"] == ["unassigned:STAFFS"]


def test_any_order_of_arrival_and_any_repetition_is_the_same_case(in_any_order: Play) -> None:
    assert leads(only(in_any_order(s10(), *NOW)["cases"])) == ("MERSEY", ["STAFFS", "STW"])


def test_in_the_engine_each_panel_and_team_holds_its_part(played: Played) -> None:
    (held,) = played.held["s10", 0]
    assert {who: part for who, (part, _, _) in held.items()} == {
        "cdop.MERSEY": "lead", "cdop.STW": "copy", "cdop.STAFFS": "copy", "jar.JAR-STAFFS": "jar", "jar.JAR-STW": "jar",
        "national.ncmd": "national",
    }  # fmt: skip
    first = next(one for one in played.told("s10") if one.recipient == "jar.JAR-STAFFS")
    assert (first.body["kind"], first.body["routing"]["jar"]["team"]) == ("jar", "JAR-STAFFS")
