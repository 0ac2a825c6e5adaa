"""Bonds: which notices have to be decided together.

Two notices are bonded when what is decided about one can touch the other. Who is to be decided together is whoever can be
reached over bonds, so of those that make a circle one may be left out: a notice that is told for the thousandth time has one
bond with the others, not a thousand.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from sqlalchemy import delete, select

from integration_engine.store.database import Transaction, table
from integration_engine.store.tables import BondRow

_BOND = table(BondRow)
Pair = tuple[str, str]


class Tied:
    """What can be reached from what, over these bonds."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._above: dict[str, str] = {}
        for a, b in pairs:
            self.tie(a, b)

    def tie(self, a: str, b: str) -> bool:
        """Tie two together; False where they were already."""
        one, other = sorted((self._top(a), self._top(b)))
        if one != other:
            self._above[other] = one
        return one != other

    def reach(self, a: str, b: str) -> bool:
        """Whether the one can be reached from the other."""
        return self._top(a) == self._top(b)

    def together(self) -> Iterator[list[str]]:
        """Everybody who is tied to somebody, those together in one list."""
        found: dict[str, list[str]] = {}
        for name in sorted({*self._above, *self._above.values()}):
            found.setdefault(self._top(name), []).append(name)
        yield from found.values()

    def _top(self, name: str) -> str:
        while (above := self._above.get(name, name)) != name:
            # Half the way next time, so that long ways grow short.
            self._above[name] = self._above.get(above, above)
            name = above
        return name


def tying(pairs: Iterable[Pair], held: Iterable[Pair]) -> list[Pair]:
    """Those of these bonds without which somebody could not be reached, where the bonds held are kept."""
    tied = Tied(held)
    return [(a, b) for a, b in sorted(pairs) if tied.tie(a, b)]


def write_bonds(transaction: Transaction, pairs: Collection[Pair]) -> None:
    """Keep which notices have to be decided together."""
    both = sorted({pair for a, b in pairs for pair in ((a, b), (b, a))})
    transaction.upsert(BondRow, [{"notice_id": a, "other": b} for a, b in both])


def drop_bonds(transaction: Transaction, names: Collection[str]) -> None:
    """Forget the bonds of notices that go. Whoever was reached by way of them is bonded to one another instead."""
    gone = set(names)
    mine = transaction.among(_BOND.c.notice_id, gone)
    rows = transaction.connection.execute(select(_BOND.c.notice_id, _BOND.c.other).where(mine))
    tied = Tied((row.notice_id, row.other) for row in rows)
    for end in (_BOND.c.notice_id, _BOND.c.other):  # apart, so that each is looked up
        transaction.connection.execute(delete(_BOND).where(transaction.among(end, gone)))
    write_bonds(
        transaction, [pair for names in tied.together() for pair in pairwise(n for n in names if n not in gone)]
    )
