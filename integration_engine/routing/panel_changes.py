"""What a table of panels changes: the map with it, and the difference that an operator reads before it is put in force.

A row with a day moves the authority from that day on. A row without one says that what we held was wrong: it takes the place
of the row in force, for all of its days. A panel that loses its last authority closes the day before, and hands its work on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from integration_engine.routing.footprint_file import NewAuthority
from integration_engine.routing.footprints import Body, Cover, Footprint, Layers
from integration_engine.routing.new_authorities import handed_on, with_new
from integration_engine.routing.panel_table import PanelRow, PanelTable
from integration_engine.routing.tables import DAWN, DUSK, WEAK, Problem, Span, refuse


@dataclass(frozen=True, slots=True)
class Move:
    """One authority that changes its panel: from which day (None: as long as the table knows), from whom to whom."""

    authority: str
    name: str
    first: date | None
    before: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change. ``renamed`` are code, old and new name; ``confirmed`` how many weakly known rows are now found."""

    moves: tuple[Move, ...]
    new: tuple[str, ...]
    closed: tuple[str, ...]
    renamed: tuple[tuple[str, str, str], ...]
    authorities: tuple[str, ...]
    confirmed: int

    def __bool__(self) -> bool:
        return bool(self.moves or self.new or self.closed or self.renamed or self.authorities or self.confirmed)

    def json(self) -> dict[str, Any]:
        """It in plain values."""
        return {
            "moves": [
                {
                    "authority": one.authority,
                    "name": one.name,
                    "from": one.first and one.first.isoformat(),
                    "before": list(one.before),
                    "after": one.after,
                }
                for one in self.moves
            ],
            "new_panels": list(self.new),
            "closed_panels": list(self.closed),
            "renamed_panels": [{"code": code, "before": old, "after": new} for code, old, new in self.renamed],
            "new_authorities": list(self.authorities),
            "confirmed_rows": self.confirmed,
        }


def changed(layers: Layers, table: PanelTable, today: date) -> tuple[Layers, Difference]:
    """The layers with a table of panels, and what that changes. Raises ReferenceDataError with everything that can't be."""
    problems: list[Problem] = []
    before = layers
    for row in (row for row in table.rows if row.replaces and row.first):
        new = NewAuthority(row.authority, row.authority_name, "unitary", row.authority, row.replaces, row.where)
        layers, wrong = _with_authorities(layers, table, new, row.first or today)
        problems += wrong
    covers = _covers(layers.cdops, table, today)
    bodies, wrong = _bodies(layers.cdops, table.rows, covers, today)
    refuse([*problems, *wrong])
    after = replace(layers, cdops=Footprint(layers.geography, bodies, covers))
    return after, _difference(before, after, table, today)


def _with_authorities(
    layers: Layers, table: PanelTable, new: NewAuthority, first: date
) -> tuple[Layers, list[Problem]]:
    if new.code in layers.geography.authorities:
        return layers, []
    same_day = [
        NewAuthority(row.authority, row.authority_name, "unitary", row.authority, row.replaces, row.where)
        for row in table.rows
        if row.replaces and row.first == first
    ]
    geography, problems = with_new(layers.geography, same_day, first)
    return handed_on(layers, geography, same_day, first), problems


def _covers(footprint: Footprint, table: PanelTable, today: date) -> tuple[Cover, ...]:
    """The footprint's rows with those of the table in their place."""
    rows: dict[str, list[PanelRow]] = {}
    for row in table.rows:
        rows.setdefault(row.authority, []).append(row)
    found: list[Cover] = []
    for area, given in rows.items():
        held = footprint.by_area.get(area, ())
        if table.whole:
            found += [_cover(row, Span(row.first or DAWN, row.last or DUSK)) for row in given]
            continue
        for row in sorted(given, key=lambda row: row.first or DAWN):
            span = _span(held, row, today)
            held = (*_cut(held, span), _cover(row, span))
        found += held
    return (*(one for one in footprint.covers if one.area not in rows), *_joined(found))


def _span(held: Sequence[Cover], row: PanelRow, today: date) -> Span:
    """The days a row is about. Without a first day, those of the row that is in force."""
    if row.first:
        return Span(row.first, row.last or DUSK)
    standing = [one.span for one in held if one.span.holds(today)]
    return Span(min((span.first for span in standing), default=DAWN), row.last or DUSK)


def _cut(held: Sequence[Cover], span: Span) -> list[Cover]:
    """What is left of rows beside a span."""
    left: list[Cover] = []
    for one in held:
        if one.span.first < span.first:
            end = min(one.span.last, span.first - timedelta(days=1))
            left.append(replace(one, span=Span(one.span.first, end)))
        if one.span.last > span.last:
            begin = max(one.span.first, span.last + timedelta(days=1))
            left.append(replace(one, span=Span(begin, one.span.last)))
    return left


def _cover(row: PanelRow, span: Span) -> Cover:
    return Cover(row.panel, row.authority, span, row.confidence, source=row.source)


def _joined(covers: Sequence[Cover]) -> list[Cover]:
    """Rows of one panel and one area that follow each other without a gap become one: a confirmed row is no new fact."""
    found: list[Cover] = []
    for one in sorted(covers, key=lambda one: (one.area, one.span.first)):
        last = found[-1] if found else None
        follows = last and last.area == one.area and last.owner == one.owner and last.span.last != DUSK
        if last and follows and last.span.last + timedelta(days=1) == one.span.first:
            found[-1] = replace(one, span=Span(last.span.first, one.span.last))
        else:
            found.append(one)
    return found


def _bodies(
    footprint: Footprint, rows: Sequence[PanelRow], covers: Sequence[Cover], today: date
) -> tuple[Mapping[str, Body], list[Problem]]:
    """The panels with the table's: new ones, renamed ones, and those that close with who takes their work over."""
    bodies = dict(footprint.bodies)
    problems: list[Problem] = []
    held: dict[str, list[Span]] = {}
    for cover in covers:
        held.setdefault(cover.owner, []).append(cover.span)
    named = {row.panel: row for row in rows}
    for code, row in named.items():
        spans = held.get(code, [])
        known = bodies.get(code)
        if known is None:
            first = min((span.first for span in spans), default=DAWN)
            bodies[code] = Body(code, row.panel_name, Span(first), (), row.confidence, "", row.region, row.source)
            if not row.region:
                regions = {footprint.bodies[old].region for old in _losers(footprint, code, covers)} - {""}
                bodies[code] = replace(bodies[code], region=regions.pop() if len(regions) == 1 else "not known")
        else:
            first = min((known.span.first, *(span.first for span in spans)))
            sure = row.confidence if known.confidence in WEAK else known.confidence
            bodies[code] = replace(known, name=row.panel_name, span=Span(first, known.span.last), confidence=sure)
    for code, body in footprint.bodies.items():
        if body.span.last < today or any(span.last == DUSK for span in held.get(code, ())):
            continue
        if not held.get(code):
            where = next((row.where for row in rows if row.authority in _areas(footprint, code)), code)
            text = f"{body.name} is left without any area: from which day? Give a column 'from', or --from"
            problems.append(Problem("day-needed", where, text))
            continue
        end = max(span.last for span in held[code])
        heirs = {one.owner for one in covers if one.area in _areas(footprint, code) and one.span.holds(_next(end))}
        bodies[code] = replace(body, span=Span(body.span.first, end), successors=tuple(sorted(heirs - {code})))
    return bodies, problems


def _areas(footprint: Footprint, code: str) -> set[str]:
    return {one.area for one in footprint.covers if one.owner == code and one.span.last == DUSK}


def _losers(footprint: Footprint, code: str, covers: Sequence[Cover]) -> set[str]:
    areas = {one.area for one in covers if one.owner == code}
    return {one.owner for one in footprint.covers if one.area in areas}


def _next(day: date) -> date:
    return day if day == DUSK else day + timedelta(days=1)


def _difference(before: Layers, after: Layers, table: PanelTable, today: date) -> Difference:
    old, new = before.cdops, after.cdops
    moves = []
    for area in dict.fromkeys(row.authority for row in table.rows):
        days = {one.span.first for one in (*old.by_area.get(area, ()), *new.by_area.get(area, ()))}
        days |= {_next(one.span.last) for one in (*old.by_area.get(area, ()), *new.by_area.get(area, ()))} - {DUSK}
        told: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        for day in sorted(days):
            owners = (old.owners(area, day), new.owners(area, day))
            if owners[0] != owners[1] and owners != told and owners[1]:
                name = after.geography.authorities[area].name
                moves.append(Move(area, name, None if day == DAWN else day, owners[0], owners[1][0]))
            told = owners
    standing = {code for code, body in old.bodies.items() if body.span.last >= today}
    closing = {code for code in standing if new.bodies[code].span.last != old.bodies[code].span.last}
    weak = {(one.owner, one.area) for one in old.covers if one.confidence in WEAK and one.span.last == DUSK}
    weak_now = {(one.owner, one.area) for one in new.covers if one.confidence in WEAK and one.span.last == DUSK}
    standing_rows = {(one.owner, one.area) for one in new.covers}
    return Difference(
        tuple(moves),
        tuple(sorted(new.bodies.keys() - old.bodies.keys())),
        tuple(sorted(closing)),
        tuple(
            (code, body.name, new.bodies[code].name)
            for code, body in sorted(old.bodies.items())
            if new.bodies[code].name != body.name
        ),
        tuple(sorted(after.geography.authorities.keys() - before.geography.authorities.keys())),
        len((weak & standing_rows) - weak_now),
    )
