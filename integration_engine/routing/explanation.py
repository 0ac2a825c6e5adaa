"""Why: every part of routing's answer with its rule and a sentence that a coordinator can read.

Sentences are made from the record as shown and from the reference data alone, so they name nothing of a former identity.
"""

from collections.abc import Iterator, Sequence

from integration_engine.routing.answer import Because, Copy, Jar, Lead, Notified
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.scope import Scope
from integration_engine.routing.triggers import Trigger

STATES = {
    "scope.retracted": "Nobody says any more that this child has died.",
    "not-reviewed": "A person decided that this non-resident child's death is not reviewed here.",
    "held.restricted": "An identity is to be protected: somebody with the restricted role decides before anything leaves.",
    "held.cancelled-visit": "The visit that ended in death was cancelled or corrected: a person must say if the child died.",
    "held.disputed": "Sources disagree whether this child has died: a person must say.",
    "held.contradiction": "One message says both that the child has died and that they have not: a person must say.",
    "held.indirect-source": "Only an indirect source says that the child has died: a person must say.",
    "held.no-residence": "Nobody can tell where the child lived: a person must say.",
    "held.unknown-area": "The child's area carries a code that isn't known: a person must say.",
    "held.unknown-postcode": "The home's postcode isn't in the lookup and no district is stated: a person must say.",
    "scope.age-unconfirmed": "Taken as a child's death until the age is confirmed.",
}
"""The sentence of each state that isn't scope's own."""

RESPONSES = {
    "external-cause": "an external cause",
    "sudden-no-cause": "a sudden death with no apparent cause",
    "custody-or-mha": "custody, or detention under the Mental Health Act",
    "suspicious": "circumstances that raise suspicion",
    "unattended-stillbirth": "a stillbirth with no professional attending",
}
"""What calls for a joint agency response, in words."""
_MODES = {
    "local": "",
    "modified": "The child died abroad: the home team does what can be done from home.",
    "run-elsewhere": "The child died in another nation, which runs its own response.",
}


def why_so(rule: str, scope: Scope) -> str:
    """The sentence of a case's state, by the rule that put it there."""
    return scope.why if rule == scope.rule else STATES.get(rule, "")


def because(
    case: Evidence,
    scope: Scope,
    state: tuple[str, str],
    lead: Lead | None,
    copies: Sequence[Copy],
    notified: Sequence[Notified],
    response: tuple[Jar, Sequence[Trigger]] | None,
    flags: Sequence[str],
) -> tuple[Because, ...]:
    """Every part of the answer, in the order a reader asks. ``state`` is the state and its rule; ``response`` is
    the joint agency response with the triggers that the record meets, None where the case has ended: nobody asks any more."""
    return tuple(_because(case, scope, state, lead, copies, notified, response, flags))


def _because(
    case: Evidence,
    scope: Scope,
    state: tuple[str, str],
    lead: Lead | None,
    copies: Sequence[Copy],
    notified: Sequence[Notified],
    response: tuple[Jar, Sequence[Trigger]] | None,
    flags: Sequence[str],
) -> Iterator[Because]:
    yield Because("scope", scope.verdict, scope.rule, scope.why)
    if state[1] != scope.rule:
        yield Because("state", *state, why_so(state[1], scope))
    if lead:
        yield Because("lead", lead.cdop, lead.rule, lead.why)
    for copy in copies:
        yield Because("copy", copy.cdop, copy.rule, copy.why)
    for one in notified:
        yield Because("notify", one.word, one.rule, one.why)
    if response:
        yield from _response(case, scope, *response)
    meaning = case.reference.meaning_of_flags
    for flag in flags:
        yield Because("flag", flag, f"flag.{flag}", meaning.get(flag, ""))


def _response(case: Evidence, scope: Scope, jar: Jar, met: Sequence[Trigger]) -> Iterator[Because]:
    if not jar.required:
        yield Because("jar", "not required", jar.rule, _not_required(met))
        return
    yield Because("jar", "required", jar.rule, f"Called for by {', '.join(RESPONSES.get(r, r) for r in jar.reasons)}.")
    for trigger in met:
        yield Because("jar-reason", trigger.reason, f"jar.{trigger.reason}", _facts(case, scope, trigger))
    if jar.team:
        yield Because("jar-team", jar.team, f"jar.{jar.mode}", _team(case, jar))
    elif jar.mode != "local":
        yield Because("jar-team", "none", f"jar.{jar.mode}", _MODES[jar.mode])
    else:
        yield Because("jar-team", "none", "jar.no-area", "No area is known whose team could start: a person must say.")
    for team in jar.told:
        yield Because("jar-told", team, "jar.told", "The other of the home's and the place's teams; told at once.")
    if jar.police_force:
        force = case.reference.force(jar.police_force)
        name = force.name if force else jar.police_force
        where = "where the child died" if case.switches.police_lead == "death" else "where the event happened, as known"
        yield Because("jar-police", jar.police_force, "jar.police", f"{name} police: the force {where}.")


def _not_required(met: Sequence[Trigger]) -> str:
    if met:
        return "The death was abroad, and deaths abroad are switched to need no response here."
    return "Nothing in the record calls for one: no external cause, sudden unexplained death, custody or suspicion."


def _facts(case: Evidence, scope: Scope, trigger: Trigger) -> str:
    facts = "; ".join(trigger.facts_in(case.record, scope.rule))
    return f"{facts[:1].upper()}{facts[1:]}."


def _team(case: Evidence, jar: Jar) -> str:
    body = case.reference.jar_teams.bodies.get(jar.team or "")
    told = f"{body.name if body else jar.team} starts it"
    if jar.mode != "local":
        return f"{told}. {_MODES[jar.mode]}"
    told += (
        ": the home's team."
        if case.switches.jar_team == "residence"
        else ": the team where the child was taken or died."
    )
    return told + (" Its area is assumed: confirm with the team." if body and body.confidence == "unconfirmed" else "")
