"""CSV of any common charset and delimiter, as records of cells. One that its quotation marks spoil takes none of its
neighbours with it."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from adapters.adapter import MOST_BYTES_OF_OFFICES
from adapters.excerpt import Broken
from integration_engine.record.notice import Problem

Record = tuple[int, Sequence[str] | Broken]
"""A row's number in the file and its cells, or why it can't be read."""


class NotATable(ValueError):
    """Bytes that can't be read as a table at all, and why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(code=code, text=text)


def decoded(body: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The text of a file: by its byte order mark, else UTF-8, else Windows-1252. Raises NotATable."""
    if len(body) > MOST_BYTES_OF_OFFICES:
        raise NotATable("too-large", f"more than {MOST_BYTES_OF_OFFICES // 1_000_000} million bytes")
    for mark, charset in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            try:
                return _clean(body.decode(charset)), ()
            except UnicodeDecodeError as error:
                raise NotATable("bad-encoding", f"not the {charset} that its first bytes say") from error
    try:
        return _clean(body.decode("utf-8")), ()
    except UnicodeDecodeError:
        pass
    try:
        text = _clean(body.decode("cp1252"))
    except UnicodeDecodeError as error:
        raise NotATable("bad-encoding", "neither UTF-8 nor Windows-1252") from error
    return text, (Problem(code="read-as-windows-1252", text="not UTF-8: read as Windows-1252"),)


def _clean(text: str) -> str:
    if "\x00" in text:
        raise NotATable("nul-character", "a NUL character: this is no text file")
    return text


class _Lines:
    """The lines of a text, with those remembered that the record at hand has taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> str:
        """What a quotation mark swallowed is read again: it spoils its own line only."""
        self._again.extendleft(reversed(self.taken[1:]))
        return self.taken[0]


def records(text: str, delimiter: str) -> Iterator[Record]:
    lines = _Lines(io.StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        lines.taken = []
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:
            problem = Problem(code="bad-quoting", text="the quotation marks of this row don't match")
            yield number, Broken(problem, lines.give_back_all_but_first(), delimiter)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
