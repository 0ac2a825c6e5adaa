"""A case as it is against what each recipient holds of it: who is told what, and as what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integration_engine.core import Case
from integration_engine.dispatch.delivery import Dispatch, Moves, Telling, turn_of
from integration_engine.dispatch.holding import Delivered, Held, Standing
from integration_engine.envelope import Kind, Part
from integration_engine.recipients import PREVIOUS_LEAD, Target, reason, recipients, unplaced
from integration_engine.shown import Shown, changes

_DISPUTED = "held.disputed"
_NOBODY_CAN_PLACE = ("held.no-residence", "held.unknown-area", "held.unknown-postcode")
# Held for another reason than whether the child has died: a dispute about that is over.
_NO_QUESTION_OF_DEATH = ("held.age", *_NOBODY_CAN_PLACE)


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
    turn = _Turn(previous or {}, case, Telling(case.id, version, at), moves, shown or Shown(case))
    match case.routing.state:
        case "open":
            found = turn.open()
        case "held":
            found = turn.held()
        case "withdrawn" | "out-of-scope":
            found = turn.taken_back()
    return tuple(sorted(found, key=turn_of))


@dataclass(frozen=True)
class _Turn:
    """One case's turn to be compared with what was delivered. Each recipient is told once a version at most."""

    previous: Delivered
    case: Case
    telling: Telling
    moves: Moves
    shown: Shown

    def open(self) -> Iterator[Dispatch]:
        targets = dict(recipients(self.case.routing))
        for recipient, target in targets.items():
            held = self.previous.get(recipient)
            if held is None or held.gone:
                yield self._send(recipient, self._first_kind(recipient, target.part), target)
            elif held.part != target.part or held.points:
                yield self._other_part(recipient, target, held)
            else:
                yield from self._again(recipient, target, held)
        for recipient, held in self._holders():
            if recipient not in targets:
                yield from self._no_longer(recipient, held)

    def held(self) -> Iterator[Dispatch]:
        """Nothing new about the child leaves, but everybody who holds the case sees whether it is disputed, and learns of a
        merge or a split (not of a restricted one: that there is another case may tell of the other identity); and of a case
        that nobody can place the panel where the child died and the response teams are told."""
        told = set()
        disputed = "disputed" in self.case.routing.flags
        over = self.case.routing.rule in _NO_QUESTION_OF_DEATH
        for recipient, held in self._holders():
            if disputed != held.disputed and (disputed or over):
                told.add(recipient)
                yield self._marked(recipient, held, disputed=disputed)
            elif self.moves and not self.shown.restricted and held.envelope["case"] == self.case.id:
                told.add(recipient)
                yield self._marked(recipient, held, disputed=held.disputed)
        if self.case.routing.rule in _NOBODY_CAN_PLACE:
            for recipient, target in unplaced(self.case.routing):
                before = self.previous.get(recipient)
                if before is None or before.gone:
                    yield self._send(recipient, self._first_kind(recipient, target.part), target)
                elif before.part == target.part and recipient not in told:
                    yield from self._again(recipient, target, before)

    def taken_back(self) -> Iterator[Dispatch]:
        for recipient, held in self._holders():
            yield self._withdraw(recipient, held, self.case.routing.rule)

    def _holders(self) -> Iterator[tuple[str, Held]]:
        return ((recipient, held) for recipient, held in self.previous.items() if not held.gone)

    def _first_kind(self, recipient: str, part: Part) -> Kind:
        if part == "jar":
            return "jar"
        if part in ("copy", "unassigned"):
            return "copy"
        return "transfer" if part == "lead" and self._led_elsewhere(recipient) else "new"

    def _other_part(self, recipient: str, target: Target, held: Held) -> Dispatch:
        """The recipient was something else to this case: a copy that now leads, a lead that is now told as a copy; or it
        held a pointer from when this was part of another case, or another part of this one."""
        if held.part == "lead" and target.part == "copy":
            target = Target("copy", [*target.reasons, reason(PREVIOUS_LEAD, "Another panel leads this case now.")])
        kind = self._kind_of_moves() if held.part == target.part else self._first_kind(recipient, target.part)
        return self._send(recipient, kind, target, held)

    def _kind_of_moves(self) -> Kind:
        if self.moves.absorbed:
            return "merge"
        return "split" if self.moves else "update"

    def _again(self, recipient: str, target: Target, held: Held) -> Iterator[Dispatch]:
        kind = self._kind_of_moves()
        differences = changes(held.envelope, self.shown.to(target.part))
        if target.part == "national" and self._led_by_another_before(held):
            # The national record is moved with its case, not made a second time.
            kind = "transfer"
        if differences or self.moves or held.disputed:
            yield self._send(recipient, kind, target, held)

    def _no_longer(self, recipient: str, held: Held) -> Iterator[Dispatch]:
        """A lead that isn't one any more keeps a pointer to the one that is, unless that would tell where a hidden child has
        gone. While nobody leads, what it has stays known."""
        lead, told = self.case.routing.lead, ((held.envelope.get("routing") or {}).get("lead") or {}).get("cdop")
        is_news = lead is not None and told != lead.cdop
        hidden = self.shown.otherwise(held.envelope) or (is_news and self.shown.hides_home_from(held.envelope))
        if held.part not in ("lead", "unassigned", "previous-lead") or hidden:
            ended_by = self.case.routing.jar.rule if held.part == "jar" else "copy.ended"
            yield self._withdraw(recipient, held, ended_by)
            return
        if lead is None:
            if self.moves or held.disputed:
                yield self._marked(recipient, held, disputed=False)
            return
        if held.part == "previous-lead" and not is_news and not held.disputed and not self.moves:
            return
        content = {
            "state": self.case.routing.state,
            "rule": self.case.routing.rule,
            "reasons": [reason(PREVIOUS_LEAD, f"{lead.cdop} leads this case now: {lead.rule}.")],
            "routing": {"lead": self.shown.full["routing"]["lead"]},
        }
        yield self._dispatch(recipient, "copy", "previous-lead", "pointer", content, held)

    def _marked(self, recipient: str, held: Held, *, disputed: bool) -> Dispatch:
        """What the recipient holds, marked disputed or not: nothing new about the child leaves while a person decides. Of a
        restricted case not even that is said again: it may tell an earlier identity; nor to one who holds a pointer."""
        before = held.envelope
        if self.shown.restricted or held.points:
            told = ("state", "rule", "flags", *(("routing",) if held.part == "previous-lead" else ()))
            before = {name: before[name] for name in told if name in before}
        now = {**before, "state": self.case.routing.state, "rule": self.case.routing.rule}
        now.pop("moved", None)
        flags = set(before.get("flags") or ()) - {"disputed"}
        now["flags"] = sorted(flags | {"disputed"} if disputed else flags)
        now["reasons"] = [self._why_marked(held, disputed=disputed)]
        now["changes"] = changes(before, now)
        standing: Standing = "pointer" if held.points else "current"
        if disputed:
            standing = "pointer-disputed" if held.points else "disputed"
        return self._dispatch(recipient, self._kind_of_moves(), held.part, standing, now, held)

    def _why_marked(self, held: Held, *, disputed: bool) -> dict[str, str]:
        rule = self.case.routing.rule
        if disputed:
            return reason(_DISPUTED, "Sources disagree whether this child has died; a person decides.")
        if held.disputed:
            return reason(rule, "Nobody disputes any more that this child has died.")
        return reason(rule, "This case was joined with another or parted from one; a person decides about it.")

    def _withdraw(self, recipient: str, held: Held, rule: str) -> Dispatch:
        state = self.case.routing.state
        content = {
            "state": state,
            "rule": rule,
            "reasons": [reason(rule)],
            "changes": [
                {"field": "state", "from": held.envelope["state"], "to": "withdrawn" if state == "open" else state}
            ],
        }
        return self._dispatch(recipient, "withdraw", held.part, "withdrawn", content, held)

    def _send(self, recipient: str, kind: Kind, target: Target, held: Held | None = None) -> Dispatch:
        view = self.shown.to(target.part)
        content = {
            **view,
            **self.shown.explained(target.part),
            "reasons": target.reasons,
            "provenance": self.shown.provenance(target.part),
        }
        if held:
            content["changes"] = changes(held.envelope, view, tell_before=not self.shown.restricted)
        return self._dispatch(recipient, kind, target.part, "current", content, held)

    def _dispatch(
        self,
        recipient: str,
        kind: Kind,
        part: Part,
        leaves: Standing,
        content: Mapping[str, Any],
        held: Held | None = None,
    ) -> Dispatch:
        """A merge or split is told to every recipient, whatever else it is told; and one that only knows the case by the name
        of one that was merged into it is told that name."""
        moves = self.moves
        if held and held.envelope["case"] != self.case.id and held.envelope["case"] not in moves.absorbed:
            moves = replace(moves, absorbed=(*moves.absorbed, held.envelope["case"]))
        moved = moves.json()
        told = {**content, "moved": moved} if moved else content
        return self.telling.dispatch(recipient, kind, part, leaves, told)

    def _led_by_another_before(self, held: Held) -> bool:
        """Whether this recipient was told another panel as the lead; the same one for another reason is no move."""
        told = (held.envelope.get("routing") or {}).get("lead")
        lead = self.case.routing.lead
        return told is not None and (lead is None or told["cdop"] != lead.cdop)

    def _led_elsewhere(self, recipient: str) -> bool:
        """Whether another panel was sent this case to lead before."""
        return any(held.part in ("lead", "previous-lead") and other != recipient for other, held in self._holders())
