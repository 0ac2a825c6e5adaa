"""What was said of a file's rows, summed up: who had forty rows refused wants to know the two things that were wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST = 10


@dataclass(frozen=True, slots=True)
class SaidOften:
    """One thing that was said of several rows: of which column (empty: of the row), and of how many rows."""

    column: str
    text: str
    rows: int


def said_most(rows: Sequence[Mapping[str, Any]]) -> Sequence[SaidOften]:
    """What was said of more than one row of a kept answer, the most frequent first; nothing where each row has its own."""
    told = Counter(
        pair for row in rows for pair in dict.fromkeys((each["column"], each["text"]) for each in row["problems"])
    )
    return [SaidOften(column, text, number) for (column, text), number in told.most_common(_MOST) if number > 1]
