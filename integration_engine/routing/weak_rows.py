"""What the tables know only weakly: from memory, from an old page, in part, or by assumption. Somebody should ask."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from integration_engine.routing.findings import Finding
from integration_engine.routing.footprints import Body, Footprint
from integration_engine.routing.reference import Reference
from integration_engine.routing.tables import DUSK, WEAK

_WORDS = {
    "unconfirmed": "assumed",
    "memory-low": "known from memory, unsure",
    "memory-medium": "known from memory, fairly sure",
    "found-partial": "found only in part",
    "found-old": "found on an old page",
}


def in_words(confidence: str) -> str:
    """A weak word of confidence, for people."""
    return _WORDS.get(confidence, confidence)


def weak_rows(reference: Reference) -> Iterator[Finding]:
    """Every weakly known row that is in force, as something to confirm. Response teams that are assumed are one finding."""
    for body in reference.cdops.bodies.values():
        if body.span.last == DUSK:
            yield from _panel(reference.cdops, body)
    assumed = [body for body in reference.jar_teams.bodies.values() if body.confidence == "unconfirmed"]
    if assumed:
        text = f"{len(assumed)} teams are assumed to be one for each panel; confirm with the areas"
        yield Finding("confirm", "weak-row", "jar-teams", "all", text, "unconfirmed")
    areas: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cover in reference.coroners.covers:
        if cover.confidence in WEAK and cover.span.last == DUSK:
            areas[cover.owner, cover.confidence].append(_name(reference.coroners, cover.area))
    for (slug, confidence), names in sorted(areas.items()):
        text = f"{', '.join(names)}: {in_words(confidence)}; confirm with the coroner's office"
        yield Finding("confirm", "weak-row", "coroner-areas", slug, text, confidence)


def _panel(footprint: Footprint, body: Body) -> Iterator[Finding]:
    if body.confidence in WEAK:
        text = f"{body.name}: {in_words(body.confidence)}; confirm with the panel"
        yield Finding("confirm", "weak-row", "cdops", body.code, text, body.confidence)
    for cover in footprint.covers:
        # A retired code's row says nothing of today.
        standing = footprint.geography.authorities.get(cover.area)
        at_work = cover.span.last == DUSK and standing is not None and standing.span.holds(_LATE)
        if cover.owner == body.code and cover.confidence in WEAK and at_work:
            text = (
                f"{_name(footprint, cover.area)} in {body.name}: {in_words(cover.confidence)}; confirm with the panel"
            )
            yield Finding("confirm", "weak-row", "cdop-footprints", f"{body.code} {cover.area}", text, cover.confidence)


_LATE = date(2999, 1, 1)


def _name(footprint: Footprint, code: str) -> str:
    authority = footprint.geography.authorities.get(code)
    return authority.name if authority else code
