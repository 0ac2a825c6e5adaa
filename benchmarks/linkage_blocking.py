"""What the blocking keys find, and what they cost: true pairs that share a key, and pairs compared for each notice.

    python -m benchmarks linkage-blocking [--children 4000] [--seed 1] [--file NOTICES.jsonl ...]

On unseen streams of every profile, or on files of notices with a column ``truth``. Of each kind of key it says how many pairs
it finds that no other does.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.linkage_stream.profile import names, profile
from benchmarks.linkage_stream.stream import stream
from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import evidence_of_row

Pair = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """``kinds`` are the kinds of key that each compared pair shares, ``true`` the pairs of one child."""

    notices: int
    keys: int
    kinds: Mapping[Pair, frozenset[str]]
    true: frozenset[Pair]

    @property
    def recall(self) -> float:
        """Share of the pairs of one child that are compared."""
        return sum(pair in self.kinds for pair in self.true) / max(1, len(self.true))

    @property
    def compared(self) -> float:
        """Pairs compared for each notice."""
        return len(self.kinds) / max(1, self.notices)


def blocked(rows: Iterable[Mapping[str, Any]]) -> Found:
    """Which of these notices meet."""
    blocks: dict[str, list[str]] = defaultdict(list)
    told: dict[str, set[str]] = defaultdict(set)
    count = 0
    for row in rows:
        evidence = evidence_of_row(row)
        told[row["truth"]].add(evidence.id)
        for key in keys(evidence):
            blocks[key].append(evidence.id)
            count += 1
    kinds: dict[Pair, set[str]] = defaultdict(set)
    for key, block in blocks.items():
        for pair in combinations(sorted(block), 2):
            kinds[pair].add(key.partition(":")[0])
    true = frozenset(pair for ids in told.values() for pair in combinations(sorted(ids), 2))
    notices = sum(map(len, told.values()))
    return Found(notices, count, {pair: frozenset(found) for pair, found in kinds.items()}, true)


def alone(found: Found) -> tuple[Counter[str], Counter[str]]:
    """By kind of key, the pairs and the true pairs that only it finds."""
    only = {pair: next(iter(kinds)) for pair, kinds in found.kinds.items() if len(kinds) == 1}
    return Counter(only.values()), Counter(kind for pair, kind in only.items() if pair in found.true)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--children", type=int, default=4_000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--file", type=Path, nargs="*", default=[])
    said = ask.parse_args()
    streams = {
        path.name: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in said.file
    } or {name: list(stream(said.children, said.seed, profile(name))) for name in names()}
    shown = Table("notices", "keys a notice", "pairs compared a notice", "true pairs", "of them compared")
    kinds = Table("stream", "kind of key", "only it finds", "of them true")
    for name, rows in streams.items():
        found = blocked(rows)
        shown.add_row(
            f"{name}, {found.notices:,}", f"{found.keys / found.notices:.1f}", f"{found.compared:.2f}",
            f"{len(found.true):,}", f"{found.recall:.4%}",
        )  # fmt: skip
        pairs, true = alone(found)
        for kind, only in pairs.most_common():
            kinds.add_row(name, kind, f"{only:,}", f"{true[kind]:,}")
    Console().print(shown, kinds)


if __name__ == "__main__":
    main()
