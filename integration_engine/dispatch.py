"""What has to go out: a case as it is now against what each recipient was last sent. Only what changed goes out.

An open case goes to its lead, its copies, the JAR team and the national record. A held case sends nothing more, with two
exceptions: the panel where the child died is told of a case nobody can place, and everybody who holds a disputed case is
told that it is disputed. A withdrawn case, or one out of scope, is taken back from everybody who ever got it. Pure.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from integration_engine.core import Case
from integration_engine.envelope import ENVELOPE_SCHEMA, Kind, Part, Shown, changes

NATIONAL = "national.ncmd"
PREVIOUS_LEAD = "copy.previous-lead"
_DISPUTED = "held.disputed"
_UNASSIGNED = "unassigned:"

Standing = Literal["current", "disputed", "withdrawn", "pointer"]
"""What a recipient holds: the case as last sent, the case marked disputed, nothing any more, or a pointer to elsewhere."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one recipient was last sent about one case: its envelope in plain values, and how that stands."""

    standing: Standing
    envelope: Mapping[str, Any]

    @property
    def part(self) -> Part:
        part: Part = self.envelope["part"]
        return part


Delivered = Mapping[str, Held]
"""Recipient (a routing key) to what it holds."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One delivery to make. ``recipient`` is the routing key; ``envelope`` is a ``case-delivery/1`` in plain JSON values;
    ``leaves`` is what the recipient holds afterwards."""

    id: str
    recipient: str
    kind: Kind
    case: str
    version: int
    leaves: Standing
    envelope: Mapping[str, Any]

    @property
    def retracts(self) -> bool:
        """Whether it takes the death back. A withdrawal from one that the case doesn't concern any more doesn't."""
        return self.kind == "withdraw" and self.envelope["state"] in ("withdrawn", "out-of-scope")


@dataclass(frozen=True, slots=True)
class Moves:
    """Case ids that came or went with this version: cases merged into this one, cases split off it, the case it was split
    from."""

    absorbed: tuple[str, ...] = ()
    split_off: tuple[str, ...] = ()
    split_from: str | None = None

    def __bool__(self) -> bool:
        return bool(self.absorbed or self.split_off or self.split_from)

    def json(self) -> dict[str, list[str]] | None:
        """As the envelope writes it."""
        out_of = [*self.absorbed, *([self.split_from] if self.split_from else [])]
        return {"into": list(self.split_off), "out_of": out_of} if self else None


def turn_of(dispatch: Dispatch) -> tuple[bool, bool, str]:
    """The order of publishing: whatever goes to a JAR team first, then withdrawals: neither waits behind ordinary cases."""
    return (not dispatch.recipient.startswith("jar."), dispatch.kind != "withdraw", dispatch.recipient)


def delivery_id(case: str, recipient: str, version: int, kind: str) -> str:
    """The stable id of a delivery: made again, it is the same."""
    return "d-" + hashlib.sha256("\x1f".join((case, recipient, str(version), kind)).encode()).hexdigest()[:24]


def diff(
    previous: Delivered | None,
    case: Case,
    *,
    version: int,
    at: datetime,
    moves: Moves = Moves(),
    shown: Shown | None = None,
) -> tuple[Dispatch, ...]:
    """The deliveries that bring every recipient from what it holds to the case as it is, JAR teams first.

    ``version`` is the case's version now; ``shown`` spares working the views out again.
    """
    turn = _Turn(previous or {}, case, version, at, moves, shown or Shown(case))
    match case.routing.state:
        case "open":
            found = turn.open()
        case "held":
            found = turn.held()
        case "withdrawn" | "out-of-scope":
            found = turn.taken_back()
    return tuple(sorted(found, key=turn_of))


def merged_away(
    previous: Delivered | None, case: str, *, version: int, at: datetime, into: str
) -> tuple[Dispatch, ...]:
    """Tell everybody who holds a case that it has become part of another. Nothing about the child is in it."""
    reason = _reason("case.merged", "The same child as the case named.")
    return tuple(
        _dispatch(
            case,
            recipient,
            version,
            at,
            "merge",
            held.part,
            "pointer",
            {
                "state": held.envelope["state"],
                "rule": held.envelope["rule"],
                "reasons": [reason],
                "moved": {"into": [into], "out_of": []},
            },
        )
        for recipient, held in sorted((previous or {}).items())
        if held.standing != "withdrawn"
    )


def ended(previous: Delivered | None, case: str, *, version: int, at: datetime, rule: str) -> tuple[Dispatch, ...]:
    """Take a case that nothing speaks for any more back from everybody who ever got it."""
    return tuple(
        _dispatch(
            case,
            recipient,
            version,
            at,
            "withdraw",
            held.part,
            "withdrawn",
            {"state": "withdrawn", "rule": rule, "reasons": [_reason(rule)]},
        )
        for recipient, held in sorted((previous or {}).items())
        if held.standing != "withdrawn"
    )


@dataclass(frozen=True)
class _Target:
    part: Part
    reasons: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Turn:
    """One case's turn to be compared with what was delivered."""

    previous: Delivered
    case: Case
    version: int
    at: datetime
    moves: Moves
    shown: Shown

    def open(self) -> Iterator[Dispatch]:
        targets = dict(self._targets())
        for recipient, target in targets.items():
            held = self.previous.get(recipient)
            if held is None or held.standing == "withdrawn":
                yield self._send(recipient, self._first_kind(recipient, target.part), target)
            elif held.part != target.part or held.standing == "pointer":
                yield self._other_part(recipient, target, held)
            else:
                yield from self._again(recipient, target, held)
        for recipient, held in self.previous.items():
            if recipient not in targets and held.standing in ("current", "disputed"):
                yield self._no_longer(recipient, held)

    def held(self) -> Iterator[Dispatch]:
        if self.case.routing.rule == _DISPUTED:
            for recipient, held in self.previous.items():
                if held.standing == "current":
                    yield self._disputed(recipient, held)
        elif not self.shown.restricted:
            for recipient, target in self._unassigned():
                before = self.previous.get(recipient)
                if before is None or before.standing == "withdrawn":
                    yield self._send(recipient, "copy", target)
                elif before.part == "unassigned":
                    yield from self._again(recipient, target, before)

    def taken_back(self) -> Iterator[Dispatch]:
        for recipient, held in self.previous.items():
            if held.standing != "withdrawn":
                yield self._withdraw(recipient, held, self.case.routing.rule)

    def _targets(self) -> Iterator[tuple[str, _Target]]:
        """Everybody an open case goes to, and why. A panel that leads is not told again as a copy."""
        routing = self.case.routing
        named = set()
        if routing.lead:
            named.add(routing.lead.cdop)
            yield f"cdop.{routing.lead.cdop}", _Target("lead", [_reason(routing.lead.rule, routing.lead.why)])
            yield (
                NATIONAL,
                _Target("national", [_reason("national.every-case", "Every child's death is told nationally.")]),
            )
        for cdop in dict.fromkeys(copy.cdop for copy in routing.copies):
            if cdop not in named:
                named.add(cdop)
                reasons = [_reason(copy.rule, copy.why) for copy in routing.copies if copy.cdop == cdop]
                yield f"cdop.{cdop}", _Target("copy", reasons)
        for recipient, target in self._unassigned():
            if recipient.removeprefix("cdop.") not in named:
                yield recipient, target
        if routing.jar.required:
            reasons = [_reason(routing.jar.rule), *(_reason(reason) for reason in routing.jar.reasons)]
            teams = [routing.jar.team] if routing.jar.team else []
            for team in dict.fromkeys([*teams, *routing.jar.told]):
                yield f"jar.{team}", _Target("jar", reasons)

    def _unassigned(self) -> Iterator[tuple[str, _Target]]:
        for word in self.case.routing.notify:
            if word.startswith(_UNASSIGNED):
                why = "Nobody can tell yet whose case this is; the child died in this panel's area."
                yield (
                    f"cdop.{word.removeprefix(_UNASSIGNED)}",
                    _Target("unassigned", [_reason(self.case.routing.rule, why)]),
                )

    def _first_kind(self, recipient: str, part: Part) -> Kind:
        if part == "jar":
            return "jar"
        if part in ("copy", "unassigned"):
            return "copy"
        return "transfer" if part == "lead" and self._led_elsewhere(recipient) else "new"

    def _other_part(self, recipient: str, target: _Target, held: Held) -> Dispatch:
        """The recipient was something else to this case: a copy that now leads, a lead that is now told as a copy."""
        if held.part == "lead" and target.part == "copy":
            target = _Target("copy", [*target.reasons, _reason(PREVIOUS_LEAD, "Another panel leads this case now.")])
        return self._send(recipient, self._first_kind(recipient, target.part), target, held)

    def _again(self, recipient: str, target: _Target, held: Held) -> Iterator[Dispatch]:
        kind: Kind = "merge" if self.moves.absorbed else "split" if self.moves.split_off else "update"
        differences = changes(held.envelope, self.shown.to(target.part))
        if target.part == "national" and any(c["field"] == "routing.lead" and "from" in c for c in differences):
            # The national record is moved with its case, not made a second time.
            kind = "transfer"
        if differences or kind in ("merge", "split") or held.standing == "disputed":
            yield self._send(recipient, kind, target, held)

    def _no_longer(self, recipient: str, held: Held) -> Dispatch:
        lead = self.case.routing.lead
        if held.part in ("lead", "unassigned") and lead:
            content = {
                "state": self.case.routing.state,
                "rule": self.case.routing.rule,
                "reasons": [_reason(PREVIOUS_LEAD, f"{lead.cdop} leads this case now: {lead.rule}.")],
                "routing": {"lead": self.shown.full["routing"]["lead"]},
            }
            return self._dispatch(recipient, "copy", "previous-lead", "pointer", content)
        return self._withdraw(recipient, held, self.case.routing.jar.rule if held.part == "jar" else "copy.ended")

    def _disputed(self, recipient: str, held: Held) -> Dispatch:
        """What the recipient holds, marked: nothing new about the child leaves while a person decides."""
        now = {**held.envelope, "state": self.case.routing.state, "rule": self.case.routing.rule}
        now["flags"] = sorted({*held.envelope.get("flags", ()), "disputed"})
        now.pop("moved", None)
        now["reasons"] = [_reason(_DISPUTED, "Sources disagree whether this child has died; a person decides.")]
        now["changes"] = changes(held.envelope, now, tell_before=not self.shown.restricted)
        return self._dispatch(recipient, "update", held.part, "disputed", now)

    def _withdraw(self, recipient: str, held: Held, rule: str) -> Dispatch:
        state = self.case.routing.state
        content = {
            "state": state,
            "rule": rule,
            "reasons": [_reason(rule)],
            "changes": [
                {"field": "state", "from": held.envelope["state"], "to": "withdrawn" if state == "open" else state}
            ],
        }
        return self._dispatch(recipient, "withdraw", held.part, "withdrawn", content)

    def _send(self, recipient: str, kind: Kind, target: _Target, held: Held | None = None) -> Dispatch:
        view = self.shown.to(target.part)
        content = {
            **view,
            **self.shown.explained(target.part),
            "reasons": target.reasons,
            "provenance": self.shown.provenance(view["record"]),
        }
        if held:
            content["changes"] = changes(held.envelope, view, tell_before=not self.shown.restricted)
        return self._dispatch(recipient, kind, target.part, "current", content)

    def _dispatch(
        self, recipient: str, kind: Kind, part: Part, leaves: Standing, content: Mapping[str, Any]
    ) -> Dispatch:
        """A merge or split is told to every recipient, whatever else it is told."""
        moved = self.moves.json()
        told = {**content, "moved": moved} if moved else content
        return _dispatch(self.case.id, recipient, self.version, self.at, kind, part, leaves, told)

    def _led_elsewhere(self, recipient: str) -> bool:
        """Whether another panel was sent this case to lead before."""
        return any(
            held.part in ("lead", "previous-lead") and other != recipient and held.standing != "withdrawn"
            for other, held in self.previous.items()
        )


def _reason(rule: str, why: str = "") -> dict[str, str]:
    return {"rule": rule, "why": why}


def _dispatch(
    case: str,
    recipient: str,
    version: int,
    at: datetime,
    kind: Kind,
    part: Part,
    leaves: Standing,
    content: Mapping[str, Any],
) -> Dispatch:
    name = delivery_id(case, recipient, version, kind)
    heading = {
        "schema": ENVELOPE_SCHEMA,
        "delivery": name,
        "case": case,
        "version": version,
        "kind": kind,
        "part": part,
        "at": at.isoformat(),
    }
    return Dispatch(name, recipient, kind, case, version, leaves, {**heading, **content, **heading})
