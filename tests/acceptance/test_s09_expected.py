"""S9: seven senders, one expected death in a specialist hospital, one case."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s09_expected import PLAYED, s9, s9_by_seven
from tests.acceptance.story import leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)


def test_seven_messages_from_seven_senders_are_one_case(cdr_try: Try) -> None:
    answer = cdr_try(s9_by_seven(), *NOW)
    case = only(answer["cases"])
    assert sorted(case["from"]) == sorted(f"{name}#0" for name in s9_by_seven())
    assert (answer["reviews"], answer["waiting"], answer["passed_over"], answer["refused"]) == ([], [], [], [])
    assert (case["state"], case["rule"]) == ("open", "scope.child")


def test_the_home_leads_and_the_place_of_death_has_a_copy(cdr_try: Try) -> None:
    case = only(cdr_try(s9_by_seven(), *NOW)["cases"])
    assert leads(case) == ("WELC", ["NCL"])
    assert only(case["copies"])["rule"] == "copy.death"
    assert case["lead"]["rule"] == "lead.usual-address"
    assert case["record"]["death"]["place"] == {"ods_code": "RP4"}


def test_a_misspelt_name_and_a_birth_date_with_day_and_month_swapped_are_kept_as_conflicts(cdr_try: Try) -> None:
    case = only(cdr_try(s9_by_seven(), *NOW)["cases"])
    child = case["record"]["child"]
    assert (child["family_name"], child["birth_date"]) == ("Whitaker", "2019-11-04")
    differing = {(one["field"], one["value"]) for one in case["conflicts"] if one["from"] == "hospice.json#0"}
    assert {("child.family_name", "Whittaker"), ("child.birth_date", "2019-04-11")} <= differing


def test_the_formal_status_takes_the_informal_ones_place(cdr_try: Try) -> None:
    messages = s9_by_seven()
    before = only(cdr_try({name: body for name, body in messages.items() if name != "formal.json"}, *NOW)["cases"])
    after = only(cdr_try(messages, *NOW)["cases"])
    assert before["record"]["death"]["status"] == "informal"
    assert after["record"]["death"]["status"] == "formal"
    assert after["provenance"]["death.status"]["from"] == "formal.json#0"


def test_certificate_and_medical_examiner_are_recorded_and_no_response_nor_coroner_is_called_for(cdr_try: Try) -> None:
    case = only(cdr_try(s9_by_seven(), *NOW)["cases"])
    death = case["record"]["death"]
    assert death["mccd"] == {
        "cause_1a": "Neutropenic sepsis",
        "cause_1b": "Acute lymphoblastic leukaemia",
        "medical_examiner": "Dr R Scrutineer",
    }
    assert case["provenance"]["death.mccd.cause_1a"]["rule"] == "cause: mccd-examined"
    assert death["registered_at"] == "2026-02-16"
    assert case["clocks"]["registrar_due"].startswith("2026-02-23T23:59:59")
    assert "registered-late" not in case["flags"]
    assert (case["jar"]["required"], case["jar"]["reasons"]) == (False, [])
    assert "jar_due" not in case["clocks"]
    assert "coroner" not in case["record"]


def test_an_expected_death_has_the_clocks_of_every_death(cdr_try: Try) -> None:
    case = only(cdr_try(s9_by_seven(), *NOW)["cases"])
    clocks = case["clocks"]
    assert clocks["ncmd_due"] == "2026-02-13T15:05:00+00:00"
    assert clocks["cdrm_due"] == "2026-05-11T15:05:00+01:00"
    assert case["clock_notes"]["cdrm_due"]["by"] == "RP4"
    assert "For the hospital where the child died to arrange" in case["clock_notes"]["cdrm_due"]["why"]


@pytest.mark.parametrize("name", sorted(s9_by_seven()))
def test_each_message_alone_leads_to_the_same_panel(cdr_try: Try, name: str) -> None:
    assert leads(only(cdr_try({name: s9_by_seven()[name]}, *NOW)["cases"]))[0] == "WELC"


@pytest.mark.parametrize("name", sorted(s9_by_seven()))
def test_replaying_any_message_changes_nothing(cdr_try: Try, name: str) -> None:
    messages = s9_by_seven()
    once = cdr_try(messages, *NOW)["cases"]
    assert cdr_try(messages | {f"z-again-{name}": messages[name]}, *NOW)["cases"] == once
    assert cdr_try({f"a-again-{name}": messages[name]} | messages, *NOW)["cases"][0]["record"] == once[0]["record"]


def test_replaying_everything_changes_nothing(cdr_try: Try) -> None:
    messages = s9_by_seven()
    again = {f"z-again-{name}": body for name, body in messages.items()}
    once = cdr_try(messages, *NOW)["cases"]
    assert cdr_try(messages | again, *NOW)["cases"] == once


def test_the_order_of_arrival_changes_nothing(cdr_try: Try) -> None:
    messages = s9_by_seven()
    once = cdr_try(messages, *NOW)["cases"]
    for shift, way in itertools.product(range(len(messages)), (1, -1)):
        names = list(messages)[::way]
        turned = names[shift:] + names[:shift]
        assert cdr_try({name: messages[name] for name in turned}, *NOW)["cases"] == once


def test_the_same_control_id_with_another_body_raises_an_alarm(cdr_try: Try) -> None:
    messages = s9()
    other = messages["adt.hl7"].replace(b"5 High Street", b"6 High Street")
    answer = cdr_try({"adt.hl7": messages["adt.hl7"], "b.hl7": other}, *NOW)
    assert [alarm["code"] for alarm in answer["alarms"]] == ["same-id-other-body"]


def test_in_the_engine_seven_messages_are_one_case_for_one_lead_one_copy_and_the_nation(played: Played) -> None:
    (held,) = played.held["s9", 0]
    assert {who: part for who, (part, _, _) in held.items()} == {
        "cdop.WELC": "lead",
        "cdop.NCL": "copy",
        "national.ncmd": "national",
    }
    told = [(one.recipient, one.body["kind"]) for one in played.told("s9")]
    assert told.count(("cdop.WELC", "new")) == told.count(("cdop.NCL", "copy")) == 1
    assert not [who for who, _ in told if who.startswith("jar.")]


def test_in_the_engine_a_replay_of_all_seven_delivers_nothing_more(played: Played) -> None:
    bodies = [one.body for one in played.told("s9")]
    assert len({body["delivery"] for body in bodies}) == len(bodies)
    assert played.held["s9", 0] == played.held["s9", 1]
    versions = [body["version"] for body in bodies if body["part"] == "lead"]
    assert versions == sorted(set(versions))
    assert len(versions) <= len(s9_by_seven())
