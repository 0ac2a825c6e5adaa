"""One day's map held against every case, whenever the child died.

Routing asks who covered an area on the day of death and whose work that is today: right for a case, wrong for a question.
"What if this footprint had been in force all along?" wants the map of one day for all deaths. A retired authority's code is
read as those that cover its area on that day; where that is no single body, routing's own answer stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from integration_engine.routing.footprints import Cover, Footprint, Owner
from integration_engine.routing.reference import Reference


@dataclass(frozen=True, eq=False)
class OneDay(Footprint):
    """A footprint that answers for ``day``, whatever day it is asked about. ``asked`` collects the codes it was asked."""

    day: date = date.max
    asked: set[str] = field(default_factory=set, repr=False)
    _known: dict[str, Owner | None] = field(default_factory=dict, repr=False)

    def owner(self, code: str, on: date, today: date) -> Owner | None:
        """The one body that covers this area on the map's day; else what routing itself says."""
        self.asked.add(code)
        if code not in self._known:
            found = self.owners(code, self.day) if code in self.geography.authorities else ()
            self._known[code] = Owner(found[0], found[0]) if len(found) == 1 else None
        return self._known[code] or super().owner(code, on, today)

    def rows_of(self, code: str, day: date) -> tuple[Cover, ...]:
        """None: they are asked for how sure a sentence is, and planning reads no sentences."""
        return ()


def on_one_day(reference: Reference, day: date) -> tuple[Reference, OneDay, OneDay]:
    """The reference data with the panels and teams of one day for all days, and those two footprints."""
    cdops = OneDay(reference.geography, reference.cdops.bodies, reference.cdops.covers, day=day)
    teams = OneDay(reference.geography, reference.jar_teams.bodies, reference.jar_teams.covers, day=day)
    return replace(reference, cdops=cdops, jar_teams=teams), cdops, teams


def areas_of(footprint: Footprint, day: date) -> Mapping[str, frozenset[str]]:
    """The areas that each body covers on a day: the rows of the table, by code."""
    found: dict[str, set[str]] = {}
    for cover in footprint.covers:
        if cover.span.holds(day):
            found.setdefault(cover.owner, set()).add(cover.area)
    return {body: frozenset(areas) for body, areas in found.items()}
