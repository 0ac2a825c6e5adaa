"""Sheets: tables as people hand them in. JSON lines or CSV, plain or gzipped, from a file or from standard input.

    with Sheet(Path("notices.csv.gz")) as sheet:
        for line, row in sheet.rows():
            ...     # a mapping, or a BadRow that says what is wrong with the line

What a file is, is seen in its first bytes. A CSV may part its cells by comma, semicolon, tab or bar, may be written in UTF-8
(with or without a byte order mark), in UTF-16 or, as older programs export, in Windows-1252. Rows come one at a time: a
file is never held as a whole.
"""

import codecs
import csv
import gzip
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeAlias, cast

import orjson

STDIN = Path("-")
_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t|"
_SAID_DELIMITER = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_LONGEST_CELL = 1 << 22
_MOST_LINES = 20
"""More lines than an address has: a row this long is a quotation mark that nobody closed."""


class SheetError(ValueError):
    """A file that can't be read at all: ``where`` is its name, the sentence never holds a value of it."""

    def __init__(self, where: str, text: str) -> None:
        super().__init__(f"{where}: {text}")
        self.where = where


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that can't be taken: ``code`` for machines, ``text`` for people, without a value of the line."""

    code: str
    text: str


Row: TypeAlias = Mapping[str, Any]


class Sheet:
    """One file being read. ``name`` is how messages call it; ``size`` its bytes on disk, None where nobody can say;
    ``windows`` whether something in it was not UTF-8 and was read as Windows-1252."""

    def __init__(self, path: Path) -> None:
        self.name = "standard input" if path == STDIN else path.name
        self.windows = False
        self._own = path != STDIN
        try:
            self._raw: IO[bytes] = path.open("rb") if self._own else sys.stdin.buffer
            self.size = path.stat().st_size if self._own else None
        except OSError as problem:
            raise SheetError(self.name, "the file can't be read") from problem

    def __enter__(self) -> "Sheet":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._own:
            self._raw.close()

    @property
    def position(self) -> int:
        """How many bytes of the file were read so far."""
        return self._raw.tell() if self._own else 0

    def rows(self) -> Iterator[tuple[int, Row | BadRow]]:
        """The rows with the line each begins on, counted from 1. Raises SheetError."""
        try:
            yield from self._rows()
        except (OSError, EOFError, UnicodeError) as problem:
            raise SheetError(self.name, "the file breaks off or can't be read to its end") from problem

    def _rows(self) -> Iterator[tuple[int, Row | BadRow]]:
        plain = _peekable(self._raw)
        if plain.peek(2).startswith(_GZIP):
            plain = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=plain)))
        if plain.peek(2).startswith(_UTF16):
            text = io.TextIOWrapper(plain, "utf-16", newline="")
            yield from self._csv(text)
            return
        if plain.peek(3).startswith(codecs.BOM_UTF8):
            plain.read(len(codecs.BOM_UTF8))
        yield from _json(plain) if plain.peek(64).lstrip()[:1] in (b"{", b"[") else self._csv(self._decoded(plain))

    def _decoded(self, lines: Iterable[bytes]) -> Iterator[str]:
        for line in lines:
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self.windows = True
                yield line.decode("cp1252", "replace")

    def _csv(self, text: Iterator[str]) -> Iterator[tuple[int, Row | BadRow]]:
        csv.field_size_limit(_LONGEST_CELL)
        first, skipped = next(text, ""), 0
        said = _SAID_DELIMITER.fullmatch(first)
        if said:
            first, skipped = next(text, ""), 1
        delimiter = said[1] if said else max(_DELIMITERS, key=first.count)
        reader = csv.reader(_from(first, text), delimiter=delimiter)
        columns = self._columns(next_cells(reader))
        before = reader.line_num
        while (cells := next_cells(reader)) is not None:
            line, last = before + 1, reader.line_num
            before = last
            if isinstance(cells, list) and not any(cell.strip() for cell in cells):
                continue
            yield line + skipped, _row(columns, cells, last + skipped, last - line)

    def _columns(self, cells: list[str] | str | None) -> list[str]:
        if cells is None:
            return []
        columns = [levelled(cell) for cell in cells]
        twice = next((name for name in columns if name and columns.count(name) > 1), None)
        if twice:
            raise SheetError(self.name, "two of its columns have the same name")
        return columns


def levelled(column: str) -> str:
    """The name of a column as rows of a CSV have it: ``NHS Number`` is ``nhs_number``."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def _peekable(raw: IO[bytes]) -> io.BufferedReader:
    return raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, raw))


def _json(lines: Iterable[bytes]) -> Iterator[tuple[int, Row | BadRow]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            yield number, row if isinstance(row, dict) else BadRow("not-json", "not a JSON object on a line of its own")


def _from(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _row(columns: list[str], cells: list[str] | str, last: int, more: int) -> Row | BadRow:
    if isinstance(cells, str):
        return BadRow("not-csv", "can't be read as CSV")
    if more >= _MOST_LINES:
        return BadRow("open-quote", f"runs on to line {last}: a quotation mark isn't closed")
    if len(cells) != len(columns):
        return BadRow("cell-count", f"has {len(cells)} cells where the first line has {len(columns)}")
    return dict(zip(columns, cells, strict=True))


def next_cells(reader: Any) -> list[str] | str | None:
    """The cells of the next row of a CSV reader; ``""`` for one that is no CSV; None at the end."""
    try:
        found: list[str] = next(reader)
    except StopIteration:
        return None
    except csv.Error:
        return ""
    return found
