"""S7: a child visiting from Wales, and an English child who dies there."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from integration_engine.synthetic import hl7, national
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s07_wales import (
    CHESHIRE_POLICE,
    FROM_HEREFORD,
    FROM_WREXHAM,
    NOW,
    a,
    b,
    by_fhir,
    cheshire,
    liverpool,
    reviewed,
)
from tests.acceptance.story import at, leads, only

Play = Callable[..., dict[str, Any]]
AT = ("--at", NOW)
RECORD = national.death_event(
    FROM_WREXHAM, "1", at="2026-07-17T08:00:00+01:00", message_id="n-7101", died_at="2026-07-16"
)


def test_the_panel_where_she_died_handles_it_and_wales_is_told(in_any_order: Play) -> None:
    case = only(in_any_order(a(), *AT)["cases"])
    assert (case["state"], case["rule"]) == ("open", "scope.child")
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("MERSEY", "lead.place-of-death")
    assert case["copies"] == [{"cdop": "CHESHIRE", "rule": "copy.event"}]
    assert case["notify"] == ["wales"]
    assert "non-resident" in case["flags"]
    # She has an NHS number: nothing is absent, so no reason is.
    assert case["record"]["child"]["nhs_number"] == FROM_WREXHAM.nhs_number
    assert "nhs_number_absent_reason" not in case["record"]["child"]


def test_merseyside_starts_the_response_and_cheshires_police_lead(cdr_try: Try) -> None:
    case = only(cdr_try(a(), *AT)["cases"])
    jar = case["jar"]
    assert (jar["required"], jar["reasons"], jar["team"]) == (True, ["external-cause"], "JAR-MERSEY")
    assert (jar["police_force"], jar["mode"]) == (CHESHIRE_POLICE, "local")
    assert case["record"]["coroner"]["area"] == "liverpool-and-wirral"
    assert case["clocks"]["ncmd_due"] == "2026-07-18T14:05:00+01:00"
    assert case["record"]["death"]["event"]["type"] == "drowning"


@pytest.mark.parametrize(
    "told",
    [
        {"hospital.json": by_fhir(), "police.json": cheshire()},
        {"police.json": cheshire(), "coroner.csv": liverpool(), "hospital.json": by_fhir()},
        {"hospital.json": by_fhir(), "police.json": cheshire(),
         "n.xml": RECORD},
    ],
    ids=["fhir and police", "fhir, police and coroner", "with the national record"],
)  # fmt: skip
def test_whoever_tells_it_the_answer_is_the_same(cdr_try: Try, told: dict[str, bytes]) -> None:
    case = only(cdr_try(told, *AT)["cases"])
    assert leads(case) == ("MERSEY", ["CHESHIRE"])
    assert case["notify"] == ["wales"]


def test_the_panel_reviews_or_it_does_not(cdr_try: Try) -> None:
    yes = only(cdr_try(a(), *AT, decisions=[reviewed(True)])["cases"])
    assert (yes["state"], leads(yes)) == ("open", ("MERSEY", ["CHESHIRE"]))
    assert yes["notify"] == ["wales"]
    no = only(cdr_try(a(), *AT, decisions=[reviewed(False)])["cases"])
    assert (no["state"], no["rule"], no["clocks"]) == ("out-of-scope", "not-reviewed", {})


def test_the_latest_decision_stands(cdr_try: Try) -> None:
    later = {**reviewed(True), "id": "d-later", "at": "2026-07-18T10:00:00Z"}
    case = only(cdr_try(a(), *AT, decisions=[later, reviewed(False)])["cases"])
    assert case["state"] == "open"


def test_a_pseudo_postcode_says_wales_too(cdr_try: Try) -> None:
    """ZZ99 3GZ: Wales, not otherwise stated. From any hospital of England."""
    child = dataclasses.replace(FROM_WREXHAM, postcode="ZZ99 3GZ", lines=())
    died = hl7.adt(
        "A03", child, hl7.Hospital("RBS25"), "AH9", at("2026-07-16T14:30:00"), died_at="2026-07-16T14:05", indicator="Y",
        discharge="4", visit="W9",
    )  # fmt: skip
    case = only(cdr_try({"h.hl7": died}, *AT)["cases"])
    assert (case["lead"]["cdop"], case["lead"]["rule"], case["notify"]) == ("MERSEY", "lead.place-of-death", ["wales"])


def test_an_english_child_who_dies_in_cardiff_is_herefords(in_any_order: Play) -> None:
    case = only(in_any_order(b(), *AT)["cases"])
    assert (case["state"], leads(case)) == ("open", ("HW", []))
    assert case["lead"]["rule"] == "lead.usual-address"
    assert case["notify"] == ["wales"]
    assert "non-resident" not in case["flags"]
    assert (case["jar"]["required"], case["jar"]["mode"], case["jar"]["team"]) == (True, "run-elsewhere", None)
    assert case["record"]["coroner"]["area"] == "south-wales-central"
    assert case["clocks"]["ncmd_due"] == "2026-07-20T03:10:00+01:00"
    assert case["record"]["child"]["nhs_number"] == FROM_HEREFORD.nhs_number


def parts(played: Played, story: str, act: int) -> dict[str, tuple[str, str]]:
    (held,) = played.held[story, act]
    return {who: (part, stands) for who, (part, stands, _) in held.items()}


EVERYBODY = {
    "cdop.MERSEY": "lead", "cdop.CHESHIRE": "copy", "jar.JAR-MERSEY": "jar", "national.ncmd": "national",
    "national.wales": "copy",
}  # fmt: skip


@pytest.mark.parametrize("story", ["s7-yes", "s7-no"])
def test_everybody_concerned_is_told(played: Played, story: str) -> None:
    told = {who: part for who, (part, _) in parts(played, story, 0).items()}
    assert told == EVERYBODY
    flags = [d.body.get("flags", ()) for d in played.told(story) if d.recipient == "national.ncmd"]
    assert "non-resident" in flags[0]


def test_a_yes_leaves_it_where_it_is_and_a_no_takes_it_back(played: Played) -> None:
    assert {stands for _, stands in parts(played, "s7-yes", 1).values()} == {"current"}
    assert {stands for _, stands in parts(played, "s7-no", 1).values()} == {"withdrawn"}
    last = [delivery.body for delivery in played.told("s7-no")][-1]
    assert (last["state"], last["rule"]) == ("out-of-scope", "not-reviewed")


def test_the_death_in_cardiff_goes_to_hereford(played: Played) -> None:
    told = {who: part for who, (part, _) in parts(played, "s7-cardiff", 0).items()}
    assert told == {"cdop.HW": "lead", "national.ncmd": "national", "jar.JAR-HW": "jar", "national.wales": "copy"}


def test_wales_gets_a_limited_notification_that_names_the_lead(played: Played) -> None:
    for story, lead in (("s7-yes", "MERSEY"), ("s7-cardiff", "HW")):
        first = next(delivery.body for delivery in played.told(story) if delivery.recipient == "national.wales")
        assert (first["kind"], first["part"], first["routing"]["lead"]["cdop"]) == ("copy", "copy", lead)
        assert [reason["rule"] for reason in first["reasons"]] == ["notify.home-nation"]
        assert "addresses" not in first["record"]["child"]
        assert not {"coroner", "police"} & first["record"].keys()
