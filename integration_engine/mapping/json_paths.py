"""Paths into JSON: JSONPath (RFC 9535), by the library python-jsonpath.

Within a part found by ``each``, ``$`` is that part. Plain member paths (``$.person.birth.weight_g``) take a way of our own,
because they are most paths and the library's general way costs twenty times as much.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from integration_engine.mapping.found import Found, PathError

_PLAIN = re.compile(r"\$((?:\.[A-Za-z_][A-Za-z0-9_]*)*)", re.ASCII)
_TOP = re.compile(r"\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\[(?P<index>\d+)\])?", re.ASCII)
_Matches = Iterator[tuple[Any, str]]


def check(path: str) -> None:
    """Raises PathError for what isn't a JSONPath."""
    _compiled(path)


@lru_cache(maxsize=4096)
def _compiled(path: str) -> Callable[[Any], _Matches]:
    """A path as a function from a document to its values and their places (``.persons[0].gp``, without the ``$``)."""
    if plain := _PLAIN.fullmatch(path):
        return _plain(tuple(plain[1].split(".")[1:]), plain[1])
    import jsonpath

    if not path.startswith("$"):
        raise PathError(0, "a JSONPath begins with $")
    try:
        query = jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        position = getattr(getattr(error, "token", None), "index", 0)
        raise PathError(max(position, 0) if isinstance(position, int) else 0, "this isn't a JSONPath") from error

    def general(document: Any) -> _Matches:
        for match in query.finditer(document):
            yield match.obj, _dotted(match.parts)

    return general


def _plain(members: tuple[str, ...], place: str) -> Callable[[Any], _Matches]:
    def walk(document: Any) -> _Matches:
        here = document
        for member in members:
            if type(here) is not dict or member not in here:
                return
            here = here[member]
        yield here, place

    return walk


def _dotted(parts: Sequence[int | str]) -> str:
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" if part.isidentifier() else f"[{part!r}]" for part in parts
    )


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A JSON document, or one composed of several parts of one.

    ``place`` is where the document itself stands. ``members`` says, for a composed document, where each of its top members
    really stands in the message: ``{"person": "$.persons[0]"}``, and for a list where each of its elements does.
    """

    document: Any
    place: str = "$"
    members: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def _exact(self, place: str) -> str:
        top = _TOP.match(place) if self.members else None
        really = self.members.get(top["name"]) if top else None
        if top is None or really is None:
            return self.place + place
        if isinstance(really, str):
            return really + place[top.end("name") :]
        return really[int(top["index"])] + place[top.end() :] if top["index"] else ", ".join(really)

    def find(self, path: str) -> Sequence[Found]:
        return [
            Found(value, self._exact(place))
            for value, place in _compiled(path)(self.document)
            if value is not None and value != ""
        ]

    def parts(self, path: str) -> Sequence[tuple[str, "JsonSource"]]:
        return [
            (exact, JsonSource(value, exact))
            for value, place in _compiled(path)(self.document)
            if value is not None
            for exact in (self._exact(place),)
        ]
