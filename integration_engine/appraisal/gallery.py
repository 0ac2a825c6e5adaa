"""The galleries of a linkage report: each error with its two sides, or without truth the pairs most worth a look."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from integration_engine.appraisal.account import Account, account
from integration_engine.appraisal.errors import Split, splits, wrong_clusters
from integration_engine.appraisal.sides import sides
from integration_engine.linkage.graph import Edge
from integration_engine.linkage.resolve import Resolution
from integration_engine.linkage.truth import Held, Truth
from integration_engine.linkage.verdicts import Verdicts
from integration_engine.linkage.wording import reason
from integration_engine.reports.page import Cell, Gallery, Section, Sides, Table

_SHOWN = 12
"""So many of a kind are shown side by side; the table beneath names all."""
_TELLING = 24
_MOST_LOST = 50


@dataclass(frozen=True, slots=True)
class Cards:
    """Makes the cards of a gallery. ``values``: with what the notices say."""

    verdicts: Verdicts
    truth: Mapping[str, Truth]
    values: bool

    def of(self, a: str, b: str, said: str, *, sentences: bool = True) -> Sides:
        """One card; ``said`` stands behind the two ids. ``sentences``: with what each reason means, where the gallery
        doesn't say it already."""
        told = account(self.verdicts, a, b)
        notes = list(_reasons(told, sentences=sentences))
        if kin := sorted({**self.verdicts.graph.kin.get(a, {}), **self.verdicts.graph.kin.get(b, {})}):
            notes.append(f"Known as another child of the family: {', '.join(kin)}.")
        if mistakes := self.mistakes(a, b):
            notes.append(f"Mistakes put into these notices: {mistakes}.")
        caption = f"{a} and {b}: {said}"
        return sides(told, caption=caption, notes=notes, values=self.values)

    def mistakes(self, *ids: str) -> str:
        """The mistakes that a set says it put into these notices."""
        found = {noise for id in ids if id in self.truth for noise in self.truth[id].noise}
        return ", ".join(sorted(found))

    def kind(self, id: str) -> str:
        return self.truth[id].kind if id in self.truth else ""


def _reasons(told: Account, *, sentences: bool) -> Iterator[str]:
    """Each reason with the pair that bears it, where that is another one."""
    here = {told.a.id, told.b.id}
    for code in told.verdict.why:
        borne = next(((why.a, why.b) for why in told.verdict.reasons if why.code == code), tuple(here))
        elsewhere = f" ({' and '.join(borne)})" if set(borne) != here else ""
        if sentences:
            yield f"{code}{elsewhere}: {reason(code)}"
        elif elsewhere:
            yield f"{code}{elsewhere}."


def wrong(held: Held, cards: Cards) -> Section:
    """Every cluster that holds more than one child."""
    found = wrong_clusters(held, cards.verdicts)
    text = f"{len(found):,} clusters hold more than one child." if found else "No cluster holds more than one child."
    galleries = []
    for at in found:
        kinds = ", ".join(at.kinds)
        title = f"{len(at.ids)} notices of {len(at.children)} children ({kinds})"
        said = f"Notices {', '.join(at.ids)}. The pairs that hold two of the children together:"
        galleries.append(Gallery(title, said, tuple(cards.of(a, b, "two children, joined") for a, b in at.joins)))
    return Section("Wrong clusters", (text,), galleries=tuple(galleries))


def lost(held: Held, cards: Cards) -> Iterator[Section]:
    """Every two clusters of one child that neither linkage nor a person brings together, by why. Side by side, but where one
    reason has very many: then the rest by name."""
    found = [split for split in splits(held, cards.verdicts) if split.found == "lost"]
    if not found:
        yield Section("Lost to nobody", ("Every pair that wasn't joined is brought together by some question.",))
        return
    pairs = sum(split.pairs for split in found)
    text = (
        f"{pairs:,} pairs of notices, between {len(found):,} pairs of clusters, belong to one child, were left apart, and "
        "nobody is asked. A pair of clusters is shown by the two notices that say most for one child."
    )
    galleries = [
        Gallery(
            _heading(why, part),
            _sentences(why),
            tuple(_card(cards, split) for split in part[:_MOST_LOST]),
            _listed(part, cards) if len(part) > _MOST_LOST else None,
        )
        for why, part in _grouped(found)
    ]
    yield Section("Lost to nobody", (text,), galleries=tuple(galleries))


def left_to_people(held: Held, cards: Cards) -> Iterator[Section]:
    """Every two clusters of one child that a person is asked about, by why."""
    every = splits(held, cards.verdicts)
    found = [split for split in every if split.found == "asked"]
    if not found:
        return
    through = [split for split in every if split.found == "through"]
    text = (
        f"{len(found):,} pairs of clusters are one child's and wait for a person, who would bring "
        f"{sum(split.pairs for split in found):,} pairs of notices together"
        f" and, by way of them, {sum(split.pairs for split in through):,} more."
    )
    galleries = []
    for why, part in _grouped(found):
        shown = tuple(_card(cards, split) for split in part[:_SHOWN])
        galleries.append(Gallery(_heading(why, part), _sentences(why), shown, _listed(part, cards), folded=True))
    yield Section("Left to a person", (text,), galleries=tuple(galleries))


def _grouped(found: Iterable[Split]) -> Sequence[tuple[tuple[str, ...], list[Split]]]:
    groups: dict[tuple[str, ...], list[Split]] = defaultdict(list)
    for split in found:
        groups[tuple(sorted(split.verdict.why))].append(split)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def _heading(why: tuple[str, ...], part: Sequence[Split]) -> str:
    return f"{' + '.join(why)} ({len(part):,})"


def _sentences(why: Iterable[str]) -> str:
    return " ".join(reason(code) for code in why)


def _card(cards: Cards, split: Split) -> Sides:
    counted = f"{split.pairs:,} pairs of notices" if split.pairs > 1 else "one pair of notices"
    kind = cards.kind(split.a)
    return cards.of(split.a, split.b, f"one child, {counted}" + (f", {kind}" if kind else ""), sentences=False)


def _listed(part: Sequence[Split], cards: Cards) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for split in part:
        asked = split.verdict.asked
        best = split.verdict.best
        weight = asked.score if asked else round(best.compared.score, 2) if best else None
        rows.append((split.a, split.b, weight, split.pairs, cards.kind(split.a), cards.mistakes(split.a, split.b)))
    columns = ("Notice", "Notice", "Bits", "Pairs of notices", "Kind", "Mistakes")
    return Table("All of them", columns, tuple(rows))


def telling(resolution: Resolution, cards: Cards) -> Section:
    """Without truth: the heaviest questions."""
    text = (
        f"The {min(_TELLING, len(resolution.reviews)):,} questions whose two sides say most for one child. What they have in "
        "common tells what holds linkage back."
    )
    shown = tuple(cards.of(review.a, review.b, "for a person") for review in resolution.reviews[:_TELLING])
    rows: list[tuple[Cell, ...]] = [(r.a, r.b, r.score, ", ".join(r.why)) for r in resolution.reviews]
    listed = Table("All questions", ("Notice", "Notice", "Bits", "Why"), tuple(rows))
    if not rows:
        return Section("Most telling questions", ("Nobody need be asked anything.",))
    return Section("Most telling questions", (text,), galleries=(
        Gallery("Side by side", "", shown), Gallery(f"All {len(rows):,}", "", (), listed, folded=True),
    ))  # fmt: skip


def joins(cards: Cards) -> Section:
    """Without truth: the joins that rest on least."""
    ties: set[tuple[float, str, str]] = set()
    for cluster in cards.verdicts.ties.values():
        ties |= {_key(edge) for edges in cluster.values() for edge in edges}
    weakest = sorted(ties)[:_TELLING]
    text = (
        "The joins that rest on least: without such a pair two clusters would be apart. Should there be a mistake, it is "
        "likely to be among these."
    )
    shown = tuple(cards.of(a, b, f"joined at {score:+.1f} bits") for score, a, b in weakest)
    if not shown:
        return Section("Weakest joins", ("Nothing was joined.",))
    return Section("Weakest joins", (text,), galleries=(Gallery("Side by side", "", shown),))


def _key(edge: Edge) -> tuple[float, str, str]:
    return round(edge.compared.score, 2), edge.a, edge.b
