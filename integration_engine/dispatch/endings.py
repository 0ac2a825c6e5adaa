"""What is told of a case that goes on under another's name, or that nothing speaks for any more."""

from datetime import datetime

from integration_engine.core import Case
from integration_engine.dispatch.delivery import Dispatch, Telling
from integration_engine.dispatch.holding import Delivered
from integration_engine.recipients import reason
from integration_engine.shown import Shown


def merged_away(
    previous: Delivered | None, case: str, *, version: int, at: datetime, into: str, survivor: Case | None = None
) -> tuple[Dispatch, ...]:
    """Tell everybody who holds a case that it has become part of another. Nothing about the child is in it.

    ``survivor`` is the case it has become part of: where that is taken back, so is this one, under the name its holders know.
    Whoever knows a restricted child by a former identity isn't told of another case: theirs is taken back.
    """
    telling, moved = Telling(case, version, at), {"into": [into], "out_of": []}
    if survivor and survivor.routing.state in ("withdrawn", "out-of-scope"):
        named = None if survivor.protected else moved
        return telling.take_back(previous, survivor.routing.state, survivor.routing.rule, named)
    shown = Shown(survivor) if survivor else None
    knowing = {to: held for to, held in (previous or {}).items() if shown and shown.otherwise(held.envelope)}
    let_go = telling.take_back(knowing, "open", "copy.ended")
    told = [reason("case.merged", "The same child as the case named.")]
    return let_go + tuple(
        telling.dispatch(
            recipient,
            "merge",
            held.part,
            "pointer",
            {"state": held.envelope["state"], "rule": held.envelope["rule"], "reasons": told, "moved": moved},
        )
        for recipient, held in sorted((previous or {}).items())
        if not held.gone and recipient not in knowing
    )


def ended(previous: Delivered | None, case: str, *, version: int, at: datetime, rule: str) -> tuple[Dispatch, ...]:
    """Take a case that nothing speaks for any more back from everybody who ever got it."""
    return Telling(case, version, at).take_back(previous, "withdrawn", rule)
