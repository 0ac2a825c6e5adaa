"""Rekeys: identifiers that a partner says are one person's, or nobody's any more.

A rekey that joins two numbers or two local ids under one name makes them one for linkage. Under different names it is an
adoption until a person says otherwise: everything it ties together is restricted and nothing is joined by itself. One that
joins a number and a local id says only whom the two belong to.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from integration_engine.linkage.chains import Chains
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.names import alike, own_name


@dataclass(frozen=True, slots=True)
class Rekeys:
    """What the rekeys of a set of evidence come to: ``same`` maps an identifier to the one that stands for it, ``dead`` are
    invalidated numbers, ``restricted`` the notices tied together under different names; of those ``former`` stand on the
    old side of such a rekey and ``current`` on the new side of one and the old side of none."""

    same: dict[str, str]
    dead: frozenset[str]
    restricted: frozenset[str]
    _sides: dict[str, frozenset[str]]

    @property
    def former(self) -> frozenset[str]:
        return frozenset(id for id, sides in self._sides.items() if any(side.endswith("/a") for side in sides))

    @property
    def current(self) -> frozenset[str]:
        return frozenset(self._sides) - self.former

    @property
    def tied_by(self) -> dict[str, frozenset[str]]:
        """For each notice that stands on a side of rekeys under another name the ids of those."""
        return {id: frozenset(side.rpartition("/")[0] for side in sides) for id, sides in self._sides.items()}

    def apply(self, e: Evidence) -> Evidence:
        """The evidence with its identifiers as the rekeys leave them."""
        if not self.same and not self.dead and not e.rekey:
            return e
        number = "" if e.nhs in self.dead else self.same.get(f"nhs:{e.nhs}", f"nhs:{e.nhs}")[4:]
        local = self.same.get(f"ref:{e.local_ref}", f"ref:{e.local_ref}")[4:]
        if e.rekey and e.id not in self.restricted:
            # Of a number and a local id each is whose the other is; of two of a kind the new one is.
            for identifier in e.rekey[1:] if _of_a_kind(e.rekey) else e.rekey:
                kind, value = self.same.get(identifier, identifier).split(":", 1)
                number, local = (number or value, local) if kind == "nhs" else (number, value)
        if (number, local) == (e.nhs, e.local_ref):
            return e
        return replace(e, nhs=number, nhs_stated=e.nhs if number else "", local_ref=local)

    def parted(self, a: str, b: str) -> bool:
        """Whether two notices stand on different sides of a rekey under another name."""
        return bool(self._sides) and not self._sides.get(a, frozenset()).isdisjoint(
            {f"{side[:-1]}{'b' if side[-1] == 'a' else 'a'}" for side in self._sides.get(b, frozenset())}
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """One notice's word that ``old`` is now ``new``; ``refs`` are local references it joins beside two numbers. ``aside``:
    only told along with the child's present number, which may be a sibling's put right: it must fit in every way."""

    old: str
    new: str
    refs: tuple[str, str] | None
    id: str
    aside: bool = False


def rekeyed(evidence: Iterable[Evidence]) -> Rekeys:
    """Work out what all rekeys of a set come to, in no particular order.

    A rekey is held against everybody who bears what leads to its old identifier and what its new one leads to, so that an
    adoption isn't lost in a chain whose middle nobody bears. One that others contradict (two successors, a circle) joins
    nothing: that is a question about two children.
    """
    everything = list(evidence)
    said = {e.id: e for e in everything}
    dead = frozenset(e.dead_number for e in everything if e.dead_number)
    changes = sorted(_changes(said.values()), key=lambda c: (c.old, c.new, c.id))
    if not changes:
        return Rekeys({}, dead, frozenset(), {})
    holders: dict[str, list[Evidence]] = defaultdict(list)
    for e in everything:
        for identifier in {f"nhs:{e.nhs}", f"ref:{e.local_ref}"}:
            holders[identifier].append(e)
    chains = Chains(pair for c in changes for pair in ((c.old, c.new), c.refs) if pair and _of_a_kind(pair))
    joined: dict[str, str] = {}
    restricted: set[str] = set()
    sides: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        if chains.contradicted(change.old):
            continue
        before, after = _sides(change, said[change.id], chains, holders)
        words = {one_child(x, y) for x in before for y in after}
        if change.aside and (words != {"same"} or not all(e.given for e in (*before, *after))):
            continue
        if "another-name" in words:
            restricted |= {change.id, *(e.id for e in before), *(e.id for e in after)}
            for e in before:
                sides[e.id].add(f"{change.id}/a")
            for e in after:
                sides[e.id].add(f"{change.id}/b")
        elif "doubtful" not in words:
            for old, new in filter(None, ((change.old, change.new), change.refs)):
                if _of_a_kind((old, new)):
                    _join(joined, old, new)
    restricted |= _part_the_unlike(joined, holders)
    same = {identifier: _root(joined, identifier) for identifier in joined}
    return Rekeys(same, dead, frozenset(restricted), {id: frozenset(kept) for id, kept in sides.items()})


def _changes(evidence: Iterable[Evidence]) -> Iterator[_Change]:
    for e in evidence:
        if e.rekey:
            yield _Change(*e.rekey, e.rekey_refs, e.id)
        if e.nhs:
            yield from (_Change(f"nhs:{number}", f"nhs:{e.nhs}", None, e.id, aside=True) for number in e.nhs_before)


def _of_a_kind(pair: tuple[str, str]) -> bool:
    """Whether both are numbers, or both local references."""
    return pair[0].partition(":")[0] == pair[1].partition(":")[0]


def _sides(
    change: _Change, own: Evidence, chains: Chains, holders: Mapping[str, list[Evidence]]
) -> tuple[list[Evidence], list[Evidence]]:
    """Whoever stands before and after a change, and the message itself where it calls somebody by one side's identifier."""
    old_ref, new_ref = change.refs or ("", "")
    olds = chains.before(change.old) | (chains.before(old_ref) if old_ref else frozenset())
    news = chains.after(change.new) | (chains.after(new_ref) if new_ref else frozenset())
    before = _others(change.id, *(holders.get(identifier, ()) for identifier in olds))
    after = _others(change.id, *(holders.get(identifier, ()) for identifier in news))
    if own.family:
        mine = {f"nhs:{own.nhs}", f"ref:{own.local_ref}"}
        after += [own] if mine & {change.new, new_ref} else []
        before += [own] if mine & {change.old, old_ref} and not mine & {change.new, new_ref} else []
    return before, after


def _part_the_unlike(joined: dict[str, str], holders: Mapping[str, list[Evidence]]) -> set[str]:
    """Take apart again what was joined by way of an identifier nobody bears, where two who bear the others aren't one child
    (two records merged into a third); the ids of those who go by another name."""
    groups: dict[str, list[str]] = defaultdict(list)
    for identifier in sorted(joined):
        groups[_root(joined, identifier)].append(identifier)
    unlike: set[str] = set()
    for group in groups.values():
        told = [(identifier, e) for identifier in group for e in holders.get(identifier, ())]
        pairs = [(a, b) for (one, a), (other, b) in combinations(told, 2) if one != other and a.id != b.id]
        words = {(a.id, b.id): one_child(a, b) for a, b in pairs}
        if any(word != "same" for word in words.values()):
            for identifier in group:
                del joined[identifier]
            unlike |= {id for pair, word in words.items() if word == "another-name" for id in pair}
    return unlike


def _others(id: str, *held: Iterable[Evidence]) -> list[Evidence]:
    """Whoever carries one of the identifiers, each once, but not the rekey itself."""
    return list({e.id: e for group in held for e in group if e.id != id}.values())


def one_child(a: Evidence, b: Evidence) -> Literal["same", "another-name", "doubtful"]:
    """Whether a rekey may make these two one: not under another name (an adoption until a person says otherwise), nor where
    the names are a family's and the birth, the sex or a second name says that they are two of its children."""
    if all(e.family or e.also_family for e in (a, b)):
        if not same_name(a, b):
            return "another-name"
    elif a.given and b.given and not any(alike(x, y) for x in a.given for y in b.given):
        return "doubtful"
    orders = (a.order or a.order_hint, b.order or b.order_hint)
    second = len(a.given) > 1 and len(b.given) > 1 and not any(alike(x, y) for x in a.given[1:] for y in b.given[1:])
    if (all(orders) and orders[0] != orders[1]) or (second and not own_name(a.given[0])):
        return "doubtful"
    named = a.given and b.given
    sexes = a.sex and b.sex and a.sex != b.sex
    births = a.birth_day and b.birth_day and abs(a.birth_day - b.birth_day) > 1
    return "doubtful" if not named and (sexes or births) else "same"


def same_name(a: Evidence, b: Evidence) -> bool:
    """Whether two notices speak of one name: the family name (or a part of it) and a given name agree. Where a child had
    no given name yet the family name must do."""
    family = any(alike(x, y) for x in (*a.family, *a.also_family) for y in (*b.family, *b.also_family))
    if not a.given or not b.given:
        return family
    return family and any(alike(x, y) for x in (*a.given, *a.also_given) for y in (*b.given, *b.also_given))


def _root(joined: dict[str, str], identifier: str) -> str:
    while joined.get(identifier, identifier) != identifier:
        identifier = joined[identifier]
    return identifier


def _join(joined: dict[str, str], one: str, other: str) -> None:
    """The smallest identifier stands for all that are joined with it, whatever order they come in."""
    first, second = sorted((_root(joined, one), _root(joined, other)))
    joined.setdefault(first, first)
    joined[second] = first
