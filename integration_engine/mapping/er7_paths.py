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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from integration_engine.mapping.found import Found, PathError

DELETE = '""'
_NOTHING: tuple[Found, ...] = ()


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


_Keep = Callable[[Message, str], bool]
_KeepSegment = Callable[[Message, Segment], bool]


@dataclass(frozen=True, slots=True)
class _Path:
    """A compiled path. ``segment`` is empty for a path relative to a segment, ``field`` 0 for one within a repetition (or for
    a segment itself)."""

    segment: str
    occurrence: int | None
    segment_filters: tuple[_KeepSegment, ...]
    field: int
    repetition: int | None
    filters: tuple[_Keep, ...]
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
    _compiled(path)


@lru_cache(maxsize=8192)
def _compiled(path: str) -> _Path:
    at, segment, occurrence = 0, "", None
    segment_filters: list[_KeepSegment] = []
    if found := _SEGMENT.match(path):
        segment, at = found[0], found.end()
        at, occurrence, places = _filters(path, at)
        segment_filters = [_segment_filter(*place) for place in places]
    field, repetition = 0, None
    filters: list[_Keep] = []
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
    return _Path(
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


def _repetition_filter(place: tuple[int, ...], wanted: bool, words: frozenset[str]) -> _Keep:
    if len(place) > 2:
        raise PathError(0, "a repetition has components and sub-components, nothing deeper")
    component, sub_component = [*place, 1][:2]

    def keep(message: Message, raw: str) -> bool:
        return (_part(message, raw, component, sub_component).strip().casefold() in words) is wanted

    return keep


def _segment_filter(place: tuple[int, ...], wanted: bool, words: frozenset[str]) -> _KeepSegment:
    field, component, sub_component = [*place, 1, 1][:3]

    def keep(message: Message, segment: Segment) -> bool:
        first = next(iter(segment.repetitions(field)), "")
        return (_part(message, first, component, sub_component).strip().casefold() in words) is wanted

    return keep


def _part(message: Message, raw: str, component: int, sub_component: int) -> str:
    """The text of one component of a repetition; empty where it isn't there or is HL7's delete."""
    text = message.component(raw, component, sub_component)
    return "" if text == DELETE else text


def _segments(message: Message, path: _Path) -> Iterator[tuple[Segment, str]]:
    """The segments a path means, each with its own exact path."""
    name = path.segment
    same = message.segments(name)
    several = len(same) > 1
    for number, segment in enumerate(same, start=1):
        if path.occurrence is not None and number != path.occurrence:
            continue
        if path.segment_filters and not all(keep(message, segment) for keep in path.segment_filters):
            continue
        yield segment, f"{name}[{number}]" if several else name


def _repetitions(message: Message, segment: Segment, path: _Path) -> Iterator[tuple[str, str]]:
    """The repetitions of a segment's field that a path means, raw, each with its number as a path writes it."""
    same = segment.repetitions(path.field)
    several = len(same) > 1
    for number, raw in enumerate(same, start=1):
        if not raw or raw == DELETE or (path.repetition is not None and number != path.repetition):
            continue
        if path.filters and not all(keep(message, raw) for keep in path.filters):
            continue
        yield raw, f"[{number}]" if several else ""


def _values(message: Message, segment: Segment, prefix: str, path: _Path) -> Sequence[Found]:
    """What a path finds in one segment."""
    same = segment.repetitions(path.field)
    if not same:
        return _NOTHING
    if len(same) == 1 and path.repetition in (None, 1):
        # Nearly every field of nearly every message: one repetition, nothing to number.
        raw = same[0]
        for keep in path.filters:
            if not keep(message, raw):
                return _NOTHING
        text = _part(message, raw, path.component, path.sub_component)
        return (Found(text, f"{prefix}-{path.field}{path.tail}"),) if text else _NOTHING
    return [
        Found(text, f"{prefix}-{path.field}{number}{path.tail}")
        for raw, number in _repetitions(message, segment, path)
        if (text := _part(message, raw, path.component, path.sub_component))
    ]


@lru_cache(maxsize=8192)
def _finder(path: str) -> Callable[[Message], Sequence[Found]]:
    """What finds an absolute path's values in a message. Made once a path: thirty are looked for in every message."""
    compiled = _compiled(path)
    name, field, filters = compiled.segment, compiled.field, compiled.filters
    component, sub_component = compiled.component, compiled.sub_component
    place = f"{name}-{field}{compiled.tail}"
    plain = not compiled.segment_filters and compiled.occurrence in (None, 1) and compiled.repetition in (None, 1)

    def find(message: Message) -> Sequence[Found]:
        same = message.segments(name)
        if not same:
            return _NOTHING
        if not plain or len(same) > 1:
            return several(message)
        # Nearly every field of nearly every message: empty, or in one segment and one repetition, with nothing to number.
        if not same[0].field(field):
            return _NOTHING
        repetitions = same[0].repetitions(field)
        if len(repetitions) > 1:
            return several(message)
        raw = repetitions[0]
        for keep in filters:
            if not keep(message, raw):
                return _NOTHING
        text = message.component(raw, component, sub_component)
        return (Found(text, place),) if text and text != DELETE else _NOTHING

    def several(message: Message) -> Sequence[Found]:
        return [
            found
            for segment, prefix in _segments(message, compiled)
            for found in _values(message, segment, prefix, compiled)
        ]

    return find if field else lambda _: _NOTHING


def _raw_parts(message: Message, segment: Segment, prefix: str, path: _Path) -> "list[tuple[str, RepetitionSource]]":
    """The repetitions a path finds in one segment, each as a source of its own."""
    places = [(f"{prefix}-{path.field}{number}", raw) for raw, number in _repetitions(message, segment, path)]
    return [(place, RepetitionSource(message, raw, place)) for place, raw in places]


@dataclass(frozen=True, slots=True)
class Er7Source:
    """A whole HL7 v2 message."""

    message: Message

    def find(self, path: str) -> Sequence[Found]:
        return _finder(path)(self.message)

    def parts(self, path: str) -> Sequence[tuple[str, "SegmentSource | RepetitionSource"]]:
        compiled = _compiled(path)
        if not self.message.segments(compiled.segment):
            return ()
        segments = _segments(self.message, compiled)
        if not compiled.field:
            return [(place, SegmentSource(self.message, segment, place)) for segment, place in segments]
        return [part for segment, prefix in segments for part in _raw_parts(self.message, segment, prefix, compiled)]


@dataclass(frozen=True, slots=True)
class SegmentSource:
    """One segment of a message: paths that begin with ``-`` are relative to it, others are of the whole message."""

    message: Message
    segment: Segment
    place: str

    def find(self, path: str) -> Sequence[Found]:
        compiled = _compiled(path)
        if compiled.segment:
            return Er7Source(self.message).find(path)
        return _values(self.message, self.segment, self.place, compiled) if compiled.field else _NOTHING

    def parts(self, path: str) -> Sequence[tuple[str, "SegmentSource | RepetitionSource"]]:
        compiled = _compiled(path)
        if compiled.segment:
            return Er7Source(self.message).parts(path)
        return _raw_parts(self.message, self.segment, self.place, compiled) if compiled.field else ()


@dataclass(frozen=True, slots=True)
class RepetitionSource:
    """One repetition of a field: paths that begin with ``.`` are relative to it, others are of the whole message."""

    message: Message
    raw: str
    place: str

    def find(self, path: str) -> Sequence[Found]:
        compiled = _compiled(path)
        if compiled.segment:
            return Er7Source(self.message).find(path)
        if compiled.field:
            return _NOTHING
        text = _part(self.message, self.raw, compiled.component, compiled.sub_component)
        return (Found(text, self.place + compiled.tail),) if text else _NOTHING

    def parts(self, path: str) -> Sequence[tuple[str, "SegmentSource | RepetitionSource"]]:
        compiled = _compiled(path)
        return Er7Source(self.message).parts(path) if compiled.segment else ()
