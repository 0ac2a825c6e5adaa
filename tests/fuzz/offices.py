"""What is fuzzed of police and coroners' readers: each target takes any bytes and holds what we make of them to a contract,
which it breaks by raising."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

from adapters.adapter import Adapter, Reading, Submission
from adapters.coroner.adapter import ADAPTER as CORONER
from adapters.coroner.forms import table
from adapters.csv_records import NotATable
from adapters.police.adapter import ADAPTER as POLICE
from adapters.tables import Table
from integration_engine.gateway.corrections import corrections
from integration_engine.gateway.intake import Heard
from integration_engine.gateway.rows import answer_csv, refused_rows, row_answers
from integration_engine.mapping.profile import load_profile

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
CASES = load_profile("coroner-case")
HEADINGS = list(CASES.columns)
USUAL = {
    "area": "avon",
    "reference": "7/26",
    "event": "REFERRED",
    "event_at": "2026-03-10",
    "date_of_birth": "2014-05-09",
}
FORCE = "E23000038"
_PLACE = {"lines": ["4 Orchard Close"], "postcode": "RG1 2LU", "lad_code": "E06000038", "use": "home", "easting": 1.5}
_CHILD = {
    "person_id": "P1",
    "role": "deceased",
    "family_name": "Harrowgate",
    "given_names": "Ava",
    "date_of_birth": "2014-05-09",
    "age": "11 years",
    "nhs_number": "9991000003",
    "address": _PLACE,
    "looked_after": {"is": True, "local_authority": "E08000012"},
    "birth": {"outcome": "live", "gestation_weeks": "39+2", "weight_g": 3200},
    "life_extinct_at": "2026-03-07T20:05:00Z",
    "place_of_death": _PLACE,
    "custody": "none",
}
REPORTS: list[dict[str, Any]] = [
    {
        "schema": "police-sudden-death/1",
        "force": FORCE,
        "report_id": "54-1",
        "version": 2,
        "status": status,
        "reported_at": "2026-03-07T22:40:00Z",
        "event": {"event_id": "E1", "type": "fire", "at": "2026-03-07T19:30:00Z", "place": _PLACE, "suspicious": "no"},
        "persons": [_CHILD, _CHILD | {"person_id": "P2", "role": role}, {"person_id": "P3", "role": "mother"}],
        "relationships": [{"from": "P3", "to": "P1", "type": "mother"}, {"from": "P1", "to": "P2", "type": "sibling"}],
        "coroner": {"area": "Oxfordshire", "reference": "1/26", "informed_at": "2026-03-08"},
        "officer": {"name": "A", "collar": "1", "contact": "x"},
    }
    for status, role in (("current", "deceased"), ("current", "injured"), ("withdrawn", "deceased"))
]
EXPORT = (
    b"Sudden Death No,Revision,Record Status,Reported Date Time,Involvement,Nominal No,Surname,DOB,Home Address\r\n"
    b'SD/1,1,Live,03/04/2026 21:15,Deceased,N1,PELHAM,09/11/2018,"8 Mill Lane, Calne"\r\n'
    b"SD/1,1,Live,,Mother of Deceased,N2,PELHAM,02/02/1990,\r\n"
)
_EXPORT_IN_CODES = (
    b"SUDDEN_DEATH_URN,REC_VER,REC_STAT,ROLE_CD,NOM_URN,NOM_FULL_NAME,NOM_DOB,FORCE_ONS_CD,LPE_DTTM\r\n"
    b'SD/1,1,A,DEC,N1,"PELHAM, Theo James",20181109,E23000038,20260403 1925\r\n'
)
MEMBERS = sorted({name for report in REPORTS for name in (*report, *report["event"], *_CHILD, *_PLACE)})
_CELLS = b"="
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")
_ZIP = b"PK\x03\x04"
_MEMBERS = (
    "xl/worksheets/sheet1.xml",
    "xl/styles.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "_rels/.rels",
    "[Content_Types].xml",
)


def police(body: bytes, profile: str = "police-sudden-death") -> None:
    """A report or an export: answered person by person, no two children of a report under one number."""
    readings = list(POLICE.read(Submission(body, RECEIVED, partner=FORCE), load_profile(profile)))
    _hold(POLICE, body, readings)
    for reading in readings:
        numbers = [notice.source.local_ref for notice in reading.notices if notice.source.local_ref]
        assert len(set(numbers)) == len(numbers), "two children under one number"


def coroner(body: bytes) -> None:
    """A file of cases in any form: every row has its answer, and what goes back to the office is read again as refused."""
    readings = list(CORONER.read(Submission(body, RECEIVED, partner="avon"), CASES))
    _hold(CORONER, body, readings)
    said, rows = Heard(tuple(readings)), _table(body)
    if rows is not None and rows.rows:
        assert [item.index for item in said.items] == [row.index for row in rows.rows]
    answers = row_answers(said, rows)
    assert answer_csv([answer.written() for answer in answers])
    corrections(said, rows, answers)
    again = refused_rows(said, rows)
    if again is not None:
        found = _table(again.encode())
        assert found is not None
        # A row of which nothing can be told, not even its line, has nothing to come back with.
        assert len(found.rows) <= sum(item.verdict == "refused" for item in said.items)


def coroner_workbook(body: bytes) -> None:
    """The same of a workbook: whole; or a good one of which a member is these bytes (the first says which one), since no
    fuzzer gets through an archive's checksums; or one with these lines as its rows, since none gets to cells through XML."""
    if body.startswith(_CELLS):
        body = _with(_MEMBERS[0], _sheet(body[len(_CELLS) :].decode(errors="replace")))
    elif not body.startswith(_ZIP):
        body = _with(_MEMBERS[body[0] % len(_MEMBERS)] if body else "", body[1:])
    coroner(body)


def _sheet(lines: str) -> bytes:
    """A worksheet of these lines, cells parted by tabs. The first letter of a cell says what it is: ``#`` a number, ``~``
    one that is shown as a day, ``?`` a truth, ``!`` an error, ``=`` a formula with its result behind a second one."""
    rows = "".join(f"<row>{''.join(map(_cell, line.split(chr(9))))}</row>" for line in lines.split("\n"))
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return f"{head}{rows}</sheetData></worksheet>".encode()


def _cell(text: str) -> str:
    kind, rest = text[:1], escape(_NOT_IN_XML.sub("", text[1:]))
    match kind:
        case "#":
            return f"<c><v>{rest}</v></c>"
        case "~":
            return f'<c s="1"><v>{rest}</v></c>'
        case "?":
            return f'<c t="b"><v>{rest}</v></c>'
        case "!":
            return f'<c t="e"><v>{rest}</v></c>'
        case "=":
            formula, _, result = rest.partition("=")
            return f'<c t="str"><f>{formula}</f><v>{result}</v></c>'
        case _:
            return f'<c t="inlineStr"><is><t>{escape(_NOT_IN_XML.sub("", text))}</t></is></c>'


def _table(body: bytes) -> Table | None:
    try:
        return table(body, CASES.columns)
    except NotATable:
        return None


def _hold(adapter: Adapter, body: bytes, readings: list[Reading]) -> None:
    assert readings
    assert isinstance(adapter.recognises(body), bool)
    assert len(adapter.sender(body)) == 2
    for reading in readings:
        assert reading.items
        for item in reading.items:
            assert item.verdict in ("notice", "retraction", "passed-over", "refused")
            assert item.verdict != "refused" or (item.problems and item.notice is None)
            assert item.notice is not None or item.verdict not in ("notice", "retraction")
            if item.notice is not None:
                assert adapter.screen(body)
                assert type(item.notice).model_validate(item.notice.model_dump(mode="json")) == item.notice


@cache
def workbook() -> bytes:
    """A workbook with most of what one can have: a merged cell, a hidden row, a day with a format and one without."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(HEADINGS)
    sheet.append([USUAL.get(name) for name in HEADINGS])
    sheet.append(["avon", 8, "REFERRED", datetime(2026, 3, 10), "Sable", None, "F", 41768])
    sheet.merge_cells("A2:A3")
    sheet.row_dimensions[3].hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_member(short: str, content: bytes) -> bytes:
    """That workbook with one member's content replaced."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        return _with(next(name for name in archive.namelist() if name.rpartition("/")[2].startswith(short)), content)


def _with(member: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as good, zipfile.ZipFile(out, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, content if name == member else good.read(name))
    return out.getvalue()


def member(short: str) -> bytes:
    """What that member holds."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        return archive.read(next(name for name in archive.namelist() if name.rpartition("/")[2].startswith(short)))


def report_seeds() -> Iterator[bytes]:
    yield from (json.dumps(report).encode() for report in REPORTS)


def export_seeds() -> Iterator[bytes]:
    yield EXPORT
    yield _EXPORT_IN_CODES
    yield EXPORT.decode().encode("utf-16")


def csv_seeds() -> Iterator[bytes]:
    row = ",".join(USUAL), ",".join(USUAL.values())
    yield "\r\n".join(row).encode()
    yield "\n".join(row).replace(",", ";").encode("utf-16")


def workbook_seeds() -> Iterator[bytes]:
    yield workbook()
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        yield from (bytes([place]) + archive.read(name) for place, name in enumerate(_MEMBERS))
    headings = _CELLS + "\t".join(USUAL).encode()
    yield headings + b"\n" + "\t".join(USUAL.values()).encode()
    yield headings + b"\n=A1=avon\t#8\tREFERRED\t~46091\t~41768.5\n!#N/A\t?1\t\t#1E+3\t46091"


def json_seeds() -> Iterator[bytes]:
    yield json.dumps([USUAL]).encode()
    yield json.dumps({"cases": [USUAL, USUAL | {"reference": 8, "live_birth": True}]}).encode()


def xml_seeds() -> Iterator[bytes]:
    case = "".join(f"<{name}>{value}</{name}>" for name, value in USUAL.items())
    yield f"<cases><case>{case}</case></cases>".encode()
    yield f'<?xml version="1.0"?><cases xmlns="urn:x"><!-- --><case>{case}</case><case/></cases>'.encode("utf-16")
