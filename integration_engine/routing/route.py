"""Routing: from one case's record to its state, lead, copies, response, deadlines and flags, each with its rule. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.answer import Routing, State, to_json
from integration_engine.routing.clocks import deadlines, running, starting_flags
from integration_engine.routing.considered import considered
from integration_engine.routing.evidence import Evidence, latest_decision
from integration_engine.routing.explanation import because, why_so
from integration_engine.routing.flags import case_flags, process_flags
from integration_engine.routing.jar import joint_agency_response
from integration_engine.routing.reference import Reference
from integration_engine.routing.residence import Residence, residence
from integration_engine.routing.scope import Scope, scope
from integration_engine.routing.switches import Switches
from integration_engine.routing.told import copies, notified

__all__ = ["Switches", "route", "to_json"]

_HELD_BY_STANDING = {
    "cancelled-visit": "held.cancelled-visit",
    "disputed": "held.disputed",
    "contradiction": "held.contradiction",
    "indirect": "held.indirect-source",
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    state: State
    rule: str
    restricted: bool


def route(  # noqa: PLR0913 - one keyword for each thing a routing depends on
    record: ChildDeathRecord,
    notices: Sequence[DeathNotice],
    *,
    standing: Standing,
    decided: Mapping[str, Decision],
    reference: Reference,
    now: datetime,
    switches: Switches = Switches(),
    in_review: bool = False,
    adoption: bool = False,
) -> Routing:
    """Decide everything about one case.

    Parameters: the record and the notices it was folded from (none, where a record stands alone); who still says dead;
    what people decided about this case, by kind; the reference data; the time, zone-aware; the switches. ``in_review``:
    a linkage review is open. ``adoption``: a rekey under another name joins two of its identities, or a source marks it
    as one to protect.
    """
    # What a source took back no longer counts, as in the record; where all of it was, it is the history that is left.
    heard = [notice for notice in notices if notice.id not in standing.silenced] or notices
    case = Evidence(record, heard, decided, reference, now, switches)
    in_scope = scope(case)
    home = residence(case)
    verdict = _verdict(case, standing, in_scope, home, adoption)
    flags = {"in-review"} if in_review else set()
    lead = home.lead.cdop if home.lead else None
    if verdict.state in ("withdrawn", "out-of-scope"):
        told = because(case, in_scope, (verdict.state, verdict.rule), home.lead, (), (), None, sorted(flags))
        return Routing(
            verdict.state,
            verdict.rule,
            lead=home.lead,
            flags=tuple(sorted(flags)),
            ladder=home.steps,
            restricted=verdict.restricted,
            why=why_so(verdict.rule, in_scope),
            because=told,
            deadlines={} if in_scope.private else deadlines(case, lead, None, ended=verdict.rule),
        )
    jar = joint_agency_response(case, in_scope.rule, home)
    flags |= process_flags(case, in_scope) | case_flags(case) | set(starting_flags(case))
    flags |= {"non-resident"} if home.non_resident else set()
    flags |= {"age-unconfirmed"} if in_scope.rule in ("scope.age-unconfirmed", "held.age") else set()
    flags |= {"disputed"} if standing.outcome == "disputed" else set()
    clocks = deadlines(case, lead, in_scope.rule if jar.required else None)
    due, copied, words, raised = running(clocks), copies(case, home), notified(case, home), tuple(sorted(flags))
    return Routing(
        verdict.state,
        verdict.rule,
        lead=home.lead,
        copies=copied,
        notify=tuple(one.word for one in words),
        jar=jar,
        clocks=due,
        deadlines=clocks,
        flags=raised,
        ladder=home.steps,
        restricted=verdict.restricted,
        why=why_so(verdict.rule, in_scope),
        consider=considered(case, raised, home, due),
        because=because(case, in_scope, (verdict.state, verdict.rule), home.lead, copied, words, jar, raised),
        first_known=case.first_told if notices else None,
    )


def _verdict(case: Evidence, standing: Standing, in_scope: Scope, home: Residence, protected: bool) -> _Verdict:
    """The state and its rule. What ends a case comes first; then what must stay hidden, so that nothing of a restricted case
    leaves for another reason; then what a person must settle about the death, the age and the home."""
    release = case.decided.get("release")
    last = latest_decision(release, case.decided.get("restrict"))
    protected = protected or case.record.child.restricted not in (None, "none")
    restricted = in_scope.private or (protected if last is None else last is not release)
    if standing.outcome in ("retracted", "none"):
        return _Verdict("withdrawn", "scope.retracted", restricted)
    if in_scope.verdict == "out":
        return _Verdict("out-of-scope", in_scope.rule, restricted)
    if home.non_resident and case.decision("review-non-resident", "review") is False:
        return _Verdict("out-of-scope", "not-reviewed", restricted)
    if restricted:
        return _Verdict("held", "held.restricted", restricted)
    lifted = release is not None and not _news_since(case, release)
    if standing.outcome in _HELD_BY_STANDING and not lifted:
        return _Verdict("held", _HELD_BY_STANDING[standing.outcome], restricted)
    if in_scope.verdict == "held" and release is None:
        return _Verdict("held", in_scope.rule, restricted)
    if home.held and release is None:
        return _Verdict("held", home.held, restricted)
    return _Verdict("open", "scope.age-unconfirmed" if in_scope.verdict == "held" else in_scope.rule, restricted)


def _news_since(case: Evidence, release: Decision) -> bool:
    """Whether somebody took the death back after a person released the case: that they didn't know."""
    return any(n.intent == "retract" and n.stated_at and earliest(n.stated_at) > release.at for n in case.notices)
