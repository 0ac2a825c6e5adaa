"""What the tables know of one panel, team, force, coroner area or authority: from when to when, how sure, from where, who
came before and after, and who else serves the same area."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from integration_engine.routing.footprints import Body, Cover, Footprint
from integration_engine.routing.geography import Authority
from integration_engine.routing.postcodes import canonical_postcode
from integration_engine.routing.reference import Reference
from integration_engine.routing.tables import DAWN, DUSK, WEAK, Span

_KINDS = (("panel", "cdops"), ("team", "jar_teams"), ("force", "police"), ("coroner-area", "coroners"))


def particulars(reference: Reference, asked: str, on: date) -> list[dict[str, Any]]:
    """What is known of a code, a name or a postcode, on a day: one entry for each thing it names, none if unknown.

    A code names one thing; a name may name several (a county and its panel). A postcode names its district.
    """
    text = asked.strip()
    if (postcode := canonical_postcode(text)) and (district := reference.district(postcode)):
        text = district
    exact = _bodies(reference, text, on)
    exact = exact or [*_bodies(reference, text.upper(), on), *_bodies(reference, text.lower(), on)]
    if text.upper() in reference.geography.authorities:
        exact.append(authority(reference, reference.geography.authorities[text.upper()], on))
    if (force := reference.force(text)) and not exact:
        exact += _bodies(reference, force.code, on)
    return exact or _by_name(reference, text.casefold(), on)


def panels(reference: Reference, on: date) -> list[dict[str, Any]]:
    """Every panel that is open on a day, in short: its code, name, region, number of areas and weakest footing."""
    found = []
    for body in reference.cdops.bodies.values():
        if body.span.holds(on):
            rows = [one for one in reference.cdops.covers if one.owner == body.code and one.span.holds(on)]
            words = (body.confidence, *(one.confidence for one in rows))
            weakest = min((word for word in words if word in WEAK), key=WEAK.index, default=None)
            found.append(
                {
                    "code": body.code,
                    "name": body.name,
                    "region": body.region,
                    "areas": len(rows),
                    "confirm": weakest,
                    "own": body.confidence == "local",
                }
            )
    return sorted(found, key=lambda one: str(one["name"]))


def authority(reference: Reference, known: Authority, on: date) -> dict[str, Any]:
    """What is known of an authority."""
    geography = reference.geography
    upper = geography.authorities.get(known.upper_tier, known)
    owner = reference.cdops.owner(known.code, on, on)
    return {
        "kind": "authority",
        "code": known.code,
        "name": known.name,
        "tier": known.kind,
        **_since(known.span),
        **_footing(known.confidence, known.source),
        "upper_tier": None if upper.code == known.code else {"code": upper.code, "name": upper.name},
        "renumbered": known.renumbered,
        "before": _named(geography.authorities, geography.predecessors.get(known.code, ())),
        "after": _named(geography.authorities, known.successors),
        "on": on.isoformat(),
        "panel": owner and {"then": owner.then, "now": owner.now},
        **{f"{kind}s": _rows(getattr(reference, name), known) for kind, name in _KINDS},
    }


def _bodies(reference: Reference, code: str, on: date) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for kind, name in _KINDS:
        footprint: Footprint = getattr(reference, name)
        if body := footprint.bodies.get(code):
            found.append(_body(reference, kind, footprint, body, on))
    return found


def _body(reference: Reference, kind: str, footprint: Footprint, body: Body, on: date) -> dict[str, Any]:
    before = [one.code for one in footprint.bodies.values() if body.code in one.successors]
    rows = [one for one in footprint.covers if one.owner == body.code]
    areas = {area for one in rows if one.span.holds(on) for area in _standing(reference, one.area, on)}
    return {
        "kind": kind,
        "code": body.code,
        "name": body.name,
        **({"region": body.region} if body.region else {}),
        **_since(body.span),
        **_footing(body.confidence, body.source),
        **({"note": body.note} if body.note else {}),
        "before": _named(footprint.bodies, before),
        "after": _named(footprint.bodies, body.successors),
        "on": on.isoformat(),
        "areas": [
            {
                "code": one.area,
                "name": _name(reference, one.area),
                **_since(one.span),
                **_footing(one.confidence, one.source),
                **({"part": True} if one.part else {}),
            }
            for one in rows
        ],
        **{
            f"{other}s": sorted({owner for area in areas for owner in getattr(reference, name).owners(area, on)})
            for other, name in _KINDS
            if other != kind
        },
    }


def _standing(reference: Reference, area: str, on: date) -> list[str]:
    return [one.code for one in reference.geography.on(area, on)]


def _rows(footprint: Footprint, known: Authority) -> list[dict[str, Any]]:
    """Every row that ever said who covers an authority, oldest first; of its county where it has none of its own."""
    rows: Iterable[Cover] = footprint.by_area.get(known.code, ()) or footprint.by_area.get(known.upper_tier, ())
    if not rows:
        inside = footprint.geography.districts_of.get(known.code, ())
        rows = (one for area in inside for one in footprint.by_area.get(area, ()))
    return [
        {
            "code": one.owner,
            "name": footprint.bodies[one.owner].name if one.owner in footprint.bodies else one.owner,
            "area": one.area,
            **_since(one.span),
            **_footing(one.confidence, one.source),
            **({"part": True} if one.part else {}),
        }
        for one in rows
    ]


def _by_name(reference: Reference, name: str, on: date) -> list[dict[str, Any]]:
    if len(name) < 3:
        return []
    found = [one for one in reference.geography.authorities.values() if name == one.name.casefold()]
    alike = found or [one for one in reference.geography.authorities.values() if name in one.name.casefold()]
    answers = [authority(reference, one, on) for one in alike if one.span.holds(on)]
    for kind, of in _KINDS:
        footprint: Footprint = getattr(reference, of)
        open_now = [one for one in footprint.bodies.values() if one.span.holds(on) and name in one.name.casefold()]
        answers += [_body(reference, kind, footprint, one, on) for one in open_now]
    return answers


def _since(span: Span) -> dict[str, str | None]:
    return {
        "from": None if span.first == DAWN else span.first.isoformat(),
        "to": None if span.last == DUSK else span.last.isoformat(),
    }


def _footing(confidence: str, source: str) -> dict[str, Any]:
    return {"confidence": confidence, "confirm": confidence in WEAK, "source": source}


def _named(known: Mapping[str, Body] | Mapping[str, Authority], codes: Iterable[str]) -> list[dict[str, str]]:
    return [{"code": code, "name": known[code].name if code in known else code} for code in codes]


def _name(reference: Reference, code: str) -> str:
    known = reference.geography.authorities.get(code)
    return known.name if known else code
