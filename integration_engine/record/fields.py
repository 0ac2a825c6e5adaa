"""The dictionary of canonical fields, read off the models: what a mapping may set and survivorship decides one by one."""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

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


@cache
def _parts(model: type[BaseModel]) -> tuple[tuple[str, str, type[BaseModel] | None], ...]:
    """Attribute, written name and, where the field has fields of its own, their model."""
    found = []
    for name, info in model.model_fields.items():
        kind = _inner(info.annotation)
        inside = kind if isinstance(kind, type) and issubclass(kind, Canonical) and not kind.UNIT else None
        found.append((name, info.alias or name, inside))
    return tuple(found)


def values_of(part: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Every canonical value that a notice or record holds, by its path; absent ones are not there."""
    found: dict[str, Any] = {}
    parts = _parts(type(part))
    for name, written, inside in parts if prefix else [row for row in parts if row[1] in ROOTS]:
        value = getattr(part, name)
        if value is None or value == ():
            continue
        if inside is None:
            found[prefix + written] = value
        else:
            found |= values_of(value, f"{prefix}{written}.")
    return found


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
        if not isinstance(here, Mapping) or name not in here:
            return None
        here = here[name]
    return here
