"""The four forms of `coroner-case/1` - CSV, XLSX, JSON, XML - as one table of rows under canonical column names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element, ParseError

from adapters.adapter import MOST_BYTES_OF_OFFICES
from adapters.coroner import workbook
from adapters.csv_records import NotATable
from adapters.excerpt import JSON, XML, json_list, xml_under
from adapters.formulas import ERROR_VALUE, is_error
from adapters.strict_json import NotReadable, parse
from adapters.tables import MOST_IN_CELL, MOST_ROWS, Row, Table, from_cells, from_csv
from integration_engine.mapping import codes
from integration_engine.mapping.columns import matched
from integration_engine.mapping.registry import Refused, text_of
from integration_engine.record.notice import Problem

NEEDED = ("reference", "event")
DATES = frozenset(
    {"event_at", "date_of_birth", "date_of_death", "died_at", "body_found_at", "inquest_opened_at", "conclusion_at"}
)
# So many known headings in one row, the needed ones among them, are a table of cases wherever it stands.
_LIKE_CASES = 3
Columns = Mapping[str, Sequence[str]]


def form_of(body: bytes) -> str:
    """``xlsx``, ``json``, ``xml`` or ``csv``, by the first bytes."""
    if body.startswith((workbook.ZIP, workbook.OLD_EXCEL)):
        return "xlsx"
    start = body[:200].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return "json" if start.startswith((b"[", b"{")) else "xml" if start.startswith(b"<") else "csv"


def table(body: bytes, columns: Columns) -> Table:
    """Every row of a file of any form. Raises NotATable for a file that can't be read at all."""
    if len(body) > MOST_BYTES_OF_OFFICES:
        raise NotATable("too-large", f"more than {MOST_BYTES_OF_OFFICES // 1_000_000} million bytes")
    match form_of(body):
        case "xlsx":
            return _from_workbook(body, columns)
        case "json":
            return _from_json(body, columns)
        case "xml":
            return _from_xml(body, columns)
        case _:
            return from_csv(body, columns, NEEDED, lambda word: codes.load("coroner-event").get(word) is not None)


def _from_workbook(body: bytes, columns: Columns) -> Table:
    with workbook.opened(body) as book:
        others = [number for number, rows in book.other_sheets() if any(_like_cases(row, columns) for row in rows)]
        try:
            found = from_cells(book.records(), columns, NEEDED, book.problems, _dated)
        except NotATable as error:
            if others and error.problem.code in ("no-headings", "missing-column"):
                text = f"the first sheet holds no cases, sheet {others[0]} seems to: move that to the front"
                raise NotATable("wrong-sheet", text) from error
            raise
    if not others:
        return found
    text = f"sheet {others[0]} seems to hold cases too; only the first sheet is read"
    return replace(found, problems=(*found.problems, Problem(code="more-sheets", text=text)))


def _like_cases(cells: Sequence[str], columns: Columns) -> bool:
    found = matched([cell for cell in cells if cell.strip()], columns)
    return len(found) >= _LIKE_CASES and all(name in found for name in NEEDED)


def _dated(column: str, cell: str) -> str:
    """A day that lost its format, as the day it is: only under a column of days or of times is a number one."""
    if isinstance(cell, workbook.Serial) and (column in DATES or column == "time_of_death"):
        return cell.moment or cell
    return cell


def _from_json(body: bytes, columns: Columns) -> Table:
    try:
        document = parse(body)
    except NotReadable as error:
        raise NotATable(error.problems[0].code, error.problems[0].text) from error
    listed = document.get("cases", [document]) if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise NotATable("wrong-type", "a list of case events is expected")
    return _of_objects(listed, columns)


def _of_objects(listed: Sequence[object], columns: Columns) -> Table:
    if len(listed) > MOST_ROWS:
        raise NotATable("too-many-rows", f"more than {MOST_ROWS} rows")
    rows = []
    for index, one in enumerate(listed):
        if not isinstance(one, dict):
            wrong = Problem(code="wrong-type", text="a case event is an object", path=f"$[{index}]")
            rows.append(Row(index, index + 1, {}, wrong, f"$[{index}]", ".", one))
            continue
        headings = matched(one, columns)
        cells, refusal = {}, None
        for column, heading in headings.items():
            try:
                text = "" if one[heading] is None else text_of(one[heading])
            except Refused:
                refusal = Problem(code="wrong-type", text="one text, number or yes/no", path=f"$[{index}].{column}")
                continue
            if text.strip():
                cells[column] = text.strip()
        refusal = refusal or _error_in(cells, f"$[{index}].")
        rows.append(Row(index, index + 1, cells, refusal, f"$[{index}]", ".", one))
    return Table({}, rows, alone=lambda some: json_list([row.said for row in some]), written_as=JSON)


def _from_xml(body: bytes, columns: Columns) -> Table:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise NotATable("xml-doctype", "XML with a document type or entities is not taken") from error
    except (ParseError, ValueError, LookupError) as error:
        raise NotATable("bad-xml", "this isn't well-formed XML") from error
    if _local(root) != "cases":
        raise NotATable("wrong-schema", "the root element is cases")
    rows = list(_cases(root, columns))
    return Table({}, rows, alone=lambda some: xml_under(root, [row.said for row in some]), written_as=XML)


def _cases(root: Element, columns: Columns) -> Iterator[Row]:
    elements = [one for one in root if isinstance(one.tag, str)]
    if len(elements) > MOST_ROWS:
        raise NotATable("too-many-rows", f"more than {MOST_ROWS} rows")
    for index, case in enumerate(elements):
        place = f"/cases/case[{index + 1}]"
        refusal = None
        if _local(case) != "case":
            refusal = Problem(code="wrong-type", text="cases holds case elements only", path=place)
        children = [one for one in case if isinstance(one.tag, str)]
        texts: dict[str, str] = {}
        for child in children:
            name, text = _local(child), (child.text or "").strip()
            if len(child) or len(text) > MOST_IN_CELL:
                refusal = Problem(code="wrong-type", text="an element of a case holds text only", path=place)
            elif name in texts:
                refusal = Problem(code="duplicate-key", text="a case names an element twice", path=place)
            else:
                texts[name] = text
        headings = matched(texts, columns)
        cells = {column: texts[heading] for column, heading in headings.items() if texts[heading]}
        yield Row(index, index + 1, cells, refusal or _error_in(cells, f"{place}/"), place, "/", case)


def _error_in(cells: Mapping[str, str], before: str) -> Problem | None:
    """What a spreadsheet shows for nothing, where a program has passed it on; ``before`` leads to a column's name."""
    column = next((column for column, text in cells.items() if is_error(text)), None)
    return None if column is None else Problem(code="error-value", text=ERROR_VALUE, path=f"{before}{column}")


def _local(element: Element) -> str:
    return re.sub(r"^\{[^}]*\}", "", str(element.tag))
