"""How common names are: a frozen table, so that an answer never depends on which notices came first.

The file says how it was made. It holds names as ``names.words`` levels them; a name that isn't in it is rare, a slip of the
pen, or of a community that nobody has counted.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "mappings" / "linkage" / "name-shares-1.csv"

Shares = Mapping[str, Mapping[str, float]]


class NameSharesError(ValueError):
    """A table of name shares that can't be read; the message says where."""


@lru_cache(maxsize=2)
def name_shares(path: Path = TABLE) -> Shares:
    """Shares of England's children by table (``given``, ``family``) and name. Raises NameSharesError."""
    tables: dict[str, dict[str, float]] = {"given": {}, "family": {}}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise NameSharesError(f"{path.name}: can't be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        try:
            table, name, millionths = line.split(",")
            share = int(millionths) / 1e6
            tables[table][name] = share
        except (ValueError, KeyError):
            raise NameSharesError(f"{path.name} line {number}: not table,name,millionths") from None
        if not 0 < share <= 1:
            raise NameSharesError(f"{path.name} line {number}: no share is {millionths} millionths")
    if not all(tables.values()):
        raise NameSharesError(f"{path.name}: a table is empty")
    return tables
