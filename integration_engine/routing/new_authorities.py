"""New authorities of a local footprint: two unitaries out of a county's districts, an authority that splits, one renamed.

What a new authority replaces ends the day before. Every footprint on the map (panels, teams, forces, coroners) is handed on:
the new area stays with whoever covered the old ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from integration_engine.routing.footprint_file import NewAuthority
from integration_engine.routing.footprints import Cover, Footprint, Layers
from integration_engine.routing.geography import Authority, Geography
from integration_engine.routing.tables import Problem, Span

_CONFIDENCE = "local"
_SOURCE = "local footprint"


def with_new(geography: Geography, created: Sequence[NewAuthority], first: date) -> tuple[Geography, list[Problem]]:
    """The map with new authorities from a day on, and what is wrong with them."""
    problems = [problem for new in created for problem in _impossible(geography, new, created, first)]
    known = dict(geography.authorities)
    heirs: dict[str, list[str]] = {}
    for new in created:
        for code in new.replaces if new.code not in geography.authorities else ():
            heirs.setdefault(code, []).append(new.code)
            known[new.code] = Authority(
                new.code, new.name, new.kind, new.upper_tier, Span(first), confidence=_CONFIDENCE, source=_SOURCE
            )
    return Geography(known | dict(_ended(geography, heirs, first))), problems


def _impossible(
    geography: Geography, new: NewAuthority, created: Sequence[NewAuthority], first: date
) -> Iterator[Problem]:
    known = geography.authorities
    if new.code in known:
        yield Problem("known-area", new.where, f"{new.code} exists already: a new authority has a new code")
    if sum(one.code == new.code for one in created) > 1:
        yield Problem("twice", new.where, f"{new.code} has more than one row")
    if new.upper_tier not in known and new.upper_tier not in {one.code for one in created}:
        yield Problem("unknown-area", new.where, f"its upper tier {new.upper_tier} is no authority's code")
    for code in new.replaces:
        if code not in known:
            yield Problem("unknown-area", new.where, f"{code} is no authority's code")
        elif not known[code].span.holds(first):
            yield Problem("unknown-area", new.where, f"{code} isn't in force on {first.isoformat()}")


def _ended(geography: Geography, heirs: Mapping[str, Sequence[str]], first: date) -> Iterator[tuple[str, Authority]]:
    """The authorities that end the day before, with their successors: those replaced, the districts of a county that is
    replaced as a whole, and a county whose last district goes."""
    ended = {code: set(after) for code, after in heirs.items() if code in geography.authorities}
    for county, districts in geography.districts_of.items():
        standing = [one for one in districts if geography.authorities[one].span.last >= first]
        if county in heirs:
            ended |= {district: set(heirs[county]) for district in standing if district not in heirs}
        elif standing and all(district in heirs for district in standing):
            ended[county] = {heir for district in standing for heir in heirs[district]}
    for code, after in ended.items():
        authority = geography.authorities[code]
        span = Span(min(authority.span.first, first - timedelta(days=1)), first - timedelta(days=1))
        yield code, replace(authority, span=span, successors=tuple(sorted(after)))


def handed_on(layers: Layers, geography: Geography, created: Sequence[NewAuthority], first: date) -> Layers:
    """The layers on the new map. A new area that several bodies covered is all of theirs, until somebody takes it whole."""
    return Layers(
        geography,
        _carried(layers.cdops, geography, created, first),
        _carried(layers.jar_teams, geography, created, first),
        _carried(layers.police, geography, created, first),
        _carried(layers.coroners, geography, created, first),
    )


def shared(footprint: Footprint, created: Sequence[NewAuthority], first: date) -> Iterator[Problem]:
    """The new areas that several bodies cover."""
    for new in created:
        owners = footprint.owners(new.code, first)
        if len(owners) > 1:
            text = f"{new.code} ({new.name}) takes areas of {', '.join(owners)}: say who covers it"
            yield Problem("overlap", new.where, text)


def _carried(footprint: Footprint, geography: Geography, created: Sequence[NewAuthority], first: date) -> Footprint:
    eve = first - timedelta(days=1)
    new = [
        Cover(owner, one.code, Span(first), _CONFIDENCE, source=_SOURCE)
        for one in created
        for owner in sorted({owner for code in one.replaces for owner in footprint.owners(code, eve)})
    ]
    before = footprint.geography.authorities
    ended = {code for code, one in geography.authorities.items() if one.span.last < first and code in before}
    ended = {code for code in ended if before[code].span.last >= first}
    kept = [
        replace(one, span=Span(one.span.first, min(one.span.last, eve))) if one.area in ended else one
        for one in footprint.covers
        if one.area not in ended or one.span.first < first
    ]
    return Footprint(geography, footprint.bodies, (*kept, *new))
