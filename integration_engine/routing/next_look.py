"""When a case has to be decided again though nobody says anything new: the next moment its answer may change by itself.

Routing looks at the day: whose work an area's is today, how long a family has been without a key worker, whether a pause is
over. Between two such moments the same facts give the same answer.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache

from integration_engine.record.dates import LONDON, earliest, london
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.answer import Routing
from integration_engine.routing.footprints import Footprint
from integration_engine.routing.reference import Reference
from integration_engine.routing.switches import Switches

_A_MOMENT = timedelta(seconds=1)


def next_look(
    record: ChildDeathRecord, routing: Routing, reference: Reference, switches: Switches, now: datetime
) -> datetime | None:
    """The first moment after ``now`` at which this routing may come out otherwise; None where time changes nothing any more,
    as in a case that has ended."""
    if routing.state not in ("open", "held"):
        return None
    found = [at for at in _moments(record, routing, reference, switches, now) if at > now]
    return min(found, default=None)


def _moments(
    record: ChildDeathRecord, routing: Routing, reference: Reference, switches: Switches, now: datetime
) -> Iterator[datetime]:
    today = london(now).date()
    for footprint in (reference.cdops, reference.jar_teams):
        turning = next((day for day in turning_days(footprint) if day > today), None)
        if turning:
            yield _midnight(turning)
    stated = record.death.died_at or record.death.found_at
    died = earliest(stated) if stated else routing.first_known
    if died and died.date() > today:
        # Tomorrow's panels can't take a case, and tomorrow they may.
        yield _midnight(today + timedelta(days=1))
    if died and not (record.family and record.family.key_worker):
        # The flag is raised when more than so many days have passed on London's clocks.
        yield died + timedelta(days=switches.key_worker_days) + _A_MOMENT
    for clock in routing.deadlines.values():
        if clock.resumes:
            yield clock.resumes


@lru_cache(maxsize=16)
def turning_days(footprint: Footprint) -> tuple[date, ...]:
    """The days, in order, on which a footprint may answer otherwise than the day before."""
    spans = [cover.span for cover in footprint.covers] + [body.span for body in footprint.bodies.values()]
    ends = {one.last + timedelta(days=1) for one in spans if one.last != date.max}
    return tuple(sorted({one.first for one in spans} | ends | footprint.geography.turning_days))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LONDON)
