"""Every part of an answer says its rule and why, whom to contact is named by area, and switches do what they say."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from integration_engine.cli import reference as reference_command
from integration_engine.cli import route as route_command
from integration_engine.core import Case
from integration_engine.in_force import rules_in_force
from integration_engine.record.decision import Decision
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing import route as route_module
from integration_engine.routing.answer import Routing, explanation_json
from integration_engine.routing.reference import bundled, load_reference
from integration_engine.routing.route import Switches, route
from integration_engine.settings import SettingsError, load_settings
from integration_engine.shown import Shown

NOW = datetime(2026, 10, 21, 9, tzinfo=UTC)
APP = typer.Typer()
APP.command(name="route")(route_command.command)
APP.add_typer(reference_command.app, name="reference")

BIRMINGHAM, GLOUCESTER, READING = {"lad_code": "E08000025"}, {"lad_code": "E07000081"}, {"lad_code": "E06000038"}
CHILD: dict[str, Any] = {"birth_date": "2011-05-09", "addresses": [BIRMINGHAM | {"use": "home"}]}
DIED: dict[str, Any] = {"died_at": "2026-10-20T04:10", "place": GLOUCESTER}
SUICIDE = {"event": {"type": "suspected-suicide", "place": GLOUCESTER}}


def routed(
    child: dict[str, Any], death: dict[str, Any], *decisions: Decision, switches: Switches = Switches(), **more: Any
) -> Routing:
    record = ChildDeathRecord.model_validate({"child": child, "death": death, **more})
    decided: dict[str, Decision] = {one.kind: one for one in decisions}
    return route(
        record, (), standing=Standing("dead"), decided=decided, reference=bundled(), now=NOW, switches=switches
    )


def told(case: Routing, about: str) -> dict[str, str]:
    return {one.answer: one.why for one in case.because if one.about == about}


def contacts(case: Routing) -> dict[str, str]:
    return {one.flag: one.contact for one in case.consider}


@pytest.mark.parametrize(
    "case",
    [
        routed(CHILD, DIED | SUICIDE),
        routed(CHILD, DIED),
        routed({"birth_date": "2011-05"}, {"died_at": "2026-10"}),
        routed({"addresses": [{"lad_code": "W06000006"}]} | {"birth_date": "2020-01-01"}, DIED),
        routed({}, {"place": GLOUCESTER}),
        routed({"addresses": [{"lad_code": "E07009999"}], "birth_date": "2020-01-01"}, DIED),
        routed({"addresses": [{"postcode": "RG45 9ZZ"}], "birth_date": "2020-01-01"}, DIED),
        routed(CHILD | {"restricted": "adoption"}, DIED),
        routed(CHILD | {"birth_date": "1990-01-01"}, DIED),
        routed(CHILD, {"died_at": "2026-08-02", "place": {"type": "abroad"}, "event": {"type": "drowning"}}),
    ],
    ids=["suicide", "natural", "vague", "welsh", "nothing", "area", "postcode", "restricted", "adult", "abroad"],
)
def test_every_part_of_every_answer_has_a_rule_and_a_sentence(case: Routing) -> None:
    assert case.why
    assert all(one.rule and one.why.endswith(".") for one in case.because), case.because
    assert {one.answer for one in case.because if one.about == "copy"} == {copy.cdop for copy in case.copies}
    assert {one.answer for one in case.because if one.about == "notify"} == set(case.notify)
    assert {one.answer for one in case.because if one.about == "flag"} == set(case.flags)
    assert {one.answer for one in case.because if one.about == "jar-reason"} == set(case.jar.reasons)
    assert all(step.rule and step.answer for step in case.ladder)
    assert {one.flag for one in case.consider} >= set(case.flags)


def test_the_suicide_of_a_visitor_is_told_to_the_surveillance_lead_of_where_it_happened() -> None:
    case = routed(CHILD, DIED | SUICIDE)
    assert contacts(case)["rtss"] == (
        "Real-time suicide surveillance lead of Gloucestershire, by way of Gloucestershire police."
    )
    (rtss,) = [one for one in case.consider if one.flag == "rtss"]
    assert (rtss.authority, rtss.force) == ("E10000013", "E23000037")


def test_a_serious_incident_notice_is_the_duty_of_the_authority_that_looks_after_the_child() -> None:
    placed = CHILD | {"looked_after": {"is_looked_after": True, "local_authority": "E08000012"}}
    (duty,) = [one for one in routed(placed, DIED).consider if one.flag == "s16c"]
    assert duty.contact.startswith("Liverpool, which tells")
    assert duty.due == routed(placed, DIED).clocks["s16c_due"]
    assert "s16c" not in routed(placed, DIED).flags


def test_a_contact_whose_area_isnt_known_says_so_in_words() -> None:
    nowhere = routed({"birth_date": "2011-05-09"}, {"died_at": "2026-10-20", "event": {"type": "suspected-suicide"}})
    assert contacts(nowhere)["rtss"].endswith("of the area where it happened, by way of its police force.")


def test_the_facts_behind_each_reason_for_a_response_are_named() -> None:
    case = routed(
        CHILD,
        DIED | SUICIDE | {"diagnoses": [{"system": "ICD-10", "code": "X70"}, {"system": "ICD-10", "code": "R99"}]},
        police={"suspicious": "unexplained"},
    )
    assert told(case, "jar-reason") == {
        "external-cause": "ICD-10 X70; the event is suspected-suicide.",
        "sudden-no-cause": "ICD-10 R99; the police say suspicious: unexplained.",
    }


def test_a_weakly_known_lead_says_so_and_is_the_same_lead() -> None:
    hull = routed(CHILD | {"addresses": [{"lad_code": "E06000010"}]}, DIED)
    assert hull.lead is not None
    assert (hull.lead.cdop, hull.lead.confidence) == ("HULLER", "memory-low")
    assert hull.lead.why.endswith("confirm with the panel.")
    sure = routed(CHILD, DIED).lead
    assert sure is not None
    assert (sure.confidence, "confirm" in sure.why) == (None, False)


def test_the_isle_of_man_goes_with_merseysides_work(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("from: 2026-01-01\ncdops:\n- {code: NORTH-WEST, replaces: [MERSEY, CHESHIRE]}\n", encoding="utf-8")
    record = ChildDeathRecord.model_validate({"child": CHILD | {"addresses": [{"postcode": "IM1 1AA"}]}, "death": DIED})
    case = route(record, (), standing=Standing("dead"), decided={}, reference=load_reference(overlay=plan), now=NOW)
    assert case.lead is not None
    assert (case.lead.cdop, case.lead.then, case.lead.rule) == ("NORTH-WEST", "MERSEY", "lead.isle-of-man")
    assert case.notify == ("isle-of-man",)


def test_a_death_in_a_secure_place_is_the_ombudsmans_too() -> None:
    assert "ppo" in routed(CHILD, DIED | {"place": {"type": "custody-secure", "lad_code": "E08000035"}}).flags


def test_the_explanation_is_plain_values() -> None:
    shown = explanation_json(routed(CHILD, DIED | SUICIDE))
    assert list(shown) == ["why", "ladder", "because", "consider"]
    assert json.loads(json.dumps(shown)) == shown


def test_every_flag_that_routing_can_raise_has_a_row_of_what_to_do() -> None:
    room = Path(route_module.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(room.glob("*.py")))
    raised = re.findall(r'flags \|= \{"([a-z-]+)"\}|found\.add\("([a-z-]+)"\)|return \("([a-z-]+)",\)', code)
    flags = {word for found in raised for word in found if word} | {"in-review"}
    rows = {process.flag: process for process in bundled().processes}
    assert len(flags) > 10
    assert flags <= rows.keys(), flags - rows.keys()
    assert all(row.when and row.contact and row.send and row.source and row.confidence for row in rows.values())


def test_the_lead_is_shown_the_whole_explanation_and_a_copy_none_of_it() -> None:
    routing = routed(CHILD, DIED | SUICIDE)
    shown = Shown(Case("c-1", (), ChildDeathRecord.model_validate({"child": CHILD, "death": DIED}), routing))
    told = shown.explained("lead")
    assert told["ladder"][-1]["rule"] == "lead.usual-address"
    assert {one["flag"] for one in told["consider"]} == {"rtss"}
    assert {one["about"] for one in told["because"]} >= {"scope", "lead", "copy", "jar-reason", "jar-team"}
    assert shown.explained("copy") == {}


class TestSwitches:
    def test_whose_team_starts(self) -> None:
        assert routed(CHILD, DIED | SUICIDE).jar.team == "JAR-GLOS"
        home = routed(CHILD, DIED | SUICIDE, switches=Switches(jar_team="residence")).jar
        assert (home.team, home.told) == ("JAR-BSOL", ("JAR-GLOS",))

    def test_whose_force_leads(self) -> None:
        hurt = DIED | {"event": {"type": "road-traffic-collision", "place": READING}}
        assert routed(CHILD, hurt).jar.police_force == "E23000029"
        assert routed(CHILD, hurt, switches=Switches(police_lead="death")).jar.police_force == "E23000037"

    def test_a_death_abroad(self) -> None:
        drowned = {"died_at": "2026-08-02", "place": {"type": "abroad"}, "event": {"type": "drowning"}}
        assert (routed(CHILD, drowned).jar.required, routed(CHILD, drowned).jar.mode) == (True, "modified")
        without = routed(CHILD, drowned, switches=Switches(jar_abroad="none"))
        assert (without.jar.required, "jar_due" in without.clocks) == (False, False)
        assert "abroad" in told(without, "jar")["not required"]

    def test_on_which_day_the_age_counts(self) -> None:
        eighteen = {"birth_date": "2008-10-20", "addresses": CHILD["addresses"]}
        hurt = DIED | {"event": {"type": "road-traffic-collision", "at": "2026-10-19", "place": GLOUCESTER}}
        assert routed(eighteen, hurt).rule == "scope.adult"
        assert routed(eighteen, hurt, switches=Switches(age_on="event")).rule == "scope.child"

    @pytest.mark.parametrize(
        ("written", "name"),
        [
            ("cdop_due=soon", "switches.cdop_due"),
            ("no_such_switch=1", "switches.no_such_switch"),
            ("jar_attendance_hours=many", "switches.jar_attendance_hours"),
            ("cdop_due_of.NOWHERE=48h", "switches.cdop_due_of"),
            ("cdop_due_of.BERKS=7 days", "switches.cdop_due_of.BERKS"),
            ("looked_after_leads", "switch"),
            ("jar_team=nobody", "switches.jar_team"),
        ],
    )
    def test_a_switch_that_cant_be_is_refused_by_name(self, written: str, name: str) -> None:
        with pytest.raises(SettingsError) as refused:
            rules_in_force(load_settings(), switched=[written])
        assert [one for one, _ in refused.value.problems] == [name]

    def test_several_switches_are_set_for_one_run(self) -> None:
        rules = rules_in_force(load_settings(), switched=["cdop_due_of.BERKS=48h", "age_on=event", "newborn_days=60"])
        assert rules.switches.cdop_due_for("BERKS") == "48h"
        assert rules.switches.cdop_due_for("OXON") == "24h"
        assert (rules.switches.age_on, rules.switches.newborn_days, rules.age_rules.days_before) == ("event", 60, 90)

    def test_they_are_listed_with_what_they_are_set_to(self) -> None:
        run = CliRunner().invoke(APP, ["reference", "switches", "--json", "--switch", "jar_attendance_hours=2"])
        rows = {row["name"]: row for row in json.loads(run.stdout)}
        assert rows.keys() == set(Switches.__dataclass_fields__)
        assert [name for name, row in rows.items() if row["changed"]] == ["jar_attendance_hours"]
        assert (rows["jar_attendance_hours"]["value"], rows["jar_attendance_hours"]["default"]) == (2, 4)


class TestCommands:
    def route(self, folder: Path, *words: str) -> dict[str, Any]:
        rows = folder / "rows.jsonl"
        row = {"id": "1", "birth_date": "2014-05-09", "death_datetime": "2026-03-09T04:10", "home_lad": "E06000038"}
        rows.write_text(json.dumps(row), encoding="utf-8")
        run = CliRunner().invoke(APP, ["route", "--json", "--at", "2026-04-01T09:00:00Z", *words, str(rows)])
        assert run.exit_code == 0, run.output
        answer: dict[str, Any] = json.loads(run.stdout)
        return answer

    def test_explain_tells_each_part_and_what_to_consider(self, tmp_path: Path) -> None:
        plain, full = self.route(tmp_path), self.route(tmp_path, "--explain")
        assert full.keys() - plain.keys() == {"why", "ladder", "because", "consider"}
        assert {one["about"] for one in full["because"]} >= {"scope", "lead", "jar", "flag"}
        assert {one["flag"] for one in full["consider"]} >= set(full["flags"])

    def test_settings_name_the_tables_footprints_and_switches_in_force(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, then = tmp_path / "one.yaml", tmp_path / "two.yaml"
        first.write_text("from: 2025-01-01\ncdops:\n- {code: THAMES, replaces: [BERKS, OXON]}\n", encoding="utf-8")
        then.write_text("from: 2026-01-01\ncdops:\n- {code: WIDE, replaces: [THAMES, BUCKS]}\n", encoding="utf-8")
        monkeypatch.setenv("CDR_FOOTPRINT", str(first))
        assert self.route(tmp_path)["lead"]["cdop"] == "THAMES"
        assert self.route(tmp_path, "--footprint", str(then))["lead"]["cdop"] == "WIDE"
        monkeypatch.setenv("CDR_FOOTPRINT", f"{first}:{then}")
        monkeypatch.setenv("CDR_SWITCHES", '{"cdop_due_of": {"WIDE": "48h"}}')
        answer = self.route(tmp_path)
        assert (answer["lead"]["cdop"], answer["clocks"]["cdop_due"]) == ("WIDE", "2026-03-11T04:10:00+00:00")
        assert self.route(tmp_path, "--switch", "cdop_due_of.WIDE=24h")["clocks"]["cdop_due"][:10] == "2026-03-10"

    def test_a_footprint_or_switch_that_cant_be_is_a_usage_error_told_in_full(self, tmp_path: Path) -> None:
        plan = tmp_path / "plan.yaml"
        plan.write_text(
            "from: 2025-01-01\ncdops:\n- {code: X, replaces: [A]}\n- {code: Y, replaces: [B]}\n", encoding="utf-8"
        )
        (tmp_path / "rows.jsonl").write_text("{}", encoding="utf-8")
        run = CliRunner().invoke(APP, ["route", "--footprint", str(plan), str(tmp_path / "rows.jsonl")])
        assert run.exit_code == 2
        for words in ("plan.yaml:3", "plan.yaml:4"):
            assert words in run.output

    @pytest.mark.parametrize(
        ("asked", "kind", "name"),
        [
            ("BERKS", "panel", "Pan-Berkshire CDOP"),
            ("berks", "panel", "Pan-Berkshire CDOP"),
            ("JAR-BERKS", "team", "Joint agency response, Pan-Berkshire"),
            ("E06000038", "authority", "Reading"),
            ("reading", "authority", "Reading"),
            ("RG1 2LU", "authority", "Reading"),
            ("E23000038", "force", "Wiltshire"),
            ("54", "force", "Wiltshire"),
            ("oxfordshire", "coroner-area", "Oxfordshire"),
        ],
    )
    def test_show_tells_what_is_known_of_a_code_a_name_or_a_postcode(self, asked: str, kind: str, name: str) -> None:
        run = CliRunner().invoke(APP, ["reference", "show", asked, "--json", "--on", "2026-06-01"])
        first = json.loads(run.stdout)[0]
        assert (run.exit_code, first["kind"], first["name"]) == (0, kind, name)

    def test_show_tells_who_came_before_and_after_and_how_sure(self) -> None:
        run = CliRunner().invoke(APP, ["reference", "show", "E06000029", "--json", "--on", "2019-03-15"])
        (poole,) = json.loads(run.stdout)
        assert (poole["panel"], poole["to"]) == ({"then": "PDOR-OLD", "now": "PDOR-OLD"}, "2019-03-31")
        assert [one["code"] for one in poole["after"]] == ["E06000058"]
        assert poole["panels"][0]["confirm"] is True
        text = CliRunner().invoke(APP, ["reference", "show", "HULLER"]).stdout
        assert "confirm with the panel" in text.replace("\n", " ").replace("  ", " ")

    def test_show_without_a_name_lists_every_open_panel(self) -> None:
        rows = json.loads(CliRunner().invoke(APP, ["reference", "show", "--json", "--on", "2026-06-01"]).stdout)
        assert len(rows) == 58
        assert {row["code"] for row in rows if row["confirm"]} >= {"HULLER", "BLS", "BRADFORD"}

    def test_show_of_something_unknown_says_so_by_its_exit_status(self) -> None:
        run = CliRunner().invoke(APP, ["reference", "show", "XX", "--json"])
        assert (run.exit_code, json.loads(run.stdout)) == (1, [])
