"""Rekeys: identifiers that a partner says are one person's, or nobody's any more.

A rekey that joins two numbers or two local ids under one name makes them one for linkage. Under different names it is an
adoption until a person says otherwise: everything it ties together is restricted and nothing is joined by itself.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.names import alike


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

    def apply(self, e: Evidence) -> Evidence:
        """The evidence with its identifiers as the rekeys leave them."""
        if not self.same and not self.dead and not e.rekey:
            return e
        number = "" if e.nhs in self.dead else self.same.get(f"nhs:{e.nhs}", f"nhs:{e.nhs}")[4:]
        local = self.same.get(f"ref:{e.local_ref}", f"ref:{e.local_ref}")[4:]
        if e.rekey and e.id not in self.restricted:
            kind, value = self.same.get(e.rekey[1], e.rekey[1]).split(":", 1)
            number, local = (number or value, local) if kind == "nhs" else (number, value)
        if (number, local) == (e.nhs, e.local_ref):
            return e
        return replace(e, nhs=number, nhs_stated=e.nhs if number else "", local_ref=local)

    def parted(self, a: str, b: str) -> bool:
        """Whether two notices stand on different sides of a rekey under another name."""
        return bool(self._sides) and not self._sides.get(a, frozenset()).isdisjoint(
            {f"{side[:-1]}{'b' if side[-1] == 'a' else 'a'}" for side in self._sides.get(b, frozenset())}
        )


def rekeyed(evidence: Iterable[Evidence]) -> Rekeys:
    """Work out what all rekeys of a set come to, in no particular order."""
    everything = list(evidence)
    said = {e.id: e for e in everything}
    dead = frozenset(e.dead_number for e in everything if e.dead_number)
    changes = sorted((e.rekey, e.rekey_refs or ("", ""), e.id) for e in everything if e.rekey)
    if not changes:
        return Rekeys({}, dead, frozenset(), {})
    holders: dict[str, list[Evidence]] = defaultdict(list)
    for e in everything:
        for identifier in {f"nhs:{e.nhs}", f"ref:{e.local_ref}"}:
            holders[identifier].append(e)
    joined: dict[str, str] = {}
    restricted: set[str] = set()
    sides: dict[str, set[str]] = defaultdict(set)
    for (old, new), (old_ref, new_ref), id in changes:
        before = _others(id, holders[old], holders.get(old_ref, ()))
        after = _others(id, holders[new], holders.get(new_ref, ()))
        # The message itself may name one side: whoever it calls by that side's identifier.
        own = said[id]
        if own.family:
            mine = {f"nhs:{own.nhs}", f"ref:{own.local_ref}"}
            after += [own] if mine & {new, new_ref} else []
            before += [own] if mine & {old, old_ref} and not mine & {new, new_ref} else []
        if all(same_name(x, y) for x in before for y in after):
            _join(joined, old, new)
            if old_ref:
                _join(joined, old_ref, new_ref)
            continue
        restricted |= {id, *(e.id for e in before), *(e.id for e in after)}
        for e in before:
            sides[e.id].add(f"{id}/a")
        for e in after:
            sides[e.id].add(f"{id}/b")
    same = {identifier: _root(joined, identifier) for identifier in joined}
    return Rekeys(same, dead, frozenset(restricted), {id: frozenset(kept) for id, kept in sides.items()})


def _others(id: str, *held: Iterable[Evidence]) -> list[Evidence]:
    """Whoever carries one of the identifiers, each once, but not the rekey itself."""
    return list({e.id: e for group in held for e in group if e.id != id}.values())


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
