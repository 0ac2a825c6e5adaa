"""What must hold for every child: exactly one lead, decided by what the rules name and nothing else; nobody told twice."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integration_engine.record.codes import Residency
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.switches import Switches
from tests.property.children import (
    DISTRICTS,
    HOW_IT_WAS,
    NOW,
    UNTIL,
    days,
    district_of,
    districts,
    events,
    homes,
    irrelevant,
    more_of_the_child,
    open_panels,
    other_addresses,
    panels_on,
    places,
    routed,
    words,
)

NATIONS = {"wales", "scotland", "northern-ireland", "isle-of-man", "channel-islands", "overseas"}
JAR_REASONS = {"external-cause", "sudden-no-cause", "custody-or-mha", "suspicious", "unattended-stillbirth"}

switches = st.builds(
    Switches,
    looked_after_leads=st.booleans(),
    home_before_custody=st.booleans(),
    cdop_due=st.sampled_from(["24h", "48h", "next-working-day"]),
)


def test_every_authority_ever_known_routes_on_every_first_day_of_a_month_since_2019() -> None:
    reference = bundled()
    for code in DISTRICTS:
        for month in range((2027 - 2019) * 12):
            day = date(2019 + (9 + month) // 12, (9 + month) % 12 + 1, 1)
            found = reference.cdop_for(code, day, NOW.date())
            assert found is not None, (code, day)
            assert found[1] in reference.cdops.bodies
            assert reference.cdops.bodies[found[1]].span.holds(NOW.date())
            assert reference.jar_team(code, day, NOW.date()) is not None


def holds_one_lead(case: Routing, home: Mapping[str, str], day: date) -> None:
    assert case.lead is not None
    assert case.lead.cdop in open_panels(NOW.date())
    if case.lead.rule == "lead.usual-address":
        then = case.lead.then or case.lead.cdop
        assert then in panels_on(home.get("lad_code") or district_of(home["postcode"]), day)
        assert then in open_panels(day)


@given(homes, days, more_of_the_child, HOW_IT_WAS, places, events, switches)
def test_every_child_with_an_english_home_has_exactly_one_lead_whatever_else_is_said(
    home: dict[str, str], day: date, more: dict[str, Any], how: dict[str, Any], place: dict[str, str],
    event: dict[str, Any], switches: Switches,
) -> None:  # fmt: skip
    death = {"died_at": day.isoformat(), "place": place, "event": event, **how}
    case = routed(
        {"birth_date": "2012-05-01", **more, "addresses": [{**home, "use": "home"}]}, death, switches=switches
    )
    assert case.state == "open"
    holds_one_lead(case, home, day)


@given(homes, days)
def test_a_home_without_anything_above_it_on_the_ladder_is_led_by_the_panel_of_its_rows(
    home: dict[str, str], day: date
) -> None:
    case = routed({"addresses": [home]}, {"died_at": day.isoformat()})
    assert case.lead
    assert case.lead.rule == "lead.usual-address"
    holds_one_lead(case, home, day)


@given(homes, other_addresses, irrelevant, places, st.one_of(st.none(), places))
def test_what_the_rules_call_irrelevant_never_changes_the_lead(
    home: dict[str, str],
    others: list[dict[str, str]],
    more: dict[str, str],
    died_in: dict[str, str],
    also: dict[str, str] | None,
) -> None:
    usual = {**home, "use": "home"}
    plain = routed({"addresses": [usual]}, {"died_at": "2026-01-01", "place": died_in})
    death = {"died_at": "2026-01-01"} | ({"place": also} if also else {})
    for addresses in ([*others, usual], [usual, *others]):
        assert routed({"addresses": addresses, **more}, death).lead == plain.lead


@given(homes, places, events, HOW_IT_WAS, more_of_the_child, days)
def test_nobody_is_told_twice_and_nobody_the_rules_do_not_name(
    home: dict[str, str],
    place: dict[str, str],
    event: dict[str, Any],
    how: dict[str, Any],
    more: dict[str, Any],
    day: date,
) -> None:
    child = {**more, "addresses": [{**home, "use": "home"}]}
    case = routed(child, {"died_at": day.isoformat(), "place": place, "event": event, **how})
    assert case.lead
    told = [case.lead.cdop, *(copy.cdop for copy in case.copies)]
    assert len(told) == len(set(told))
    assert set(told) <= open_panels(NOW.date())
    assert {copy.rule for copy in case.copies} <= {"copy.death", "copy.event", "copy.placement"}
    assert set(words(case)) <= NATIONS
    assert len(case.notify) == len(set(case.notify))
    assert set(case.jar.reasons) <= JAR_REASONS
    assert case.jar.required == bool(case.jar.reasons)
    assert len(case.jar.reasons) == len(set(case.jar.reasons))
    assert case.jar.team not in case.jar.told


@given(
    st.one_of(
        st.sampled_from(["W06000006", "S12000036", "N09000003"]).map(lambda code: {"lad_code": code}),
        st.sampled_from(["ESP", "FRA", "IMN", "JEY"]).map(lambda country: {"country": country}),
        st.sampled_from(["ZZ99 3VZ", "ZZ99 3WZ", "ZZ99 3CZ", "ZZ99 3GZ"]).map(lambda postcode: {"postcode": postcode}),
        st.just({"lad_code": "E07009999"}),
        st.just({"postcode": "RG1 9ZZ"}),
    ),
    st.one_of(st.none(), st.sampled_from([*NATIONS, "unknown"])),
    places,
)
def test_a_child_without_an_english_home_has_a_lead_or_is_held_and_the_words_are_those_of_the_rules(
    home: dict[str, str], residency: Residency | None, place: dict[str, str]
) -> None:
    child = {"addresses": [{**home, "use": "home"}]} | ({"residency": residency} if residency else {})
    case = routed(child, {"died_at": "2026-01-01", "place": place})
    if case.lead is None:
        assert case.rule in ("held.no-residence", "held.unknown-area", "held.unknown-postcode")
        assert case.copies == ()
    else:
        assert case.state == "open"
        assert case.lead.cdop in open_panels(NOW.date())
    assert set(words(case)) <= NATIONS | {"unassigned"}
    assert {word.split(":")[1] for word in case.notify if ":" in word} <= open_panels(NOW.date())
    assert "ncmd_due" in case.clocks


@given(
    homes,
    HOW_IT_WAS,
    st.sampled_from(
        [
            {"child": {"birth_date": "2001-01-01"}},
            {"death": {"live_birth": "no", "professional_attending_birth": "yes"}},
            {"death": {"termination": True}},
            {"coroner": {"conclusions": ["stillbirth"], "stage": "CONCLUDED", "stage_at": "2026-02-01"}},
        ]
    ),
)
def test_a_case_out_of_scope_has_no_clock_no_copy_and_no_response(
    home: dict[str, str], how: dict[str, Any], out: dict[str, Any]
) -> None:
    child = {"addresses": [home], "looked_after": {"is": True, "local_authority": "E08000012"}, **out.get("child", {})}
    death = {"died_at": "2026-01-01", "registered_at": "2026-01-03", **how, **out.get("death", {})}
    case = routed(child, death, **({"coroner": out["coroner"]} if "coroner" in out else {}))
    assert case.state == "out-of-scope"
    assert (dict(case.clocks), case.copies, case.notify, case.jar.required) == ({}, (), (), False)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=6), districts)
def test_no_text_in_an_address_loses_a_child(lad_code: str, postcode: str, country: str, died_in: str) -> None:
    address = {"lad_code": lad_code or None, "postcode": postcode or None, "country": country or None, "use": "home"}
    case = routed({"addresses": [address]}, {"died_at": UNTIL.isoformat(), "place": {"lad_code": died_in}})
    assert case.state in ("open", "held")
    if case.lead is None:
        (word,) = case.notify
        assert word.startswith("unassigned:")
        assert word.removeprefix("unassigned:") in open_panels(NOW.date())
