"""Cases decided again, though nobody says anything new: because the day, the reference data or a switch has changed.

The same core, the same locks and the same settlement as for a message, so that what goes out is only what differs: a transfer
to a successor panel, a closed pointer to the one before, the national record moved. A case that comes out as it was sends
nothing and is noted as looked at. Each batch is a transaction of its own: killed at any moment, the rest is still to be done.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integration_engine import settlement
from integration_engine.core import Case, decide
from integration_engine.courier import Courier
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.routing.fingerprint import fingerprint
from integration_engine.routing.reference import Reference
from integration_engine.routing.switches import Switches
from integration_engine.security.keys import KeyMissing
from integration_engine.stages import reached
from integration_engine.store.audit import Entry
from integration_engine.store.database import NotUpgraded, Store, Transaction, Transient
from integration_engine.store.indexing import require_found
from integration_engine.store.neighbourhood import StoredCase, founders, gather
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.watch import Watched, come_into_force, in_force, only_one, to_look_at, watch

log = logging.getLogger(__name__)

REVISITED = "cdr_cases_revisited_total"
describe(REVISITED, "counter", "Cases decided again as time or rules moved on, by outcome.", "reason")

AT_ONCE = 50
LOOK_EVERY_S = 30.0
_PUT_OFF = timedelta(hours=1)
"""How long a case whose decision raises is left alone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One case that comes out otherwise: how it stood and stands, and the deliveries that follow (recipient, kind)."""

    case: str
    version: int
    state: str
    state_before: str | None
    rule: str
    lead: str | None
    lead_before: str | None
    deliveries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Revisited:
    """What a batch came to. ``cases`` are all that were decided, the neighbours of those asked for too; ``outbox`` is to be
    published; of a trial it is what would be."""

    cases: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()


class _OnlyATrial(Exception):
    """Ends a transaction of which nothing is to stay."""


def revisit(
    store: Store,
    cases: Sequence[str],
    *,
    reference: Reference,
    now: datetime,
    switches: Switches,
    trial: bool = False,
) -> Revisited:
    """Decide these cases again, and whatever has to be decided with them, in one transaction. ``trial``: say what would
    change, and change nothing. Raises Transient, NotIndexed, KeyMissing or SealBroken."""
    found = Revisited()
    try:
        with store.transaction() as transaction:
            found = _decided_again(transaction, cases, reference, now, switches)
            if trial:
                raise _OnlyATrial
            reached("revisit.written")
    except _OnlyATrial:
        return found
    return found


def _decided_again(
    transaction: Transaction, cases: Sequence[str], reference: Reference, now: datetime, switches: Switches
) -> Revisited:
    require_found(transaction)
    roots = founders(transaction, cases)
    hood = gather(transaction, roots.values())
    outcome = decide(hood.notices.values(), hood.decisions, reference, now, switches)
    settled = settlement.Settlement(
        transaction, hood, outcome, now, because="revisited", reference=reference, switches=switches
    )
    changed = settled.changes
    ruling = fingerprint(reference, switches)
    detail = {"cases": sorted(case.id for _, case, _ in changed)}
    rows = settled.write(entries=[Entry("cases.revisited", ruling, detail)] if changed else [])
    # What no notice makes any more is not looked at again and again.
    settled_now = {case.id for case in settled.decided} | set(settled.gone)
    watch(transaction, {name: Watched(ruling, None) for name in cases if name not in settled_now})
    return Revisited(
        tuple(case.id for case in settled.decided),
        tuple(_difference(before, case, version, rows) for before, case, version in changed),
        rows,
    )


def _difference(before: StoredCase | None, case: Case, version: int, rows: Sequence[OutboxRow]) -> Difference:
    return Difference(
        case.id,
        version,
        case.routing.state,
        before.state if before else None,
        case.routing.rule,
        case.routing.lead.cdop if case.routing.lead else None,
        before.lead if before else None,
        tuple((row.recipient, row.kind) for row in rows if row.case == case.id),
    )


class Revisiting:
    """A worker's duty: whatever other rules decided, or time has overtaken, is decided again, a batch at a look.

    Of several workers one looks at a time. Only the rules that came into force last do it: while workers are replaced one by
    one, those of before leave alone what the new ones decided.
    """

    def __init__(
        self,
        store: Store,
        courier: Courier,
        reference: Reference,
        switches: Switches,
        *,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._courier = courier
        self._reference = reference
        self._switches = switches
        self._counters = counters
        self._clock = clock
        self._ruling = fingerprint(reference, switches)
        self._came = self._overtaken = False

    def look(self) -> bool:
        """Decide one batch again. Returns whether there is more to do at once. Raises StoreError."""
        now = self._clock()
        if not self._came and come_into_force(self._store, self._ruling, now):
            log.info("other rules are in force", extra={"version": self._ruling})
        self._came = True
        if in_force(self._store) != self._ruling:
            if not self._overtaken:
                log.warning("newer rules are in force than this worker's: restart it", extra={"version": self._ruling})
            self._overtaken = True
            return False
        with only_one(self._store) as alone:
            cases = to_look_at(self._store, self._ruling, now, limit=AT_ONCE) if alone else ()
            if not cases:
                return False
            self._take(cases, now)
        return True

    def _take(self, cases: Sequence[str], now: datetime) -> None:
        reached("revisit.begun")
        try:
            done = revisit(self._store, cases, reference=self._reference, now=now, switches=self._switches)
        except (Transient, KeyMissing, NotUpgraded):
            raise
        except Exception as problem:
            if len(cases) > 1:
                log.warning("cases could not be decided again together", extra={"count": len(cases)})
                for case in cases:
                    self._take([case], now)
                return
            self._put_off(cases[0], now, problem)
            return
        reached("revisit.committed")
        self._courier.hand_over(done.outbox)
        self._counters.add(REVISITED, len(done.cases) - len(done.differences), reason="unchanged")
        self._counters.add(REVISITED, len(done.differences), reason="changed")

    def _put_off(self, case: str, now: datetime, problem: Exception) -> None:
        log.error("a case can't be decided again and is put off", exc_info=problem, extra={"case": case})
        self._counters.add(REVISITED, reason="failed")
        with self._store.transaction() as transaction:
            watch(transaction, {case: Watched(self._ruling, now + _PUT_OFF)})
