"""Fold: many notices about one child into one record, each field by the source that knows it best, conflicts kept.

The ranks are data (``mappings/survivorship.yaml``). A value that merely says less (a date where another source gives the
time of that day, a place with fewer parts) is no conflict: the fuller one stands. Everything that differs stays visible.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from integration_engine.record.addresses import rank_addresses
from integration_engine.record.dates import compatible, precision
from integration_engine.record.fields import dictionary, nested, values_of
from integration_engine.record.notice import DeathNotice
from integration_engine.record.ranks import Ranks, load_ranks
from integration_engine.record.record import ChildDeathRecord, Conflict, Won
from integration_engine.record.statement import DATES, Statement, Teller, agrees, as_key, plain, won, written

# Fields that only say something about another: they come from the notice whose value of that one is held true.
_FOLLOWS = {
    "child.nhs_number_status": "child.nhs_number",
    "death.died_at_basis": "death.died_at",
    "coroner.stage_at": "coroner.stage",
}


@cache
def _places() -> Mapping[str, int]:
    """The place of each field in the dictionary."""
    return {path: place for place, path in enumerate(dictionary())}


def _choose(path: str, candidates: Sequence[Statement]) -> tuple[Statement, str]:
    """The best candidate and why; a best-ranked date is refined by a more exact one that agrees with it."""
    if len(candidates) == 1:
        return candidates[0], ""
    best = min(candidates, key=lambda candidate: candidate.key)
    if path in DATES:
        finer = [
            c
            for c in candidates
            if precision(c.value) > precision(best.value)
            and compatible(c.value, best.value)
            and not (path == "death.died_at" and c.notice.death.died_at_basis == "found")
        ]
        if finer:
            return min(finer, key=lambda candidate: candidate.key), "refined"
    return best, ""


def _gathered(path: str, candidates: Sequence[Statement]) -> tuple[Any, ...]:
    """Everything any source lists, each once, the best source's first."""
    if len(candidates) == 1 and len(candidates[0].value) == 1:
        return tuple(candidates[0].value)
    found: dict[Any, Any] = {}
    for candidate in sorted(candidates, key=lambda c: c.key):
        for value in candidate.value:
            found.setdefault(as_key(plain(value)), value)
    return tuple(found.values())


def _placeholder_names(notices: Iterable[DeathNotice]) -> tuple[str, ...]:
    """What an unnamed baby was called before it had a name: kept as known-as once a real name is there."""
    found = {
        " ".join((*n.child.given_names, n.child.family_name or "")).strip()
        for n in notices
        if n.child.name_is_placeholder and (n.child.given_names or n.child.family_name)
    }
    return tuple(sorted(found))


def fold(
    notices: Iterable[DeathNotice],
    silenced: Collection[str] = (),
    ranks: Ranks | None = None,
    steps: Iterable[DeathNotice] = (),
) -> ChildDeathRecord:
    """What is held true about one child. A pure function of the set of notices: their order and repetition don't matter.

    Parameters: ``silenced`` are ids of notices that their source took back; they count only where nothing else is left, so
    that a withdrawn case still says whose it was. Retractions and rekeys state no facts of their own. ``steps`` are what
    people told of the review (``steps.steps_told``): they count whatever becomes of the notices.
    """
    ranks = ranks or load_ranks()
    every = {notice.id: notice for notice in notices}
    reports = [n for n in every.values() if n.intent == "report" and n.id not in silenced]
    counted = reports or [n for n in every.values() if n.intent == "report"] or list(every.values())
    counted = [*counted, *steps]
    stated: dict[str, list[Statement]] = {}
    for notice in counted:
        teller = Teller(notice, ranks)
        for path, value in values_of(notice).items():
            stated.setdefault(path, []).append(teller.says(path, value))

    values: dict[str, Any] = {}
    provenance: dict[str, Won] = {}
    conflicts: list[Conflict] = []
    for path in sorted(stated, key=_places().__getitem__):
        candidates = stated[path]
        if path == "child.addresses" or _FOLLOWS.get(path) in stated:
            continue
        choice, how = _choose(path, candidates)
        group = ranks.group_of[path]
        rule = f"{group}: {choice.source}" + (f", {how}" if how else "")
        provenance[path] = won(path, choice, rule)
        if dictionary()[path].collection:
            values[path] = _gathered(path, candidates)
            continue
        values[path] = choice.value
        conflicts += [
            Conflict(field=path, value=written(other.value), notice=other.notice.id)
            for other in candidates
            if other.value != choice.value and not agrees(path, choice.value, other.value)
        ]
    if "child.addresses" in stated:
        addresses, whence, differing = rank_addresses(stated["child.addresses"], ranks, values.get("death.died_at"))
        values["child.addresses"] = addresses
        conflicts += differing
        if whence:
            provenance["child.addresses"] = whence
    _tidy(values, provenance, counted, stated)
    return ChildDeathRecord(
        **nested(values),
        provenance=provenance,
        conflicts=tuple(sorted(conflicts, key=lambda c: (c.field, c.notice, str(c.value)))),
    )


def _tidy(
    values: dict[str, Any],
    provenance: dict[str, Won],
    counted: Sequence[DeathNotice],
    stated: Mapping[str, Sequence[Statement]],
) -> None:
    """What follows from one field for another: a real name ends the placeholder, a number ends its absence."""
    by_id = {notice.id: notice for notice in counted}
    named = by_id[provenance["child.family_name"].notice] if "child.family_name" in values else None
    if named is not None and not named.child.name_is_placeholder:
        _drop("child.name_is_placeholder", values, provenance)
        earlier = _placeholder_names(counted)
        if earlier:
            values["child.known_as"] = tuple(dict.fromkeys((*values.get("child.known_as", ()), *earlier)))
    if "child.nhs_number" in values:
        _drop("child.nhs_number_absent_reason", values, provenance)
    for follower, leader in _FOLLOWS.items():
        if leader in provenance:
            told = [one.value for one in stated.get(follower, ()) if one.notice.id == provenance[leader].notice]
            if told:
                values[follower] = told[-1]
                provenance[follower] = provenance[leader]


def _drop(path: str, values: dict[str, Any], provenance: dict[str, Won]) -> None:
    values.pop(path, None)
    provenance.pop(path, None)
