"""What a workbook's file is before anybody unpacks it: an archive of XML, weighed and counted against bombs."""

import io
import zipfile
from dataclasses import dataclass

from adapters.csv_records import NotATable

MOST_UNPACKED = 150_000_000
MOST_MEMBERS = 2_000
# Real workbooks pack about tenfold; a bomb packs a thousandfold. Small members pack well by nature.
MOST_PACKED_TIMES = 200
_SMALL = 1_000_000
# A filled cell is four of these; each costs a reader a hundred bytes and more, whatever it weighs in the file.
MOST_TAGS = 5_000_000
# Between two rows: a sheet may be 16,384 columns wide and every cell of a row formatted.
MOST_TAGS_IN_ROW = 100_000
_PIECE = 1 << 20
_MARKS = (b"hidden=", b"mergeCell", b"<f>", b"<f ", b"<f/>")


@dataclass(frozen=True, slots=True)
class Marked:
    """The members of a workbook's archive that speak of hidden rows, merged cells or formulas."""

    members: frozenset[str]


def weighed(body: bytes) -> Marked:
    """Look through the whole archive, a piece at a time. Raises NotATable for a bomb or what is no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            _weighed(members)
            left, marked = MOST_TAGS, set()
            for member in members:
                tags, speaks = _counted(archive, member, left)
                left -= tags
                if speaks:
                    marked.add(member.filename)
            return Marked(frozenset(marked))
    except NotATable:
        raise
    except Exception as error:  # the library raises many kinds for a broken or encrypted archive, all meaning the same
        raise NotATable("bad-workbook", "this can't be read as an Excel workbook") from error


def _weighed(members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED:
        raise NotATable("zip-bomb", "an archive that unpacks to more than a table could need")
    for member in members:
        if member.file_size > _SMALL and member.file_size > MOST_PACKED_TIMES * max(member.compress_size, 1):
            raise NotATable("zip-bomb", "an archive that unpacks to far more than it weighs")
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise NotATable("bad-workbook", "an archive, but not an Excel workbook")


def _counted(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> tuple[int, bool]:
    """How many tags a member has, and whether it is marked. Pictures and macros are never opened."""
    if not member.filename.lower().endswith((".xml", ".rels")):
        return 0, False
    sheet = member.filename.startswith("xl/worksheets/")
    tags = in_row = 0
    marked, before = False, b""
    with archive.open(member) as content:
        while piece := content.read(_PIECE):
            if b"<!DOCTYPE" in before + piece:
                raise NotATable("xml-doctype", "a workbook with a document type or entities is not taken")
            tags += piece.count(b"<")
            if sheet:
                in_row = _between_rows(piece, in_row)
                marked = marked or any(mark in before + piece for mark in _MARKS)
            if tags > left or in_row > MOST_TAGS_IN_ROW:
                raise NotATable("cell-bomb", "more cells than a table of cases could need")
            before = piece[-16:]
    return tags, marked


def _between_rows(piece: bytes, before: int) -> int:
    """The most tags between two rows so far, those since the last row of the piece before included."""
    first, *others = piece.split(b"row")
    since = before + first.count(b"<")
    if since > MOST_TAGS_IN_ROW:
        return since
    for other in others:
        since = other.count(b"<")
        if since > MOST_TAGS_IN_ROW:
            break
    return since
