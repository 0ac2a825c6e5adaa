"""Which notices held have to be decided with new ones, and whether one came in meanwhile that nobody has looked at.

Two notices that may be bonded share a blocking key. Locking every key of a batch would keep others from taking such a notice
meanwhile, but a batch has thousands of keys, a server has room for few locks, and batches that meet are rare. So nobody
waits: transactions end one after the other anyway, behind the lock on the ledger's head, and each, once it has that lock,
looks at what others took since it read. Where one of those is bonded to one of its own, it begins again (``Overtaken``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from integration_engine.crowded import few, is_crowd
from integration_engine.linkage import blocking
from integration_engine.linkage.crowds import Content, content_of
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.resolve import bonded, bonds
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


Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Met:
    """Whom new notices meet: the notices held that have each of their blind keys."""

    held: Mapping[bytes, Sequence[str]]
    met_by: Mapping[str, frozenset[bytes]]

    def of(self, notice: str) -> set[str]:
        """Those held that a new notice meets."""
        return {other for key in self.met_by[notice] for other in self.held.get(key, ())}

    def everybody(self) -> set[str]:
        """All who are met."""
        return {other for others in self.held.values() for other in others}


@dataclass(frozen=True, slots=True)
class Candidates:
    """New notices, by id, with their evidence, their blocking keys, the blind keys they are kept under and those they may be
    met by: while an index key is rotated, others may not have the new one yet. ``since`` is the last line of the audit log
    when the store was first looked at for them. ``alike``: which of them say the very same as another, and are bonded to it:
    whatever that one is bonded to, they are."""

    new: Mapping[str, DeathNotice]
    evidence: Mapping[str, Evidence]
    keys: Mapping[str, frozenset[str]]
    kept_under: Mapping[str, frozenset[bytes]]
    met_by: Mapping[str, frozenset[bytes]]
    since: int
    alike: Mapping[str, str]

    def met(self, transaction: Transaction) -> Met:
        """Whom they meet."""
        return Met(sharing(transaction, self._named()), self.met_by)

    def crowded(self, met: Met) -> set[str]:
        """Those that meet a crowd."""
        crowd = {notice for notice in self._first() if is_crowd(met.of(notice))}
        return crowd | {notice for notice, first in self.alike.items() if first in crowd}

    def gathered(self, transaction: Transaction, met: Met) -> tuple[Neighbourhood, set[Pair], Mapping[str, Evidence]]:
        """What is held that has to be decided with them, locked; the bonds that tie them to it and to one another; and what
        linkage makes of all that was looked at. Raises Overcrowded."""
        stored = load_notices(transaction, met.everybody())
        said = {**self.evidence, **{name: evidence_of(notice) for name, notice in stored.items()}}
        pairs = ((a, b) for a, b in self._pairs(met) if b in said)
        found = {*few(bonds(pairs, said), said), *((first, notice) for notice, first in self.alike.items())}
        hood = gather(transaction, {other for _, other in found if other in stored}, stored)
        # What was found may have been dropped while we waited for whoever decided about it.
        left = hood.notices.keys() | self.new.keys()
        return hood, {(a, b) for a, b in found if a in left and b in left}, said

    def bonds_of(self, kept: Set[str], found: Iterable[Pair]) -> set[Pair]:
        """The bonds between those of the new notices that are ``kept`` and what is held. For one that isn't kept another that
        says the very same stands in."""
        stands = {first: notice for notice, first in sorted(self.alike.items(), reverse=True) if notice in kept}
        ends = ((stands.get(a, a) if a not in kept else a, stands.get(b, b) if b not in kept else b) for a, b in found)
        return {(a, b) for a, b in ends if a != b and {a, b} & self.new.keys() <= kept}

    def require_all_seen(self, transaction: Transaction) -> None:
        """Call with the ledger's head locked. Raises Overtaken where a notice taken since is bonded to one of these."""
        taken = audit.subjects(transaction, TAKEN, after=self.since)
        late = notices_of(transaction, taken) - self.new.keys()
        if not late:
            return
        met = Met(sharing(transaction, self._named(), among=late), self.met_by)
        said = {name: evidence_of(n) for name, n in load_notices(transaction, met.everybody()).items()}
        pairs = ((notice, other) for notice in self._first() for other in met.of(notice))
        if any(bonds(pairs, {**said, **self.evidence})):
            raise Overtaken("Another worker took a message about the same child meanwhile.")

    def _pairs(self, met: Met) -> Iterator[Pair]:
        """Each of them with all it meets, of those held and of one another; those that say the same once."""
        named = self._named()
        for notice in self._first():
            yield from ((notice, other) for other in met.of(notice))
            beside = {other for key in self.met_by[notice] for other in named[key] if other > notice}
            yield from ((notice, other) for other in beside)

    def _first(self) -> Iterator[str]:
        return (notice for notice in self.new if notice not in self.alike)

    def _named(self) -> dict[bytes, set[str]]:
        found: dict[bytes, set[str]] = {}
        for notice in self._first():
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
    return Candidates(new, evidence, plain, kept_under, met_by, since, _alike(evidence))


def _alike(evidence: Mapping[str, Evidence]) -> dict[str, str]:
    """Those that say the very same as one before them and are bonded to it, with that one."""
    first: dict[Content, str] = {}
    found = {}
    for name, said in evidence.items():
        other = first.setdefault(content_of(said), name)
        if other != name and bonded(evidence[other], said):
            found[name] = other
    return found
