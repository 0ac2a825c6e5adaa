"""What the blocking keys find, and what they cost: true pairs that share a key, and pairs compared for each notice.

    python -m benchmarks linkage-blocking [--children 4000] [--seed 1] [--file NOTICES.jsonl ...]

On unseen streams of every profile, or on files of notices with a column ``truth``. Of each kind of key it says how many pairs
it finds that no other does.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Report
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


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--children", type=int, default=4_000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--file", type=Path, nargs="*", default=[])


def measure(said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    streams = {
        path.name: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in said.file
    } or {name: list(stream(said.children, said.seed, profile(name))) for name in names()}
    for name, rows in streams.items():
        found = blocked(rows)
        what = f"{name}, {found.notices:,} notices"
        yield Figure(f"{what}: keys", found.keys / found.notices, "a notice")
        yield Figure(f"{what}: pairs compared", found.compared, "a notice")
        yield Figure(f"{what}: pairs of one child", len(found.true), "pairs")
        yield Figure(f"{what}: of them compared", found.recall, "of pairs")
        pairs, true = alone(found)
        for kind, only in pairs.most_common():
            yield Figure(f"{name}: pairs only {kind} finds ({true[kind]:,} true)", only, "pairs")
