"""S12: authorities that were abolished, panels that merged, and a code nobody knows."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s12_retired_codes import DIED, PLAYED, by_hospital, by_notification, s12, sudden
from tests.acceptance.story import by_ref, decided, leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)

OWNERS = [
    ("copeland", "CUMBRIA", None),
    ("poole", "PDORSOM", "PDOR-OLD"),
    ("gateshead", "NSTYNE", "STYNE-OLD"),
]
NAMES = {
    "copeland": ("Copeland", "Cumbria"),
    "poole": ("Poole", "Pan-Dorset CDOP (predecessor)", "whose work is now theirs"),
    "gateshead": ("Gateshead", "South of Tyne CDOP (predecessor)", "North and South of Tyne"),
}


@pytest.mark.parametrize("told", [sudden, by_hospital, by_notification], ids=["police", "hospital", "notification"])
@pytest.mark.parametrize(("who", "lead", "then"), OWNERS)
def test_the_panel_of_the_day_and_todays_owner_are_both_shown(
    cdr_try: Try, told: Callable[[str], bytes], who: str, lead: str, then: str | None
) -> None:
    name = "m.hl7" if told is by_hospital else "m.json"
    case = only(cdr_try({name: told(who)}, *NOW)["cases"])
    assert (case["state"], case["lead"]["cdop"], case["lead"]["rule"]) == ("open", lead, "lead.usual-address")
    assert case["lead"].get("then") == then
    for word in NAMES[who]:
        assert word in case["lead"]["why"]


@pytest.mark.parametrize(
    ("who", "died", "lead", "then"),
    [
        ("copeland", "2023-03-31T23:00:00", "CUMBRIA", None),
        ("copeland", "2023-04-01T01:00:00", "CUMBRIA", None),
        ("poole", "2019-06-30T12:00:00", "PDORSOM", "PDOR-OLD"),
        ("poole", "2019-07-01T12:00:00", "PDORSOM", None),
        ("gateshead", "2020-03-31T23:59:00", "NSTYNE", "STYNE-OLD"),
        ("gateshead", "2020-04-01T00:01:00", "NSTYNE", None),
    ],
)
def test_the_day_of_death_decides_which_panel_it_was(
    cdr_try: Try, who: str, died: str, lead: str, then: str | None
) -> None:
    case = only(cdr_try({"p.json": sudden(who).replace(DIED[who].encode(), died.encode())}, *NOW)["cases"])
    assert (case["lead"]["cdop"], case["lead"].get("then")) == (lead, then)


def test_a_report_with_the_date_alone_is_taken_on_that_day(cdr_try: Try) -> None:
    message = by_notification("gateshead").replace(DIED["gateshead"].encode() + b"Z", b"2020-03")
    case = only(cdr_try({"m.json": message}, *NOW)["cases"])
    assert (case["lead"]["cdop"], case["lead"]["then"]) == ("NSTYNE", "STYNE-OLD")
    assert "month-only-death" in case["flags"]


def test_an_unknown_code_goes_to_a_person_and_is_never_dropped(cdr_try: Try) -> None:
    for message, name in (
        (sudden("nowhere"), "m.json"),
        (by_hospital("nowhere"), "m.hl7"),
        (by_notification("nowhere"), "m.json"),
    ):
        case = only(cdr_try({name: message}, *NOW)["cases"])
        assert (case["state"], case["rule"], case["lead"]) == ("held", "held.unknown-area", None)
        assert "ncmd_due" in case["clocks"]


def test_the_panel_where_the_child_died_is_told_while_nobody_can_place_the_home(cdr_try: Try) -> None:
    case = only(cdr_try({"p.json": s12()["nowhere.json"]}, *NOW)["cases"])
    assert (case["notify"], case["copies"]) == (["unassigned:LEEDS"], [])


def test_a_person_can_say_where_the_unknown_home_is(cdr_try: Try) -> None:
    said = decided("residence", "nowhere.json#0", at="2026-01-06T12:00:00Z", lad_code="E07000029")
    case = only(cdr_try({"nowhere.json": s12()["nowhere.json"]}, *NOW, decisions=[said])["cases"])
    assert (case["state"], leads(case)) == ("open", ("CUMBRIA", ["LEEDS"]))
    assert case["notify"] == []


def test_another_partners_known_code_for_the_same_home_does_not_hide_the_unknown_one(cdr_try: Try) -> None:
    """The force's wrong code and the hospital's postcode: the better ranked source's address decides."""
    message = by_hospital("nowhere").replace(b"^^^^^^H^^E07009999", b"^^^^CA28 7PR^^H")
    answer = cdr_try({"a.json": sudden("nowhere"), "b.hl7": message}, *NOW)
    case = only(answer["cases"])
    assert case["state"] in ("open", "held")
    assert sorted(case["from"]) == ["a.json#0", "b.hl7#0"]


def test_any_order_of_arrival_and_any_repetition_is_the_same(in_any_order: Play) -> None:
    found = by_ref(in_any_order(s12(), *NOW))
    assert {ref: leads(case)[0] for ref, case in found.items()} == {
        "copeland.json#0": "CUMBRIA",
        "poole.json#0": "PDORSOM",
        "gateshead.json#0": "NSTYNE",
        "nowhere.json#0": None,
    }


def test_in_the_engine_todays_owners_are_sent_the_cases_and_are_shown_who_it_was_then(played: Played) -> None:
    told = {
        one.recipient: one.body
        for one in played.told("s12")
        if one.body["part"] in ("lead", "unassigned") and one.recipient.startswith("cdop.")
    }
    assert set(told) == {"cdop.CUMBRIA", "cdop.PDORSOM", "cdop.NSTYNE", "cdop.LEEDS"}
    assert told["cdop.PDORSOM"]["routing"]["lead"]["then"] == "PDOR-OLD"
    assert told["cdop.NSTYNE"]["routing"]["lead"]["then"] == "STYNE-OLD"
    assert (told["cdop.LEEDS"]["part"], told["cdop.LEEDS"]["state"]) == ("unassigned", "held")
