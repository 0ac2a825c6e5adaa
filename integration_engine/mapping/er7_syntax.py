"""Paths into HL7 v2 messages.

    path       = segment filter* [ "-" field filter* [ "." component [ "." sub-component ] ] ]
    segment    = three capital letters or digits: PID, NK1, ZBE
    filter     = "[" number "]"                         that occurrence of a segment or repetition of a field, from 1
               | "[" place ("=" | "!=") words "]"       place = field.component.sub-component for a segment,
                                                        component.sub-component for a repetition;
                                                        words are alternatives between bars, compared without case;
                                                        no word at all means an empty place

``PID-3[5=NH].1``, ``PID-11[7=H|BA].5``, ``OBX[3.1=8339-4]-5``, ``NK1[3=MTH]-2.1``, ``PID-3[2].1``, ``ZBE-4``. A component or
sub-component that isn't named is the first. A segment that occurs several times gives several matches. HL7's ``""``
(delete) counts as not found. Relative to a part found by ``each``: ``.5`` or ``.1.2`` within a repetition, ``-5[7=H].1``
within a segment. A path found is itself a path, and finds the same place.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from integration_engine.mapping.found import PathError

DELETE = '""'


class Segment(Protocol):
    """A segment of a message: ``number`` is its occurrence among those of its name, from 1."""

    @property
    def name(self) -> str: ...
    @property
    def number(self) -> int: ...
    def field(self, number: int, /) -> str: ...
    def repetitions(self, number: int, /) -> Sequence[str]: ...


class Message(Protocol):
    """A tokenized HL7 v2 message; raw text in, and MSH counted as HL7 counts it (MSH-1 is the separator)."""

    def segments(self, name: str, /) -> Sequence[Segment]: ...
    def component(self, raw: str, number: int, sub_component: int, /) -> str: ...


Keep = Callable[[Message, str], bool]
KeepSegment = Callable[[Message, Segment], bool]


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. ``segment`` is empty for a path relative to a segment, ``field`` 0 for one within a repetition (or for
    a segment itself)."""

    segment: str
    occurrence: int | None
    segment_filters: tuple[KeepSegment, ...]
    field: int
    repetition: int | None
    filters: tuple[Keep, ...]
    component: int
    sub_component: int
    tail: str


_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_FILTER = re.compile(
    r"\[(?:(?P<number>[1-9]\d{0,3})|(?P<place>\d{1,3}(?:\.\d{1,3}){0,2})(?P<sign>!?=)(?P<words>[^\]]*))\]", re.ASCII
)
_FIELD = re.compile(r"-(\d{1,3})", re.ASCII)
_TAIL = re.compile(r"\.([1-9]\d{0,2})(?:\.([1-9]\d{0,2}))?", re.ASCII)


def check(path: str) -> None:
    """Raises PathError for what isn't an HL7 path, absolute or relative."""
    read_path(path)


@lru_cache(maxsize=8192)
def read_path(path: str) -> Path:
    """What a path means. Raises PathError for what isn't one."""
    at, segment, occurrence = 0, "", None
    segment_filters: list[KeepSegment] = []
    if found := _SEGMENT.match(path):
        segment, at = found[0], found.end()
        at, occurrence, places = _filters(path, at)
        segment_filters = [_segment_filter(*place) for place in places]
    field, repetition = 0, None
    filters: list[Keep] = []
    if found := _FIELD.match(path, at):
        if found[1].startswith("0"):
            raise PathError(at + 1, "fields are counted from 1")
        field, at = int(found[1]), found.end()
        at, repetition, places = _filters(path, at)
        filters = [_repetition_filter(*place) for place in places]
    component = sub_component = 1
    tail = ""
    if (field or not segment) and (found := _TAIL.match(path, at)):
        component, sub_component = int(found[1]), int(found[2] or 1)
        tail, at = found[0], found.end()
    if at != len(path) or not path:
        raise PathError(at, "expected a path such as PID-5.1, PID-3[5=NH].1 or OBX[3.1=8339-4]-5")
    return Path(
        segment, occurrence, tuple(segment_filters), field, repetition, tuple(filters), component, sub_component, tail
    )


def _filters(path: str, at: int) -> tuple[int, int | None, list[tuple[tuple[int, ...], bool, frozenset[str]]]]:
    number: int | None = None
    places = []
    while path[at : at + 1] == "[":
        found = _FILTER.match(path, at)
        if not found:
            raise PathError(at, "expected a filter such as [2] or [5=NH]")
        if found["number"]:
            number = int(found["number"])
        else:
            place = tuple(map(int, found["place"].split(".")))
            if 0 in place:
                raise PathError(at + 1, "components are counted from 1")
            words = frozenset(word.strip().casefold() for word in found["words"].split("|"))
            places.append((place, found["sign"] == "=", words))
        at = found.end()
    return at, number, places


def _repetition_filter(place: tuple[int, ...], wanted: bool, words: frozenset[str]) -> Keep:
    if len(place) > 2:
        raise PathError(0, "a repetition has components and sub-components, nothing deeper")
    component, sub_component = [*place, 1][:2]

    def keep(message: Message, raw: str) -> bool:
        return (part(message, raw, component, sub_component).strip().casefold() in words) is wanted

    return keep


def _segment_filter(place: tuple[int, ...], wanted: bool, words: frozenset[str]) -> KeepSegment:
    field, component, sub_component = [*place, 1, 1][:3]

    def keep(message: Message, segment: Segment) -> bool:
        first = next(iter(segment.repetitions(field)), "")
        return (part(message, first, component, sub_component).strip().casefold() in words) is wanted

    return keep


def part(message: Message, raw: str, component: int, sub_component: int) -> str:
    """The text of one component of a repetition; empty where it isn't there or is HL7's delete."""
    text = message.component(raw, component, sub_component)
    return "" if text == DELETE else text
