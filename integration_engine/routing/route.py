"""Routing: from one case's record to its state, lead, copies, response, deadlines and flags, each with its rule. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.answer import Routing, to_json
from integration_engine.routing.clocks import deadlines, running, starting_flags
from integration_engine.routing.considered import considered
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.explanation import because, why_so
from integration_engine.routing.flags import case_flags, process_flags
from integration_engine.routing.jar import joint_agency_response, triggers_met
from integration_engine.routing.reference import Reference
from integration_engine.routing.residence import residence
from integration_engine.routing.scope import scope
from integration_engine.routing.switches import Switches
from integration_engine.routing.told import copies, notified
from integration_engine.routing.verdict import verdict

__all__ = ["Switches", "route", "to_json"]


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
    renamed: Sequence[DeathNotice] = (),
) -> Routing:
    """Decide everything about one case.

    Parameters: the record and the notices it was folded from (none, where a record stands alone); who still says dead;
    what people decided about this case, by kind; the reference data; the time, zone-aware; the switches. ``in_review``:
    a linkage review is open. ``adoption``: a rekey under another name joins two of its identities, or a source marks it
    as one to protect. ``renamed`` are those rekeys, in whatever case they are.
    """
    # What a source took back no longer counts, as in the record; where all of it was, it is the history that is left.
    heard = [notice for notice in notices if notice.id not in standing.silenced] or notices
    case = Evidence(record, heard, decided, reference, now, switches, renamed)
    in_scope = scope(case)
    home = residence(case)
    found = verdict(case, standing, in_scope, home, adoption)
    flags = {"in-review"} if in_review else set()
    lead = home.lead.cdop if home.lead else None
    if found.state in ("withdrawn", "out-of-scope"):
        told = because(case, in_scope, (found.state, found.rule), home.lead, (), (), None, sorted(flags))
        return Routing(
            found.state,
            found.rule,
            lead=home.lead,
            flags=tuple(sorted(flags)),
            ladder=home.steps,
            restricted=found.restricted,
            why=why_so(found.rule, in_scope),
            because=told,
            deadlines={} if in_scope.private else deadlines(case, lead, None, ended=found.rule),
        )
    met = triggers_met(case, in_scope.rule)
    jar = joint_agency_response(case, met, home)
    flags |= process_flags(case, in_scope) | case_flags(case) | set(starting_flags(case))
    flags |= {"non-resident"} if home.non_resident else set()
    flags |= {"age-unconfirmed"} if in_scope.rule in ("scope.age-unconfirmed", "held.age") else set()
    flags |= {"disputed"} if standing.outcome == "disputed" or found.rule == "held.disputed" else set()
    clocks = deadlines(case, lead, in_scope.rule if jar.required else None)
    due, copied, words, raised = running(clocks), copies(case, home), notified(case, home), tuple(sorted(flags))
    return Routing(
        found.state,
        found.rule,
        lead=home.lead,
        copies=copied,
        notify=tuple(one.word for one in words),
        jar=jar,
        clocks=due,
        deadlines=clocks,
        flags=raised,
        ladder=home.steps,
        restricted=found.restricted,
        why=why_so(found.rule, in_scope),
        consider=considered(case, raised, home, due),
        because=because(case, in_scope, (found.state, found.rule), home.lead, copied, words, (jar, met), raised),
        first_known=case.first_told if notices else None,
    )
