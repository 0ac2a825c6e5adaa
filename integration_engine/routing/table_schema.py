"""Do the reference tables hold what their schema says? Columns, the shape of every cell, one row a key."""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from integration_engine.routing.checks import Finding
from integration_engine.routing.table_folder import SCHEMA, TableFolder, open_folder
from integration_engine.routing.tables import ReferenceDataError, document


def check_tables(folder: Path | TableFolder) -> tuple[Finding, ...]:
    """Every way in which the tables of a folder break its schema, or the shipped one where it has none of its own.

    Raises ReferenceDataError where the schema can't be read.
    """
    opened = folder if isinstance(folder, TableFolder) else open_folder(folder)
    schema = document(opened.find(SCHEMA))
    try:
        shapes = {str(name): re.compile(str(pattern)) for name, pattern in schema["types"].items()}
        return tuple(
            finding
            for name, table in schema["tables"].items()
            for finding in _table(opened.find(name), name.removesuffix(".csv"), table, shapes)
        )
    except (KeyError, TypeError, AttributeError, re.error) as cause:
        raise ReferenceDataError("bad-schema", SCHEMA, "the schema lists types and tables") from cause


def _table(path: Path, name: str, table: Mapping[str, Any], shapes: Mapping[str, re.Pattern[str]]) -> Iterator[Finding]:
    required: Mapping[str, str] = table["required"]
    columns = {**required, **table["optional"]}
    seen: set[tuple[str, ...]] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := sorted(columns.keys() - set(reader.fieldnames or ())):
                yield Finding("error", "missing-column", name, path.name, f"columns not found: {', '.join(missing)}")
                return
            for row in reader:
                if None in row or None in row.values():
                    text = f"line {reader.line_num} has {'more' if None in row else 'fewer'} fields than the heading"
                    yield Finding("error", "ragged-row", name, path.name, text)
                    continue
                subject = " ".join(filter(None, (row[column] for column in table["key"])))
                key = tuple(row[column] or "" for column in table["key"])
                if key in seen:
                    yield Finding("error", "twice", name, subject, f"line {reader.line_num} repeats an earlier row")
                seen.add(key)
                yield from _cells(name, subject, row, columns, required, shapes)
                yield from _days(name, subject, row, reader.line_num)
    except UnicodeDecodeError:
        yield Finding("error", "not-utf-8", name, path.name, "the file isn't UTF-8 text: save it as CSV UTF-8")
    except (OSError, csv.Error):
        yield Finding("error", "unreadable-file", name, path.name, "the file is missing or is no CSV")


def _days(name: str, subject: str, row: Mapping[str, str | None], line: int) -> Iterator[Finding]:
    """Dates that no calendar has, and rows that end before they begin."""
    days: dict[str, date] = {}
    for column in ("valid_from", "valid_to", "date"):
        value = (row.get(column) or "").strip()
        try:
            days |= {column: date.fromisoformat(value)} if value else {}
        except ValueError:
            yield Finding("error", "bad-date", name, subject, f"line {line}: {column} is no day of the calendar")
    if "valid_from" in days and "valid_to" in days and days["valid_to"] < days["valid_from"]:
        yield Finding("error", "bad-span", name, subject, f"line {line} ends before it begins")


def _cells(
    name: str,
    subject: str,
    row: Mapping[str, str | None],
    columns: Mapping[str, str],
    required: Mapping[str, str],
    shapes: Mapping[str, re.Pattern[str]],
) -> Iterator[Finding]:
    for column, shape in columns.items():
        value = (row[column] or "").strip()
        if not value and column in required:
            yield Finding("error", "blank", name, subject, f"{column} is blank")
        elif value and not shapes[shape].fullmatch(value):
            yield Finding("error", "malformed", name, subject, f"{column} is no {shape}")
