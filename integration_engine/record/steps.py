"""Steps of the review that a panel tells of by decision (kind ``process``), as the notices they stand for.

Whoever leads a review knows its steps: the meeting held, the national database told, the post-mortem that holds everything
up. Such a decision is folded like a notice of source kind ``cdop``. All of one case's count together: for each field the
latest ``at`` stands, and ``null`` takes an earlier word back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from integration_engine.record.account import Pause, Process
from integration_engine.record.codes import PauseCause
from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice, Provenance, Source
from integration_engine.record.process import PAUSES, PROCESS, STEPS

STATED = "decision"
"""The profile by which such a notice is known: no message was read, a person said it."""


def steps_told(decisions: Iterable[Decision]) -> tuple[DeathNotice, ...]:
    """The decisions of kind ``process`` about one case as notices, each with the fields on which it is the last word."""
    ordered = sorted((d for d in decisions if d.kind == PROCESS), key=lambda d: (d.at, d.id))
    # One that withdraws the kind takes back every step told before it.
    ordered = ordered[max((n + 1 for n, d in enumerate(ordered) if d.withdraws), default=0) :]
    last = {name: decision for decision in ordered for name in decision.value if name in STEPS}
    stated: dict[str, dict[str, Any]] = {}
    for name, decision in last.items():
        if decision.value[name] is not None:
            stated.setdefault(decision.id, {})[name] = decision.value[name]
    for flag, cause in PAUSES.items():
        if flag in last and (pauses := _pauses(flag, cause, ordered)):
            stated.setdefault(last[flag].id, {}).setdefault("pauses", []).extend(pauses)
    return tuple(_notice(decision, stated[decision.id]) for decision in ordered if decision.id in stated)


def _pauses(flag: str, cause: PauseCause, ordered: Sequence[Decision]) -> list[Pause]:
    """Switched on is a pause's beginning, switched off its end; on again, another begins."""
    found: list[Pause] = []
    for decision in ordered:
        if flag not in decision.value:
            continue
        at = decision.value.get(f"{flag}_at") or decision.at.isoformat()
        lasting = found and found[-1].end is None
        match decision.value[flag]:
            case None:
                found = []
            case True if not lasting:
                found.append(Pause(cause=cause, start=at))
            case False if lasting or not found:
                began = found.pop().start if lasting else None
                # A pause can't end before it begins: then it held nothing up.
                end = began if began and earliest(Pause(cause=cause, end=at).end or at) < earliest(began) else at
                found.append(Pause(cause=cause, start=began, end=end))
    return found


def notice_name(decision: str) -> str:
    """How provenance names what a decision states."""
    return f"decision:{decision}"


def _notice(decision: Decision, stated: Mapping[str, Any]) -> DeathNotice:
    name = notice_name(decision.id)
    return DeathNotice(
        id=name,
        submission=name,
        source=Source(kind="cdop", event=PROCESS),
        stated_at=decision.at.isoformat(),
        received_at=decision.at,
        profile=STATED,
        process=Process.model_validate(stated),
        provenance={
            f"process.{field}": Provenance(path=f"value.{field}", profile=STATED, rule=PROCESS) for field in stated
        },
    )
