"""The rows of the routing rules that no scenario covers, on records built by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Outcome, Standing
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.residence import usual_address
from integration_engine.routing.route import Switches, route

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
READING, LEEDS, LIVERPOOL = {"lad_code": "E06000038"}, {"lad_code": "E08000035"}, {"lad_code": "E08000012"}
DIED = {"died_at": "2026-05-28T10:00"}
SCHOOLCHILD = {"birth_date": "2015-01-01"}
AT_HOME = SCHOOLCHILD | {"addresses": [READING | {"use": "home"}]}


def decision(kind: str, at: str = "2026-05-30T10:00:00+01:00", **value: Any) -> Decision:
    return Decision.model_validate(
        {
            "id": f"{kind}{at}",
            "at": at,
            "by": "a",
            "role": "operator",
            "kind": kind,
            "about": ["x"],
            "value": value,
            "reason": "r",
        }
    )


def notice(name: str, at: str, **parts: Any) -> DeathNotice:
    source = {"kind": "police", "partner": "E23000038"}
    base = {"id": name, "submission": name, "source": source, "stated_at": at, "received_at": NOW, "profile": "test"}
    return DeathNotice.model_validate(base | parts)


def routed(
    child: dict[str, Any] = AT_HOME,
    death: dict[str, Any] = DIED,
    *decisions: Decision,
    outcome: Outcome = "dead",
    notices: tuple[DeathNotice, ...] = (),
    switches: Switches = Switches(),
    in_review: bool = False,
    now: datetime = NOW,
    **parts: Any,
) -> Routing:
    return route(
        ChildDeathRecord.model_validate({"child": child, "death": death, **parts}),
        notices,
        standing=Standing(outcome),
        decided={one.kind: one for one in decisions},
        reference=bundled(),
        now=now,
        switches=switches,
        in_review=in_review,
    )


def lead(routing: Routing) -> tuple[str, str] | None:
    return (routing.lead.cdop, routing.lead.rule) if routing.lead else None


def living_at(*addresses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return SCHOOLCHILD | {"addresses": list(addresses), **more}


class TestScope:
    def test_an_unknown_age_with_a_sign_of_childhood_is_in_scope_and_flagged(self) -> None:
        case = routed({"addresses": [READING], "signs_of_childhood": ["paediatric-ward"]})
        assert (case.state, case.rule) == ("open", "scope.age-unconfirmed")
        assert "age-unconfirmed" in case.flags

    def test_an_unknown_age_without_any_sign_waits_for_a_person_and_keeps_its_lead(self) -> None:
        case = routed({"addresses": [READING]})
        assert (case.state, case.rule, lead(case)) == ("held", "held.age", ("BERKS", "lead.usual-address"))

    @pytest.mark.parametrize(
        ("under_18", "state", "rule"), [(True, "open", "scope.child"), (False, "out-of-scope", "scope.adult")]
    )
    def test_a_person_may_settle_the_age(self, under_18: bool, state: str, rule: str) -> None:
        case = routed({"addresses": [READING]}, DIED, decision("age", under_18=under_18))
        assert (case.state, case.rule) == (state, rule)

    def test_a_release_lifts_an_unknown_age(self) -> None:
        assert routed({"addresses": [READING]}, DIED, decision("release")).state == "open"

    def test_a_person_may_settle_whether_the_baby_lived(self) -> None:
        baby = {"birth_date": "2026-05-28", "addresses": [READING]}
        stillborn = DIED | {"live_birth": "no", "professional_attending_birth": "yes"}
        assert routed(baby, stillborn).rule == "scope.stillbirth"
        assert routed(baby, stillborn, decision("live-birth", live_birth=True)).rule == "scope.child"
        assert routed(baby, DIED, decision("live-birth", termination=True)).rule == "scope.termination"
        unattended = decision("live-birth", live_birth=False, professional_attending=False)
        assert routed(baby, DIED, unattended).rule == "scope.unattended-stillbirth"

    def test_a_stillbirth_at_home_of_which_nobody_says_who_attended_is_taken_in(self) -> None:
        baby = {"birth_date": "2026-05-28", "addresses": [READING]}
        assert (
            routed(baby, DIED | {"live_birth": "no", "place": {"type": "home"}}).rule == "scope.unattended-stillbirth"
        )


class TestResidence:
    @pytest.mark.parametrize("use", ["temporary", "correspondence", "placement", "other"])
    def test_no_other_address_stands_in_for_the_home(self, use: str) -> None:
        case = routed(living_at(LEEDS | {"use": use}))
        assert (case.rule, case.lead) == ("held.no-residence", None)

    def test_the_home_is_the_best_ranked_address_stated_as_home_or_of_no_stated_use(self) -> None:
        assert lead(routed(living_at(LIVERPOOL | {"use": "temporary"}, LEEDS))) == ("LEEDS", "lead.usual-address")
        addresses = living_at(LIVERPOOL | {"use": "other"}, READING | {"use": "home"}, LEEDS)
        address = usual_address(ChildDeathRecord.model_validate({"child": addresses}))
        assert address
        assert address.lad_code == "E06000038"

    def test_an_agreement_between_panels_comes_first_even_before_the_looked_after_rule(self) -> None:
        child = AT_HOME | {"looked_after": {"is": True, "local_authority": "E08000012"}}
        assert lead(routed(child, DIED, decision("agreement", cdop="LEEDS"))) == ("LEEDS", "lead.agreement")

    def test_an_agreement_with_a_closed_panel_goes_to_its_successor_and_one_with_no_panel_is_passed_over(self) -> None:
        closed = routed(AT_HOME, DIED, decision("agreement", cdop="STYNE-OLD"))
        assert closed.lead
        assert (closed.lead.cdop, closed.lead.then) == ("NSTYNE", "STYNE-OLD")
        assert lead(routed(AT_HOME, DIED, decision("agreement", cdop="NOWHERE"))) == ("BERKS", "lead.usual-address")

    def test_a_decision_may_name_the_authority_that_looks_after_the_child(self) -> None:
        assert lead(routed(AT_HOME, DIED, decision("looked-after", local_authority="E08000012"))) == (
            "MERSEY",
            "lead.looked-after",
        )

    def test_an_unknown_looking_after_authority_is_for_a_person_not_for_the_home(self) -> None:
        case = routed(AT_HOME | {"looked_after": {"is": True, "local_authority": "E06999999"}})
        assert (case.rule, case.lead) == ("held.unknown-area", None)

    def test_an_unknown_district_code_is_for_a_person_even_beside_a_known_postcode(self) -> None:
        assert (
            routed(living_at({"use": "home", "lad_code": "E07009999", "postcode": "RG1 5AN"})).rule
            == "held.unknown-area"
        )

    def test_a_code_of_another_system_gives_way_to_the_postcode(self) -> None:
        assert lead(routed(living_at({"use": "home", "lad_code": "00MC", "postcode": "RG1 5AN"}))) == (
            "BERKS",
            "lead.usual-address",
        )

    def test_an_unknown_postcode_is_for_a_person_unless_a_partner_gave_its_district(self) -> None:
        unknown = {"use": "home", "postcode": "RG1 9ZZ"}
        case = routed(living_at(unknown), DIED | {"place": LEEDS})
        assert (case.rule, case.lead, case.notify) == ("held.unknown-postcode", None, ("unassigned:LEEDS",))
        assert lead(routed(living_at(unknown, {"postcode": "rg19zz", **READING}))) == ("BERKS", "lead.usual-address")

    @pytest.mark.parametrize("postcode", ["ZZ99 3VZ", "ZZ993WZ", "zz99 3cz"])
    def test_a_pseudo_postcode_names_no_area(self, postcode: str) -> None:
        case = routed(living_at({"use": "home", "postcode": postcode}), DIED | {"place": LEEDS})
        assert (case.state, case.rule, case.lead) == ("held", "held.no-residence", None)
        assert case.notify == ("unassigned:LEEDS",)
        assert "cdop_due" in case.clocks

    def test_an_address_not_known_gives_way_to_another_home_but_no_fixed_abode_does_not(self) -> None:
        other = LEEDS | {"use": "home"}
        assert lead(routed(living_at({"use": "home", "postcode": "ZZ99 3WZ"}, other))) == (
            "LEEDS",
            "lead.usual-address",
        )
        assert routed(living_at({"use": "home", "postcode": "ZZ99 3VZ"}, other)).rule == "held.no-residence"

    @pytest.mark.parametrize(
        ("address", "nation"),
        [
            ({"postcode": "ZZ99 3GZ"}, "wales"),
            ({"postcode": "ZZ99 1WZ"}, "scotland"),
            ({"postcode": "ZZ99 6UZ"}, "overseas"),
            ({"postcode": "EH1 1YJ"}, "scotland"),
            ({"postcode": "BT7 1NN"}, "northern-ireland"),
            ({"postcode": "JE2 3AB"}, "channel-islands"),
            ({"country": "ESP"}, "overseas"),
            ({"country": "FRA", "postcode": "75001"}, "overseas"),
            ({"lad_code": "S12000036"}, "scotland"),
        ],
    )
    def test_a_child_of_another_nation_is_led_where_they_died_and_that_nation_is_told(
        self, address: dict[str, str], nation: str
    ) -> None:
        case = routed(living_at(address | {"use": "home"}), DIED | {"place": LEEDS})
        assert lead(case) == ("LEEDS", "lead.place-of-death")
        assert case.notify == (nation,)
        assert "non-resident" in case.flags

    def test_a_stated_residency_serves_where_no_address_does(self) -> None:
        case = routed(SCHOOLCHILD | {"residency": "scotland"}, DIED | {"place": LEEDS})
        assert (lead(case), case.notify) == (("LEEDS", "lead.place-of-death"), ("scotland",))
        absent = routed(SCHOOLCHILD | {"nhs_number_absent_reason": "NON_RESIDENT_ENGLAND"}, DIED | {"place": LEEDS})
        assert lead(absent) == ("LEEDS", "lead.place-of-death")

    def test_an_english_home_outweighs_a_stated_residency_elsewhere(self) -> None:
        assert lead(routed(AT_HOME | {"residency": "wales"})) == ("BERKS", "lead.usual-address")

    @pytest.mark.parametrize("address", [{"postcode": "IM1 1AA"}, {"lad_code": "M83000003"}, {"country": "IMN"}])
    def test_merseyside_leads_for_the_isle_of_man(self, address: dict[str, str]) -> None:
        case = routed(living_at(address | {"use": "home"}), DIED | {"place": {"lad_code": "E08000003"}})
        assert lead(case) == ("MERSEY", "lead.isle-of-man")
        assert [(copy.cdop, copy.rule) for copy in case.copies] == [("GM-MCR", "copy.death")]
        assert case.notify == ("isle-of-man",)

    def test_a_non_resident_who_died_nobody_knows_where_waits_for_a_person(self) -> None:
        assert routed(living_at({"country": "ESP", "use": "home"})).rule == "held.no-residence"

    def test_the_mothers_address_serves_newborns_only_and_only_without_an_own_one(self) -> None:
        mother = {"mother": {"address": LEEDS}}
        newborn = {"birth_date": "2026-05-20", **mother}
        assert lead(routed(newborn)) == ("LEEDS", "lead.mother")
        assert lead(routed(newborn | {"addresses": [READING]})) == ("BERKS", "lead.usual-address")
        assert routed(SCHOOLCHILD | mother).rule == "held.no-residence"
        assert lead(routed({"birth_date": "2026-04-20", **mother}, DIED, switches=Switches(newborn_days=60))) == (
            "LEEDS",
            "lead.mother",
        )

    def test_every_step_that_was_tried_is_kept(self) -> None:
        case = routed(AT_HOME)
        assert [step.rule for step in case.ladder] == ["lead.agreement", "lead.looked-after", "lead.usual-address"]
        assert "Reading" in case.ladder[-1].answer


class TestCopies:
    def test_a_plain_sudden_death_found_at_a_place_makes_no_event_copy(self) -> None:
        found = DIED | {"place": LIVERPOOL, "event": {"type": "sudden-death", "place": LEEDS}}
        assert [copy.cdop for copy in routed(AT_HOME, found).copies] == ["MERSEY"]
        other = DIED | {"place": LIVERPOOL, "event": {"type": "other", "place": LEEDS}}
        assert [(copy.cdop, copy.rule) for copy in routed(AT_HOME, other).copies] == [
            ("MERSEY", "copy.death"),
            ("LEEDS", "copy.event"),
        ]

    def test_an_unknown_place_of_death_makes_no_copy(self) -> None:
        assert routed(AT_HOME, DIED | {"place": {"ods_code": "ZZZZZ", "name": "somewhere"}}).copies == ()

    def test_nobody_is_told_twice(self) -> None:
        case = routed(AT_HOME, DIED | {"place": LEEDS, "event": {"type": "fire", "place": LEEDS}})
        assert [(copy.cdop, copy.rule) for copy in case.copies] == [("LEEDS", "copy.death")]


class TestJointAgencyResponse:
    @pytest.mark.parametrize(
        ("death", "parts", "reason"),
        [
            ({"diagnoses": [{"code": "I46.1"}, {"code": "V03.1", "system": "icd-10"}]}, {}, "external-cause"),
            ({"diagnoses": [{"code": "x59.0"}]}, {}, "external-cause"),
            ({"event": {"type": "drowning"}}, {}, "external-cause"),
            ({}, {"coroner": {"conclusions": ["misadventure"]}}, "external-cause"),
            ({"diagnoses": [{"code": "R95"}]}, {}, "sudden-no-cause"),
            ({"event": {"type": "sudden-death"}}, {}, "sudden-no-cause"),
            ({}, {"police": {"suspicious": "unexplained"}}, "sudden-no-cause"),
            ({"expected": "unexpected"}, {}, "sudden-no-cause"),
            ({}, {"police": {"suspicious": "yes"}}, "suspicious"),
        ],
    )
    def test_each_fact_of_the_table_calls_for_it(
        self, death: dict[str, Any], parts: dict[str, Any], reason: str
    ) -> None:
        case = routed(AT_HOME, DIED | death, **parts)
        assert (case.jar.required, case.jar.rule, case.jar.reasons) == (True, "jar.required", (reason,))

    @pytest.mark.parametrize(
        ("death", "parts"),
        [
            ({"expected": "expected", "diagnoses": [{"code": "C71.9"}]}, {}),
            ({"expected": "unexpected", "mccd": {"issued": True}}, {}),
            ({"diagnoses": [{"code": "Y99"}, {"code": "U07.1"}, {"code": "R97"}]}, {}),
            ({"diagnoses": [{"code": "W01", "system": "local"}]}, {}),
            ({}, {"coroner": {"conclusions": ["natural-causes"]}}),
            ({}, {"police": {"suspicious": "no"}}),
        ],
    )
    def test_other_facts_do_not(self, death: dict[str, Any], parts: dict[str, Any]) -> None:
        assert not routed(AT_HOME, DIED | death, **parts).jar.required

    def test_custody_and_detention_call_for_it(self) -> None:
        assert routed(AT_HOME | {"custody": "detained-mha"}).jar.reasons == ("custody-or-mha",)
        assert not routed(AT_HOME | {"custody": "none"}).jar.required

    def test_every_reason_is_given(self) -> None:
        case = routed(AT_HOME, DIED | {"event": {"type": "homicide"}}, police={"suspicious": "yes"})
        assert case.jar.reasons == ("external-cause", "suspicious")

    def test_the_team_of_the_place_of_death_starts_it_else_of_the_event_else_of_the_home(self) -> None:
        fire = {"event": {"type": "fire", "place": LIVERPOOL}}
        assert routed(AT_HOME, DIED | fire | {"place": LEEDS}).jar.team == "JAR-LEEDS"
        assert routed(AT_HOME, DIED | fire).jar.team == "JAR-MERSEY"
        assert routed(AT_HOME, DIED | {"event": {"type": "fire"}}).jar.team == "JAR-BERKS"

    def test_the_force_that_reports_leads_where_the_event_has_no_place(self) -> None:
        case = routed(AT_HOME, DIED | {"event": {"type": "fire"}, "place": LEEDS}, police={"force": "54"})
        assert case.jar.police_force == "E23000038"

    def test_a_death_at_home_happened_where_the_home_is(self) -> None:
        case = routed(AT_HOME, DIED | {"event": {"type": "sudden-death"}, "place": {"type": "home"}})
        assert (case.jar.team, case.jar.police_force, case.copies) == ("JAR-BERKS", "E23000029", ())

    def test_a_death_in_scotland_is_run_there(self) -> None:
        case = routed(AT_HOME, DIED | {"expected": "unexpected", "place": {"lad_code": "S12000036"}})
        assert (case.jar.mode, case.jar.team, case.jar.told) == ("run-elsewhere", None, ("JAR-BERKS",))


class TestHeldAndWithdrawn:
    @pytest.mark.parametrize(
        ("outcome", "rule"),
        [
            ("cancelled-visit", "held.cancelled-visit"),
            ("disputed", "held.disputed"),
            ("contradiction", "held.contradiction"),
            ("indirect", "held.indirect-source"),
        ],
    )
    def test_what_a_person_must_settle_is_held_and_a_release_lifts_it(self, outcome: Outcome, rule: str) -> None:
        held = routed(outcome=outcome)
        assert (held.state, held.rule, lead(held)) == ("held", rule, ("BERKS", "lead.usual-address"))
        assert routed(AT_HOME, DIED, decision("release"), outcome=outcome).state == "open"

    def test_a_restriction_outranks_every_other_reason_to_hold(self) -> None:
        case = routed({"restricted": "protected-identity"}, DIED, outcome="disputed")
        assert (case.rule, case.restricted) == ("held.restricted", True)

    def test_the_later_of_restrict_and_release_stands(self) -> None:
        earlier, later = "2026-05-29T10:00:00+00:00", "2026-05-30T10:00:00+00:00"
        assert (
            routed(AT_HOME, DIED, decision("release", earlier), decision("restrict", later)).rule == "held.restricted"
        )
        assert routed(AT_HOME, DIED, decision("release", later), decision("restrict", earlier)).state == "open"

    def test_a_retraction_outranks_even_a_restriction_so_that_it_reaches_whoever_was_told(self) -> None:
        case = routed(AT_HOME | {"restricted": "adoption"}, outcome="retracted")
        assert (case.state, case.rule, case.restricted) == ("withdrawn", "scope.retracted", True)

    def test_an_open_linkage_review_is_a_flag_not_a_state(self) -> None:
        case = routed(in_review=True)
        assert (case.state, "in-review" in case.flags) == ("open", True)


class TestFlags:
    @pytest.mark.parametrize(
        ("flag", "child", "death"),
        [
            ("mnsi", {"birth_date": "2026-05-25", "gestation_days": 259}, {}),
            ("mbrrace-pmrt", {"birth_date": "2026-05-01"}, {}),
            ("rapid-review", {}, {"abuse_or_neglect": True}),
            ("rapid-review", {}, {"suspected_category": "abuse-or-neglect"}),
            ("rtss", {}, {"diagnoses": [{"code": "X70"}]}),
            ("ppo", {"custody": "secure-home"}, {}),
            ("lede-r", {"learning_disability": True}, {}),
        ],
    )
    def test_other_processes_are_flagged(self, flag: str, child: dict[str, Any], death: dict[str, Any]) -> None:
        assert flag in routed(AT_HOME | child, DIED | death).flags
        assert flag not in routed(AT_HOME, DIED).flags

    @pytest.mark.parametrize(
        ("flag", "child", "death"),
        [
            ("mnsi", {"birth_date": "2026-05-25", "gestation_days": 258}, {}),
            ("mnsi", {"birth_date": "2026-05-21", "gestation_days": 280}, {}),
            ("mbrrace-pmrt", {"birth_date": "2026-04-30"}, {}),
            ("lede-r", {"birth_date": "2022-05-29", "learning_disability": True}, {}),
            ("ppo", {"custody": "detained-mha"}, {}),
        ],
    )
    def test_only_within_their_bounds(self, flag: str, child: dict[str, Any], death: dict[str, Any]) -> None:
        assert flag not in routed(AT_HOME | child, DIED | death).flags

    @pytest.mark.parametrize(
        ("process", "flag"), [("PSII", "psii"), ("mnsi", "mnsi"), ("leder", "lede-r"), ("alert-ncmd", "alert-ncmd")]
    )
    def test_a_process_that_a_partner_mentions_is_flagged(self, process: str, flag: str) -> None:
        assert flag in routed(AT_HOME, DIED, other_reviews=[{"process": process}]).flags

    def test_a_family_without_a_key_worker_is_flagged_after_seven_days(self) -> None:
        week_later = datetime(2026, 6, 4, 9, 1, tzinfo=UTC)
        assert "no-key-worker" not in routed().flags
        assert "no-key-worker" in routed(now=week_later).flags
        assert "no-key-worker" not in routed(now=week_later, family={"key_worker": {"name": "K"}}).flags
