"""One open transaction of the store: its locks, the keys that it reads and writes with, and writing many rows at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, any_, bindparam, select, text
from sqlmodel import SQLModel

from integration_engine.security.keys import KeyMissing, Keyring
from integration_engine.store import sealed_writes
from integration_engine.store.arrays import Packed
from integration_engine.store.failures import KeysMoved
from integration_engine.store.tables import LedgerHead
from integration_engine.store.writing import Writing, table, write

# PostgreSQL has room for 64 locks a connection it allows, 6,400 unless told otherwise, for everybody together.
_MOST_LOCKS = 2_000
# Everybody shares this one; whoever needs more locks than that takes it alone.
_EVERYTHING = 0x63647265
_LOCK_EVERYTHING = text("SELECT pg_advisory_xact_lock(:everything)")
_LOCK_EACH = text(
    "SELECT pg_advisory_xact_lock_shared(:everything) UNION ALL "
    "SELECT pg_advisory_xact_lock(n) FROM (SELECT unnest(CAST(:numbers AS bigint[])) AS n ORDER BY 1) AS s"
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction and the keys to read and write with. Everything in it becomes true together or not at all."""

    connection: Connection
    keys: Keyring
    began_with: tuple[str, int] = ("", 0)
    """The sealing key and the version of the index key in force when it began: what it wrote was made with these."""
    _locked: set[int] = field(default_factory=set)
    _sealing: list[str | None] = field(default_factory=list)

    @property
    def is_postgresql(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def lock(self, names: Iterable[bytes]) -> None:
        """Wait until nobody else works on any of these names, and keep others off until the end of the transaction.

        Names are blind keys. They are taken in sorted order, so two transactions can't each hold what the other wants. A file
        with more names than the server has room for waits until it is alone instead.
        """
        if not self.is_postgresql:
            return
        wanted = {int.from_bytes(name[:8], signed=True) for name in names} - self._locked
        if not wanted or _EVERYTHING in self._locked:
            return
        if len(self._locked) + len(wanted) > _MOST_LOCKS:
            self.lock_everything()
        else:
            self.connection.execute(_LOCK_EACH, {"everything": _EVERYTHING, "numbers": sorted(wanted)})
            self._locked.update(wanted)

    def lock_everything(self) -> None:
        """Wait until nobody who locks anything works, and keep them all off until the end of the transaction."""
        if self.is_postgresql:
            self.connection.execute(_LOCK_EVERYTHING, {"everything": _EVERYTHING})
            self._locked.add(_EVERYTHING)

    def sealing_is(self, seals: str | None) -> None:
        """The store's sealing key (None: it names none yet), found with the ledger's head locked: until the end of the
        transaction it is no other."""
        self._sealing.append(seals)

    def settle(self) -> None:
        """Before it is committed: hold back what was sealed with another key than the one the store names. Once nothing is
        sealed by a key, it may be thrown away. Raises KeysMoved, and KeyMissing where the new key isn't held, nor to be had.
        """
        if not sealed_writes.wrote(self.connection):
            return
        seals = self._sealing[0] if self._sealing else self._ask_sealing()
        if seals is None or seals == (self.began_with[0] or self.keys.sealing):
            return
        if not self.keys.seal_with(seals):
            raise KeyMissing(f"This database is sealed with a key that is not given: seal key {seals}.")
        raise KeysMoved("The sealing key was changed meanwhile.")

    def _ask_sealing(self) -> str | None:
        # Shared: two that write no audit line don't wait for each other, and a rotation waits for both.
        query = select(table(LedgerHead).c.sealing_key).with_for_update(read=True)
        found: str | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def among(self, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
        """Whether a column is one of these values. On PostgreSQL they are one array, so that a statement reads the same
        however many they are, and is planned once."""
        wanted = sorted(values)
        if self.is_postgresql:
            return cast(ColumnElement[bool], column == any_(bindparam(None, wanted, Packed(column.type))))
        return cast(ColumnElement[bool], column.in_(wanted))

    def insert(self, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, all with the same columns, in one round trip."""
        if rows:
            write(self.connection, Writing(model, tuple(rows[0])), rows)

    def upsert(
        self,
        model: type[SQLModel],
        rows: Sequence[Mapping[str, Any]],
        *,
        replace: Sequence[str] = (),
        add: Sequence[str] = (),
    ) -> None:
        """Insert rows; where the primary key is there already, ``replace`` these columns and ``add`` to those."""
        if rows:
            write(self.connection, Writing(model, tuple(rows[0]), True, tuple(replace), tuple(add)), rows)
