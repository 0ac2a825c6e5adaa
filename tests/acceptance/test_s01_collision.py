"""S1: a child resident in one area, hurt in another, dead in a third."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.synthetic import coroner, national
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.places import WILTSHIRE_POLICE
from tests.acceptance.stories.s01_collision import (
    PLAYED,
    READING_GIRL,
    by_force_export,
    s1,
    transferred,
)
from tests.acceptance.story import Story, leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED


def test_it_is_one_case_of_the_panel_where_she_lived(play: Play) -> None:
    answer = play(STORY, 0)
    case = only(answer["cases"])
    assert (case["state"], case["rule"]) == ("open", "scope.child")
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("BERKS", "lead.usual-address")
    assert sorted((copy["cdop"], copy["rule"]) for copy in case["copies"]) == [
        ("OXON", "copy.death"),
        ("WILTSW", "copy.event"),
    ]
    assert case["notify"] == []
    assert sorted(case["from"]) == ["s1.coroner.csv#0", "s1.oxford.hl7#0", "s1.oxford.json#0", "s1.police-2.json#0"]
    assert (answer["reviews"], answer["waiting"], answer["refused"], answer["alarms"]) == ([], [], [], [])
    assert "non-resident" not in case["flags"]


def test_the_team_where_she_died_starts_the_response_and_tells_the_team_where_she_lived(play: Play) -> None:
    jar = only(play(STORY, 0)["cases"])["jar"]
    assert (jar["required"], jar["reasons"], jar["rule"]) == (True, ["external-cause"], "jar.required")
    assert (jar["team"], jar["told"], jar["mode"]) == ("JAR-OXON", ["JAR-BERKS"], "local")
    assert jar["police_force"] == WILTSHIRE_POLICE


def test_the_category_is_trauma_by_the_forces_word(play: Play) -> None:
    case = only(play(STORY, 0)["cases"])
    assert case["record"]["death"]["suspected_category"] == "trauma-or-external"
    assert case["provenance"]["death.suspected_category"]["from"] == "s1.police-2.json#0"
    assert case["record"]["death"]["event"]["type"] == "road-traffic-collision"
    assert case["record"]["death"]["event"]["at"].startswith("2026-03-07T18:20")


def test_her_clocks_run_from_her_death(play: Play) -> None:
    clocks = only(play(STORY, 0)["cases"])["clocks"]
    assert clocks["ncmd_due"] == "2026-03-11T04:10:00+00:00"
    assert clocks["cdop_due"] == "2026-03-10T04:10:00+00:00"
    assert "coroner_transfer_due" not in clocks


def test_the_first_coroner_is_oxfordshires(play: Play) -> None:
    case = only(play(STORY, 0)["cases"])
    assert case["record"]["coroner"]["area"] == "oxfordshire"
    assert case["record"]["coroner"]["reference"] == "00412-2026"


def test_a_transfer_between_coroners_updates_the_same_case_and_starts_its_clock(play: Play) -> None:
    before, case = only(play(STORY, 0)["cases"]), only(play(STORY, 1)["cases"])
    assert set(case["from"]) - set(before["from"]) == {"s1.moved.csv#0"}
    # Monday 16 March and five working days.
    assert case["clocks"]["coroner_transfer_due"].startswith("2026-03-23T")
    assert (case["record"]["coroner"]["area"], case["record"]["coroner"]["transferred_from"]) == (
        "wiltshire-and-swindon",
        "oxfordshire",
    )
    assert {"field": "coroner.reference", "value": "00412-2026", "from": "s1.coroner.csv#0"} in case["conflicts"]
    assert leads(case) == leads(before)
    assert {k: due for k, due in case["clocks"].items() if k != "coroner_transfer_due"} == before["clocks"]


def test_hospitals_that_only_saw_her_alive_make_no_case(cdr_try: Try) -> None:
    messages = s1()
    told = ("gwh.hl7", "gwh-left.hl7", "police-1.json")
    answer = cdr_try({name: messages[name] for name in told})
    assert (answer["cases"], answer["waiting"], answer["reviews"]) == ([], [], [])
    assert sorted((row["ref"], row["reason"]) for row in answer["passed_over"]) == [
        (f"{name}#0", "no-death") for name in sorted(told)
    ]


@pytest.mark.parametrize("missing", sorted(set(s1()) - {"gwh.hl7", "gwh-left.hl7", "police-1.json"}))
def test_whichever_message_is_missing_the_lead_is_the_same(cdr_try: Try, missing: str) -> None:
    case = only(cdr_try({name: body for name, body in s1().items() if name != missing})["cases"])
    assert leads(case)[0] == "BERKS"
    assert ("WILTSW" in leads(case)[1]) is (missing != "police-2.json")
    assert case["jar"]["required"] is (missing != "police-2.json")


def test_any_order_of_arrival_and_any_repetition_is_the_same_case(in_any_order: Play) -> None:
    told = s1() | {"moved.csv": transferred()}
    assert leads(only(in_any_order(told, "--at", STORY.at)["cases"]))[0] == "BERKS"


def test_every_order_of_the_four_that_tell_of_her_death(in_any_order: Play, cdr_try: Try) -> None:
    told = {name: body for name, body in s1().items() if not name.startswith(("gwh", "police-1"))}
    once = cdr_try(told, "--at", STORY.at)["cases"]
    for order in itertools.permutations(told):
        assert cdr_try({name: told[name] for name in order}, "--at", STORY.at)["cases"] == once


def test_a_force_that_exports_a_table_says_the_same(cdr_try: Try) -> None:
    """The same incident from a records system's CSV with that force's own column names and pick lists."""
    messages = {name: body for name, body in s1().items() if not name.startswith("police")}
    case = only(
        cdr_try(messages | {"police.csv": by_force_export()}, "--profile", "police-csv-shire", "--at", STORY.at)[
            "cases"
        ]
    )
    assert leads(case) == ("BERKS", ["OXON", "WILTSW"])
    assert (case["jar"]["reasons"], case["jar"]["team"]) == (["external-cause"], "JAR-OXON")
    assert case["jar"]["police_force"] == WILTSHIRE_POLICE
    assert case["record"]["death"]["suspected_category"] == "trauma-or-external"


def test_the_national_record_by_itself_leads_to_the_same_panel(cdr_try: Try) -> None:
    """Told by an STU3 national event in XML alone: no place of death, so no copy, the same lead."""
    case = only(
        cdr_try(
            {
                "national.xml": national.death_event(
                    READING_GIRL, "1", at="2026-03-09T09:00:00Z", message_id="n-1", died_at="2026-03-09"
                )
            }
        )["cases"]
    )
    assert leads(case) == ("BERKS", [])


def test_a_later_conclusion_of_the_second_coroner_starts_the_panels_review(cdr_try: Try) -> None:
    ended = coroner.row(
        "wiltshire-and-swindon", "00077-2026", "CONCLUDED", "2026-11-02", READING_GIRL, date_of_death="2026-03-09",
        conclusion="road traffic collision", conclusion_at="2026-11-02",
    )  # fmt: skip
    told = s1() | {"moved.csv": transferred(), "ended.csv": coroner.upload([ended])}
    case = only(cdr_try(told, "--at", "2026-11-03T09:00:00Z")["cases"])
    assert case["record"]["coroner"]["conclusions"] == ["road-traffic-collision"]
    assert case["clocks"]["cdop_review_due"].startswith("2026-12-14")
    assert leads(case) == ("BERKS", ["OXON", "WILTSW"])


def test_people_can_read_why(tmp_path: Path) -> None:
    """What the command prints without ``--json`` names the lead, the copies, the team and the reasons."""
    for name, body in s1().items():
        (tmp_path / name).write_bytes(body)
    result = CliRunner().invoke(_build(["try"]), ["try", "--at", STORY.at, str(tmp_path)])
    assert result.exit_code == 0
    for word in (
        "BERKS by lead.usual-address",
        "OXON by copy.death",
        "WILTSW by copy.event",
        "JAR-OXON: external-cause",
    ):
        assert word in result.output


def parts(played: Played, story: Story, act: int) -> dict[str, str]:
    (held,) = played.held[story.name, act]
    return {who: part for who, (part, _, _) in held.items()}


def test_each_panel_and_team_finds_its_part_in_its_queue(played: Played) -> None:
    everybody = {
        "cdop.BERKS": "lead", "cdop.OXON": "copy", "cdop.WILTSW": "copy", "jar.JAR-OXON": "jar", "jar.JAR-BERKS": "jar",
        "national.ncmd": "national",
    }  # fmt: skip
    assert parts(played, STORY, 0) == parts(played, STORY, 1) == parts(played, STORY, 2) == everybody


def test_the_lead_is_told_of_the_case_once_and_of_its_changes_after(played: Played) -> None:
    told = [delivery.body for delivery in played.told("s1") if delivery.recipient == "cdop.BERKS"]
    assert [body["kind"] for body in told].count("new") == 1
    assert told[0]["kind"] == "new"
    assert {body["kind"] for body in told[1:]} <= {"update"}
    assert len({body["case"] for body in told}) == 1
    assert told[-1]["record"]["coroner"]["area"] == "wiltshire-and-swindon"
    changed = {change["field"] for change in told[-1]["changes"]}
    assert "clocks.coroner_transfer_due" in changed
    assert "coroner.area" in changed


def test_every_message_once_more_sends_nothing(played: Played) -> None:
    """The last that anybody hears is the transfer between the coroners."""
    for recipient in ("cdop.BERKS", "national.ncmd", "jar.JAR-OXON"):
        told = [delivery.body for delivery in played.told("s1") if delivery.recipient == recipient]
        assert "coroner.area" in {change["field"] for change in told[-1]["changes"]}
        assert len({body["delivery"] for body in told}) == len(told)


def test_a_copy_is_a_limited_notification(played: Played) -> None:
    told = [delivery.body for delivery in played.told("s1") if delivery.recipient == "cdop.WILTSW"]
    assert told[0]["kind"] == "copy"
    for body in told:
        assert not {"coroner", "police"} & body["record"].keys()
        assert "addresses" not in body["record"]["child"]
        assert body["routing"]["lead"]["cdop"] == "BERKS"
