"""One short text for everything routing decides by: two sets of rules with the same fingerprint decide alike."""

import hashlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from integration_engine.routing.postcodes import PackedPostcodes
from integration_engine.routing.reference import Reference
from integration_engine.routing.switches import Switches

_LENGTH = 24


def fingerprint(reference: Reference, switches: Switches) -> str:
    """The fingerprint of reference data and switches, by their content: files read again, or from elsewhere, don't matter."""
    return hashlib.sha256((_of_reference(reference) + "\x1e" + _digest(switches)).encode()).hexdigest()[:_LENGTH]


@lru_cache(maxsize=8)
def _of_reference(reference: Reference) -> str:
    return _digest(reference)


def _digest(value: Any) -> str:
    found = hashlib.sha256()
    for piece in _pieces(value):
        found.update(piece.encode())
        found.update(b"\x1f")
    return found.hexdigest()


def _pieces(value: Any) -> Iterator[str]:
    """The content in one order, whatever the order it was read in. What a table keeps for itself (``_answers``) is no part of
    it."""
    if isinstance(value, PackedPostcodes):
        yield value.digest()
    elif is_dataclass(value):
        yield type(value).__name__
        for one in fields(value):
            if not one.name.startswith("_"):
                yield one.name
                yield from _pieces(getattr(value, one.name))
    elif isinstance(value, Mapping):
        yield "{"
        for key in sorted(value, key=str):
            yield str(key)
            yield from _pieces(value[key])
        yield "}"
    elif isinstance(value, Set):
        yield from sorted(map(str, value))
    elif isinstance(value, tuple | list):
        yield "["
        for each in value:
            yield from _pieces(each)
        yield "]"
    else:
        yield str(value)
