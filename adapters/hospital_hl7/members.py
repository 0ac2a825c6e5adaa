"""A body's messages: one, or the members of FHS/BHS batches, with what is wrong about the batch itself. HL7 v2 2.10.3.

Messages of a batch are independent: a good one is kept whatever befalls its neighbours or the trailer's count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapters.hospital_hl7.er7 import NotReadable, delimiters_of
from integration_engine.record.notice import Problem

# A line that begins a message or opens or closes a batch, behind any framing bytes a file kept from the wire.
_BOUNDARY = re.compile(rb"(?:\A|[\r\n\x1c])[ \t\x0b\x1c]*((?:MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9]|\Z))", re.IGNORECASE)
# The same for a body that is one message: a cheap look whether there is any second boundary.
_SECOND = re.compile(rb"[\r\n\x0b\x1c][ \t]*(?:MSH|[FB]HS|[FB]TS)", re.IGNORECASE)

# More than any file has.
_TOO_MANY = 10**9
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Member:
    """One message of a body. ``index`` counts from 0; ``problems`` are its batch's; ``is_part`` says that the body holds
    more than this message; ``cut`` that the file ends within it; ``converted`` that the body was UTF-16 and is UTF-8 now."""

    index: int
    body: bytes
    problems: tuple[Problem, ...] = ()
    is_part: bool = False
    cut: bool = False
    converted: bool = False


def members(body: bytes) -> Iterator[Member]:
    """The messages of a body in order. A body without any MSH is one member, for the tokenizer to refuse."""
    converted = False
    if body[:2] in _UTF16_MARKS or b"\0" in body[:8]:
        body, converted = _from_utf16(body)
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body[:3].upper() not in (b"FHS", b"BHS") and not _SECOND.search(body, 3):
        yield Member(0, body, converted=converted)
        return
    found = [(match.start(1), match[1][:3].upper()) for match in _BOUNDARY.finditer(body)]
    if not any(name == b"MSH" for _, name in found):
        yield Member(0, body, converted=converted)
        return
    yield from _Walk(body, found, converted).members()


def batch_header(body: bytes) -> bytes | None:
    """The first batch or file header line of a body, for the answer to its sender; None for a plain message."""
    for match in _BOUNDARY.finditer(body):
        name = match[1].upper()
        if name == b"MSH":
            return None
        if name in (b"BHS", b"FHS"):
            return re.split(rb"[\r\n]", body[match.start(1) :], maxsplit=1)[0]
    return None


def from_utf16(body: bytes) -> bytes:
    """The body as UTF-8 where it is UTF-16, else as it is."""
    return _from_utf16(body)[0] if body[:2] in _UTF16_MARKS or b"\0" in body[:8] else body


def _from_utf16(body: bytes) -> tuple[bytes, bool]:
    codec = "utf-16" if body[:2] in _UTF16_MARKS else "utf-16-be" if body[:1] == b"\0" else "utf-16-le"
    try:
        return body.decode(codec).encode(), True
    except UnicodeError:
        return body, False


@dataclass(slots=True)
class _Batch:
    """A batch while it is read: its members, and whether its trailer came and said how many."""

    members: list[tuple[bytes, bool]]
    closed: bool = False
    count: int | None = None


class _Walk:
    """Goes over the boundaries of one body and gathers batches."""

    def __init__(self, body: bytes, found: list[tuple[int, bytes]], converted: bool) -> None:
        self._body = body
        self._found = found
        self._converted = converted
        self._index = 0

    def members(self) -> Iterator[Member]:
        ends = [start for start, _ in self._found[1:]] + [len(self._body)]
        batch: _Batch | None = None
        file_open = file_closed = False
        batches = 0
        file_count: int | None = None
        done: list[_Batch] = []
        for (start, name), end in zip(self._found, ends, strict=True):
            piece = self._body[start:end]
            if name == b"FHS":
                file_open = True
            elif name == b"BHS":
                batch = _Batch([])
                done.append(batch)
                batches += 1
            elif name == b"MSH":
                if batch is None or batch.closed:
                    batch = _Batch([], closed=True)
                    done.append(batch)
                batch.members.append((piece, end == len(self._body) and not piece.endswith((b"\r", b"\n", b"\x1c"))))
            elif name == b"BTS" and batch is not None:
                batch.closed, batch.count = True, _count(piece)
            elif name == b"FTS":
                file_closed, file_count = True, _count(piece)
        whole = _file_problems(file_open, file_closed, file_count, batches)
        in_batch = file_open or batches > 0
        for one in done:
            yield from self._of(one, whole, in_batch)

    def _of(self, batch: _Batch, whole: tuple[Problem, ...], in_batch: bool) -> Iterator[Member]:
        problems = whole
        if in_batch and not batch.closed:
            problems += (Problem(code="batch-truncated", text="the batch has no trailer (BTS)", path="BTS"),)
        elif batch.count is not None and batch.count != len(batch.members):
            text = f"the trailer counts {_told(batch.count)} messages, the batch holds {len(batch.members)}"
            problems += (Problem(code="batch-count", text=text, path="BTS-1"),)
        for piece, unfinished in batch.members:
            cut = unfinished and any(problem.code == "batch-truncated" for problem in problems)
            yield Member(self._index, piece, problems, True, cut, self._converted)
            self._index += 1


def _file_problems(opened: bool, closed: bool, count: int | None, batches: int) -> tuple[Problem, ...]:
    if opened and not closed:
        return (Problem(code="batch-truncated", text="the file of batches has no trailer (FTS)", path="FTS"),)
    if count is not None and batches and count != batches:
        text = f"the file's trailer counts {_told(count)} batches, it holds {batches}"
        return (Problem(code="batch-count", text=text, path="FTS-1"),)
    return ()


def _told(count: int) -> str:
    return "too many" if count == _TOO_MANY else str(count)


def _count(trailer: bytes) -> int | None:
    """The number a BTS or FTS states, None where it states none; ``_TOO_MANY`` for one with so many digits that it could be
    a person's."""
    line = re.split(rb"[\r\n]", trailer, maxsplit=1)[0].decode("latin-1")
    try:
        separator = delimiters_of(line).field if len(line) > 3 and not line[3:4].isalnum() else "|"
    except NotReadable:
        separator = line[3:4]
    stated = [*line.split(separator), ""][1].strip()
    if not (stated.isascii() and stated.isdigit()):
        return None
    return int(stated) if len(stated) < 10 else _TOO_MANY
