"""Is the reference data sound? Every authority has exactly one panel and one team on every day, successors exist and end
somewhere, codes are well formed. What is sound but weakly known is said too, so that somebody asks the panel."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from integration_engine.routing.findings import Finding
from integration_engine.routing.footprints import Footprint
from integration_engine.routing.geography import Authority, Geography
from integration_engine.routing.reference import Reference
from integration_engine.routing.tables import DUSK
from integration_engine.routing.weak_rows import weak_rows

CHECKED_FROM = date(2019, 10, 1)
"""From this day on every area has to have a panel: the statutory arrangements were live by 29 September 2019."""

LATEST_MERGER = date(2025, 7, 1)
"""The latest change of coroner areas that the table knows; what it says of that day is what it says of today."""

LISTED_FROM, LISTED_TO = 2019, 2030
"""The years whose bank holidays are listed, and held against the rule."""

_SATURDAY = 5
_AREA = re.compile(r"E(?:0[6-9]|10)\d{6}")
_BODY = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*")
_FORCE = re.compile(r"(?:E23|W15)\d{6}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def validate(reference: Reference) -> tuple[Finding, ...]:
    """Every finding about the reference data, errors first."""
    found = [*_geography(reference.geography)]
    for table, footprint in (("cdop-footprints", reference.cdops), ("jar-footprints", reference.jar_teams)):
        found += _bodies(table, footprint)
        found += _coverage(table, footprint)
        found += _renumbered(table, footprint)
    found += _forces(reference)
    found += _coroners(reference)
    found += _lookups(reference)
    found += _bank_holidays(reference)
    found += weak_rows(reference)
    return tuple(sorted(found, key=lambda one: (one.severity != "error", one.table, one.subject, one.code, one.text)))


__all__ = ["Finding", "validate"]


def _error(code: str, table: str, subject: str, text: str) -> Finding:
    return Finding("error", code, table, subject, text)


def _geography(geography: Geography) -> Iterator[Finding]:
    known = geography.authorities
    for authority in known.values():
        if not _AREA.fullmatch(authority.code):
            yield _error("malformed-code", "authorities", authority.code, "not an ONS code of an English authority")
        if authority.upper_tier not in known:
            yield _error("unknown-upper-tier", "authorities", authority.code, "its upper tier has no row")
        for successor in authority.successors:
            if successor not in known:
                yield _error("unknown-successor", "authorities", authority.code, "a successor has no row")
        if authority.successors and authority.span.last == DUSK:
            yield _error("successor-while-open", "authorities", authority.code, "it has a successor but no end")
        if authority.span.last != DUSK and not geography.on(authority.code, authority.span.last + timedelta(days=1)):
            yield _error("no-way-on", "authorities", authority.code, "its area belongs to nobody after its end")
        if authority.renumbered and len(authority.successors) != 1:
            yield _error("renumbered-to-several", "authorities", authority.code, "a new number is one successor")
    yield from _cycles("authorities", {code: authority.successors for code, authority in known.items()})


def _bodies(table: str, footprint: Footprint) -> Iterator[Finding]:
    for body in footprint.bodies.values():
        if not _BODY.fullmatch(body.code):
            yield _error("malformed-code", table, body.code, "a code is capitals, digits and single hyphens")
        for successor in body.successors:
            if successor not in footprint.bodies:
                yield _error("unknown-successor", table, body.code, "a successor has no row")
        held = [cover for cover in footprint.covers if cover.owner == body.code]
        if not held:
            yield _error("covers-nothing", table, body.code, "it covers no area")
        elif body.span.last != DUSK and not body.successors:
            yield _error("closed-without-successor", table, body.code, "it has closed and nobody took its work over")
    for cover in footprint.covers:
        owner = footprint.bodies.get(cover.owner)
        if owner is None:
            yield _error("unknown-owner", table, cover.owner, f"it covers {cover.area} but has no row of its own")
        elif cover.span.first < owner.span.first or cover.span.last > owner.span.last:
            yield _error(
                "outside-its-days", table, cover.owner, f"it covers {cover.area} on days when it doesn't exist"
            )
        if cover.area not in footprint.geography.authorities:
            yield _error("unknown-area", table, cover.owner, f"{cover.area} is no authority's code")
    yield from _cycles(table, {code: body.successors for code, body in footprint.bodies.items()})


def _cycles(table: str, successors: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    for start, first in successors.items():
        ahead, seen = list(first), set[str]()
        while ahead:
            code = ahead.pop()
            if code == start:
                yield _error("cycle", table, start, "its successors lead back to itself")
                break
            if code not in seen:
                seen.add(code)
                ahead += successors.get(code, ())


def _coverage(table: str, footprint: Footprint) -> Iterator[Finding]:
    """Gaps and overlaps: each authority, each stretch of days on which nothing changes."""
    geography = footprint.geography
    # A county that is covered district by district has no row of its own: its districts are checked instead.
    for authority in geography.authorities.values():
        if authority.upper_tier != authority.code and not footprint.by_area.get(authority.code):
            continue
        for day in _turns(footprint, authority):
            owners = footprint.owners(authority.code, day)
            if not owners:
                yield _error("gap", table, authority.code, f"{authority.name} has nobody on {day.isoformat()}")
            elif len(owners) > 1 and not _divided(footprint, authority, day):
                text = f"{authority.name} has {', '.join(owners)} on {day.isoformat()}"
                yield _error("overlap", table, authority.code, text)


def _turns(footprint: Footprint, authority: Authority) -> list[date]:
    spans = [cover.span for area in (authority.code, authority.upper_tier) for cover in footprint.by_area.get(area, ())]
    inside = footprint.geography.districts_of.get(authority.code, ())
    spans += [cover.span for area in inside for cover in footprint.by_area.get(area, ())]
    days = {max(authority.span.first, CHECKED_FROM)}
    days |= {one.first for one in spans} | {one.last + timedelta(days=1) for one in spans if one.last != DUSK}
    return sorted(day for day in days if day >= CHECKED_FROM and authority.span.holds(day))


def _divided(footprint: Footprint, authority: Authority, day: date) -> bool:
    """Whether a county's several owners each cover whole districts of it, each district one."""
    if len({cover.owner for cover in footprint.by_area.get(authority.code, ()) if cover.span.holds(day)}) > 1:
        return False
    inside = footprint.geography.districts_of.get(authority.code, ())
    return bool(inside) and all(
        len(footprint.owners(area, day)) == 1
        for area in inside
        if footprint.geography.authorities[area].span.holds(day)
    )


def _forces(reference: Reference) -> Iterator[Finding]:
    for force in reference.forces.values():
        if not _FORCE.fullmatch(force.code) or not re.fullmatch(r"\d\d", force.number):
            yield _error(
                "malformed-code", "police-forces", force.code, "a force has an ONS code and a two-digit number"
            )
    for cover in reference.police.covers:
        if cover.owner not in reference.forces:
            yield _error("unknown-owner", "police-areas", cover.owner, "the force has no row")
    for authority in reference.geography.authorities.values():
        if authority.kind != "county" and authority.span.last == DUSK:
            day = max(CHECKED_FROM, authority.span.first)
            forces = reference.police.owners(authority.code, day)
            if len(forces) > 1 and authority.confidence == "local":
                text = f"{authority.name} lies in the areas of {', '.join(forces)}; confirm with the forces"
                yield Finding("confirm", "several-forces", "police-areas", authority.code, text, "local")
            elif reference.police_force(authority.code, day) is None:
                yield _error("gap", "police-areas", authority.code, f"{authority.name} has no one police force")


def _coroners(reference: Reference) -> Iterator[Finding]:
    for cover in reference.coroners.covers:
        if not _SLUG.fullmatch(cover.owner):
            yield _error("malformed-code", "coroner-areas", cover.owner, "a slug is small letters, digits and hyphens")
    for authority in reference.geography.authorities.values():
        today = authority.upper_tier == authority.code and authority.span.last == DUSK
        if today and not reference.coroner_areas(authority.code, LATEST_MERGER):
            yield _error("gap", "coroner-areas", authority.code, f"{authority.name} has no coroner area")


def _lookups(reference: Reference) -> Iterator[Finding]:
    known = reference.geography.authorities
    for site in getattr(reference.sites, "by_code", {}).values():
        if site.lad_code and site.lad_code.startswith("E") and site.lad_code not in known:
            yield _error("unknown-area", "sites", site.ods_code, "its district is no authority's code")
    for postcode, district in getattr(reference.postcodes, "districts", {}).items():
        if district.startswith("E") and district not in known:
            yield _error("unknown-area", "postcodes", postcode, "its district is no authority's code")


def _renumbered(table: str, footprint: Footprint) -> Iterator[Finding]:
    """One authority under two numbers, each with a row for the same days (Barnsley E08000016 and E08000038)."""
    for old in footprint.geography.authorities.values():
        for new in old.successors if old.renumbered else ():
            for one in footprint.by_area.get(old.code, ()):
                for other in footprint.by_area.get(new, ()):
                    first, last = max(one.span.first, other.span.first), min(one.span.last, other.span.last)
                    if first <= last and not (one.part and other.part):
                        text = f"{old.code} and {new} are one authority; both have a row on {first.isoformat()}"
                        yield _error("renumbered-twice", table, new, text)


def _bank_holidays(reference: Reference) -> Iterator[Finding]:
    """The list against the rule, over the years that the list is meant to hold."""
    days, listed = reference.working_days, reference.bank_holidays
    for year in range(LISTED_FROM, LISTED_TO + 1):
        ruled = {day for day in days.holidays_of(year) if day.weekday() < _SATURDAY}
        written = {day for day in listed if day.year == year and day.weekday() < _SATURDAY}
        for day in sorted(ruled - written):
            yield _error("bank-holiday", "bank-holidays", day.isoformat(), "a bank holiday by rule that the list lacks")
        for day in sorted(written - ruled):
            yield _error("bank-holiday", "bank-holidays", day.isoformat(), "listed, but no bank holiday by rule")
