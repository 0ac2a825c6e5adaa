"""The ER7 tokenizer: one HL7 v2 message's bytes into segments, fields, repetitions, components, and plain text.

Tolerant of what real feeds send (line ends, byte order marks, short or long MSH-2, lower-case segment names, line breaks
inside a field) and never guessing: what it can't take apart it refuses with a code. HL7 v2 chapter 2.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from adapters.hospital_hl7.charsets import decoded

MAX_BYTES = 16 * 1024 * 1024
"""A message larger than this is refused; documents inside messages (MDM) reach a few megabytes."""
MAX_SEGMENTS = 10_000
"""More segments than this is no hospital message; the largest laboratory reports have some thousand."""

_HEADERS = frozenset(("MSH", "FHS", "BHS"))
_DEFAULT_ENCODING = "^~\\&"
DELETE = '""'
"""HL7's explicit null: the sender deletes what it sent before. An empty field says nothing."""


class NotReadable(ValueError):
    """Bytes that are no message we can take apart. ``code`` is stable, the sentence holds no value of the message."""

    def __init__(self, code: str, why: str, path: str | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.path = path


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The five characters MSH-1 and MSH-2 name."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2 as four characters."""
        return self.component + self.repetition + self.escape + self.subcomponent


STANDARD = Delimiters()


class Segment:
    """One segment. ``number`` counts from 1 among the segments of its name, ``line`` among all lines of the message."""

    __slots__ = ("_delimiters", "_fields", "_offset", "line", "name", "number", "raw")

    def __init__(self, name: str, number: int, line: int, raw: str, delimiters: Delimiters) -> None:
        self.name = name
        self.number = number
        self.line = line
        self.raw = raw
        self._delimiters = delimiters
        # MSH-1 is the separator itself, so a header's pieces are numbered one higher.
        self._offset = 1 if name in _HEADERS else 0
        self._fields: list[str] | None = None

    def field(self, position: int) -> str:
        """A field exactly as sent, empty where it was not. Positions as HL7 counts them: MSH-1 is the separator."""
        fields = self._fields
        if fields is None:
            fields = self._fields = self.raw.split(self._delimiters.field)
        if self._offset:
            if position == 1:
                return self._delimiters.field
            position -= 1
        return fields[position] if 0 < position < len(fields) else ""

    def repetitions(self, position: int) -> list[str]:
        """The repetitions of a field as sent; none where the field is empty. MSH-2 never repeats."""
        raw = self.field(position)
        if not raw:
            return []
        mark = self._delimiters.repetition
        if mark not in raw or (self._offset and position <= 2):
            return [raw]
        return raw.split(mark)

    def __len__(self) -> int:
        """The number of the last field."""
        return self.raw.count(self._delimiters.field) + self._offset

    def __repr__(self) -> str:
        return f"<{self.name}[{self.number}] with {len(self)} fields>"


class Message:
    """One message taken apart. Sequences are cheap views; nothing is unescaped until ``text`` is asked for."""

    __slots__ = ("_by_name", "charset", "charset_is_fallback", "delimiters", "header", "joined_lines", "order")

    def __init__(
        self,
        order: Sequence[Segment],
        delimiters: Delimiters,
        charset: str,
        charset_is_fallback: bool = False,
        joined_lines: bool = False,
    ) -> None:
        self.order = order
        self.delimiters = delimiters
        self.charset = charset
        self.charset_is_fallback = charset_is_fallback
        self.joined_lines = joined_lines
        self.header = order[0]
        self._by_name: dict[str, list[Segment]] = {}
        for segment in order:
            self._by_name.setdefault(segment.name, []).append(segment)

    def segments(self, name: str) -> Sequence[Segment]:
        """All segments of a name, in order. Names are in capitals, however they were sent."""
        return self._by_name.get(name, ())

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        found = self._by_name.get(name)
        return found[0] if found else None

    def part(self, order: Sequence[Segment]) -> "Message":
        """A message of some of these segments, numbered anew: one person's group in a message about several."""
        counts: dict[str, int] = {}
        renumbered = []
        for segment in order:
            counts[segment.name] = number = counts.get(segment.name, 0) + 1
            renumbered.append(Segment(segment.name, number, segment.line, segment.raw, self.delimiters))
        return Message(renumbered, self.delimiters, self.charset, self.charset_is_fallback, self.joined_lines)

    def components(self, raw: str) -> list[str]:
        """The components of one repetition, as sent."""
        return raw.split(self.delimiters.component)

    def text(self, raw: str) -> str:
        """Plain text: escape sequences read, control characters turned to spaces (``\\.br\\`` is a line break).

        A sequence that is unfinished or unknown is kept literally.
        """
        if self.delimiters.escape in raw:
            raw = _unescaped(raw, self.delimiters, self.charset)
        if raw.isprintable():
            return raw
        return _CONTROL.sub(" ", raw)

    def component(self, raw: str, number: int, sub_component: int = 1) -> str:
        """The plain text of one component's sub-component, counted from 1; empty where it isn't there."""
        # no further than it is asked for: a field may hold a million
        parts = raw.split(self.delimiters.component, number)
        if number > len(parts) or not (raw := parts[number - 1]):
            return ""
        if (mark := self.delimiters.subcomponent) in raw:
            parts = raw.split(mark, sub_component)
            if sub_component > len(parts):
                return ""
            raw = parts[sub_component - 1]
        elif sub_component > 1:
            return ""
        return self.text(raw) if raw else ""

    def value(self, raw: str, component: int = 1) -> str:
        """The plain text of one component's first sub-component, stripped: what most coded fields are read by."""
        return self.component(raw, component).strip()


# Everything below space but line break and tab, the C1 block, and the two line separators that split logs.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


@lru_cache(maxsize=64)
def _escapes(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(rf"{mark}([FSTREPHN]|[Xx](?:[0-9A-Fa-f]{{2}})+|\.(?:br|sp|in|ti|fi|nf|ce|sk)[+-]?\d*){mark}")


def _unescaped(raw: str, delimiters: Delimiters, charset: str) -> str:
    named = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "P": "#",
        "H": "",
        "N": "",
    }

    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if code in named:
            return named[code]
        if code[0] in "Xx":
            # A line break smuggled in as hexadecimal must not become one in a log or in what we send on.
            return " ".join(bytes.fromhex(code[1:]).decode(charset, "replace").splitlines()) or " "
        return "\n" if code[:3] in (".br", ".sp") else " "

    return _escapes(delimiters.escape).sub(plain, raw)


def delimiters_of(header: str) -> Delimiters:
    """The delimiters a header segment (MSH, BHS, FHS) names. A short MSH-2 gets HL7's defaults for the rest; a fifth
    character (2.7's truncation) is accepted. Raises NotReadable where they can't tell fields apart."""
    separator = header[3:4]
    if not separator or separator.isalnum() or separator in ' "\r\n' or not separator.isascii():
        raise NotReadable("bad-delimiters", "the character after the header's name can't separate fields", "MSH-1")
    encoding = header[4:].split(separator, 1)[0]
    if not encoding:
        encoding = _DEFAULT_ENCODING
    if len(encoding) > 5:
        raise NotReadable("bad-delimiters", "encoding characters are four, or five from version 2.7 on", "MSH-2")
    chosen = (encoding + _DEFAULT_ENCODING[len(encoding) :])[:4]
    used = separator + chosen
    if len(set(used)) < 5 or any(one.isalnum() or one.isspace() or not one.isascii() for one in chosen):
        raise NotReadable("bad-delimiters", "the encoding characters are not four different signs", "MSH-2")
    return STANDARD if used == "|^~\\&" else Delimiters(*used)


_FRAMING = "\x0b\x1c"


def parse(body: bytes, *, charset: str | None = None, override: bool = False) -> Message:
    """One message from its bytes. ``charset`` is the feed's default for messages that declare none in MSH-18; with
    ``override`` it stands whatever they declare.

    Raises NotReadable: ``empty``, ``too-large``, ``too-many-segments``, ``not-hl7``, ``bad-delimiters``, ``framing-byte``.
    """
    if len(body) > MAX_BYTES:
        raise NotReadable("too-large", f"the message is larger than {MAX_BYTES} bytes")
    if b"\n" in body:
        body = body.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    body = body.removeprefix(b"\xef\xbb\xbf").strip(b"\r \t\x0b\x1c")
    if not body:
        raise NotReadable("empty", "there is no message")
    if body.count(b"\r") >= MAX_SEGMENTS:
        raise NotReadable("too-many-segments", f"the message has more than {MAX_SEGMENTS} segments")
    head = body[: body.find(b"\r") if b"\r" in body else len(body)].decode("latin-1")
    if head[:3].upper() != "MSH":
        raise NotReadable("not-hl7", "the message does not begin with MSH")
    delimiters = delimiters_of(head)
    declared = head.split(delimiters.field, 18)[17] if head.count(delimiters.field) >= 17 else ""
    declared = "" if override else declared.split(delimiters.repetition)[0].strip()
    text, codec, fallback = decoded(body, declared, charset)
    order, joined = _segments(text, delimiters)
    return Message(order, delimiters, codec, fallback, joined)


def _segments(text: str, delimiters: Delimiters) -> tuple[list[Segment], bool]:
    order: list[Segment] = []
    counts: dict[str, int] = {}
    joined = False
    separator = delimiters.field
    for line, sent in enumerate(text.split("\r"), start=1):
        if not sent:
            continue
        raw = sent
        if raw[3:4] != separator or not raw[:3].isalnum() or not raw[0].isalpha():
            raw = raw.lstrip(" \t" + _FRAMING if separator != "\t" else _FRAMING)
            if not raw:
                continue
            name = raw[:3]
            if not (len(name) == 3 and name[0].isalpha() and name.isalnum() and raw[3:4] in ("", separator)):
                # A line break inside a field: some senders don't escape them. The fields after it must not get lost.
                joined = True
                last = order[-1]
                order[-1] = Segment(last.name, last.number, last.line, f"{last.raw} {raw}", delimiters)
                continue
        name = raw[:3]
        if not name.isupper() or not name.isascii():
            name = name.upper() if name.isascii() else name
        counts[name] = number = counts.get(name, 0) + 1
        order.append(Segment(name, number, line, raw, delimiters))
    if "\x0b" in text and any("\x0b" in segment.raw for segment in order):
        raise NotReadable("framing-byte", "a start-of-block byte stands inside the message")
    return order, joined
