"""Which notices held have to be decided with new ones, and whether one came in meanwhile that nobody has looked at.

Two notices that may be bonded share a blocking key. Locking every key of a batch would keep others from taking such a notice
meanwhile, but a batch has thousands of keys, a server has room for few locks, and batches that meet are rare. So nobody
waits: transactions end one after the other anyway, behind the lock on the ledger's head, and each, once it has that lock,
looks at what others took since it read. Where one of those is bonded to one of its own, it begins again (``Overtaken``).
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from integration_engine.linkage import blocking
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.resolve import bonds
from integration_engine.record.notice import DeathNotice
from integration_engine.store import audit
from integration_engine.store.database import Transaction, Transient
from integration_engine.store.inbox import notices_of
from integration_engine.store.neighbourhood import Neighbourhood, gather, load_notices, sharing

TAKEN = "message.taken"
"""The action of the audit line that every message taken leaves."""


class Overtaken(Transient):
    """While these notices were decided, others took one that is bonded to them. Nothing was written; begin again."""

    code = "overtaken"


@dataclass(frozen=True, slots=True)
class Candidates:
    """New notices, by id, with their evidence, their blocking keys, the blind keys they are kept under and those they may be
    met by: while an index key is rotated, others may not have the new one yet. ``since`` is the last line of the audit log
    when the store was first looked at for them."""

    new: Mapping[str, DeathNotice]
    evidence: Mapping[str, Evidence]
    keys: Mapping[str, frozenset[str]]
    kept_under: Mapping[str, frozenset[bytes]]
    met_by: Mapping[str, frozenset[bytes]]
    since: int

    def met(self, transaction: Transaction) -> set[tuple[str, str]]:
        """Each of them with each notice held that it shares a blocking key with."""
        named = self._named()
        return _pairs(named, sharing(transaction, named))

    def gathered(
        self, transaction: Transaction, met: Set[tuple[str, str]]
    ) -> tuple[Neighbourhood, set[tuple[str, str]], Mapping[str, Evidence]]:
        """What is held that has to be decided with them, locked; the bonds that tie them to it and to one another; and what
        linkage makes of all that was looked at. ``met`` is whom they meet."""
        named = self._named()
        stored = load_notices(transaction, {other for _, other in met})
        together = {(a, b) for names in named.values() for a in names for b in names if a < b}
        said = {**self.evidence, **{name: evidence_of(notice) for name, notice in stored.items()}}
        found = bonds(met | together, said)
        hood = gather(transaction, {other for _, other in found if other in stored}, stored)
        # What was found may have been dropped while we waited for whoever decided about it.
        left = hood.notices.keys() | self.new.keys()
        return hood, {(a, b) for a, b in found if a in left and b in left}, said

    def require_all_seen(self, transaction: Transaction) -> None:
        """Call with the ledger's head locked. Raises Overtaken where a notice taken since is bonded to one of these."""
        taken = audit.subjects(transaction, TAKEN, after=self.since)
        late = notices_of(transaction, taken) - self.new.keys()
        if not late:
            return
        named = self._named()
        met = _pairs(named, sharing(transaction, named, among=late))
        said = {name: evidence_of(n) for name, n in load_notices(transaction, {other for _, other in met}).items()}
        if bonds(met, {**said, **self.evidence}):
            raise Overtaken("Another worker took a message about the same child meanwhile.")

    def _named(self) -> dict[bytes, set[str]]:
        found: dict[bytes, set[str]] = {}
        for notice in self.new:
            for name in self.met_by[notice]:
                found.setdefault(name, set()).add(notice)
        return found


def candidates(transaction: Transaction, notices: Iterable[DeathNotice]) -> Candidates:
    """The candidates of new notices. Whatever is taken after this call and bonded to one of them is noticed at the end."""
    since, ring = audit.position(transaction), transaction.keys
    new = {notice.id: notice for notice in notices}
    evidence = {name: evidence_of(notice) for name, notice in new.items()}
    plain = {name: blocking.keys(said) for name, said in evidence.items()}
    kept_under = {name: frozenset(ring.blind("block", key) for key in keys) for name, keys in plain.items()}
    met_by = kept_under
    if len(ring.index_fingerprints) > 1:
        met_by = {n: frozenset(b for key in keys for b in ring.blinds("block", key)) for n, keys in plain.items()}
    return Candidates(new, evidence, plain, kept_under, met_by, since)


def _pairs(named: Mapping[bytes, set[str]], held: Mapping[bytes, Iterable[str]]) -> set[tuple[str, str]]:
    return {(notice, other) for name, others in held.items() for notice in named[name] for other in others}
