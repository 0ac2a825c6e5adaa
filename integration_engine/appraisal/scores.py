"""How much every compared pair weighs, by what became of it, and by the truth where a set has it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import floor

from integration_engine.linkage.blocking import keys
from integration_engine.linkage.comparison import compare
from integration_engine.linkage.truth import Truth
from integration_engine.linkage.verdicts import State, Verdicts

BITS = 2
"""The width of a band of weights."""


@dataclass(slots=True)
class Scores:
    """Pairs by band, state and truth (None where it isn't known): a band ``n`` holds weights from ``2n`` to below
    ``2n + 2`` bits. ``grown`` counts pairs of people of age, for whom another threshold holds."""

    counts: Counter[tuple[int, State, bool | None]] = field(default_factory=Counter)
    grown: int = 0

    @property
    def bands(self) -> range:
        """The bands from the lightest pair's to the heaviest's."""
        found = [band for band, _, _ in self.counts]
        return range(min(found, default=0), max(found, default=0) + 1)

    def of(self, state: State, true: bool | None) -> list[int]:
        """The counts of each band."""
        return [self.counts[band, state, true] for band in self.bands]

    def total(self, state: State, true: bool | None) -> int:
        return sum(self.of(state, true))

    @property
    def pairs(self) -> int:
        return self.counts.total()


def scores(verdicts: Verdicts, truth: Mapping[str, Truth]) -> Scores:
    """The weights of all pairs that were compared, once more: linkage keeps only those heavy enough to matter."""
    found = Scores()
    items, model = verdicts.items, verdicts.clusters.model
    for a, b in _compared(verdicts):
        compared = compare(items[a], items[b], model)
        found.grown += compared.grown
        known = a in truth and b in truth
        true = truth[a].child == truth[b].child if known else None
        found.counts[floor(compared.score / BITS), verdicts.state(a, b), true] += 1
    return found


def _compared(verdicts: Verdicts) -> Iterator[tuple[str, str]]:
    blocks: dict[str, list[str]] = defaultdict(list)
    for id, evidence in verdicts.items.items():
        seen: set[str] = set()
        for key in keys(evidence, verdicts.clusters.model):
            seen.update(blocks[key])
            blocks[key].append(id)
        yield from ((other, id) for other in seen if not verdicts.clusters.rekeys.parted(other, id))
