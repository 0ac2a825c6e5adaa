"""The dictionary of canonical fields, read off the models: what a mapping may set and survivorship decides one by one."""

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from integration_engine.record.account import Canonical
from integration_engine.record.notice import DeathNotice

ROOTS = ("child", "death", "coroner", "police", "family", "process", "other_reviews", "professionals")
"""The parts of a notice that the record has too."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One canonical field. ``path`` is dotted (``child.family_name``); a ``collection`` is gathered over all notices,
    anything else is one value for survivorship to choose."""

    path: str
    collection: bool
    type: Any


def _inner(annotation: Any) -> Any:
    """The type inside ``X | None`` and ``Annotated``."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        return _inner(rest[0]) if len(rest) == 1 else annotation
    return annotation


# Lists that one source states whole: parts of two sources' lists mixed would be nobody's statement.
_WHOLE = {"child.given_names", "coroner.conclusions", "child.social_care"}


def _walk(model: type[BaseModel], prefix: str) -> Iterator[FieldSpec]:
    for name, info in model.model_fields.items():
        path, kind = f"{prefix}{info.alias or name}", _inner(info.annotation)
        if isinstance(kind, type) and issubclass(kind, Canonical) and not kind.UNIT:
            yield from _walk(kind, path + ".")
        else:
            yield FieldSpec(path, typing.get_origin(kind) is tuple and path not in _WHOLE, kind)


@cache
def dictionary() -> Mapping[str, FieldSpec]:
    """Every canonical field by its path, in the order of the models."""
    found: dict[str, FieldSpec] = {}
    for root in ROOTS:
        kind = _inner(DeathNotice.model_fields[root].annotation)
        if isinstance(kind, type) and issubclass(kind, Canonical):
            found |= {spec.path: spec for spec in _walk(kind, root + ".")}
        else:
            found[root] = FieldSpec(root, True, kind)
    return found


def codes_of(path: str) -> tuple[str, ...] | None:
    """The closed code list of a field, or None where any text will do."""
    kind = dictionary()[path].type
    if typing.get_origin(kind) is tuple:
        kind = _inner(typing.get_args(kind)[0])
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else None


class _Fields(NamedTuple):
    """The canonical fields of one model where it stands: what fetches all their values at once, and for each its path and,
    where it has fields of its own, those."""

    fetch: Callable[[BaseModel], tuple[Any, ...]]
    rows: tuple[tuple[str, "_Fields | None"], ...]


@cache
def _fields(model: type[BaseModel], prefix: str = "") -> _Fields:
    names, rows = [], []
    for name, info in model.model_fields.items():
        path, kind = f"{prefix}{info.alias or name}", _inner(info.annotation)
        if not prefix and path not in ROOTS:
            continue
        inside = isinstance(kind, type) and issubclass(kind, Canonical) and not kind.UNIT
        names.append(name)
        rows.append((path, _fields(kind, f"{path}.") if inside else None))
    fetch = attrgetter(*names)
    return _Fields(fetch if len(names) > 1 else lambda part: (fetch(part),), tuple(rows))


def values_of(part: BaseModel) -> dict[str, Any]:
    """Every canonical value that a notice or record holds, by its path; absent ones are not there."""
    found: dict[str, Any] = {}
    _gather(part, _fields(type(part)), found)
    return found


def _gather(part: BaseModel, fields: _Fields, found: dict[str, Any]) -> None:
    for value, (path, inside) in zip(fields.fetch(part), fields.rows, strict=True):
        if value is None or (type(value) is tuple and not value):
            continue
        if inside is None:
            found[path] = value
        else:
            _gather(value, inside, found)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted paths to a tree: ``{"child.sex": "male"}`` to ``{"child": {"sex": "male"}}``."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        here = tree
        *above, last = path.split(".")
        for name in above:
            here = here.setdefault(name, {})
        here[last] = value
    return tree


def at_path(record: Mapping[str, Any], path: str) -> Any:
    """The plain value at a dotted path of a notice or record in plain terms, None where there is none."""
    here: Any = record
    for name in path.split("."):
        # A dict and no other mapping: plain terms know none.
        if not isinstance(here, dict) or name not in here:
            return None
        here = here[name]
    return here
