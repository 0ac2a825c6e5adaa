"""Where one map puts a case: what planning counts of a routing, and nothing of the child."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from integration_engine.planning.intake import PastCase
from integration_engine.record.dates import LONDON, Precision, earliest, london, precision
from integration_engine.routing.answer import State
from integration_engine.routing.evidence import Evidence, told_at
from integration_engine.routing.jar import joint_agency_response, triggers_met
from integration_engine.routing.reference import Reference
from integration_engine.routing.residence import residence
from integration_engine.routing.scope import scope
from integration_engine.routing.switches import Switches
from integration_engine.routing.told import copies
from integration_engine.routing.verdict import verdict

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


def when(case: PastCase) -> tuple[datetime, Precision]:
    """When the child died, in London time, and how exactly that is known; where nobody says, when it was first told."""
    died_at = case.record.death.died_at or case.record.death.found_at
    if not died_at:
        return london(min(map(told_at, case.notices), default=_BEFORE_ALL)), Precision.YEAR
    return earliest(died_at), precision(died_at)


def place_case(case: PastCase, reference: Reference, now: datetime, switches: Switches) -> tuple[Death, Placing]:
    """Decide of one case what planning counts: by the steps that routing takes, without its clocks and sentences."""
    # What a source took back no longer counts, as in routing.
    heard = [notice for notice in case.notices if notice.id not in case.standing.silenced] or case.notices
    asked = Evidence(case.record, heard, case.decided, reference, now, switches)
    in_scope, home = scope(asked), residence(asked)
    stands = verdict(asked, case.standing, in_scope, home, False)
    at, known = when(case)
    if known < Precision.MINUTE:
        at = datetime.combine(at.date(), _NOON, LONDON)
    died = home.died
    death = Death(at.date(), at.astimezone(UTC), known, home.home.district, died.district, died.outside_england)
    owner = reference.cdop_for(died.district, asked.died_on, asked.today) if died.district else None
    response = joint_agency_response(asked, triggers_met(asked, in_scope.rule), home)
    return death, Placing(
        stands.state,
        stands.rule,
        home.lead.cdop if home.lead else None,
        home.lead.rule if home.lead else "",
        owner[1] if owner else None,
        tuple(copy.cdop for copy in copies(asked, home)),
        response.required,
        response.team,
    )
