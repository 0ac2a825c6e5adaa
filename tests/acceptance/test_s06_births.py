"""S6: a stillbirth sent by mistake, four ways; a termination; a live birth before viability."""

from collections.abc import Callable
from typing import Any

import pytest

from integration_engine.synthetic import hl7
from integration_engine.synthetic.doors import Mllp
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.places import BIRMINGHAM_WOMENS
from tests.acceptance.stories.s06_births import (
    ALONE,
    ATTENDED,
    EARLY,
    LATE_LOSS,
    LIVE,
    NOW,
    PASSED,
    TERMINATED,
    UNATTENDED,
    birth,
    birth_by_fhir,
    birth_by_police,
    concluded,
)
from tests.acceptance.story import at, leads, only

Play = Callable[..., dict[str, Any]]
AT = ("--at", NOW)


def in_each_format(name: str, observations: dict[str, str], **by_police: Any) -> list[Any]:
    """One sentence as HL7 OBX, FHIR Observations and a force's birth block."""
    return [
        pytest.param({"b.hl7": birth("B1", **observations)}, id=f"{name}, hl7"),
        pytest.param({"b.json": birth_by_fhir("B-1", **observations)}, id=f"{name}, fhir"),
        pytest.param({"p.json": birth_by_police("60-1", **by_police)}, id=f"{name}, police"),
    ]


@pytest.mark.parametrize(
    "messages",
    [
        *in_each_format("attended", ATTENDED, outcome="still", professional_attending=True, gestation_weeks=31),
        *in_each_format("late fetal loss", LATE_LOSS, outcome="still", professional_attending=True, gestation_weeks=23),
    ],
)
def test_a_stillbirth_that_a_professional_attended_leaves_only_a_count(
    cdr_try: Try, messages: dict[str, bytes]
) -> None:
    answer = cdr_try(messages, *AT)
    assert (answer["cases"], answer["waiting"], answer["refused"]) == ([], [], [])
    assert only(answer["passed_over"])["reason"] == "scope.stillbirth"


@pytest.mark.parametrize(
    "messages",
    in_each_format("termination", TERMINATED, outcome="live", termination=True, gestation_weeks=21),
)
def test_a_live_birth_after_a_termination_leaves_only_a_count(cdr_try: Try, messages: dict[str, bytes]) -> None:
    answer = cdr_try(messages, *AT)
    assert (answer["cases"], answer["waiting"], answer["refused"]) == ([], [], [])
    assert only(answer["passed_over"])["reason"] == "scope.termination"


@pytest.mark.parametrize(
    "messages",
    in_each_format(
        "alone",
        ALONE,
        outcome="still",
        professional_attending=False,
        suspected_stillbirth_at_home=True,
        gestation_weeks=36,
    ),
)
def test_a_stillbirth_that_nobody_attended_is_in_scope_until_the_coroner_says_so(
    cdr_try: Try, messages: dict[str, bytes]
) -> None:
    case = only(cdr_try(messages, *AT)["cases"])
    assert (case["state"], case["rule"], leads(case)) == ("open", "scope.unattended-stillbirth", ("BSOL", []))
    assert (case["jar"]["required"], case["jar"]["reasons"]) == (True, ["unattended-stillbirth"])
    assert case["jar"]["team"] == "JAR-BSOL"
    assert {"ncmd_due", "jar_due"} <= case["clocks"].keys()
    assert "mbrrace-pmrt" in case["flags"]


@pytest.mark.parametrize("messages", in_each_format("alive", LIVE, outcome="live", gestation_weeks=22))
def test_a_live_birth_before_viability_is_in_scope(cdr_try: Try, messages: dict[str, bytes]) -> None:
    case = only(cdr_try(messages, *AT)["cases"])
    assert (case["state"], case["rule"], leads(case)) == ("open", "scope.child", ("BSOL", []))
    assert not case["jar"]["required"]
    assert "mbrrace-pmrt" in case["flags"]


def test_its_panel_is_its_mothers_where_it_has_no_address(cdr_try: Try) -> None:
    """NK1-4 has the mother's usual address; the baby's PID-11 is empty."""
    baby = Child("Shaw", "BABY", "2026-05-04", "female", mother="Ann Shaw", mother_nhs_number=invented_nhs_number(610))
    message = hl7.adt(
        "A03", baby, BIRMINGHAM_WOMENS, "BM", at("2026-05-04T11:00:00"), died_at="2026-05-04T10:40", indicator="Y",
        discharge="4", visit="BM", observations=(("GESTATION", "22+1"), ("LIVEBIRTH", "Y")),
    )  # fmt: skip
    address = b"3 Park Street^^^^WV1 1SH"
    with_address = message.replace(b"|MTH|", b"|MTH|" + address + b"|").replace(
        b"MTH|" + address + b"||", b"MTH|" + address + b"|"
    )
    case = only(cdr_try({"b.hl7": with_address}, *AT)["cases"])
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("BLKCTRY", "lead.mother")
    assert leads(case)[1] == ["BSOL"]


def test_the_coroners_stillbirth_closes_the_case(in_any_order: Play) -> None:
    told = {"b.hl7": birth("BA1", child=UNATTENDED, **ALONE), "c.csv": concluded("00661-2026", UNATTENDED)}
    case = only(in_any_order(told, *AT)["cases"])
    assert (case["state"], case["rule"]) == ("out-of-scope", "scope.stillbirth")
    assert case["clocks"] == {}
    assert not case["jar"]["required"]


def test_the_coroners_other_conclusion_keeps_it(in_any_order: Play) -> None:
    told = {"b.hl7": birth("BA1", child=UNATTENDED, **ALONE)}
    case = only(in_any_order(told | {"c.csv": concluded("00661-2026", UNATTENDED, "natural causes")}, *AT)["cases"])
    assert (case["state"], leads(case)[0]) == ("open", "BSOL")
    assert case["jar"]["required"]


def test_a_coroner_who_finds_a_live_born_baby_stillborn_ends_the_review(in_any_order: Play) -> None:
    told = {"b.hl7": birth("BL1", child=EARLY, **LIVE), "c.csv": concluded("00671-2026", EARLY)}
    case = only(in_any_order(told, *AT)["cases"])
    assert (case["state"], case["rule"]) == ("out-of-scope", "scope.stillbirth")


def test_a_termination_closes_and_hides_a_case_that_another_message_opened(in_any_order: Play) -> None:
    child = Child(
        "Shaw", "BABY", "2026-05-04", "female", invented_nhs_number(77), lines=("3 Park View",), postcode="B4 6NH"
    )
    told = {"died.hl7": birth("X1", child=child), "ended.hl7": birth("X2", child=child, **TERMINATED)}
    case = only(in_any_order(told, *AT)["cases"])
    assert (case["state"], case["rule"], case["clocks"]) == ("out-of-scope", "scope.termination", {})


def kinds(played: Played, story: str, recipient: str) -> list[str]:
    return [delivery.body["kind"] for delivery in played.told(story) if delivery.recipient == recipient]


def test_nothing_of_a_stillbirth_reaches_panel_or_nation(played: Played) -> None:
    assert played.told("s6-attended") == []
    assert played.answers["s6-attended.birth.hl7"].outcome == "accepted"


def test_the_sender_of_a_stillbirth_is_told_why_and_where_it_belongs(played: Played) -> None:
    """In version 2.4, which has no informational ERR: in MSA-3."""
    with Mllp("127.0.0.1", played.running.mllp_port) as mllp:
        answer = mllp.send(birth("BS2", child=PASSED, **ATTENDED))
    assert b"MSA|AA|BS2" in answer
    assert b"MBRRACE" in answer
    assert b"NORWOOD" not in answer.upper()


def test_the_unattended_stillbirth_is_told_and_taken_back_when_the_coroner_has_concluded(played: Played) -> None:
    for recipient in ("cdop.BSOL", "national.ncmd", "jar.JAR-BSOL"):
        told = kinds(played, "s6-alone", recipient)
        assert told[0] == ("jar" if recipient.startswith("jar") else "new")
        assert told[-1] == "withdraw"
    last = played.told("s6-alone")[-1].body
    assert (last["state"], last["rule"]) == ("out-of-scope", "scope.stillbirth")
    assert "record" not in last


def test_a_termination_that_came_late_is_taken_back_from_everybody(played: Played) -> None:
    assert {delivery.recipient for delivery in played.told("s6-terminated")} == {"cdop.BSOL", "national.ncmd"}
    for recipient in ("cdop.BSOL", "national.ncmd"):
        assert kinds(played, "s6-terminated", recipient) == ["new", "withdraw"]
    assert all("record" not in d.body for d in played.told("s6-terminated") if d.body["kind"] == "withdraw")


def test_the_live_birth_goes_to_its_panel_without_a_joint_response(played: Played) -> None:
    assert {delivery.recipient for delivery in played.told("s6-live")} == {"cdop.BSOL", "national.ncmd"}
