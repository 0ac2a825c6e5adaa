"""What paths into an HL7 v2 message (``er7_syntax``) find: in a whole message, in a segment, in one repetition of a field.
A path found is itself a path, and finds the same place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from integration_engine.mapping.er7_syntax import DELETE, Message, Path, Segment, part, read_path
from integration_engine.mapping.found import Found

_NOTHING: tuple[Found, ...] = ()


def _segments(message: Message, path: Path) -> Iterator[tuple[Segment, str]]:
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


def _repetitions(message: Message, segment: Segment, path: Path) -> Iterator[tuple[str, str]]:
    """The repetitions of a segment's field that a path means, raw, each with its number as a path writes it."""
    same = segment.repetitions(path.field)
    several = len(same) > 1
    for number, raw in enumerate(same, start=1):
        if not raw or raw == DELETE or (path.repetition is not None and number != path.repetition):
            continue
        if path.filters and not all(keep(message, raw) for keep in path.filters):
            continue
        yield raw, f"[{number}]" if several else ""


def _values(message: Message, segment: Segment, prefix: str, path: Path) -> Sequence[Found]:
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
        text = part(message, raw, path.component, path.sub_component)
        return (Found(text, f"{prefix}-{path.field}{path.tail}"),) if text else _NOTHING
    return [
        Found(text, f"{prefix}-{path.field}{number}{path.tail}")
        for raw, number in _repetitions(message, segment, path)
        if (text := part(message, raw, path.component, path.sub_component))
    ]


@lru_cache(maxsize=8192)
def _finder(path: str) -> Callable[[Message], Sequence[Found]]:
    """What finds an absolute path's values in a message. Made once a path: thirty are looked for in every message."""
    compiled = read_path(path)
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


def _raw_parts(message: Message, segment: Segment, prefix: str, path: Path) -> "list[tuple[str, RepetitionSource]]":
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
        compiled = read_path(path)
        if not self.message.segments(compiled.segment):
            return ()
        segments = _segments(self.message, compiled)
        if not compiled.field:
            return [(place, SegmentSource(self.message, segment, place)) for segment, place in segments]
        return [one for segment, prefix in segments for one in _raw_parts(self.message, segment, prefix, compiled)]


@dataclass(frozen=True, slots=True)
class SegmentSource:
    """One segment of a message: paths that begin with ``-`` are relative to it, others are of the whole message."""

    message: Message
    segment: Segment
    place: str

    def find(self, path: str) -> Sequence[Found]:
        compiled = read_path(path)
        if compiled.segment:
            return Er7Source(self.message).find(path)
        return _values(self.message, self.segment, self.place, compiled) if compiled.field else _NOTHING

    def parts(self, path: str) -> Sequence[tuple[str, "SegmentSource | RepetitionSource"]]:
        compiled = read_path(path)
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
        compiled = read_path(path)
        if compiled.segment:
            return Er7Source(self.message).find(path)
        if compiled.field:
            return _NOTHING
        text = part(self.message, self.raw, compiled.component, compiled.sub_component)
        return (Found(text, self.place + compiled.tail),) if text else _NOTHING

    def parts(self, path: str) -> Sequence[tuple[str, "SegmentSource | RepetitionSource"]]:
        compiled = read_path(path)
        return Er7Source(self.message).parts(path) if compiled.segment else ()
