"""What kind of value each canonical field takes, read off the record's models: what the check and the last step of mapping
hold a profile to."""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import AfterValidator, BaseModel

from integration_engine.mapping import transforms
from integration_engine.mapping.registry import Refused, shape, text_of
from integration_engine.record import dates
from integration_engine.record.account import Canonical
from integration_engine.record.fields import dictionary
from integration_engine.record.notice import DeathNotice

Kind = Literal["text", "partial", "integer", "number", "boolean", "code", "structure"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One field's kind of value. ``many``: a list of it. ``codes``: the closed list of a ``code``. ``parts``: the fields of a
    ``structure``, ``required`` those it can't be without."""

    kind: Kind
    many: bool = False
    codes: tuple[str, ...] = ()
    parts: Mapping[str, "Shape"] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """The shape in words, for messages and documentation."""
        one = "one of a code list" if self.kind == "code" else "a date or time" if self.kind == "partial" else self.kind
        return f"list of {one}" if self.many else one


@cache
def fields() -> Mapping[str, Shape]:
    """The shape of every canonical field, by its path."""
    return {path: _at(path) for path in dictionary()}


def _at(path: str) -> Shape:
    annotation: Any = DeathNotice
    for name in path.split("."):
        model = _stripped(annotation)
        info = next(info for attribute, info in model.model_fields.items() if name in (attribute, info.alias))
        annotation = _annotation(info)
    return _shape(annotation)


def _annotation(info: Any) -> Any:
    """A field's annotation with what pydantic moved out of ``Annotated`` put back."""
    annotation = info.annotation
    for extra in info.metadata:
        annotation = typing.Annotated[annotation, extra]
    return annotation


def _stripped(annotation: Any) -> Any:
    """The type inside ``X | None`` and ``Annotated``."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _stripped(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        return _stripped(rest[0])
    return annotation


def _is_partial(annotation: Any) -> bool:
    if typing.get_origin(annotation) is typing.Annotated:
        first, *extras = typing.get_args(annotation)
        return any(isinstance(one, AfterValidator) and one.func is dates.canonical for one in extras) or _is_partial(
            first
        )
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_is_partial(arg) for arg in typing.get_args(annotation))
    return False


def _shape(annotation: Any) -> Shape:
    inner = _stripped(annotation)
    if typing.get_origin(inner) is tuple:
        one = _shape(typing.get_args(inner)[0])
        return Shape(one.kind, True, one.codes, one.parts, one.required)
    if typing.get_origin(inner) is Literal:
        return Shape("code", codes=typing.get_args(inner))
    if isinstance(inner, type) and issubclass(inner, Canonical):
        return _structure(inner)
    if _is_partial(annotation):
        return Shape("partial")
    kinds: dict[Any, Kind] = {bool: "boolean", int: "integer", float: "number"}
    return Shape(kinds.get(inner, "text"))


def _structure(model: type[BaseModel]) -> Shape:
    parts = {info.alias or name: _shape(_annotation(info)) for name, info in model.model_fields.items()}
    required = {info.alias or name for name, info in model.model_fields.items() if info.is_required()}
    return Shape("structure", parts=parts, required=frozenset(required))


def fitting(wanted: Shape) -> Callable[[Any], Any]:
    """What makes one value (one of a list) fit its field: text to a number, yes to true, a date to its canonical spelling.

    The function returns None for nothing there and raises Refused for what can't be made to fit.
    """
    return _FITTING.get(wanted.kind, _code(frozenset(wanted.codes)))


def _text(value: Any) -> str | None:
    text = value if type(value) is str else text_of(value)
    return (text.replace("\x00", "") if "\x00" in text else text).strip() or None


def _partial(value: Any) -> str | None:
    text = _text(value)
    try:
        return None if text is None else dates.canonical(text)
    except (ValueError, OverflowError) as error:
        raise Refused("bad-date", f"expected a date, found {shape(text)}") from error


def _code(allowed: frozenset[str]) -> Callable[[Any], Any]:
    def fit(value: Any) -> str | None:
        text = _text(value)
        if text is not None and text not in allowed:
            raise Refused("unknown-code", f"{shape(text)} outside the field's code list")
        return text

    return fit


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else transforms.boolean(text_of(value))


def _integer(value: Any) -> int | None:
    return value if type(value) is int else transforms.integer(text_of(value))


def _number(value: Any) -> float | None:
    return value if type(value) is float else transforms.number(text_of(value))


def _structured(value: Any) -> Any:
    if not isinstance(value, dict):
        raise Refused("wrong-type", f"expected a structure, found {shape(value)}")
    return value


_FITTING: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "partial": _partial,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "structure": _structured,
}
