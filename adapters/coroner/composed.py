"""What the cells of a row say together: an age and its unit, a day and its time, and which of them say that nobody knows."""

import re
from collections.abc import Iterable, Iterator, Mapping

from adapters.coroner.forms import DATES
from adapters.formulas import UNSEEN
from adapters.tables import Row
from integration_engine.mapping import moments
from integration_engine.mapping.paths import RowSource
from integration_engine.mapping.registry import Refused
from integration_engine.record.notice import Problem

_LIKE_A_DATE = re.compile(r"\d{4}-|\d{1,2}(st|nd|rd|th)?[\s./-]+\w{1,9}[\s./,-]+\d{2,4}\b")
# How offices write under a column of days that there is none yet, or that nobody knows it: as good as an empty cell.
_NO_DAY = frozenset(
    {"unknown", "not known", "unk", "nk", "n/k", "not applicable", "na", "n/a", "none", "nil", "not stated", "not given"}
    | {"tbc", "tba", "to be confirmed", "pending", "awaited", "?", "??", "-", "--", "\u2013", "\u2014", "."}
    | {"00/00/0000"}
)  # fmt: skip
_MIDNIGHT = re.compile(
    r"(?<=\d)(?:T|\s+)(?:0?0[:.]00(?:[:.]00(?:\.0+)?)?|12[:.]00(?:[:.]00)?\s*am)$", re.ASCII | re.IGNORECASE
)
# 05/23/2014: no day first has such a month.
_MONTH_FIRST = re.compile(r"\D*(?:0?[1-9]|1[0-2])[/.-](?:1[3-9]|2\d|3[01])[/.-]\d{4}", re.ASCII)
_WITHOUT_UNSEEN = dict.fromkeys(map(ord, UNSEEN))
# "Age (years)": the heading says what the cell doesn't.
_UNIT_IN_HEADING = re.compile(r"\b(years|yrs|months|mths|weeks|wks|days|hours|hrs)\b", re.IGNORECASE)


def composed(
    row: Row, headings: Mapping[str, str], *, midnight_is_unknown: bool = True
) -> tuple[dict[str, str], dict[str, str], list[Problem]]:
    """(cells, where those stand that come from another column, what is to be said of it) of a row, by canonical column.
    ``midnight_is_unknown``: 00:00 behind a day is no time; a time in a column of its own is one."""
    place = RowSource(row.cells, headings, row.place, joint=row.joint).place_of
    elsewhere: dict[str, str] = {}
    problems: list[Problem] = []
    cells = {column: told for column, cell in row.cells.items() if (told := _told(column, cell))}
    bare = {column: without_midnight(cells[column]) for column in DATES & cells.keys() if midnight_is_unknown}
    if "died_at" in bare and bare["died_at"] != cells["died_at"]:
        text = "a time of 00:00 was read as time unknown"
        problems.append(Problem(code="midnight-read-as-date", text=text, path=place("died_at")))
    cells |= bare
    found = cells.get("body_found_at", "")
    if any(map(str.isalpha, found)) and not _LIKE_A_DATE.match(found):
        # An office may write where the body was found, which its register asks for too (SI 2013/1629 reg 5), not when.
        del cells["body_found_at"]
        if "place_of_death" not in cells:
            cells["place_of_death"], elsewhere["place_of_death"] = found, place("body_found_at")
        else:
            text = "body_found_at: no date; the place of death is told elsewhere in the row"
            problems.append(Problem(code="left-out", text=text, path=place("body_found_at")))
    age, unit = cells.get("age"), cells.get("age_unit")
    if age and not unit and (in_heading := _UNIT_IN_HEADING.search(headings.get("age", ""))):
        unit = in_heading[1]
    if age and unit and age.replace(".", "", 1).isdigit():
        cells["age"] = f"{age} {unit}"
    clock = cells.get("time_of_death")
    if clock and "died_at" not in cells and "date_of_death" in cells:
        try:
            day, time = moments.date(cells["date_of_death"]), moments.time(clock)
            if day and time and len(day) == 10:
                cells["died_at"] = f"{day}T{time}"
                elsewhere["died_at"] = place("date_of_death")
        except Refused as error:
            if error.code == "bad-time":
                text = f"time_of_death: {error.why}; the day alone was read"
                problems.append(Problem(code="bad-time", text=text, path=place("time_of_death")))
    return cells, elsewhere, problems


def without_midnight(day: str) -> str:
    """A day without the 00:00 that programs write behind one for which they have no time."""
    return _MIDNIGHT.sub("", day)


def _told(column: str, cell: str) -> str:
    if column not in DATES:
        return cell
    bare = cell.translate(_WITHOUT_UNSEEN).strip()
    return "" if bare.casefold() in _NO_DAY else bare


def month_first(rows: Iterable[Row]) -> Iterator[Problem]:
    """What is to be said of a file in which days can only be meant month first: the rest of them are read day first."""
    if any(_MONTH_FIRST.match(row.cells[name]) for row in rows for name in DATES & row.cells.keys()):
        text = (
            "some days are written month first, such as 05/23/2014, and their rows are refused; the others are read day "
            "first, 05/09/2014 as 5 September: look at all of them"
        )
        yield Problem(code="month-first", text=text)
