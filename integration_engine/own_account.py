"""What a partner sees of itself: what it sent, what it was answered, what it tried, and how it may come in. Nobody else's."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from integration_engine.admitted import Admission, by_the_register
from integration_engine.conformance import score
from integration_engine.register import or_away
from integration_engine.security.identity import NotAllowed, Principal, require_kind
from integration_engine.store import own_messages, rehearsals
from integration_engine.store.database import Store
from integration_engine.store.gates import set_gate

_DAYS = 7
_SHOWN = 50


class OwnAccount:
    """``ports.PartnersView`` over the store. ``bound`` is what the settings let partners in by."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        bound: Sequence[Admission] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._bound = bound

    @or_away
    def status(self, partner: Principal) -> Mapping[str, Any]:
        """Everything, as JSON knows it. Times are ISO, UTC."""
        kinds = sorted(partner.kinds)
        since = (self._clock() - timedelta(days=_DAYS - 1)).date()
        return {
            "partner": partner.name,
            "kinds": [{"kind": kind, "live": kind not in partner.trying} for kind in kinds],
            "ways_in": self._ways_in(partner),
            "taken": [_taken(each) for each in own_messages.taken(self._store, partner.name, _SHOWN)],
            "put_aside": [_put_aside(each) for each in own_messages.put_aside(self._store, partner.name, _SHOWN)],
            "refused": [_refused(each) for each in own_messages.refused(self._store, partner.name, _SHOWN)],
            "days": [
                {"day": d.day, "kind": d.kind, "verdict": d.verdict, "reason": d.reason, "persons": d.items}
                for d in own_messages.counted(self._store, partner.name, since)
            ],
            "sandbox": [conformance(self._store, partner.name, kind) for kind in kinds],
        }

    @or_away
    def find(self, partner: Principal, message_id: str) -> Sequence[Mapping[str, Any]]:
        """The partner's messages that carried an id of its own: those put aside, which say what they ``became``, and those
        taken."""
        kinds = sorted(partner.kinds)
        aside = (own_messages.put_aside_as(self._store, partner.name, kind, message_id) for kind in kinds)
        taken = (own_messages.taken_as(self._store, partner.name, kind, message_id) for kind in kinds)
        return [*(_put_aside(e) for found in aside for e in found), *(_taken(e) for found in taken for e in found)]

    @or_away
    def begin_anew(self, partner: Principal, kind: str) -> int:
        """Forget what the partner tried of one kind. Raises NotAllowed ``kind``."""
        require_kind(partner, kind)
        return rehearsals.forget(self._store, partner.name, kind, by=partner.name, now=self._clock())

    def _ways_in(self, partner: Principal) -> list[Mapping[str, Any]]:
        """A folder's name or a port says something of our machine, and nothing that its owner doesn't know."""
        return [
            {"way": each.way, "name": each.name, "since": _at(each.since), "until": _at(each.until)}
            for each in (*by_the_register(self._store, self._clock()), *self._bound)
            if each.partner == partner.name
        ]


def conformance(store: Store, partner: str, kind: str) -> dict[str, Any]:
    """What a partner tried of one kind and how good it was, rule by rule."""
    tried = rehearsals.latest(store, partner, kind)
    scores = score.score(kind, (score.read(each["findings"]) for each in tried))
    return {
        "kind": kind,
        "messages": len(tried),
        **score.as_json(scores),
        "tried": [
            {"message_id": t["message_id"], "at": _at(t["at"]), "verdict": t["verdict"], "reason": t["reason"]}
            for t in tried[:_SHOWN]
        ],
    }


def open_gate(store: Store, partner: str, kind: str, *, reason: str, anyway: bool, by: str, now: datetime) -> bool:
    """Open the live doors for a partner's messages of one kind, having looked at its score; False where they were open.

    Raises NotAllowed ``not-ready`` where a rule that live needs isn't met and it isn't ``anyway``; else as ``set_gate``.
    """
    found = conformance(store, partner, kind)
    unmet = {
        rule["rule"]: f"{rule['met']} of {rule['asked']}" for rule in found["rules"] if rule["met"] < rule["asked"]
    }
    if not found["ready"] and not anyway:
        needed = [rule["rule"] for rule in found["rules"] if rule["needed"] and rule["rule"] in unmet]
        raise NotAllowed(
            "not-ready", f"not met: {', '.join(needed)}" if needed else "no death was tried in the sandbox yet"
        )
    seen = {"tried": found["messages"], "ready": found["ready"], "unmet": unmet}
    return set_gate(store, partner, kind, live=True, reason=reason, by=by, now=now, seen=seen)


def _taken(each: own_messages.TakenMessage) -> dict[str, Any]:
    times = {"received_at": _at(each.received_at), "taken_at": _at(each.taken_at)}
    return {"id": each.id, "kind": each.kind, **times, "verdicts": list(each.verdicts)}


def _put_aside(each: own_messages.PutAside) -> dict[str, Any]:
    names = {"id": each.name, "kind": each.kind, "receipt": each.receipt, "message_id": each.message_id}
    return {**names, "at": _at(each.at), "became": each.became, "became_at": _at(each.became_at)}


def _refused(each: own_messages.OwnRefusal) -> dict[str, Any]:
    problems = [{name: said for name, said in problem.items() if said is not None} for problem in each.problems]
    times = {"first_at": _at(each.first_at), "last_at": _at(each.last_at), "times": each.times}
    return {"kind": each.kind, "reason": each.reason, "problems": problems, **times}


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
