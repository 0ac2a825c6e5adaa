"""A local footprint laid over the shipped one: panels or teams merged, split or moved from a day on, in one small YAML.

    footprint: east-2027
    from: 2027-04-01
    cdops:
      - {code: EAST, name: East CDOP, replaces: [NORFOLK, SUFFOLK]}
      - {code: SURREY-W, name: West Surrey CDOP, areas: [E07000209, E07000217]}
    jar_teams:
      - {code: JAR-EAST, name: East team, replaces: [JAR-NORFOLK, JAR-SUFFOLK]}

What ``replaces`` names closes the day before and hands all its areas and its work over; ``areas`` come over one by one, and
a body left without any closes. Deaths before the day keep their area's name and go to the successor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from integration_engine.routing.footprints import Body, Cover, Footprint
from integration_engine.routing.tables import ReferenceDataError, Span, document

_CONFIDENCE = "local"


@dataclass(frozen=True, slots=True)
class Change:
    """One body of the new footprint and where its areas come from."""

    code: str
    name: str
    replaces: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overlay:
    """A local footprint: its name, its first day, and what changes on it."""

    name: str
    first: date
    cdops: tuple[Change, ...]
    jar_teams: tuple[Change, ...]


def read_overlay(path: Path) -> Overlay:
    """Read a footprint file. Raises ReferenceDataError that says what is wrong with it."""
    read = document(path)
    where = path.name
    if not isinstance(read, dict) or not isinstance(read.get("from"), date):
        raise ReferenceDataError(
            "bad-footprint", where, "a footprint has 'from: 2027-04-01' and lists cdops or jar_teams"
        )
    if unknown := sorted(set(read) - {"footprint", "from", "cdops", "jar_teams"}):
        raise ReferenceDataError("bad-footprint", where, f"not part of a footprint: {', '.join(map(str, unknown))}")
    name = str(read.get("footprint") or path.stem)
    return Overlay(name, read["from"], _changes(where, read.get("cdops")), _changes(where, read.get("jar_teams")))


def _changes(where: str, listed: Any) -> tuple[Change, ...]:
    found = []
    for number, row in enumerate(listed or ()):
        place = f"{where}:{number + 1}"
        if not isinstance(row, Mapping) or not row.get("code") or not (row.get("replaces") or row.get("areas")):
            raise ReferenceDataError("bad-footprint", place, "each row has a code and either replaces or areas")
        if unknown := sorted(set(row) - {"code", "name", "replaces", "areas"}):
            raise ReferenceDataError("bad-footprint", place, f"not part of a row: {', '.join(map(str, unknown))}")
        change = Change(
            str(row["code"]),
            str(row.get("name") or row["code"]),
            tuple(map(str, row.get("replaces") or ())),
            tuple(map(str, row.get("areas") or ())),
        )
        found.append(change)
    return tuple(found)


def laid_over(footprint: Footprint, changes: Sequence[Change], first: date) -> Footprint:
    """A footprint with these changes from a day on. Raises ReferenceDataError for a body or area that doesn't exist, or an
    area that two rows claim."""
    if not changes:
        return footprint
    eve = first - timedelta(days=1)
    taken = _taken(footprint, changes, first)
    kept: list[Cover] = []
    for cover in footprint.covers:
        if cover.area not in taken or cover.span.last < first:
            kept.append(cover)
        elif cover.span.first < first:
            kept.append(replace(cover, span=Span(cover.span.first, eve)))
    new = tuple(Cover(owner, area, Span(first), _CONFIDENCE) for area, owner in sorted(taken.items()))
    bodies = dict(footprint.bodies)
    for change in changes:
        held = bodies.get(change.code)
        begins = held.span.first if held else first
        bodies[change.code] = Body(
            change.code, change.name, Span(begins), confidence=_CONFIDENCE, note="local footprint"
        )
    covers = (*kept, *new)
    at_work = {cover.owner for cover in covers if cover.span.last >= first}
    heirs = _heirs(footprint, changes, taken, first)
    for code, body in footprint.bodies.items():
        if code in heirs and code not in at_work and body.span.holds(first):
            bodies[code] = replace(body, span=Span(body.span.first, eve), successors=heirs[code])
    return Footprint(footprint.geography, bodies, covers)


def _taken(footprint: Footprint, changes: Sequence[Change], first: date) -> Mapping[str, str]:
    """Which new body takes each area."""
    taken: dict[str, str] = {}
    for change in changes:
        for body in change.replaces:
            if body not in footprint.bodies:
                raise ReferenceDataError(
                    "unknown-body", change.code, f"{body} can't be replaced: no such panel or team"
                )
        held = {one.area for one in footprint.covers if one.owner in change.replaces and one.span.last >= first}
        for area in sorted(held | set(change.areas)):
            if area not in footprint.geography.authorities:
                raise ReferenceDataError("unknown-area", change.code, f"{area} is no authority's code")
            if taken.setdefault(area, change.code) != change.code:
                raise ReferenceDataError("overlap", change.code, f"{area} is claimed by {taken[area]} too")
    return taken


def _heirs(
    footprint: Footprint, changes: Sequence[Change], taken: Mapping[str, str], first: date
) -> Mapping[str, tuple[str, ...]]:
    """For each body that gives something up, who takes it."""
    found: dict[str, set[str]] = {}
    for cover in footprint.covers:
        if cover.area in taken and cover.span.last >= first and cover.owner != taken[cover.area]:
            found.setdefault(cover.owner, set()).add(taken[cover.area])
    return {code: tuple(sorted(heirs)) for code, heirs in found.items()}
