"""The acceptance scenarios, as far as routing decides them, on records built by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Outcome, Standing
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches, route

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def home(code: str, use: str | None = "home") -> dict[str, Any]:
    return {"lad_code": code} | ({"use": use} if use else {})


def child(*addresses: dict[str, Any], born: str = "2014-05-09", **more: Any) -> dict[str, Any]:
    return {"birth_date": born, "addresses": list(addresses), **more}


def notice(name: str, at: str, **parts: Any) -> DeathNotice:
    return DeathNotice.model_validate(
        {
            "id": name,
            "submission": name,
            "source": {"kind": "hospital-hl7", "partner": "RTH"},
            "stated_at": at,
            "received_at": NOW,
            "profile": "test",
            **parts,
        }
    )


def decision(kind: str, at: str = "2026-11-01T10:00:00+00:00", **value: Any) -> Decision:
    return Decision.model_validate(
        {"id": f"{kind}-{at}", "at": at, "by": "a", "role": "coordinator", "kind": kind, "about": ["x"], "value": value}
        | {"reason": "known to the panel"}
    )


def routed(
    child: dict[str, Any],
    death: dict[str, Any],
    *decisions: Decision,
    notices: tuple[DeathNotice, ...] = (),
    outcome: Outcome = "dead",
    switches: Switches = Switches(),
    now: datetime = NOW,
    adoption: bool = False,
    **parts: Any,
) -> Routing:
    record = ChildDeathRecord.model_validate({"child": child, "death": death, **parts})
    return route(
        record,
        notices,
        standing=Standing(outcome),
        decided={one.kind: one for one in decisions},
        reference=bundled(),
        now=now,
        switches=switches,
        adoption=adoption,
    )


def lead(routing: Routing) -> str | None:
    return routing.lead.cdop if routing.lead else None


def copies(routing: Routing) -> dict[str, str]:
    return {copy.cdop: copy.rule for copy in routing.copies}


def due(routing: Routing, clock: str) -> str:
    return routing.clocks[clock].isoformat()


S1_DEATH = {
    "died_at": "2026-03-09T04:10",
    "place": {"lad_code": "E07000178"},
    "event": {"type": "road-traffic-collision", "place": {"lad_code": "E06000030"}},
}


def test_s1_resident_in_one_area_hurt_in_another_and_dead_in_a_third() -> None:
    case = routed(child(home("E06000038")), S1_DEATH)
    assert (case.state, case.rule) == ("open", "scope.child")
    assert case.lead
    assert (case.lead.cdop, case.lead.rule) == ("BERKS", "lead.usual-address")
    assert copies(case) == {"OXON": "copy.death", "WILTSW": "copy.event"}
    assert (case.jar.required, case.jar.reasons, case.jar.team) == (True, ("external-cause",), "JAR-OXON")
    assert case.jar.told == ("JAR-BERKS",)
    assert case.jar.police_force == "E23000038"
    assert due(case, "ncmd_due") == "2026-03-11T04:10:00+00:00"


def test_s1_the_same_from_postcodes_and_hospital_sites() -> None:
    death = S1_DEATH | {
        "place": {"ods_code": "RTH08"},
        "event": {"type": "road-traffic-collision", "place": {"postcode": "SN3 6BB"}},
    }
    case = routed(child({"postcode": "rg1 5an", "use": "home"}), death)
    assert lead(case) == "BERKS"
    assert copies(case) == {"OXON": "copy.death", "WILTSW": "copy.event"}


def test_s1_a_transfer_between_coroners_starts_five_working_days() -> None:
    transferred = notice("c", "2026-03-16T10:00", coroner={"stage": "TRANSFERRED_IN", "stage_at": "2026-03-16"})
    case = routed(child(home("E06000038")), S1_DEATH, notices=(transferred,))
    assert due(case, "coroner_transfer_due") == "2026-03-23T23:59:59+00:00"


def test_s2_twins_at_home_and_dead_in_one_panels_area_need_no_copy_and_no_response() -> None:
    for died, expected in (
        ("2026-06-01T05:40", "2026-06-03T05:40:00+01:00"),
        ("2026-06-04T22:15", "2026-06-06T22:15:00+01:00"),
    ):
        case = routed(
            child(home("E09000025"), born="2026-06-01", gestation_days=163),
            {"died_at": died, "live_birth": "yes", "place": {"lad_code": "E09000030"}},
        )
        assert (lead(case), case.copies, case.jar.required) == ("WELC", (), False)
        assert due(case, "ncmd_due") == expected
        assert "mbrrace-pmrt" in case.flags


def test_s3_an_unnamed_newborn_is_routed_at_once() -> None:
    case = routed(
        child(
            home("E08000003"),
            born="2026-08-12",
            name_is_placeholder=True,
            nhs_number_absent_reason="NOT_CURRENTLY_AVAILABLE",
        ),
        {"died_at": "2026-08-12T09:30"},
    )
    assert (case.state, lead(case)) == ("open", "GM-MCR")


def test_s3_a_registrar_who_tells_later_than_seven_days_is_flagged() -> None:
    death = {"died_at": "2026-08-12T09:30", "registered_at": "2026-08-13"}
    late = notice("r", "2026-08-21T09:00", death={"registered_at": "2026-08-13"})
    timely = notice("r", "2026-08-20T09:00", death={"registered_at": "2026-08-13"})
    baby = child(home("E08000003"), born="2026-08-12")
    assert due(routed(baby, death), "registrar_due") == "2026-08-20T23:59:59+01:00"
    assert "registered-late" in routed(baby, death, notices=(late,)).flags
    assert "registered-late" not in routed(baby, death, notices=(timely,)).flags


def test_s4_an_adopted_child_waits_for_the_restricted_role_and_is_then_led_by_the_current_home() -> None:
    adopted = child(home("E06000022"))
    death = {"died_at": "2026-05-01T10:00"}
    for held in (routed(adopted, death, adoption=True), routed(adopted | {"restricted": "adoption"}, death)):
        assert (held.state, held.rule, held.restricted) == ("held", "held.restricted", True)
    released = routed(adopted | {"restricted": "adoption"}, death, decision("release"))
    assert (released.state, lead(released), released.restricted) == ("open", "WOE", False)


def test_s5_a_retracted_death_is_withdrawn_and_its_clocks_stop() -> None:
    case = routed(child(home("E10000014")), {"died_at": "2026-05-01T11:00"}, outcome="retracted")
    assert (case.state, case.rule, dict(case.clocks)) == ("withdrawn", "scope.retracted", {})
    assert lead(case) == "HIPS"
    assert lead(routed(child(home("E06000044")), {"died_at": "2026-05-01T11:00"})) == "HIPS"


def test_s5_a_disputed_death_goes_to_a_person_and_says_so() -> None:
    case = routed(child(home("E10000014")), {"died_at": "2026-05-01T11:00"}, outcome="disputed")
    assert (case.state, case.rule) == ("held", "held.disputed")
    assert "disputed" in case.flags


BABY: dict[str, Any] = {"born": "2026-06-01", "gestation_days": 155}


@pytest.mark.parametrize(
    ("death", "state", "rule"),
    [
        ({"live_birth": "no", "professional_attending_birth": "yes"}, "out-of-scope", "scope.stillbirth"),
        (
            {"suspected_stillbirth_at_home": True, "professional_attending_birth": "no"},
            "open",
            "scope.unattended-stillbirth",
        ),
        ({"live_birth": "yes", "signs_of_life": True, "termination": True}, "out-of-scope", "scope.termination"),
        ({"live_birth": "yes", "signs_of_life": True}, "open", "scope.child"),
        ({"signs_of_life": False}, "out-of-scope", "scope.stillbirth"),
        ({"live_birth": "no", "signs_of_life": True}, "open", "scope.child"),
    ],
)
def test_s6_births_at_the_edge_of_scope(death: dict[str, Any], state: str, rule: str) -> None:
    mother = {"address": {"lad_code": "E08000003"}}
    case = routed(child(**BABY, mother=mother), {"died_at": "2026-06-01T10:40", **death})
    assert (case.state, case.rule) == (state, rule)


def test_s6_an_unattended_stillbirth_needs_a_response_until_the_coroner_concludes() -> None:
    death = {"died_at": "2026-06-01T10:40", "suspected_stillbirth_at_home": True, "professional_attending_birth": "no"}
    case = routed(child(home("E08000003"), **BABY), death)
    assert (case.jar.required, case.jar.reasons) == (True, ("unattended-stillbirth",))
    concluded = routed(
        child(home("E08000003"), **BABY), death, coroner={"stage": "CONCLUDED", "conclusions": ["stillbirth"]}
    )
    assert (concluded.state, concluded.rule, dict(concluded.clocks)) == ("out-of-scope", "scope.stillbirth", {})


def test_s6_a_termination_is_restricted() -> None:
    case = routed(
        child(home("E08000003"), **BABY), {"died_at": "2026-06-01T10:40", "live_birth": "yes", "termination": True}
    )
    assert case.restricted


def test_s6_a_live_birth_that_lived_forty_minutes_is_led_by_the_mothers_home_without_a_response() -> None:
    mother = {"address": {"lad_code": "E08000003"}}
    case = routed(child(**BABY, mother=mother), {"died_at": "2026-06-01T10:40", "live_birth": "yes"})
    assert case.lead
    assert (case.lead.cdop, case.lead.rule, case.jar.required) == ("GM-MCR", "lead.mother", False)


S7_DEATH = {
    "died_at": "2026-07-01T10:00",
    "place": {"lad_code": "E08000012"},
    "event": {"type": "drowning", "place": {"lad_code": "E06000050"}},
}


def test_s7_a_child_of_wales_who_dies_in_england_is_led_where_they_died() -> None:
    case = routed(child(home("W06000006"), born="2018-01-01"), S7_DEATH)
    assert case.lead
    assert (case.lead.cdop, case.lead.rule) == ("MERSEY", "lead.place-of-death")
    assert (copies(case), case.notify) == ({"CHESHIRE": "copy.event"}, ("wales",))
    assert "non-resident" in case.flags
    assert (case.jar.team, case.jar.police_force, case.jar.mode) == ("JAR-MERSEY", "E23000006", "local")


def test_s7_a_panel_may_decide_not_to_review_a_non_resident() -> None:
    visitor = child(home("W06000006"), born="2018-01-01")
    refused = routed(visitor, S7_DEATH, decision("review-non-resident", review=False))
    assert (refused.state, refused.rule) == ("out-of-scope", "not-reviewed")
    assert routed(visitor, S7_DEATH, decision("review-non-resident", review=True)).state == "open"


def test_s7_a_child_of_england_who_dies_in_wales_is_led_at_home_while_wales_runs_the_response() -> None:
    death = {"died_at": "2026-07-01T10:00", "place": {"lad_code": "W06000015"}, "expected": "unexpected"}
    case = routed(child(home("E06000019")), death)
    assert (lead(case), case.copies, case.notify) == ("HW", (), ("wales",))
    assert (case.jar.required, case.jar.mode, case.jar.team) == (True, "run-elsewhere", None)
    assert due(case, "ncmd_due") == "2026-07-03T10:00:00+01:00"


S8_DEATH = {
    "died_at": "2026-10-20",
    "place": {"ods_code": "RTE03"},
    "event": {"type": "suspected-suicide", "place": {"lad_code": "E07000081"}},
}


def test_s8_neither_temporary_address_nor_practice_nor_school_decides() -> None:
    youngster = child(
        home("E07000081", "temporary"), home("E08000025"), born="2011-01-01", gp_practice="M81001", school="Redditch"
    )
    case = routed(youngster, S8_DEATH)
    assert (lead(case), copies(case)) == ("BSOL", {"GLOS": "copy.death"})
    assert (case.jar.required, case.jar.team) == (True, "JAR-GLOS")
    assert {"rtss", "date-only-death"} <= set(case.flags)


def test_s8_a_person_may_say_that_the_child_had_moved_for_good() -> None:
    case = routed(child(home("E08000025"), born="2011-01-01"), S8_DEATH, decision("residence", lad_code="E07000081"))
    assert lead(case) == "GLOS"


def test_s9_an_expected_death_in_a_specialist_hospital_has_a_lead_a_copy_and_no_response() -> None:
    death = {
        "died_at": "2026-09-01T12:00",
        "place": {"ods_code": "RP4"},
        "expected": "expected",
        "diagnoses": [{"code": "C91.0", "system": "icd-10"}],
    }
    case = routed(child(home("E09000025"), born="2020-01-01"), death)
    assert (lead(case), copies(case), case.jar.required) == ("WELC", {"NCL": "copy.death"}, False)


@pytest.mark.parametrize("use", ["placement", "home"])
def test_s10_the_authority_that_looks_after_the_child_leads(use: str) -> None:
    looked_after = child(home("E06000051", use), looked_after={"is": True, "local_authority": "E08000012"})
    death = {"died_at": "2026-04-01T10:00", "place": {"lad_code": "E06000021"}, "expected": "unexpected"}
    told = notice("h", "2026-04-01T11:00", child={"looked_after": {"is": True}})
    case = routed(looked_after, death, notices=(told,))
    assert case.lead
    assert (case.lead.cdop, case.lead.rule) == ("MERSEY", "lead.looked-after")
    assert copies(case) == {"STAFFS": "copy.death", "STW": "copy.placement"}
    assert (case.jar.reasons, case.jar.team) == (("sudden-no-cause",), "JAR-STAFFS")
    # Good Friday is 3 April 2026 and Easter Monday the 6th.
    assert due(case, "s16c_due") == "2026-04-10T23:59:59+01:00"
    switched_off = routed(looked_after, death, switches=Switches(looked_after_leads=False))
    assert lead(switched_off) == "STW"


def test_s11_custody_needs_a_response_and_home_comes_before_custody_under_a_retired_code() -> None:
    death = {"died_at": "2026-02-01T10:00", "place": {"type": "custody-secure", "lad_code": "E08000035"}}
    case = routed(child(home("E08000019"), born="2009-01-01", custody="prison-yoi"), death)
    assert (lead(case), copies(case)) == ("SHEFFIELD", {"LEEDS": "copy.death"})
    assert "custody-or-mha" in case.jar.reasons
    assert "ppo" in case.flags
    switched = routed(
        child(home("E08000019"), born="2009-01-01", custody="prison-yoi"),
        death,
        switches=Switches(home_before_custody=False),
    )
    assert lead(switched) == "LEEDS"


def test_s12_retired_codes_and_merged_panels_find_todays_owner_and_show_both() -> None:
    copeland = routed(child(home("E07000029")), {"died_at": "2026-01-05T10:00"})
    assert lead(copeland) == "CUMBRIA"
    poole = routed(child(home("E06000029")), {"died_at": "2019-03-15T10:00"})
    assert poole.lead
    assert (poole.lead.then, poole.lead.cdop) == ("PDOR-OLD", "PDORSOM")
    gateshead = routed(child(home("E08000037")), {"died_at": "2020-03-10T10:00"})
    assert gateshead.lead
    assert (gateshead.lead.then, gateshead.lead.cdop) == ("STYNE-OLD", "NSTYNE")


def test_s12_an_unknown_code_goes_to_a_person_and_the_place_of_death_is_told_meanwhile() -> None:
    case = routed(child(home("E07009999")), {"died_at": "2026-01-05T10:00", "place": {"lad_code": "E08000035"}})
    assert (case.state, case.rule, case.lead) == ("held", "held.unknown-area", None)
    assert (case.copies, case.notify) == ((), ("unassigned:LEEDS",))
    assert "ncmd_due" in case.clocks


def test_s13_forty_eight_hours_are_elapsed_hours_over_the_spring_change() -> None:
    case = routed(child(home("E06000038")), {"died_at": "2026-03-28T23:30"})
    assert due(case, "ncmd_due") == "2026-03-31T00:30:00+01:00"
    sent = datetime.fromisoformat("2026-03-31T00:15:00+01:00")
    assert sent - case.clocks["ncmd_due"] == -timedelta(minutes=15)


def test_s13_the_panel_has_six_weeks_from_the_inquest() -> None:
    case = routed(
        child(home("E06000038")),
        {"died_at": "2026-03-28T23:30"},
        coroner={"stage": "CONCLUDED", "inquest_opened_at": "2026-04-10", "concluded_at": "2027-05-28T15:00"},
        now=datetime(2027, 6, 1, tzinfo=UTC),
    )
    assert due(case, "cdop_review_due") == "2027-07-09T15:00:00+01:00"


def test_s14_a_death_abroad_is_led_at_home_with_a_modified_response() -> None:
    death = {
        "died_at": "2026-08-02T15:00",
        "place": {"type": "abroad", "country": "ESP"},
        "event": {"type": "drowning", "place": {"country": "ESP"}},
    }
    told = notice("school", "2026-08-11T09:00")
    case = routed(child(home("E06000023"), born="2022-01-01"), death, notices=(told,))
    assert (lead(case), case.copies, case.notify) == ("WOE", (), ("overseas",))
    assert (case.jar.required, case.jar.mode, case.jar.team) == (True, "modified", "JAR-WOE")
    assert due(case, "ncmd_due") == "2026-08-04T15:00:00+01:00"
    assert case.first_known
    assert case.first_known.isoformat() == "2026-08-11T09:00:00+01:00"


@pytest.mark.parametrize(
    ("born", "died", "rule"),
    [
        ("2008-05-10", "2026-05-09T23:50", "scope.child"),
        ("2008-05-10", "2026-05-10T00:05", "scope.adult"),
        ("2008-02-29", "2026-02-28", "scope.child"),
        ("2008-02-29", "2026-03-01", "scope.adult"),
        ("2008-05", "2026-05-10", "scope.age-unconfirmed"),
    ],
)
def test_s15_the_eighteenth_birthday(born: str, died: str, rule: str) -> None:
    case = routed(child(home("E06000038"), born=born), {"died_at": died})
    assert case.rule == rule
    assert case.state == ("out-of-scope" if rule == "scope.adult" else "open")


def test_s15_the_leap_birthday_is_a_switch() -> None:
    born = child(home("E06000038"), born="2008-02-29")
    assert (
        routed(born, {"died_at": "2026-02-28"}, switches=Switches(leap_birthday_in_march=False)).rule == "scope.adult"
    )


def test_s16_children_of_one_fire_are_led_by_their_home_and_each_needs_a_response() -> None:
    fire = {"type": "fire", "place": {"lad_code": "E08000025"}, "reference": "E1"}
    for name in ("3 years", "5 years"):
        age = {"value": int(name[0]), "unit": "years"}
        case = routed(
            {"age_at_death": age, "addresses": [home("E08000025")]}, {"died_at": "2026-05-01T02:00", "event": fire}
        )
        assert (lead(case), case.jar.required, case.copies) == ("BSOL", True, ())
