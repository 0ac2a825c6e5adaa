"""Where a case stands: open, held for a person, withdrawn or out of scope, and the rule that says so."""

from dataclasses import dataclass

from integration_engine.record.decision import Decision
from integration_engine.record.standing import Standing, said_after
from integration_engine.routing.answer import State
from integration_engine.routing.evidence import Evidence, latest_decision
from integration_engine.routing.residence import Residence
from integration_engine.routing.scope import Scope

_HELD_BY_STANDING = {
    "cancelled-visit": "held.cancelled-visit",
    "disputed": "held.disputed",
    "contradiction": "held.contradiction",
    "indirect": "held.indirect-source",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A case's state, its rule, and whether it is to be seen by the restricted role only."""

    state: State
    rule: str
    restricted: bool


def verdict(case: Evidence, standing: Standing, in_scope: Scope, home: Residence, protected: bool) -> Verdict:
    """The state and its rule. What ends a case comes first; then what must stay hidden, so that nothing of a restricted case
    leaves for another reason; then what a person must settle about the death, the age and the home."""
    release = case.decided.get("release")
    last = latest_decision(release, case.decided.get("restrict"))
    protected = protected or case.record.child.restricted not in (None, "none")
    if last is None or (release and last is release and _marked_since(case, release)):
        restricted = in_scope.private or protected
    else:
        restricted = in_scope.private or last is not release
    if standing.outcome in ("retracted", "none"):
        return Verdict("withdrawn", "scope.retracted", restricted)
    if in_scope.verdict == "out":
        return Verdict("out-of-scope", in_scope.rule, restricted)
    if home.non_resident and case.decision("review-non-resident", "review") is False:
        return Verdict("out-of-scope", "not-reviewed", restricted)
    if restricted:
        return Verdict("held", "held.restricted", restricted)
    lifted = release is not None and not _news_since(case, release)
    if standing.outcome in _HELD_BY_STANDING and not lifted:
        return Verdict("held", _HELD_BY_STANDING[standing.outcome], restricted)
    disputed = in_scope.rule == _HELD_BY_STANDING["disputed"]
    if in_scope.verdict == "held" and not (lifted if disputed else release is not None):
        return Verdict("held", in_scope.rule, restricted)
    if home.held and release is None:
        return Verdict("held", home.held, restricted)
    if in_scope.verdict == "held":
        return Verdict("open", "scope.child" if disputed else "scope.age-unconfirmed", restricted)
    return Verdict("open", in_scope.rule, restricted)


def _marked_since(case: Evidence, release: Decision) -> bool:
    """Whether the child was told to be adopted or protected only after a person released the case: that they didn't know.
    One that was known then and is told again is no news."""
    marks = [n for n in case.notices if n.child.restricted not in (None, "none")] + [*case.renamed]
    return bool(marks) and all(said_after(n, release.at) for n in marks)


def _news_since(case: Evidence, release: Decision) -> bool:
    """Whether somebody took the death back, or corrected it to a birth that isn't reviewed, after a person released the
    case: that they didn't know."""
    return any((n.intent == "retract" or n.outside) and said_after(n, release.at) for n in case.notices)
