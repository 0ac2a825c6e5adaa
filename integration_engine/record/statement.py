"""One notice's word on one field, how it compares with another's, and how it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from integration_engine.record.account import Canonical
from integration_engine.record.dates import compatible, precision
from integration_engine.record.fields import dictionary
from integration_engine.record.notice import DeathNotice
from integration_engine.record.ranks import Ranks, classes_of, place_of
from integration_engine.record.record import Won
from integration_engine.record.standing import said_at

DATES = frozenset(
    path for path, spec in dictionary().items() if path.endswith(("_at", "_date", ".at")) and spec.type is str
)
"""The fields that hold partial dates or times."""

_NAMES = ("child.family_name", "child.given_names")


class Teller:
    """One notice as these ranks see it: the classes its source belongs to, and ``recency``, a sort key that puts what was
    said later first."""

    __slots__ = ("classes", "notice", "ranks", "recency")

    def __init__(self, notice: DeathNotice, ranks: Ranks) -> None:
        moment, version, _, _ = said_at(notice)
        self.notice = notice
        self.ranks = ranks
        self.classes = classes_of(notice)
        self.recency = (-moment, -version)

    def says(self, path: str, value: Any) -> "Statement":
        """Its word on one field."""
        place, source = place_of(path, self.classes, self.ranks)
        return Statement(path, value, self, place, source)


@dataclass(frozen=True, slots=True)
class Statement:
    """One notice's value for one field. ``source`` is the class its rank, ``place``, rests on."""

    path: str
    value: Any
    teller: Teller
    place: int
    source: str

    @property
    def notice(self) -> DeathNotice:
        return self.teller.notice

    @property
    def key(self) -> tuple[Any, ...]:
        """The smallest wins: placeholders and found times last, then by source, exactness, recency, id."""
        path, value, notice = self.path, self.value, self.notice
        before: tuple[Any, ...] = ()
        if path in _NAMES:
            before = (bool(notice.child.name_is_placeholder),)
        elif path == "death.died_at":
            before = (notice.death.died_at_basis == "found",)
        elif path == "coroner.stage":
            before = (-self.teller.ranks.stage_weight.get(value, 0),)
        elif path == "child.restricted":
            before = (value == "none",)
        return (*before, self.place, -_exactness(path, value), *self.teller.recency, notice.id)


def _exactness(path: str, value: Any) -> int:
    if path in DATES:
        return int(precision(value))
    if isinstance(value, Canonical):
        return len(value.model_dump())
    return len(value) if isinstance(value, tuple) else 0


def plain(value: Any) -> Any:
    """A value as it is compared: models to dicts, text without regard to case and spacing."""
    if isinstance(value, BaseModel):
        return {key: plain(part) for key, part in value.model_dump().items()}
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return " ".join(value.casefold().split()) if isinstance(value, str) else value


def as_key(compared: Any) -> Any:
    """What ``plain`` made, so that it can be looked up: equal where that is."""
    if isinstance(compared, dict):
        return frozenset((key, as_key(part)) for key, part in compared.items())
    return tuple(map(as_key, compared)) if isinstance(compared, list) else compared


def written(value: Any) -> Any:
    """A value in plain JSON terms."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    return [written(part) for part in value] if isinstance(value, tuple) else value


def agrees(path: str, held: Any, other: Any) -> bool:
    """Whether another value says nothing different: the same, or the same with less precision or fewer parts."""
    if path in DATES:
        return compatible(held, other)
    one, two = plain(held), plain(other)
    if isinstance(one, dict) and isinstance(two, dict):
        return all(one.get(key) == part for key, part in two.items())
    if path == "child.given_names":
        return bool(one[: len(two)] == two)
    return bool(one == two)


def won(path: str, choice: Statement, rule: str) -> Won:
    """The provenance of a value held true."""
    where = choice.notice.provenance.get(path)
    return Won(
        notice=choice.notice.id,
        path=where.path if where else "message",
        profile=where.profile if where else choice.notice.profile,
        rule=rule,
    )
