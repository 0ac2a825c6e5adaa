"""Bringing the store from what it held to what the core decided: cases, merges, reviews, audit lines and deliveries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson

from integration_engine.continuity import Continued, Continuity, continue_cases
from integration_engine.core import Case, Outcome
from integration_engine.dispatch import Delivered, Dispatch, Held, Moves, Standing, diff, ended, merged_away, turn_of
from integration_engine.linkage.questions import kept
from integration_engine.linkage.versions import versions
from integration_engine.record.outside import outside
from integration_engine.routing.fingerprint import fingerprint
from integration_engine.routing.next_look import next_look
from integration_engine.routing.reference import Reference
from integration_engine.routing.switches import Switches
from integration_engine.shown import Shown
from integration_engine.store import inbox, outbox
from integration_engine.store.asked import OVER, settle_gone
from integration_engine.store.audit import Entry, append, version_floor
from integration_engine.store.bonds import tying, write_bonds
from integration_engine.store.cases import (
    CaseState,
    bury,
    end,
    move_notices,
    write_cases,
)
from integration_engine.store.clocks import keep_clocks
from integration_engine.store.database import Transaction
from integration_engine.store.inbox import Message
from integration_engine.store.neighbourhood import Neighbourhood, StoredCase
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.reviews import ReviewPair, settle_reviews
from integration_engine.store.watch import Watched, watch

_ENDED = "scope.retracted"


@dataclass(frozen=True)
class _Turn:
    """One decided case beside the stored one it goes on. ``changed``: something a recipient could see is different."""

    continued: Continued
    stored: StoredCase | None
    shown: Shown
    view_key: bytes
    changed: bool
    moved: bool
    version: int

    @property
    def id(self) -> str:
        return self.continued.case.id

    @property
    def hidden_anew(self) -> bool:
        """Whether it is for other eyes than before, though it shows the same: an adoption of a case that was released."""
        return self.stored is not None and self.stored.restricted != self.shown.restricted


@dataclass(frozen=True)
class Settlement:
    """What was held (``hood``) against what was decided (``outcome``) by these rules. ``because`` says why reviews that end,
    end."""

    transaction: Transaction
    hood: Neighbourhood
    outcome: Outcome
    now: datetime
    because: str
    reference: Reference
    switches: Switches

    @property
    def decided(self) -> tuple[Case, ...]:
        """Every case that was decided, under its lasting id."""
        return tuple(turn.continued.case for turn in self._turns)

    @property
    def changes(self) -> tuple[tuple[StoredCase | None, Case, int], ...]:
        """The cases in which a recipient could see something different, each with how it stood (None for a new one) and the
        version it is told by."""
        return tuple((turn.stored, turn.continued.case, turn.version) for turn in self._turns if turn.changed)

    @property
    def gone(self) -> tuple[str, ...]:
        """Cases that became part of another, or that no notice makes any more."""
        return (*self._continuity.merged, *self._continuity.ended)

    def write(
        self,
        entries: Sequence[Entry],
        messages: Sequence[Message] = (),
        blocks: Mapping[str, Iterable[bytes]] = {},
        bonds: Iterable[tuple[str, str]] = (),
    ) -> tuple[OutboxRow, ...]:
        """Write everything, new messages and their notices included, and return the deliveries to publish.

        ``entries`` go before this settlement's own into the audit log.
        """
        transaction = self.transaction
        dispatches = self._dispatches()
        write_cases(
            transaction, [self._state(t) for t in self._turns if t.changed or t.moved or t.hidden_anew], self.now
        )
        merged = self._continuity.merged
        bury(transaction, merged, {gone: self._next(gone) for gone in merged}, self.now)
        end(transaction, {gone: self._next(gone) for gone in self._ended}, _ENDED, self.now)
        inbox.keep(transaction, messages, blocks, self._homes, self.now)
        held = self.hood.homes
        moves = {name: self._homes.get(name) for name in held if held[name] != self._homes.get(name)}
        move_notices(transaction, moves)
        write_bonds(transaction, tying(bonds, self.hood.bonds))
        reviews = self._settle_reviews()
        self._settle_asked()
        self._keep_time()
        own = [*self._entries(dispatches), *(Entry("review.opened", review, {}) for review in reviews)]
        own += [Entry("notice.dropped", name, {"reason": rule}) for name, rule in self._dropped.items()]
        inbox.drop(transaction, self._dropped)
        number = append(transaction, self.now, [*entries, *own], len(dispatches), self._floor)
        came = self._came(messages)
        rows = [self._row(dispatch, came.get(dispatch.case, ())) for dispatch in dispatches]
        outbox.write(transaction, rows, {d.id: d.leaves for d in dispatches}, number)
        return tuple(rows)

    def _row(self, d: Dispatch, came: tuple[str, ...]) -> OutboxRow:
        return OutboxRow(
            d.id, d.recipient, d.kind, d.case, d.version, self.now, outbox.body(d.envelope), d.retracts, came
        )

    @cached_property
    def _continuity(self) -> Continuity:
        return continue_cases(self.outcome.cases, self.hood.cases, self.hood.homes)

    @property
    def _ended(self) -> tuple[str, ...]:
        """Cases that end now: one that was withdrawn before ended then."""
        return tuple(case for case in self._continuity.ended if self.hood.cases[case].state != "withdrawn")

    @cached_property
    def _restricted(self) -> frozenset[str]:
        """Cases with an identity to protect, before or after."""
        now = {turn.id for turn in self._turns if turn.continued.case.protected}
        return frozenset(now | {name for name, case in self.hood.cases.items() if case.restricted})

    @cached_property
    def _dropped(self) -> dict[str, str]:
        """What was kept for a person to say whether it ends a case, and does not: by notice, the rule that leaves it out."""
        rules = dict(self.outcome.passed_over)
        kept = self.hood.notices.items()
        return {
            name: rules[name] for name, n in kept if name in rules and (outside(n) or not self.hood.homes.get(name))
        }

    @cached_property
    def _homes(self) -> dict[str, str]:
        return {notice.id: c.case.id for c in self._continuity.cases for notice in c.case.notices}

    def _came(self, messages: Sequence[Message]) -> dict[str, tuple[str, ...]]:
        """The new notices of each case; of one that ends in another, those of the other."""
        found: dict[str, tuple[str, ...]] = {}
        for notice in (notice for message in messages for notice in message.notices):
            if home := self._homes.get(notice.id):
                found[home] = (*found.get(home, ()), notice.id)
        return found | {gone: found[into] for gone, into in self._continuity.merged.items() if into in found}

    @cached_property
    def _lived(self) -> dict[str, set[str]]:
        """The notices of each case as stored."""
        found: dict[str, set[str]] = {}
        for name, case in self.hood.homes.items():
            if case is not None:
                found.setdefault(case, set()).add(name)
        return found

    @cached_property
    def _turns(self) -> list[_Turn]:
        return [self._turn(continued) for continued in self._continuity.cases]

    def _turn(self, continued: Continued) -> _Turn:
        shown = Shown(continued.case)
        text = orjson.dumps(shown.full, option=orjson.OPT_SORT_KEYS).decode()
        view_keys = self.transaction.keys.blinds("view", text)
        stored = self.hood.cases.get(continued.case.id) if continued.stored else None
        same = stored is not None and bytes(stored.view_key) in view_keys and stored.merged_into is None
        changed = not same or bool(continued.moves)
        moved = self._lived.get(continued.case.id, set()) != {notice.id for notice in continued.case.notices}
        version = stored.version if stored and not changed else self._next(continued.case.id)
        return _Turn(continued, stored, shown, view_keys[0], changed, moved, version)

    def _dispatches(self) -> list[Dispatch]:
        """Every delivery this settlement makes, JAR notifications first."""
        merged, gone = self._continuity.merged, self._ended
        cases = {turn.id: turn.continued.case for turn in self._turns}
        changed = [turn for turn in self._turns if turn.changed]
        known = {turn.id for turn in changed if turn.stored} | merged.keys() | set(gone)
        held = {
            case: {h.recipient: Held(_standing(h.standing), h.envelope) for h in holdings}
            for case, holdings in outbox.holdings(self.transaction, known).items()
        }
        found: list[Dispatch] = []
        for case, into in merged.items():
            found += merged_away(
                held.get(case), case, version=self._next(case), at=self.now, into=into, survivor=cases.get(into)
            )
        for case in gone:
            found += ended(held.get(case), case, version=self._next(case), at=self.now, rule=_ENDED)
        for turn in changed:
            previous = self._previous(turn, held)
            found += diff(
                previous,
                turn.continued.case,
                version=turn.version,
                at=self.now,
                # Which cases a restricted one was joined with or parted from would tell who the child was.
                moves=Moves() if turn.continued.case.protected else turn.continued.moves.without(self._restricted),
                shown=turn.shown,
            )
        return sorted(found, key=turn_of)

    def _previous(self, turn: _Turn, held: Mapping[str, Delivered]) -> Delivered:
        """What was delivered of a case: of those that end in it now, too, as pointers to it. Where it is taken back, so were
        those, under their own names."""
        if turn.continued.case.routing.state in OVER:
            return held.get(turn.id, {})
        pointers = {
            recipient: Held("pointer", holding.envelope)
            for gone, into in self._continuity.merged.items()
            if into == turn.id
            for recipient, holding in held.get(gone, {}).items()
            if not holding.gone and not turn.shown.otherwise(holding.envelope)
        }
        return {**pointers, **held.get(turn.id, {})}

    @cached_property
    def _floor(self) -> int:
        return version_floor(self.transaction)

    def _next(self, case: str) -> int:
        """The version that this case is told by now: above any that anybody can have been told of it before."""
        stored = self.hood.cases.get(case)
        return max(stored.version if stored else 0, self._floor) + 1

    def _keep_time(self) -> None:
        """When the clocks of these cases are due, by which rules they were decided, and when to decide them again."""
        gone = self.gone
        running = {turn.id: turn.continued.case.routing.clocks for turn in self._turns}
        keep_clocks(self.transaction, {**running, **{case: {} for case in gone}}, self.now)
        ruling = fingerprint(self.reference, self.switches)
        seen = {turn.id: Watched(ruling, self._next_look(turn.continued.case)) for turn in self._turns}
        watch(self.transaction, seen, gone)

    def _next_look(self, case: Case) -> datetime | None:
        return next_look(case.record, case.routing, self.reference, self.switches, self.now)

    def _state(self, turn: _Turn) -> CaseState:
        case, founder, stored = turn.continued.case, turn.continued.founder, turn.stored
        return CaseState(
            id=case.id,
            founder=founder.id,
            founded_at=stored.founded_at if stored and stored.founder == founder.id else founder.received_at,
            state=case.routing.state,
            rule=case.routing.rule,
            lead=case.routing.lead.cdop if case.routing.lead else None,
            restricted=turn.shown.restricted,
            version=turn.version,
            opened_at=stored.opened_at if stored else self.now,
            view_key=turn.view_key,
            content={
                "shown": turn.shown.full,
                "provenance": turn.shown.provenance("lead"),
                **turn.shown.explained("lead"),
                "ladder": [{"rule": step.rule, "answer": step.answer} for step in case.routing.ladder],
                "notices": [notice.id for notice in case.notices],
            },
        )

    def _settle_reviews(self) -> tuple[str, ...]:
        if not self.hood.notices and not self.outcome.reviews:
            return ()
        among = {*self.hood.notices, *self._homes, *self.outcome.waiting}
        pairs = [ReviewPair(r.a, r.b, r.score, kept(r)) for r in self.outcome.reviews]
        return settle_reviews(self.transaction, among, pairs, self.because, self.now, self._homes)

    def _settle_asked(self) -> None:
        """Nobody is asked any more about a case that ends now, nor what a panel proposed of one that another leads now."""
        ended, left = set(self._ended), set[str]()
        for name, turn in self._continues.items():
            stored, routing = self.hood.cases.get(name), turn.continued.case.routing
            if stored is None:
                continue
            if routing.state in OVER and stored.state not in OVER:
                ended.add(name)
            elif stored.lead != (routing.lead.cdop if routing.lead else None):
                left.add(name)
        settle_gone(self.transaction, ended, left, self.because, self.now)

    @property
    def _continues(self) -> dict[str, _Turn]:
        """What each case goes on as: itself, or the one that it becomes part of."""
        turns = {turn.id: turn for turn in self._turns}
        return turns | {gone: turns[into] for gone, into in self._continuity.merged.items() if into in turns}

    def _entries(self, dispatches: Sequence[Dispatch]) -> list[Entry]:
        sent: dict[str, list[list[str]]] = {}
        for dispatch in dispatches:
            sent.setdefault(dispatch.case, []).append([dispatch.id, dispatch.recipient, dispatch.kind])
        found = []
        for turn in self._turns:
            if turn.changed:
                case = turn.continued.case
                detail: dict[str, object] = {
                    "version": turn.version,
                    "state": case.routing.state,
                    "rule": case.routing.rule,
                    "lead": case.routing.lead.cdop if case.routing.lead else None,
                    "deliveries": sent.get(turn.id, []),
                }
                if moved := turn.continued.moves.json():
                    detail |= {"moved": moved, "linkage": versions()}
                found.append(Entry("case.changed" if turn.stored else "case.opened", turn.id, detail))
        found += [
            Entry("case.merged", gone, {"into": into, "deliveries": sent.get(gone, [])})
            for gone, into in self._continuity.merged.items()
        ]
        found += [Entry("case.ended", gone, {"deliveries": sent.get(gone, [])}) for gone in self._ended]
        return found


def _standing(text: str) -> Standing:
    match text:
        case "current" | "disputed" | "withdrawn" | "pointer" | "pointer-disputed":
            return text
        case _:
            raise ValueError("a holding stands in no known way")
