"""What must hold for every child: exactly one lead, decided by what the rules name and nothing else, and clocks in order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integration_engine.record.dates import LONDON
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches, route

NOW = datetime(2027, 6, 1, 9, tzinfo=UTC)
SINCE = date(2019, 10, 1)
CODES = sorted(bundled().geography.authorities)
POSTCODES = ["RG1 2LU", "L7 8XP", "ZZ99 3VZ", "EH1 1YJ", "RG1 9ZZ"]

areas = st.sampled_from(CODES)
days = st.dates(SINCE, date(2027, 5, 1))
moments = st.datetimes(datetime(2019, 10, 1), datetime(2027, 5, 1)).map(
    lambda naive: naive.replace(tzinfo=UTC, microsecond=0)
)


def routed(child: dict[str, Any], death: dict[str, Any], switches: Switches = Switches(), **parts: Any) -> Routing:
    record = ChildDeathRecord.model_validate({"child": {"birth_date": "2016-01-01", **child}, "death": death, **parts})
    return route(record, (), standing=Standing("dead"), decided={}, reference=bundled(), now=NOW, switches=switches)


def test_every_authority_ever_known_routes_on_every_first_day_of_a_month_since_2019() -> None:
    reference = bundled()
    for code in CODES:
        for month in range((2027 - 2019) * 12):
            day = date(2019 + (9 + month) // 12, (9 + month) % 12 + 1, 1)
            found = reference.cdop_for(code, day, NOW.date())
            assert found is not None, (code, day)
            assert found[1] in reference.cdops.bodies
            assert reference.cdops.bodies[found[1]].span.holds(NOW.date())
            assert reference.jar_team(code, day, NOW.date()) is not None


@given(areas, days)
def test_every_child_with_an_english_home_has_exactly_one_lead(home: str, day: date) -> None:
    case = routed({"addresses": [{"lad_code": home, "use": "home"}]}, {"died_at": day.isoformat()})
    assert case.state == "open"
    assert case.lead is not None
    assert case.lead.cdop in bundled().cdops.bodies
    assert case.lead.cdop not in {copy.cdop for copy in case.copies}


@given(
    areas,
    st.lists(
        st.fixed_dictionaries(
            {"use": st.sampled_from(["temporary", "correspondence", "placement", "other"])},
            optional={"lad_code": areas, "postcode": st.sampled_from(POSTCODES)},
        ),
        max_size=3,
    ),
    st.fixed_dictionaries({}, optional={"gp_practice": st.text("A1", min_size=1), "school": st.text("ab", min_size=1)}),
    st.sampled_from([None, *CODES]),
)
def test_what_the_rules_call_irrelevant_never_changes_the_lead(
    home: str, others: list[dict[str, str]], more: dict[str, str], died_in: str | None
) -> None:
    usual = {"lad_code": home, "use": "home"}
    plain = routed({"addresses": [usual]}, {"died_at": "2026-01-01"})
    place = {"place": {"lad_code": died_in}} if died_in else {}
    mixed = routed({"addresses": [*others, usual], **more}, {"died_at": "2026-01-01", **place})
    assert mixed.lead == plain.lead


@given(moments, st.timedeltas(timedelta(0), timedelta(days=400)), st.sampled_from(["24h", "48h", "next-working-day"]))
def test_a_later_death_never_has_an_earlier_deadline(died: datetime, later: timedelta, limit: Any) -> None:
    home = {"addresses": [{"lad_code": "E06000038", "use": "home"}]}
    switches = Switches(cdop_due=limit)
    first = routed(home, {"died_at": died.astimezone(LONDON).isoformat()}, switches)
    second = routed(home, {"died_at": (died + later).astimezone(LONDON).isoformat()}, switches)
    for clock in ("ncmd_due", "cdop_due"):
        assert first.clocks[clock] <= second.clocks[clock]
    # Months are clipped to their last day, so that two deaths can share a day but never change places.
    assert first.clocks["cdrm_due"].date() <= second.clocks["cdrm_due"].date()


@given(moments)
def test_every_clock_of_a_death_lies_after_it_and_shows_londons_time(died: datetime) -> None:
    case = routed(
        {"addresses": [{"lad_code": "E06000038", "use": "home"}]},
        {"died_at": died.astimezone(LONDON).isoformat(), "registered_at": died.date().isoformat()},
    )
    assert (case.clocks["ncmd_due"].astimezone(UTC) - died) == timedelta(hours=48)
    for due in case.clocks.values():
        assert due > died
        assert due.utcoffset() == due.astimezone(LONDON).utcoffset()


@given(areas, areas, areas, st.sampled_from(["fire", "other", "sudden-death", None]))
def test_no_panel_is_told_twice(home: str, died_in: str, happened_in: str, kind: str | None) -> None:
    event = {"place": {"lad_code": happened_in}} | ({"type": kind} if kind else {})
    case = routed(
        {"addresses": [{"lad_code": home, "use": "home"}]},
        {"died_at": "2026-01-01", "place": {"lad_code": died_in}, "event": event},
    )
    assert case.lead
    told = [case.lead.cdop, *(copy.cdop for copy in case.copies)]
    assert len(told) == len(set(told))


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=6))
def test_no_text_in_an_address_loses_a_child(lad_code: str, postcode: str, country: str) -> None:
    address = {"lad_code": lad_code or None, "postcode": postcode or None, "country": country or None, "use": "home"}
    case = routed({"addresses": [address]}, {"died_at": "2026-01-01", "place": {"lad_code": "E08000035"}})
    assert case.state in ("open", "held")
    assert case.lead is not None or case.notify == ("unassigned:LEEDS",)
