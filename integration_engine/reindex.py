"""Blocking keys made anew: those of everything held, where the rules of blocking or the index key have changed.

The one way to make them anew. From its first moment to its last nobody links: what comes in waits in the queues. Each batch
is a transaction of its own that says how far it came, so whoever is killed is gone on with. A notice whose keys come out as
they were is left alone; one with others is held against all that share one of them now, and the cases of both are marked to
be decided again. The workers do that afterwards, as they do when a table changes (``revisit``).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy import bindparam, delete, func, select

from integration_engine.linkage import blocking
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.fingerprint import fingerprint
from integration_engine.linkage.resolve import bonds
from integration_engine.security.keys import Keyring, SealBroken
from integration_engine.stages import reached
from integration_engine.store import indexing
from integration_engine.store.audit import Entry, append
from integration_engine.store.bonds import Tied, tying, write_bonds
from integration_engine.store.database import Store, StoreError, Transaction, table
from integration_engine.store.indexing import Indexing
from integration_engine.store.neighbourhood import lock_notices, sharing
from integration_engine.store.sealing import Unreadable, unseal_notice
from integration_engine.store.tables import BlindIndexRow, BondRow, NoticeRow
from integration_engine.store.watch import decide_again, marked

BEGUN, DONE = "keys.reindexing", "keys.reindexed"
AT_ONCE = 200
_INDEX, _NOTICE, _BOND = table(BlindIndexRow), table(NoticeRow), table(BondRow)
Clock = Callable[[], datetime]
Stored = Mapping[str, set[tuple[bytes, int]]]


class Superseded(StoreError):
    """Somebody began to make the keys anew by other rules, or under another index key, meanwhile."""

    code = "superseded"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: notices done of those held when it began or went on, those with other keys than before, when all are
    done the cases that wait to be decided again, and the notices of this run that could not be read and keep their keys."""

    held: int
    done: int = 0
    changed: int = 0
    cases: int = 0
    unreadable: tuple[str, ...] = ()
    finished: bool = False


@dataclass(frozen=True)
class _Held:
    """What the notices of a batch say, each with its case (None: it waits); and the ids of those that could not be read."""

    said: Mapping[str, Evidence]
    homes: Mapping[str, str | None]
    unreadable: tuple[str, ...]

    @cached_property
    def keys(self) -> Mapping[str, frozenset[str]]:
        """Their blocking keys by our rules."""
        return {name: blocking.keys(evidence) for name, evidence in self.said.items()}


def needed(store: Store) -> bool:
    """Whether keys have to be made anew, or somebody began and has not finished. Raises Transient."""
    with store.reading() as transaction:
        return _needed(indexing.last(transaction.connection), store.keys)


def reindex(
    store: Store, *, every: bool = False, by: str = "engine", clock: Clock = lambda: datetime.now(UTC)
) -> Iterator[Progress]:
    """Make every notice's blocking keys anew, or go on where somebody stopped; a batch at a step. Nothing is done where they
    are of this program's rules already. ``every``: hold every notice against all that share a key with it, whether or not its
    keys are others: after a new model of linkage. Raises Transient, KeyMissing or Superseded."""
    newest = store.keys.index_fingerprints[store.keys.index_version]
    task, held = _begun(store, newest, every, by, clock())
    if task is None:
        return
    progress = Progress(held, task.done, task.changed)
    yield progress
    while not progress.finished:
        progress = _step(store, task, progress, by, clock())
        reached("reindex.committed")
        yield progress


def _needed(before: Indexing | None, keys: Keyring) -> bool:
    if before is None or not before.serves(keys):
        return True
    # A store that began with these rules says of each notice by which version of the key it is found: one key is one version.
    newest = keys.index_fingerprints[keys.index_version]
    return before.index_key != newest and not (before.index_key is None and len(keys.index_fingerprints) == 1)


def _begun(store: Store, newest: str, every: bool, by: str, now: datetime) -> tuple[Indexing | None, int]:
    """The task to go on with, None where nothing is to be done; and how many notices are held."""
    with store.transaction() as transaction:
        before = indexing.last(transaction.connection, locked=True)
        held = int(transaction.connection.execute(select(func.count()).select_from(_NOTICE)).scalar_one())
        if not every and not _needed(before, store.keys):
            return None, held
        same = before is not None and (before.rules, before.index_key) == (fingerprint(), newest)
        if before is not None and same and not before.finished_at and before.every >= every:
            return before, held
        task = indexing.begin(transaction.connection, newest, now, every=every)
        said = {"rules": task.rules, "index_key": newest, "every": every, "notices": held}
        append(transaction, now, [Entry(BEGUN, "store", said, by)])
        return task, held


def _step(store: Store, task: Indexing, before: Progress, by: str, now: datetime) -> Progress:
    with store.transaction() as transaction:
        found = indexing.last(transaction.connection, locked=True)
        if found is None or found.sequence != task.sequence:
            raise Superseded("The keys are made anew by other rules or under another key meanwhile.")
        if found.finished_at:
            return replace(before, done=found.done, changed=found.changed, finished=True)
        names = _next(transaction, found.reached)
        held = _held(transaction, names)
        changed = _rekeyed(transaction, held)
        decide_again(
            transaction, _met_again(transaction, held, set(held.said) if found.every else changed, changed), now
        )
        cases = 0 if names else marked(transaction)
        so_far = replace(
            found,
            reached=names[-1] if names else found.reached,
            done=found.done + len(names),
            changed=found.changed + len(changed),
            unreadable=found.unreadable + len(held.unreadable),
            finished_at=None if names else now,
        )
        indexing.go_on(transaction.connection, so_far)
        if not names:
            said = {"rules": so_far.rules, "index_key": so_far.index_key, "notices": so_far.done}
            said |= {"changed": so_far.changed, "unreadable": so_far.unreadable}
            append(transaction, now, [Entry(DONE, "store", said, by)])
        reached("reindex.written")
    return replace(
        before,
        done=so_far.done,
        changed=so_far.changed,
        cases=cases,
        unreadable=(*before.unreadable, *held.unreadable),
        finished=not names,
    )


def _next(transaction: Transaction, after: str) -> list[str]:
    """The next notices, locked against whoever may drop them."""
    query = select(_NOTICE.c.id).where(_NOTICE.c.id > after).order_by(_NOTICE.c.id).limit(AT_ONCE)
    names = [str(name) for name in transaction.connection.scalars(query)]
    lock_notices(transaction, names)
    return names


def _held(transaction: Transaction, names: Sequence[str]) -> _Held:
    """What can be read of these notices. One whose bytes are damaged must not keep all others from being found."""
    query = select(_NOTICE.c.id, _NOTICE.c.case_id, _NOTICE.c.sealed).where(transaction.among(_NOTICE.c.id, names))
    said: dict[str, Evidence] = {}
    homes: dict[str, str | None] = {}
    unreadable = []
    for row in transaction.connection.execute(query):
        try:
            said[row.id] = evidence_of(unseal_notice(transaction.keys, row.sealed, row.id))
            homes[row.id] = row.case_id
        except (SealBroken, Unreadable):
            unreadable.append(row.id)
    return _Held(said, homes, tuple(sorted(unreadable)))


def _rekeyed(transaction: Transaction, held: _Held) -> set[str]:
    """Write the keys that differ; returns the notices that have others than before, not only under another index key."""
    keys = transaction.keys
    stored = _stored(transaction, held.said)
    gone: list[dict[str, object]] = []
    new: list[dict[str, object]] = []
    changed = set()
    for name, plain in held.keys.items():
        wanted = {(keys.blind("block", key), keys.index_version) for key in plain}
        if stored[name] == wanted:
            continue
        gone += [{"key": key, "notice": name} for key, _ in stored[name] - wanted]
        new += [{"block_key": key, "notice_id": name, "key_version": version} for key, version in wanted - stored[name]]
        if stored[name] != _under(keys, plain, stored[name]):
            changed.add(name)
    if gone:
        one = (_INDEX.c.block_key == bindparam("key"), _INDEX.c.notice_id == bindparam("notice"))
        transaction.connection.execute(delete(_INDEX).where(*one), gone)
    transaction.insert(BlindIndexRow, new)
    return changed


def _under(keys: Keyring, plain: Iterable[str], stored: set[tuple[bytes, int]]) -> set[tuple[bytes, int]]:
    """These keys under the version of the index key that the stored ones are of; nothing where it isn't held."""
    versions = {version for _, version in stored} or {keys.index_version}
    if len(versions) != 1 or not versions <= keys.index_fingerprints.keys():
        return set()
    (version,) = versions
    return {(keys.blind("block", key, version), version) for key in plain}


def _stored(transaction: Transaction, names: Iterable[str]) -> Stored:
    query = select(_INDEX.c.notice_id, _INDEX.c.block_key, _INDEX.c.key_version)
    found: defaultdict[str, set[tuple[bytes, int]]] = defaultdict(set)
    for row in transaction.connection.execute(query.where(transaction.among(_INDEX.c.notice_id, names))):
        found[row.notice_id].add((bytes(row.block_key), row.key_version))
    return found


def _met_again(transaction: Transaction, held: _Held, compared: set[str], changed: set[str]) -> set[str]:
    """Bond these notices to those they meet now. Returns the cases to be decided again: of notices that are bonded newly, and
    of those with other keys, which may have lost whom they met."""
    keys = transaction.keys
    named: defaultdict[bytes, set[str]] = defaultdict(set)
    for name in compared:
        for key in held.keys[name]:
            for blind in keys.blinds("block", key):
                named[blind].add(name)
    met = {
        (name, other)
        for blind, others in sharing(transaction, named).items()
        for other in others
        for name in named[blind]
        if name != other
    }
    known = _bonds(transaction, compared)
    tied = Tied(known)
    apart = {(a, b) for a, b in met if not tied.reach(a, b)}
    others = _held(transaction, sorted({other for _, other in apart} - held.said.keys()))
    said, homes = {**held.said, **others.said}, {**held.homes, **others.homes}
    new = tying(bonds(((a, b) for a, b in apart if b in said), said), known)
    write_bonds(transaction, new)
    return {home for name in {*changed, *(name for pair in new for name in pair)} if (home := homes.get(name))}


def _bonds(transaction: Transaction, names: Iterable[str]) -> set[tuple[str, str]]:
    """All bonds that can be reached from these notices."""
    found: set[tuple[str, str]] = set()
    seen: set[str] = set()
    todo = set(names)
    while todo:
        query = select(_BOND.c.notice_id, _BOND.c.other).where(transaction.among(_BOND.c.notice_id, todo))
        rows = [(row.notice_id, row.other) for row in transaction.connection.execute(query)]
        found.update(rows)
        seen |= todo
        todo = {other for _, other in rows} - seen
    return found
