"""Laying local footprints over the tables: what a footprint file says, made into dated rows.

What ``replaces`` names closes the day before and hands all its areas and its work over; ``areas`` come over one by one, and a
body left without any closes. Deaths before the day keep their area's name and go to the successor. A new authority's area
stays with whoever covered what it replaces, unless the same step says otherwise. The shape of a file is ``footprint_file``'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from integration_engine.routing.footprint_file import Change, NewAuthority, Overlay, Step, read_overlay
from integration_engine.routing.footprints import Body, Cover, Footprint, Layers
from integration_engine.routing.geography import Authority, Geography
from integration_engine.routing.new_authorities import handed_on, shared, with_new
from integration_engine.routing.tables import DUSK, Problem, Span, refuse

__all__ = ["Change", "Layers", "NewAuthority", "Overlay", "Step", "laid_over", "overlaid", "read_overlay"]

_CONFIDENCE = "local"
_SOURCE = "local footprint"


def overlaid(layers: Layers, overlays: Sequence[Overlay]) -> Layers:
    """The map with every step of these footprints, by day; of one day in the order given. Raises ReferenceDataError with
    everything that can't be done."""
    problems: list[Problem] = []
    for step in sorted((step for overlay in overlays for step in overlay.steps), key=lambda step: step.first):
        if step.authorities:
            geography, wrong = with_new(layers.geography, step.authorities, step.first)
            problems += wrong
            layers = handed_on(layers, geography, step.authorities, step.first)
        cdops, wrong = _laid(layers.cdops, step.cdops, step.first)
        teams, also_wrong = _laid(layers.jar_teams, step.jar_teams, step.first)
        problems += (*wrong, *also_wrong)
        for footprint in (cdops, teams):
            problems += shared(footprint, step.authorities, step.first)
        layers = replace(layers, cdops=cdops, jar_teams=teams)
    refuse(problems)
    return layers


def laid_over(footprint: Footprint, changes: Sequence[Change], first: date) -> Footprint:
    """A footprint with these changes from a day on. Raises ReferenceDataError with everything that can't be done: a body or
    area that doesn't exist, an area that two rows claim, areas left with nobody, successors that lead back."""
    laid, problems = _laid(footprint, changes, first)
    refuse(problems)
    return laid


def _laid(footprint: Footprint, changes: Sequence[Change], first: date) -> tuple[Footprint, list[Problem]]:
    """The footprint with these changes, and what is wrong with them."""
    if not changes:
        return footprint, []
    eve = first - timedelta(days=1)
    problems = _impossible(footprint, changes, first)
    taken = _taken(footprint, changes, first, problems)
    kept: list[Cover] = []
    for cover in footprint.covers:
        if cover.area not in taken or cover.span.last < first:
            kept.append(cover)
        elif cover.span.first < first:
            kept.append(replace(cover, span=Span(cover.span.first, eve)))
    new = tuple(
        Cover(owner, area, Span(first), _CONFIDENCE, source=_SOURCE) for area, owner in sorted(taken.items()) if owner
    )
    covers = (*kept, *new)
    bodies = dict(footprint.bodies)
    for change in changes:
        if not change.closes:
            bodies[change.code] = _body(footprint, change, first)
    at_work = {cover.owner for cover in covers if cover.span.last >= first}
    heirs = _heirs(footprint, taken, first)
    for code, body in footprint.bodies.items():
        if code in heirs and code not in at_work and body.span.holds(first):
            bodies[code] = replace(body, span=Span(body.span.first, eve), successors=heirs[code])
    problems += _left_with_nobody(footprint, changes, covers, first)
    return Footprint(footprint.geography, bodies, covers), problems


def _body(footprint: Footprint, change: Change, first: date) -> Body:
    """The body a row makes, or the standing one that it enlarges. It keeps the region of what it came from."""
    held = footprint.bodies.get(change.code)
    regions = {footprint.bodies[code].region for code in change.replaces if code in footprint.bodies}
    region = held.region if held else regions.pop() if len(regions) == 1 else ""
    return Body(
        change.code,
        change.name if change.name != change.code or not held else held.name,
        Span(held.span.first if held else first),
        confidence=_CONFIDENCE,
        note=_SOURCE,
        source=_SOURCE,
        region=region,
    )


def _impossible(footprint: Footprint, changes: Sequence[Change], first: date) -> list[Problem]:
    """What the rows say of bodies that can't be."""
    found: list[Problem] = []
    replacing = {change.code: set(change.replaces) for change in changes}
    seen: set[str] = set()
    for change in changes:
        where, known = change.where or change.code, footprint.bodies.get(change.code)
        if change.code in seen:
            found.append(Problem("twice", where, f"{change.code} has a row already"))
        seen.add(change.code)
        if change.closes and (known is None or known.span.last < first):
            found.append(Problem("unknown-body", where, f"{change.code} can't close: no such panel or team is open"))
        if known and known.span.last < first and not change.closes:
            text = f"{change.code} closed on {known.span.last.isoformat()}: a new body has a code of its own"
            code = "cycle" if _follow(footprint, change.code) & set(change.replaces) else "closed-body"
            found.append(Problem(code, where, text + (", or its work comes back to it" if code == "cycle" else "")))
        for body in change.replaces:
            found += _irreplaceable(footprint, change, body, first)
            if body != change.code and _reaches(replacing, body, change.code):
                found.append(Problem("cycle", where, f"{change.code} and {body} replace each other"))
    return found


def _irreplaceable(footprint: Footprint, change: Change, code: str, first: date) -> list[Problem]:
    where, body = change.where or change.code, footprint.bodies.get(code)
    if code == change.code:
        return [Problem("replaces-itself", where, f"{code} replaces itself")]
    if body is None:
        return [Problem("unknown-body", where, f"{code} can't be replaced: no such panel or team")]
    if body.span.last < first:
        text = f"{code} can't be replaced: it closed on {body.span.last.isoformat()}"
        return [Problem("closed-body", where, text)]
    if body.span.first > first:
        text = f"{code} can't be replaced yet: it only begins on {body.span.first.isoformat()}"
        return [Problem("later-body", where, text)]
    return []


def _follow(footprint: Footprint, code: str) -> set[str]:
    """Every body to which a closed one's work has gone."""
    ahead, seen = [code], set[str]()
    while ahead:
        for heir in body.successors if (body := footprint.bodies.get(ahead.pop())) else ():
            if heir not in seen:
                seen.add(heir)
                ahead.append(heir)
    return seen


def _reaches(replacing: Mapping[str, set[str]], start: str, goal: str) -> bool:
    ahead, seen = [start], set[str]()
    while ahead:
        for body in replacing.get(ahead.pop(), ()):
            if body == goal:
                return True
            if body not in seen:
                seen.add(body)
                ahead.append(body)
    return False


def _taken(
    footprint: Footprint, changes: Sequence[Change], first: date, problems: list[Problem]
) -> Mapping[str, str | None]:
    """Which new body takes each area; None where a county's own row ends because all its districts are taken."""
    taken: dict[str, str | None] = {}
    for change in changes:
        where = change.where or change.code
        areas = {one.area for one in footprint.covers if one.owner in change.replaces and one.span.last >= first}
        for named in change.areas:
            authority = _in_force(footprint.geography, named, first)
            if isinstance(authority, str):
                problems.append(Problem("unknown-area", where, authority))
            else:
                areas |= {authority.code, *_districts_with_rows(footprint, authority, first)}
        for area in sorted(areas):
            if taken.setdefault(area, change.code) != change.code:
                name = footprint.geography.authorities[area].name
                problems.append(Problem("overlap", where, f"{area} ({name}) is claimed by {taken[area]} too"))
    for county, districts in footprint.geography.districts_of.items():
        open_now = [one for one in districts if footprint.geography.authorities[one].span.holds(first)]
        if open_now and county not in taken and all(one in taken for one in open_now):
            taken[county] = None
    return taken


def _districts_with_rows(footprint: Footprint, authority: Authority, first: date) -> list[str]:
    """The districts of a county that have rows of their own, which would outlive a move of the county."""
    inside = footprint.geography.districts_of.get(authority.code, ())
    return [area for area in inside if any(one.span.last >= first for one in footprint.by_area.get(area, ()))]


def _in_force(geography: Geography, named: str, first: date) -> Authority | str:
    """The authority that a code or name means on a day, or why it means none."""
    if named not in geography.authorities:
        alike = [one for one in geography.authorities.values() if one.name.casefold() == named.casefold()]
        alike = [one for one in alike if one.span.holds(first)]
        return alike[0] if len(alike) == 1 else f"{named} is no authority's code"
    # A renumbered code is the same authority; any other retired one names an area that is now part of another.
    known = geography.authorities[geography.newest(named)]
    if known.span.holds(first):
        return known
    if known.span.first > first:
        return f"{named} only begins on {known.span.first.isoformat()}"
    return f"{named} ended on {known.span.last.isoformat()}: name the authorities that took its area"


def _heirs(footprint: Footprint, taken: Mapping[str, str | None], first: date) -> Mapping[str, tuple[str, ...]]:
    """For each body that gives something up, who takes it."""
    found: dict[str, set[str]] = {}
    for cover in footprint.covers:
        if cover.area not in taken or cover.span.last < first:
            continue
        heir = taken[cover.area]
        inside = footprint.geography.districts_of.get(cover.area, ()) if heir is None else ()
        heirs = {heir, *(taken.get(district) for district in inside)} - {None, cover.owner}
        found.setdefault(cover.owner, set()).update(one for one in heirs if one)
    return {code: tuple(sorted(heirs)) for code, heirs in found.items() if heirs}


def _left_with_nobody(
    footprint: Footprint, changes: Sequence[Change], covers: Sequence[Cover], first: date
) -> list[Problem]:
    """The areas of bodies that close which nobody takes."""
    closing = {change.code: change.where or change.code for change in changes if change.closes}
    authorities = footprint.geography.authorities
    found = []
    for cover in covers:
        if cover.owner in closing and cover.span.last == DUSK and authorities[cover.area].span.last >= first:
            text = f"{cover.area} ({authorities[cover.area].name}) is left with nobody when {cover.owner} closes"
            found.append(Problem("gap", closing[cover.owner], text))
    return found
