"""Which address is the home and which is not: the residence ladder where partners say little, or say different things."""

from typing import Any

import pytest

from integration_engine.routing.route import Switches
from tests.unit.test_routing_rules import AT_HOME, LEEDS, LIVERPOOL, READING, decision, lead, living_at, routed

HERE = {"died_at": "2026-05-28T10:00"}
UNKNOWN = {"lad_code": "E06999999", "use": "home"}


def died_at(**place: Any) -> dict[str, Any]:
    return HERE | {"place": place}


def test_a_death_in_somebody_elses_home_was_where_that_home_is() -> None:
    elsewhere = routed(AT_HOME, died_at(type="home", lad_code=LEEDS["lad_code"]))
    assert [(copy.cdop, copy.rule) for copy in elsewhere.copies] == [("LEEDS", "copy.death")]
    assert routed(AT_HOME, died_at(type="home")).copies == ()
    assert routed(AT_HOME, died_at(type="public-place")).copies == ()


def test_an_addresss_own_district_stands_whatever_another_partner_gives_for_its_postcode() -> None:
    postcode = {"postcode": "QQ9 9QQ"}
    told = living_at(READING | postcode | {"use": "home"}, LEEDS | postcode | {"use": "other"})
    assert lead(routed(told)) == ("BERKS", "lead.usual-address")
    without = living_at(postcode | {"use": "home"}, LEEDS | postcode | {"use": "other"})
    assert lead(routed(without)) == ("LEEDS", "lead.usual-address")
    no_postcode = living_at({"lines": ["3 Elm Row"], "use": "home"}, LEEDS | {"use": "other"})
    assert routed(no_postcode).rule == "held.no-residence"


@pytest.mark.parametrize(
    ("looked_after", "leads", "found"),
    [
        pytest.param({"is": True}, False, "LEEDS", id="looked after, and the authority doesn't lead"),
        pytest.param({"is": True}, True, None, id="looked after by nobody named"),
        pytest.param(None, False, None, id="not looked after"),
    ],
)
def test_a_placement_is_a_home_only_of_a_child_who_is_looked_after_where_the_authority_does_not_lead(
    looked_after: dict[str, Any] | None, leads: bool, found: str | None
) -> None:
    placed = living_at(LEEDS | {"use": "placement"}, looked_after=looked_after)
    routing = routed(placed, HERE, switches=Switches(looked_after_leads=leads))
    assert (routing.lead.cdop if routing.lead else None) == found


def test_a_decision_that_names_no_authority_leaves_what_partners_say() -> None:
    child = AT_HOME | {"looked_after": {"is": True, "local_authority": LIVERPOOL["lad_code"]}}
    taken_back = decision("looked-after", local_authority=None)
    assert lead(routed(child)) == lead(routed(child, HERE, taken_back)) == ("MERSEY", "lead.looked-after")
    named = decision("looked-after", local_authority=LEEDS["lad_code"])
    assert lead(routed(child, HERE, named)) == ("LEEDS", "lead.looked-after")


@pytest.mark.parametrize(
    ("home", "rule"),
    [
        pytest.param([UNKNOWN], "held.unknown-area", id="of a code that isn't known"),
        pytest.param([{"postcode": "QQ9 9QQ", "use": "home"}], "lead.mother", id="of a postcode that isn't known"),
        pytest.param([], "lead.mother", id="that nobody states"),
    ],
)
def test_a_mothers_address_never_stands_in_for_a_newborns_own_home(home: list[dict[str, Any]], rule: str) -> None:
    newborn = {
        "birth_date": "2026-05-27",
        "addresses": home,
        "mother": {"name": "Wren Heron", "address": READING},
    }
    routing = routed(newborn)
    assert (routing.lead.rule if routing.lead else routing.rule) == rule


def test_the_merseyside_panel_leads_for_the_isle_of_man_and_says_so_alone() -> None:
    routing = routed(living_at({"country": "IMN", "use": "home"}))
    assert routing.lead is not None
    assert (routing.lead.cdop, routing.lead.why) == (
        "MERSEY",
        "Merseyside reviews the deaths of the Isle of Man's children.",
    )


def test_a_home_that_a_person_decided_on_is_told_as_that() -> None:
    routing = routed(AT_HOME, HERE, decision("residence", lad_code=LEEDS["lad_code"]))
    assert routing.lead is not None
    assert (routing.lead.cdop, routing.lead.why.startswith("The usual home that a person decided on is in Leeds")) == (
        "LEEDS",
        True,
    )
    stated = routed(AT_HOME).lead
    assert stated is not None
    assert stated.why.startswith("The usual home address is in Reading")


@pytest.mark.parametrize(
    ("country", "notify"),
    [
        (" esp ", ("overseas",)),
        ("es", ("overseas",)),
        ("Spain", ()),
        ("E5", ()),
        ("gbr", ()),
        ("imn", ("isle-of-man",)),
    ],
)
def test_a_country_is_known_by_its_letters(country: str, notify: tuple[str, ...]) -> None:
    routing = routed(living_at({"country": country, "use": "home"}), died_at(lad_code=LEEDS["lad_code"]))
    assert tuple(word for word in routing.notify if not word.startswith("unassigned:")) == notify
