"""Dated footprints: which body covers which area, from when to when. The same shape serves panels, joint agency response
teams, police forces and coroners, but each has its own table: one panel may span several teams, and the other way round.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from integration_engine.routing.geography import Authority, Geography
from integration_engine.routing.tables import Span, listed, rows, span


@dataclass(frozen=True, slots=True)
class Body:
    """A panel or a team: its code, name and dates, and who took its work over when it closed."""

    code: str
    name: str
    span: Span = Span()
    successors: tuple[str, ...] = ()
    confidence: str = ""
    note: str = ""
    region: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """One row of a footprint: this body covers this area between these days. ``part`` where it covers only some of it."""

    owner: str
    area: str
    span: Span = Span()
    confidence: str = ""
    part: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who covers an area: ``then``, on the day asked about (None where the table doesn't reach back so far), and ``now``,
    whose work it is today."""

    then: str | None
    now: str


@dataclass(frozen=True, eq=False)
class Footprint:
    """A dated table of bodies and the areas they cover."""

    geography: Geography
    bodies: Mapping[str, Body]
    covers: tuple[Cover, ...]
    _answers: dict[tuple[str, int, int], Owner | None] = field(default_factory=dict, repr=False)
    _rows: dict[tuple[str, int], tuple[Cover, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def by_area(self) -> Mapping[str, tuple[Cover, ...]]:
        """The rows of each area, oldest first."""
        found: dict[str, list[Cover]] = defaultdict(list)
        for cover in self.covers:
            found[cover.area].append(cover)
        return {area: tuple(sorted(held, key=lambda one: (one.span.first, one.owner))) for area, held in found.items()}

    @cached_property
    def _turns(self) -> list[date]:
        """The days on which an answer can change: between two of them every day answers alike."""
        spans = [cover.span for cover in self.covers] + [body.span for body in self.bodies.values()]
        ends = {date.fromordinal(one.last.toordinal() + 1) for one in spans if one.last != date.max}
        return sorted({one.first for one in spans} | ends | self.geography.turning_days)

    def owners(self, code: str, day: date) -> tuple[str, ...]:
        """Every body that covers some of this area on a day, by code. Exact row first, else the upper tier's, else the
        districts' where the table goes by district and a county is asked about."""
        found: set[str] = set()
        for authority in self.geography.on(code, day):
            found |= self._covering(authority, day)
        return tuple(sorted(found))

    def _covering(self, authority: Authority, day: date) -> set[str]:
        # A county's own row says nothing of the districts that have rows of theirs.
        inside = self.geography.districts_of.get(authority.code, ())
        found = {cover.owner for area in inside for cover in self.by_area.get(area, ()) if cover.span.holds(day)}
        for area in (authority.code, authority.upper_tier):
            if hit := {cover.owner for cover in self.by_area.get(area, ()) if cover.span.holds(day)}:
                return hit | found
        return found

    def rows_of(self, code: str, day: date) -> tuple[Cover, ...]:
        """The rows that say who covers an area on a day: its own, else its upper tier's, else its districts'."""
        if code not in self.geography.authorities:
            return ()
        key = (code, bisect_right(self._turns, day))
        if key not in self._rows:
            self._rows[key] = self._rows_of(code, day)
        return self._rows[key]

    def _rows_of(self, code: str, day: date) -> tuple[Cover, ...]:
        found: list[Cover] = []
        for authority in self.geography.on(code, day):
            inside = self.geography.districts_of.get(authority.code, ())
            for areas in ((authority.code,), (authority.upper_tier,), inside):
                if hit := [one for area in areas for one in self.by_area.get(area, ()) if one.span.holds(day)]:
                    found += hit
                    break
        return tuple(found)

    def owner(self, code: str, on: date, today: date) -> Owner | None:
        """Who covered this area on a day and whose work that is today; None where the area or its owner isn't known,
        or where the code names an area that several bodies share."""
        if code not in self.geography.authorities:
            # Kept out of what is remembered, which would else grow with every slip of a pen.
            return None
        key = (code, bisect_right(self._turns, on), bisect_right(self._turns, today))
        if key not in self._answers:
            self._answers[key] = self._owner(code, on, today)
        return self._answers[key]

    def _owner(self, code: str, on: date, today: date) -> Owner | None:
        then = self.owners(code, on)
        if not then and (later := self._first_known(code, on)):
            heir = self.heir(later, code, today)
            return Owner(None, heir) if heir else None
        if len(then) != 1:
            return None
        heir = self.heir(then[0], code, today)
        return Owner(then[0], heir) if heir else None

    def _first_known(self, code: str, on: date) -> str | None:
        """The first body that the table knows of for an area, where the day lies before all its rows."""
        for day in self._turns[bisect_right(self._turns, on) :]:
            if owners := self.owners(code, day):
                return owners[0] if len(owners) == 1 else None
        return None

    def heir(self, body: str, code: str, today: date) -> str | None:
        """Whose work a body's is today: its own while it is open, else its successor's, on and on. Where it was divided,
        the successor that covers the area asked about. None where that can't be told."""
        seen: set[str] = set()
        while (known := self.bodies.get(body)) and known.span.last < today:
            if body in seen:
                return None
            seen.add(body)
            if len(known.successors) == 1:
                body = known.successors[0]
                continue
            here = [owner for owner in self.owners(code, today) if not known.successors or owner in known.successors]
            if len(here) != 1:
                return None
            body = here[0]
        return body if known else None

    def standing(self, body: str, today: date) -> str | None:
        """A body by its own code: itself while open, else the end of its single line of successors; None if unknown."""
        return self.heir(body, "", today)


@dataclass(frozen=True, eq=False)
class Layers:
    """The map of authorities and the four dated footprints on it: panels, response teams, police forces, coroners."""

    geography: Geography
    cdops: Footprint
    jar_teams: Footprint
    police: Footprint
    coroners: Footprint


def load_bodies(path: Path, region: str | None = None) -> Mapping[str, Body]:
    """Read a table of panels or teams; ``region`` names the column of its region, if it has one."""
    columns = ("code", "name", "valid_from", "valid_to", "successors", "confidence", "source", "note")
    return {
        row["code"]: Body(
            row["code"],
            row["name"],
            span(where, row),
            listed(row["successors"]),
            row["confidence"],
            row["note"],
            row[region] if region else "",
            row["source"],
        )
        for where, row in rows(path, columns + ((region,) if region else ()))
    }


def load_covers(path: Path, owner: str, area: str, part: str | None = None) -> tuple[Cover, ...]:
    """Read a footprint table; the arguments name its columns of owner, area and, if it has one, of the partial mark."""
    columns = (owner, area, "valid_from", "valid_to", "confidence", "source") + ((part,) if part else ())
    return tuple(
        Cover(row[owner], row[area], span(where, row), row["confidence"], bool(part and row[part]), row["source"])
        for where, row in rows(path, columns)
    )


def bodies_of(covers: Iterable[Cover], names: Mapping[str, str]) -> Mapping[str, Body]:
    """Bodies that have no table of their own, from the rows that name them."""
    return {cover.owner: Body(cover.owner, names.get(cover.owner, cover.owner)) for cover in covers}
