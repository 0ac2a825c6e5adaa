"""Some rows of a partner's file as a file of their own: what is kept or laid aside of one holds nothing of its neighbours.

Read again, such a file says what its rows said in the whole: the same cells under the same headings, the same refusal. It is
always a small one: headings that are not read stand in it only where these rows have something under them.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, tostring

from integration_engine.record.notice import Problem

CSV, JSON, XML = "text/csv; charset=utf-8", "application/json", "application/xml"
DELIMITERS = ",;\t|"
HEADINGS_WITHIN = 10
"""Offices put a title or the date of the export above the headings: so many rows are looked at."""
# Longer than any heading that a profile knows.
_LONGEST_HEADING = 60
_XML_LEVELS = 3
_UNSEEN_AT_FIRST, _NOT_A_TABLES = "\ufeff \t\r\n", ("<", "[", "{")


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that can't be taken apart into cells: why, and its first line with the delimiter of its file."""

    problem: Problem
    line: str = ""
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Headings:
    """A table's row of headings, and at which of them each canonical column stands."""

    cells: Sequence[str]
    positions: Mapping[str, int]

    def over(self, rows: Sequence[Sequence[str]]) -> bytes:
        """These rows under the headings as CSV (UTF-8, commas)."""
        known = set(self.positions.values())
        width = max(len(self.cells), *map(len, rows))
        kept = [at for at in range(width) if at in known or any(row[at : at + 1] and row[at].strip() for row in rows)]
        # What stands beyond the last heading must go on standing there.
        headings = [self._shortened(at) for at in kept if at < len(self.cells)]
        return csv_of([headings, *([row[at] if at < len(row) else "" for at in kept] for row in rows)], ",")

    def over_broken(self, row: Broken) -> bytes:
        """A row that has no cells as it stood, under the headings that it may have been meant for."""
        wide = max(row.line.count(row.delimiter), *self.positions.values()) + 1
        headings = [self._shortened(at) for at in range(min(wide, len(self.cells)))]
        return csv_of([headings], row.delimiter, row.line)

    def _shortened(self, at: int) -> str:
        heading = self.cells[at]
        if len(heading) <= _LONGEST_HEADING:
            return heading
        return next((name for name, place in self.positions.items() if place == at), heading[:_LONGEST_HEADING])


def csv_of(rows: Sequence[Sequence[str]], delimiter: str = ",", after: str = "") -> bytes:
    """Rows as CSV (UTF-8) that is read again with the same delimiter; ``after`` is a line to stand below as it is."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows(rows)
    text = out.getvalue() + (after.rstrip("\r\n") + "\r\n" if after else "")
    if delimiter_of(text)[0] != delimiter or text.lstrip(_UNSEEN_AT_FIRST)[:1] in _NOT_A_TABLES:
        # Free text full of another delimiter, or a heading that looks like the beginning of XML or JSON: spreadsheets' own
        # way of saying which delimiter it is.
        text = f"sep={delimiter}\r\n{text}"
    return text.encode()


def delimiter_of(text: str) -> tuple[str, str]:
    """The delimiter and the text without a spreadsheet's ``sep=`` line."""
    first, _, rest = text.partition("\n")
    if first.strip("\r ").lower().startswith("sep=") and len(first.strip("\r ")) == 5:
        return first.strip("\r ")[4], rest
    lines = [line for line in text[:20_000].splitlines()[:HEADINGS_WITHIN] if line.strip()]
    return max(DELIMITERS, key=lambda one: max((line.count(one) for line in lines), default=0)), text


def json_list(values: Sequence[Any]) -> bytes:
    """JSON values as a list of their own."""
    return json.dumps(list(values), ensure_ascii=False).encode()


def xml_under(root: Element, elements: Sequence[Element]) -> bytes:
    """XML elements under a root of their own. What is nested deeper than any case event is left out."""
    own = Element(root.tag)
    own.extend(_copied(element, _XML_LEVELS) for element in elements)
    found: bytes = tostring(own, encoding="utf-8")
    return found


def _copied(element: Element, levels: int) -> Element:
    copy = Element(element.tag, dict(element.attrib))
    copy.text = element.text
    if levels:
        copy.extend(_copied(one, levels - 1) for one in element if isinstance(one.tag, str))
    return copy
