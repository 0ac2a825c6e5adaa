"""Where one map puts a case: what planning counts of a routing, and nothing of the child."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from integration_engine.planning.intake import PastCase
from integration_engine.record.dates import LONDON, Precision, earliest, london, precision
from integration_engine.routing.answer import State
from integration_engine.routing.evidence import told_at
from integration_engine.routing.locate import Located, locate_address, locate_place
from integration_engine.routing.reference import Reference
from integration_engine.routing.residence import usual_address
from integration_engine.routing.route import route
from integration_engine.routing.switches import Switches

_NOON = time(12)
_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Death:
    """When and where a child died and lived. ``at`` is the earliest it can have been, in UTC (at noon, where no hour is
    known), ``known`` how exactly it is known; ``home`` and ``place`` are districts of England where known; ``away`` is a
    death known to have been outside England."""

    day: date
    at: datetime
    known: Precision
    home: str | None
    place: str | None
    away: bool


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a map puts a case. ``died_in`` is the panel of the place of death; ``team`` the response team, where a joint
    agency response is required (``jar``)."""

    state: State
    rule: str
    lead: str | None
    lead_rule: str
    died_in: str | None
    copies: tuple[str, ...]
    jar: bool
    team: str | None


def death_of(case: PastCase, reference: Reference) -> Death:
    """When and where, from the record; the map doesn't matter here, only the districts."""
    death = case.record.death
    died_at = death.died_at or death.found_at
    known = precision(died_at) if died_at else Precision.YEAR
    at = earliest(died_at) if died_at else min(map(told_at, case.notices), default=_BEFORE_ALL)
    if known < Precision.MINUTE:
        at = datetime.combine(at.date(), _NOON, LONDON)
    home_address = usual_address(case.record)
    home = locate_address(home_address, reference) if home_address else Located()
    place = locate_place(death.place, reference)
    if place.problem == "no-area" and death.place and death.place.type == "home":
        place = home
    return Death(london(at).date(), at.astimezone(UTC), known, home.district, place.district, place.outside_england)


def place_case(case: PastCase, death: Death, reference: Reference, now: datetime, switches: Switches) -> Placing:
    """Route one case and keep what planning counts."""
    routing = route(
        case.record,
        case.notices,
        standing=case.standing,
        decided=case.decided,
        reference=reference,
        now=now,
        switches=switches,
    )
    owner = reference.cdop_for(death.place, death.day, now.date()) if death.place else None
    return Placing(
        routing.state,
        routing.rule,
        routing.lead.cdop if routing.lead else None,
        routing.lead.rule if routing.lead else "",
        owner[1] if owner else None,
        tuple(copy.cdop for copy in routing.copies),
        routing.jar.required,
        routing.jar.team,
    )
