"""By which rules, and under which index key, the blocking keys of everything held were made.

A notice that comes in is found by the keys that its own program makes. Where those held were made by other rules the same
child would not be found and counted a second time, so nobody links until they have been made anew (``cdr db reindex``): the
last row says what holds, and each transaction that takes a message looks at it before it ends.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Text, insert, select, update
from sqlmodel import Field, SQLModel

from integration_engine.linkage.fingerprint import fingerprint
from integration_engine.security.keys import Keyring
from integration_engine.store.database import NotUpgraded, Store, Transaction, briefly, table
from integration_engine.store.tables import Instant, KeyInUse, NoticeRow


class IndexingRow(SQLModel, table=True):
    """One making of the blocking keys of everything held, in order; ``finished_at`` None while it is under way.

    ``rules`` is the fingerprint of the rules of blocking, ``index_key`` that of the index key (None for a store that began
    with these rules: its notices say by which version they are found). ``reached`` is the last notice that was done, the
    numbers are those done, with other keys than before, and that could not be read. ``every``: all are compared anew."""

    __tablename__ = "indexing"
    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    rules: str = Field(sa_column=Column(Text, nullable=False))
    index_key: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    every: bool = False
    reached: str = Field(default="", sa_column=Column(Text, nullable=False))
    done: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    changed: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    unreadable: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    begun_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


_ROW, _NOTICE = table(IndexingRow), table(NoticeRow)


class NotIndexed(NotUpgraded):
    """The blocking keys of what is held were made by other rules, or are being made anew, or under an index key that isn't
    given: ``cdr db reindex`` makes them this program's. Until then nothing may be linked."""

    code = "not-indexed"


@dataclass(frozen=True, slots=True)
class Indexing:
    """One making of the blocking keys; see ``IndexingRow``."""

    sequence: int
    rules: str
    index_key: str | None
    every: bool
    reached: str = ""
    done: int = 0
    changed: int = 0
    unreadable: int = 0
    finished_at: datetime | None = None

    @property
    def by_our_rules(self) -> bool:
        """Whether everything held has keys by this program's rules."""
        return self.finished_at is not None and self.rules == fingerprint()

    def serves(self, keys: Keyring) -> bool:
        """Whether this program, with these keys, finds everything held."""
        return self.by_our_rules and (self.index_key is None or self.index_key in keys.index_fingerprints.values())


def require_indexed(store: Store) -> None:
    """Raises NotUpgraded where the schema isn't this program's, NotIndexed where what is held isn't found by its rules."""
    store.require_schema()
    with store.reading() as transaction:
        require_found(transaction)


def require_found(transaction: Transaction) -> None:
    """Raises NotIndexed where what is held isn't found by this program's rules of blocking. Called with the ledger's head
    locked, that holds until the transaction ends."""
    found = last(transaction.connection)
    keys = transaction.keys
    current = transaction.began_with[1] in (0, keys.index_version)
    if found is None or not found.serves(keys) or not current:
        # What was made so far was made with the keys held before: only the next attempt may use others.
        keys.look_again()
        raise NotIndexed("What is held is not found by this program's rules or keys: run cdr db reindex.")


def new_key_given(store: Store) -> bool:
    """Whether the newest index key held is one that everything held was never yet found by: made for a rotation that is under
    way, or that was stopped before it began. Called on a store that was opened without noting its keys. Raises Transient."""
    held = store.keys.index_fingerprints
    newest, used = held[store.keys.index_version], table(KeyInUse).c
    with store.reading() as transaction:
        made = transaction.connection.execute(select(_ROW.c.index_key, _ROW.c.finished_at)).all()
        noted = transaction.connection.execute(select(used.fingerprint).where(used.purpose == "index")).scalars().all()
    if any(row.index_key == newest and row.finished_at for row in made):
        return False
    # A store that never came over to another key began with all that are noted.
    began_with = () if any(row.index_key for row in made) else noted
    return len(held) > 1 and newest not in began_with


def by_our_rules(url: str) -> bool:
    """Whether everything held in this database has keys by this program's rules: told without its keys. Raises Transient."""
    with briefly(url) as connection:
        found = last(connection)
    return found is not None and found.by_our_rules


def last(connection: Connection, *, locked: bool = False) -> Indexing | None:
    """The last making of keys, perhaps still under way; None for a store from before they were noted. ``locked``: nobody
    else goes on with it until the transaction ends."""
    columns = (_ROW.c[name] for name in Indexing.__dataclass_fields__)
    query = select(*columns).order_by(_ROW.c.sequence.desc()).limit(1)
    row = connection.execute(query.with_for_update() if locked else query).first()
    return None if row is None else Indexing(**row._mapping)


def begin(connection: Connection, index_key: str | None, now: datetime, *, every: bool = False) -> Indexing:
    """Note that keys are made anew by this program's rules. From then on nobody links until that is done."""
    before = last(connection)
    made = Indexing(before.sequence + 1 if before else 1, fingerprint(), index_key, every)
    connection.execute(insert(_ROW).values(**asdict(made), begun_at=now))
    return made


def go_on(connection: Connection, to: Indexing) -> None:
    """Note how far it is, or that it is done."""
    how_far = {"reached": to.reached, "done": to.done, "changed": to.changed, "unreadable": to.unreadable}
    connection.execute(update(_ROW).where(_ROW.c.sequence == to.sequence).values(**how_far, finished_at=to.finished_at))


def begin_with_nothing(connection: Connection, now: datetime) -> None:
    """A store that is new holds nothing that other rules could have made keys of."""
    if last(connection) is None and connection.execute(select(_NOTICE.c.id).limit(1)).first() is None:
        begin(connection, None, now)
        connection.execute(update(_ROW).values(finished_at=now))
