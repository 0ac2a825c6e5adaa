"""Which decided case goes on which stored one: merges, splits, and ids that stay what they were. Pure.

A case keeps its identity through the notice that founded it: whatever case that notice is in, is that case. When two
founders come together the earlier one's case goes on and the other becomes a tombstone that redirects; when notices leave
their founder they make a new case, or bring back the one they were before.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

from integration_engine.core import Case, case_id
from integration_engine.dispatch import Moves
from integration_engine.record.notice import DeathNotice


class Founded(Protocol):
    """What must be known of a stored case."""

    @property
    def id(self) -> str: ...
    @property
    def founder(self) -> str: ...
    @property
    def founded_at(self) -> datetime: ...
    @property
    def merged_into(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Continued:
    """A decided case under its lasting id. ``founder`` is the notice that carries its identity; ``stored`` whether the
    store knows it already (a tombstone brought back included)."""

    case: Case
    founder: DeathNotice
    stored: bool
    moves: Moves = Moves()


@dataclass(frozen=True, slots=True)
class Continuity:
    """``merged`` maps the id of each case that ends to the one it becomes part of; ``ended`` are cases that no notice
    makes any more."""

    cases: tuple[Continued, ...]
    merged: Mapping[str, str]
    ended: tuple[str, ...]


def continue_cases(
    decided: Sequence[Case], stored: Mapping[str, Founded], homes: Mapping[str, str | None]
) -> Continuity:
    """Match decided cases with stored ones. ``homes`` is the stored case of each notice that had one."""
    live = {case.id: case for case in stored.values() if case.merged_into is None}
    heirs = _heirs(decided, live.values(), homes)
    goes_on = _by((s for s in live.values() if s.id in heirs), lambda s: heirs[s.id])
    buried = _by((s for s in stored.values() if s.merged_into), lambda s: s.founder)
    found: list[Continued] = []
    names: dict[str, str] = {}
    merged: dict[str, str] = {}
    for case in decided:
        members = {notice.id for notice in case.notices}
        going_on = goes_on.get(case.id, ())
        come_back = [s for name in members for s in buried.get(name, ())]
        left = sorted({home for name in members if (home := homes.get(name)) and heirs.get(home) != case.id})
        # A case whose founder leaves the one it became part of is itself again, and may be older than what it meets here.
        returning = [s for s in come_back if homes.get(s.founder) not in {one.id for one in going_on}]
        if candidates := sorted(
            (*going_on, *returning),
            # Who knows a restricted case by what its child was called must not learn what became of it.
            key=lambda s: (s.founder in case.former, *_seniority(s)),
        ):
            kept = candidates[0]
            absorbed = tuple(s.id for s in candidates if s is not kept and s.merged_into != kept.id)
            moves = Moves(absorbed, split_from=next(iter(left), None) if kept.merged_into else None)
            merged |= dict.fromkeys(absorbed, kept.id)
            found.append(Continued(replace(case, id=kept.id), _founder(case, kept.founder), True, moves))
        else:
            opening = next(n for n in case.notices if case_id(n.id) == case.id)
            found.append(Continued(case, opening, False, Moves(split_from=next(iter(left), None))))
        names[case.id] = found[-1].case.id
    ended = tuple(sorted(live.keys() - heirs.keys()))
    split_off = _by((one for one in found if one.moves.split_from), lambda one: one.moves.split_from or "")
    return Continuity(tuple(_with_splits(_renamed(c, names), split_off) for c in found), merged, ended)


_T = TypeVar("_T")


def _by(things: Iterable[_T], name: Callable[[_T], str]) -> Mapping[str, list[_T]]:
    """Things by a name of theirs, in their order."""
    found: dict[str, list[_T]] = {}
    for thing in things:
        found.setdefault(name(thing), []).append(thing)
    return found


def _heirs(decided: Iterable[Case], live: Iterable[Founded], homes: Mapping[str, str | None]) -> dict[str, str]:
    """For each stored case the decided one that goes on it: the one with its founder, else the one with most of it."""
    where = {notice.id: case.id for case in decided for notice in case.notices}
    heirs: dict[str, str] = {}
    for stored in live:
        if stored.founder in where:
            heirs[stored.id] = where[stored.founder]
            continue
        rest = [where[name] for name, home in sorted(homes.items()) if home == stored.id and name in where]
        if rest:
            heirs[stored.id] = max(rest, key=lambda name: (rest.count(name), name))
    return heirs


def _seniority(case: Founded) -> tuple[datetime, str]:
    return (case.founded_at, case.founder)


def _founder(case: Case, name: str) -> DeathNotice:
    """The founding notice; where it has left the case, the notice that would open it now."""
    members = {notice.id: notice for notice in case.notices}
    return members.get(name) or next(n for n in case.notices if case_id(n.id) == case.id)


def _renamed(continued: Continued, names: Mapping[str, str]) -> Continued:
    if not continued.case.related:
        return continued
    related = tuple(replace(r, case=names.get(r.case, r.case)) for r in continued.case.related)
    return replace(continued, case=replace(continued.case, related=related))


def _with_splits(continued: Continued, everybody: Mapping[str, Iterable[Continued]]) -> Continued:
    split_off = tuple(sorted(one.case.id for one in everybody.get(continued.case.id, ())))
    return replace(continued, moves=replace(continued.moves, split_off=split_off)) if split_off else continued
