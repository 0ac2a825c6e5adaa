"""Whole columns as PostgreSQL's binary arrays.

The driver's own lists cost more time than the statements they are for: it asks each value anew how it is written. A column
is of one type, so its values are packed here, one after another, as PostgreSQL reads them (``array_recv``:
dimensions, whether there are NULLs, the element's type, length and first place; then length and bytes of each).
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import BigInteger, Boolean, DateTime, Float, Integer, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

_NULL = b"\xff\xff\xff\xff"
_MOMENT_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_length = struct.Struct("!i").pack
_nothing, _header = struct.Struct("!iiI").pack, struct.Struct("!iiIii").pack
_long, _integer, _double = struct.Struct("!iq").pack, struct.Struct("!ii").pack, struct.Struct("!id").pack


def _bytes(value: bytes) -> bytes:
    return _length(len(value)) + value


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _length(len(encoded)) + encoded  # not by way of _bytes: a death has a hundred of these


def _moment(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError("a stored time needs its zone")
    return _long(8, (value - _MOMENT_ZERO) // _MICROSECOND)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of element: its number and its array's in PostgreSQL's catalogue (pg_type.dat), and how a value is written."""

    element: int
    array: int
    written: Callable[[Any], bytes]


_KINDS: dict[type[TypeEngine[Any]], _Kind] = {
    LargeBinary: _Kind(17, 1001, _bytes),
    Text: _Kind(25, 1009, _text),
    DateTime: _Kind(1184, 1185, _moment),
    BigInteger: _Kind(20, 1016, lambda value: _long(8, value)),
    Integer: _Kind(23, 1007, lambda value: _integer(4, value)),
    Boolean: _Kind(16, 1000, lambda value: _bytes(b"\x01" if value else b"\x00")),
    Float: _Kind(701, 1022, lambda value: _double(8, value)),
}


class _Packed(bytes):
    """A packed array on its way through the driver, which finds its dumper by the value's class."""


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Packed) -> bytes:
        return obj


def _on_its_way(kind: _Kind) -> type[_Packed]:
    made = type(f"_Packed{kind.array}", (_Packed,), {})
    psycopg.adapters.register_dumper(made, type(f"_Packed{kind.array}Dumper", (_PackedDumper,), {"oid": kind.array}))
    return made


_CLASSES = {kind.array: _on_its_way(kind) for kind in _KINDS.values()}


class Packed(UserDefinedType[Sequence[Any]]):
    """The SQLAlchemy type of a bound value that is a list of ``item``'s values (None among them is NULL), sent packed.

    Raises TypeError at once for an item of a type that no table here has.
    """

    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        plain = item.impl_instance if isinstance(item, TypeDecorator) else item
        found = next((kind for cls, kind in _KINDS.items() if type(plain) is cls), None)
        if found is None:
            raise TypeError(f"no array is packed of {type(plain).__name__}")
        self.item, self.kind = item, found

    def get_col_spec(self, **_: object) -> str:
        raise NotImplementedError("an array on its way, not a column")

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[Any] | None], _Packed | None]:
        kind, made = self.kind, _CLASSES[self.kind.array]

        def packed(values: Sequence[Any] | None) -> _Packed | None:
            return None if values is None else made(pack(values, kind.element, kind.written))

        return packed


def pack(values: Sequence[Any], element: int, written: Callable[[Any], bytes]) -> bytes:
    """One-dimensional array of PostgreSQL's type number ``element``."""
    if not values:
        return _nothing(0, 0, element)
    parts = [_NULL if value is None else written(value) for value in values]
    return _header(1, None in values, element, len(values), 1) + b"".join(parts)
