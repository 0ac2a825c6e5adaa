"""A restricted child's notices as they may be shown: who the child is now, and nothing of who they were.

An adopted or protected child's former name, number and address reach nobody. Which side of a rekey under another name is
the current one the rekey says; where a source marks the child as protected, its own name and address are the current ones;
where a person did, those held true are. Every other identity is left out, and so is any text that repeats it. Pure.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from integration_engine.linkage.evidence import evidence_of
from integration_engine.linkage.rekeys import same_name
from integration_engine.record.account import Address, Child
from integration_engine.record.addresses import USUAL, usual_address
from integration_engine.record.fields import codes_of, values_of
from integration_engine.record.identity import without_identity
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.statement import written

# What would tell who the child was even where the name is the same.
_FORMER = ("known_as", "former_names", "other_identifiers")
# Where somebody lives, or by whom they can be found there.
_WHEREABOUTS = ("addresses", "gp_practice", "school")
_SHORTEST_WORD = 3


def is_marked(notice: DeathNotice) -> bool:
    """Whether its sender says that the child is adopted or protected."""
    return notice.child.restricted not in (None, "none")


def as_shown(
    told: Sequence[DeathNotice],
    current: Sequence[DeathNotice],
    *,
    old_side: Collection[str],
    new_side: Collection[str],
    held_true: Callable[[Sequence[DeathNotice]], ChildDeathRecord],
) -> tuple[tuple[DeathNotice, ...], frozenset[str]]:
    """A restricted case's notices without any former identity, and the ids of those that spoke of one.

    Parameters: the notices as told and, in the same order, as they read after the rekeys; the ids of notices that a rekey
    under another name puts on its old and its new side; ``held_true`` folds notices into a record.
    """
    before = _speak_of_before(told, frozenset(old_side), frozenset(new_side), held_true)
    marked = {n.id for n in told if is_marked(n) and n.id not in before}
    placed = any(usual_address(n.child.addresses) for n in told if n.id in marked)
    kept = tuple(
        without_identity(n)
        if n.id in before
        else _without(n, _FORMER if n.id in marked or not placed else _FORMER + _WHEREABOUTS)
        for n in current
    )
    secret = _identifiers(told, everything=True) - _identifiers(kept, everything=False)
    return tuple(_without_text(notice, secret) for notice in kept), before


def record_as_shown(record: ChildDeathRecord, decided_district: str | None) -> ChildDeathRecord:
    """A restricted case's record: of several addresses the one that decides (none where a person decided on another
    district), and no value that did not win for the child."""
    usual = usual_address(record.child.addresses)
    addresses = (usual,) if usual else record.child.addresses[:1]
    if decided_district:
        addresses = tuple(a for a in addresses if a.lad_code == decided_district)
    child = record.child.model_copy(update={"addresses": addresses} | dict.fromkeys(_FORMER, ()))
    gone = {f"child.{name}" for name in _FORMER} | (set() if addresses else {"child.addresses"})
    return record.model_copy(
        update={
            "child": child,
            "provenance": {path: won for path, won in record.provenance.items() if path not in gone},
            "conflicts": tuple(c for c in record.conflicts if not c.field.startswith("child.")),
        }
    )


def _speak_of_before(
    notices: Sequence[DeathNotice],
    former: frozenset[str],
    current: frozenset[str],
    held_true: Callable[[Sequence[DeathNotice]], ChildDeathRecord],
) -> frozenset[str]:
    """The notices under a former identity."""
    names = {n.id for n in notices}
    olds, heirs = names & former, names & current - former
    if olds and not heirs:
        return frozenset(names)
    anchors = heirs or {n.id for n in notices if is_marked(n)}
    if not anchors:
        won = held_true(notices).provenance.get("child.family_name")
        anchors = {won.notice} if won else set()
    said = {n.id: evidence_of(n) for n in notices}
    named = {name for name, e in said.items() if e.family or e.given}
    faces = [said[name] for name in anchors & named]
    strangers = {n for n in named - anchors if faces and not any(same_name(said[n], face) for face in faces)}
    return frozenset(olds | strangers)


def _without(notice: DeathNotice, fields: Iterable[str]) -> DeathNotice:
    names = set(fields)
    child = notice.child.model_copy(update={name: Child.model_fields[name].get_default() for name in names})
    provenance = {
        path: where
        for path, where in notice.provenance.items()
        if not (path.startswith("child.") and path.split(".")[1] in names)
    }
    return notice.model_copy(update={"child": child, "provenance": provenance})


def _identifiers(notices: Iterable[DeathNotice], *, everything: bool) -> frozenset[str]:
    """Words of names, numbers, postcodes and first lines of addresses that these notices state of the child. With
    ``everything`` also those of the family and of former names."""
    found: set[str] = set()
    for notice in notices:
        child = notice.child
        people = [p for p in (child.mother, *child.carers, *child.siblings) if p]
        texts = [child.family_name, *child.given_names]
        texts += [text for p in people for text in (p.name, p.family_name, *p.given_names)]
        numbers = [child.nhs_number, *(p.nhs_number for p in people)]
        addresses = [*child.addresses, *(p.address for p in people if p.address)]
        if everything:
            texts += [*child.known_as, *child.former_names]
            numbers += [identifier.value for identifier in child.other_identifiers]
        found |= {word for text in texts if text for word in _words(text) if len(word) >= _SHORTEST_WORD}
        found |= {_compact(number) for number in numbers if number}
        found |= {part for address in addresses for part in _parts(address)}
    return frozenset(found)


def _parts(address: Address) -> Iterator[str]:
    if address.postcode:
        yield _compact(address.postcode)
    if address.lines and address.use in (*USUAL, "placement", "temporary"):
        yield _compact(address.lines[0])


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


def _compact(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _without_text(notice: DeathNotice, secret: frozenset[str]) -> DeathNotice:
    """The notice less every text in which a secret stands."""
    if not secret:
        return notice
    long = {word for word in secret if len(word) > _SHORTEST_WORD and any(c.isdigit() for c in word)}
    telling = [
        path
        for path, value in values_of(notice).items()
        if codes_of(path) is None and any(_tells(text, secret, long) for text in _texts(written(value)))
    ]
    if not telling:
        return notice
    plain = notice.model_dump(by_alias=True)
    for path in telling:
        *above, last = path.split(".")
        here: Any = plain
        for name in above:
            here = here[name]
        here.pop(last, None)
        plain.get("provenance", {}).pop(path, None)
    return DeathNotice.model_validate(plain)


def _tells(text: str, secret: frozenset[str], long: Collection[str]) -> bool:
    compact = _compact(text)
    return not secret.isdisjoint(_words(text)) or any(word in compact for word in long)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
