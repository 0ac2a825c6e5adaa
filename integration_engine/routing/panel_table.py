"""Reading a table of panels as somebody else keeps it: a panel's own list, the published contacts, or our own format.

One row says that an authority belongs to a panel: by code or by name, with or without dates. Columns are found by what people
call them. Everything that is wrong is told at once, by line.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from integration_engine.routing.footprint_file import AUTHORITY_CODE, BODY_CODE
from integration_engine.routing.footprints import Layers
from integration_engine.routing.geography import Authority, Geography
from integration_engine.routing.panel_names import named, new_code, plain, same_place
from integration_engine.routing.tables import Problem, ReferenceDataError, refuse

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "panel_code": ("cdop", "cdop code", "panel code", "cdop slug"),
    "panel": ("cdop name", "panel", "panel name", "child death overview panel", "cdop title", "name of cdop"),
    "authority_code": (
        "authority",
        "authority code",
        "la code",
        "ons code",
        "lad code",
        "gss code",
        "local authority code",
    ),
    "authority": (
        "authority name",
        "la name",
        "local authority",
        "local authority name",
        "area",
        "areas",
        "areas covered",
    ),
    "from": ("valid from", "from", "start", "start date", "effective from", "date from"),
    "to": ("valid to", "to", "end", "end date", "effective to", "date to", "until"),
    "replaces": ("replaces", "predecessors", "replaces authorities", "formed from"),
    "region": ("region", "nhs region"),
    "confidence": ("confidence",),
    "source": ("source",),
}
_OWN_FORMAT = frozenset({"cdop", "authority", "authority name", "valid from", "valid to", "confidence", "source"})
_CONFIDENCES = frozenset(
    {"found", "found-partial", "found-old", "derived", "memory-high", "memory-medium", "memory-low"}
)
_DATES = (re.compile(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"), re.compile(r"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})"))


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One row: this authority belongs to this panel. ``first`` None where the row gives no day. ``replaces`` are the
    authorities that a new one takes over from. ``where`` names file and line."""

    where: str
    panel: str
    panel_name: str
    authority: str
    authority_name: str
    first: date | None = None
    last: date | None = None
    replaces: tuple[str, ...] = ()
    region: str = ""
    confidence: str = "found"
    source: str = ""


@dataclass(frozen=True, slots=True)
class PanelTable:
    """A table read. ``whole`` where it is in our own format or tells the past as well (days that have ended), and so tells
    all there is to tell of each authority it names."""

    rows: tuple[PanelRow, ...]
    whole: bool


@dataclass
class _Reading:
    layers: Layers
    today: date
    source: str
    whole: bool
    problems: list[Problem] = field(default_factory=list)
    new_panels: dict[str, str] = field(default_factory=dict)
    """New panels' names, as compared, and the codes made for them."""

    def wrong(self, code: str, where: str, text: str) -> None:
        self.problems.append(Problem(code, where, text))


def read_panel_table(
    path: Path, layers: Layers, today: date, first: date | None = None, source: str = ""
) -> PanelTable:
    """Read a table of panels against the map as it is.

    Parameters: ``first`` is the day for rows that give none; ``source`` what to note as their source.
    Raises ReferenceDataError with everything that is wrong, by line.
    """
    heading, lines = _lines(path)
    columns = _columns(heading)
    whole = {_plain_heading(one) for one in heading} >= _OWN_FORMAT or _tells_the_past(columns, lines, today)
    reading = _Reading(layers, today, source or f"import of {path.name}", whole)
    if not {"authority_code", "authority"} & columns.keys():
        reading.wrong(
            "missing-column", path.name, "no column names the authority: call it 'authority' or 'local authority'"
        )
    if not {"panel_code", "panel"} & columns.keys():
        reading.wrong("missing-column", path.name, "no column names the panel: call it 'cdop' or 'panel'")
    refuse(reading.problems)
    rows: list[PanelRow] = []
    for number, line in lines:
        cells = {name: (line[at] if at < len(line) else "").strip() for name, at in columns.items()}
        if any(cells.values()):
            rows += _rows(reading, f"{path.name}:{number}", cells, first)
    if not rows and not reading.problems:
        reading.wrong("no-rows", path.name, "the table has a heading and no rows")
    reading.problems += _twice(rows)
    refuse(reading.problems)
    return PanelTable(tuple(rows), whole)


def _lines(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as cause:
        raise ReferenceDataError("not-utf-8", path.name, "the file isn't UTF-8 text: save it as CSV UTF-8") from cause
    except OSError as cause:
        raise ReferenceDataError("unreadable-file", path.name, "the file can't be opened") from cause
    top = text.partition("\n")[0]
    delimiter = max(",;\t", key=top.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        read = [(reader.line_num, line) for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as cause:
        raise ReferenceDataError("unreadable-file", f"{path.name}:{reader.line_num}", "this line is no CSV") from cause
    if not read:
        raise ReferenceDataError("no-rows", path.name, "the file is empty")
    return read[0][1], read[1:]


def _columns(heading: Sequence[str]) -> dict[str, int]:
    """Where each column stands, by what people call it. A column that holds codes by one name and names by another (ours:
    ``authority`` beside ``authority_name``) is the code's."""
    words_given = [_plain_heading(one) for one in heading]
    found = {
        name: words_given.index(word) for name, words in _COLUMNS.items() for word in words[::-1] if word in words_given
    }
    if "authority" not in found and "authority_code" in found and words_given[found["authority_code"]] == "authority":
        found["authority"] = found["authority_code"]
    if "panel" not in found and "panel_code" in found and words_given[found["panel_code"]] == "cdop":
        found["panel"] = found["panel_code"]
    return found


def _tells_the_past(columns: Mapping[str, int], lines: Sequence[tuple[int, list[str]]], today: date) -> bool:
    """Whether a table by codes and days holds rows that have ended: somebody's whole table, not a list of what is now."""
    if not {"panel_code", "authority_code", "from", "to"} <= columns.keys():
        return False
    ends = (line[columns["to"]].strip() for _, line in lines if columns["to"] < len(line))
    return any(_DATES[0].fullmatch(end) and end < today.isoformat() for end in ends)


def _plain_heading(text: str) -> str:
    return re.sub(r"[^a-z]+", " ", text.casefold()).strip()


def _rows(reading: _Reading, where: str, cells: Mapping[str, str], first: date | None) -> Iterator[PanelRow]:
    begins = _day(reading, where, cells.get("from", ""), "from") or first
    ends = _day(reading, where, cells.get("to", ""), "to")
    if begins and ends and ends < begins:
        reading.wrong("bad-span", where, "the row ends before it begins")
    panel = _panel(reading, where, cells.get("panel_code", ""), cells.get("panel", ""))
    confidence = cells.get("confidence") or "found"
    if confidence not in _CONFIDENCES:
        reading.wrong("unknown-word", where, f"confidence is one of {', '.join(sorted(_CONFIDENCES))}")
    replaces = cells.get("replaces", "")
    old = _authorities(reading, where, "", replaces, begins) if replaces else []
    if replaces:
        new = _new_authority(reading, where, cells, begins)
        found = [new] if new else []
    else:
        found = _authorities(reading, where, cells.get("authority_code", ""), cells.get("authority", ""), begins)
    for code, name in found:
        if panel:
            yield PanelRow(
                where,
                *panel,
                code,
                name,
                begins,
                ends,
                tuple(one for one, _ in old),
                cells.get("region", ""),
                confidence,
                cells.get("source") or reading.source,
            )


def _day(reading: _Reading, where: str, text: str, column: str) -> date | None:
    if not text:
        return None
    for shape in _DATES:
        if found := shape.fullmatch(text):
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                break
    reading.wrong("bad-date", where, f"{column} is a day, written 2027-04-01 or 01/04/2027")
    return None


def _panel(reading: _Reading, where: str, code: str, name: str) -> tuple[str, str] | None:
    """The panel's code and name: one we know by code or by name, or a new one."""
    bodies = reading.layers.cdops.bodies
    code, name = code.strip(), "" if name == code else name
    if not code and name.upper() in bodies:
        code, name = name, ""
    code = code.upper() if code.upper() in bodies else code
    if code in bodies:
        closed = bodies[code].span.last
        if closed < reading.today and not reading.whole:
            reading.wrong("closed-panel", where, f"{code} closed on {closed.isoformat()}: use its successor's code")
            return None
        return code, name or bodies[code].name
    known = [
        one for one in bodies.values() if name and plain(one.name) == plain(name) and one.span.last >= reading.today
    ]
    if not code and len(known) == 1:
        return known[0].code, known[0].name
    if not code and name:
        made = reading.new_panels.setdefault(plain(name), new_code(name, {*bodies, *reading.new_panels.values()}))
        return made, name
    if not BODY_CODE.fullmatch(code):
        # A name in the column that usually holds codes.
        alike = [
            one for one in bodies.values() if code and plain(one.name) == plain(code) and one.span.last >= reading.today
        ]
        if len(alike) == 1:
            return alike[0].code, alike[0].name
        reading.wrong("malformed-code", where, "a panel's code is written in capitals, digits and single hyphens")
        return None
    if not name:
        reading.wrong("unknown-panel", where, f"{code} is no panel we know; a new panel has a name too")
        return None
    return code, name


def _new_authority(
    reading: _Reading, where: str, cells: Mapping[str, str], first: date | None
) -> tuple[str, str] | None:
    code, name = cells.get("authority_code", ""), cells.get("authority", "")
    if not AUTHORITY_CODE.fullmatch(code):
        reading.wrong("malformed-code", where, "a new authority has a code: E06, E08, E09 or E10 and six digits")
    elif not name or name == code:
        reading.wrong("blank", where, "a new authority has a name")
    elif code in reading.layers.geography.authorities:
        reading.wrong("known-area", where, f"{code} exists already and replaces nobody")
    elif first is None:
        reading.wrong("day-needed", where, "a new authority has a first day: give a column 'from', or --from")
    else:
        return code, name
    return None


def _authorities(reading: _Reading, where: str, code: str, name: str, first: date | None) -> list[tuple[str, str]]:
    """The authorities that a cell names: one code, one name, or several with semicolons, commas or 'and' between."""
    geography = reading.layers.geography
    on = first or reading.today
    if code and (AUTHORITY_CODE.fullmatch(code) or code in geography.authorities):
        found = _by_code(reading, where, geography, code, on)
        if found and name and name != code and not same_place(geography, found, name):
            reading.wrong("another-name", where, f"{code} is {found.name}, and the row gives another name")
        return [(found.code, found.name)] if found else []
    text = name or code
    if not text:
        reading.wrong("blank", where, "the row names no authority")
        return []
    for separator in (None, r"[;\n|]", r"[;\n|,]", r"[;\n|,]|\band\b|&"):
        parts = [text] if separator is None else [part.strip() for part in re.split(separator, text) if part.strip()]
        matched = [named(geography, part, on) for part in parts]
        if all(len(each) == 1 for each in matched):
            return [(each[0].code, each[0].name) for each in matched]
    parts = [part.strip() for part in re.split(r"[;\n|]", text) if part.strip()]
    for part in parts:
        matches = named(geography, part, on)
        if AUTHORITY_CODE.fullmatch(part):
            _by_code(reading, where, geography, part, on)
        elif len(matches) != 1:
            why = (
                "several authorities have that name: give the code" if matches else "no authority has that name or code"
            )
            reading.wrong("unknown-area", where, why)
    return []


def _by_code(reading: _Reading, where: str, geography: Geography, code: str, on: date) -> Authority | None:
    known = geography.authorities.get(code)
    if known is None:
        reading.wrong("unknown-area", where, f"{code} is no authority's code")
        return None
    if reading.whole:
        return known
    today = geography.authorities[geography.newest(code)]
    if today.span.holds(on) or known.span.holds(on):
        return today if today.span.holds(on) else known
    after = ", ".join(known.successors) or "nobody"
    reading.wrong("retired-area", where, f"{code} ended on {known.span.last.isoformat()}; its successors are {after}")
    return None


def _twice(rows: Sequence[PanelRow]) -> Iterator[Problem]:
    """Rows that give one authority twice for the same days."""
    seen: dict[str, list[PanelRow]] = {}
    for row in rows:
        for other in seen.setdefault(row.authority, []):
            same_days = other.first == row.first or (
                other.last is None and row.last is None and None in (other.first, row.first)
            )
            if other.panel == row.panel and same_days:
                yield Problem(
                    "twice", row.where, f"{row.authority} ({row.authority_name}) has a row already: {other.where}"
                )
            elif same_days:
                text = f"{row.authority} ({row.authority_name}) is given to {other.panel} too: {other.where}"
                yield Problem("overlap", row.where, text)
        seen[row.authority].append(row)
