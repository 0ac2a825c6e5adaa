"""Everybody an open case goes to, what each is to it, and by which rule: its lead, its copies, another nation that is
concerned, the joint agency response teams and the national record. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from integration_engine.envelope import Part
from integration_engine.routing.answer import Routing
from integration_engine.routing.explanation import RESPONSES, STATES

NATIONAL = "national.ncmd"
PREVIOUS_LEAD = "copy.previous-lead"
HOME_NATIONS = ("wales", "scotland", "northern-ireland", "isle-of-man", "channel-islands")
"""The words of ``notify`` that somebody reads a queue for. A death overseas names no one: the lead finds out whom to tell."""
_UNASSIGNED = "unassigned:"
# Of what ends for a recipient no more is said than the rule: nothing of the child goes with it.
_SENTENCES = {
    **STATES,
    **{name: f"A response is called for by {why}." for name, why in RESPONSES.items()},
    "scope.adult": "This was an adult on the day of death.",
    "scope.stillbirth": "This was a stillbirth that a professional attended, or a late fetal loss.",
    "scope.termination": "This is not for a child death review.",
    "copy.ended": "This case doesn't concern your area any more.",
    "jar.required": "The death calls for a joint agency response.",
    "jar.not-required": "No joint agency response is called for any more.",
}


@dataclass(frozen=True)
class Target:
    """What a recipient is to a case, and why it is told."""

    part: Part
    reasons: list[dict[str, str]] = field(default_factory=list)


def recipients(routing: Routing) -> Iterator[tuple[str, Target]]:
    """Routing keys with what each recipient is to the case. A panel that leads is not told again as a copy."""
    named = set()
    if routing.lead:
        named.add(routing.lead.cdop)
        yield f"cdop.{routing.lead.cdop}", Target("lead", [reason(routing.lead.rule, routing.lead.why)])
    # A person may release a case that nobody can place: nationally it is told all the same.
    yield NATIONAL, Target("national", [reason("national.every-case", "Every child's death is told nationally.")])
    for cdop in dict.fromkeys(copy.cdop for copy in routing.copies):
        if cdop not in named:
            named.add(cdop)
            reasons = [reason(copy.rule, copy.why) for copy in routing.copies if copy.cdop == cdop]
            yield f"cdop.{cdop}", Target("copy", reasons)
    for recipient, target in unassigned(routing):
        if recipient.removeprefix("cdop.") not in named:
            yield recipient, target
    for nation in HOME_NATIONS:
        if nation in routing.notify:
            why = "The child lived in this nation or died there; who leads is named under routing."
            yield f"national.{nation}", Target("copy", [reason("notify.home-nation", why)])
    yield from response(routing)


def unplaced(routing: Routing) -> Iterator[tuple[str, Target]]:
    """Who is told of a case while nobody can tell where the child lived: the panel where the child died, and the response
    teams, whose attendance is counted in hours and doesn't hang on whose case it will be."""
    yield from unassigned(routing)
    yield from response(routing)


def response(routing: Routing) -> Iterator[tuple[str, Target]]:
    """The joint agency response teams: the one that starts it and the one of the child's home."""
    if routing.jar.required:
        reasons = [reason(routing.jar.rule), *(reason(why) for why in routing.jar.reasons)]
        teams = [routing.jar.team] if routing.jar.team else []
        for team in dict.fromkeys([*teams, *routing.jar.told]):
            yield f"jar.{team}", Target("jar", reasons)


def unassigned(routing: Routing) -> Iterator[tuple[str, Target]]:
    """The panel where the child died, while nobody can tell whose case it is."""
    for word in routing.notify:
        if word.startswith(_UNASSIGNED):
            why = "Nobody can tell yet whose case this is; the child died in this panel's area."
            yield f"cdop.{word.removeprefix(_UNASSIGNED)}", Target("unassigned", [reason(routing.rule, why)])


def reason(rule: str, why: str = "") -> dict[str, str]:
    """A rule and its sentence, as an envelope holds them; without one, what the rule says of any case."""
    return {"rule": rule, "why": why or _SENTENCES.get(rule, "")}
