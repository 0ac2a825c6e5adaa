"""A sheet is read as people hand it in: packed or not, whatever parts its cells, and never with a value in a complaint."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from integration_engine.sheets import BadRow, Sheet, SheetError

ROWS = [
    {"id": "1", "family": "Łuczak", "address_line": "Flat 2\n14 Elder Road"},
    {"id": "2", "family": 'O"Neill', "address_line": "3, Alder; Way"},
]


def table(delimiter: str = ",", rows: list[dict[str, str]] = ROWS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def rows_of(path: Path) -> list[tuple[int, Any]]:
    with Sheet(path) as sheet:
        return list(sheet.rows())


def read(tmp_path: Path, content: bytes, name: str = "notices.csv") -> list[Any]:
    path = tmp_path / name
    path.write_bytes(content)
    return [row for _, row in rows_of(path)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_are_parted_by_whatever_the_first_line_is_parted_by(tmp_path: Path, delimiter: str) -> None:
    assert read(tmp_path, table(delimiter).encode()) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_or_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, table().encode(encoding)) == ROWS


def test_a_line_that_is_not_utf8_is_read_as_windows_1252_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(table(rows=[{"id": "1", "family": "Siân"}]).encode("cp1252"))
    with Sheet(path) as sheet:
        assert [row for _, row in sheet.rows()] == [{"id": "1", "family": "Siân"}]
        assert sheet.windows


@pytest.mark.parametrize("name", ["notices.csv.gz", "notices"])
def test_a_gzipped_file_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, gzip.compress(table().encode()), name) == ROWS


def test_json_lines_are_known_by_their_content(tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    assert read(tmp_path, lines, "notices.txt") == ROWS
    assert read(tmp_path, b"\xef\xbb\xbf" + lines, "bom.jsonl") == ROWS
    assert read(tmp_path, gzip.compress(lines), "packed") == ROWS


def test_a_spreadsheets_word_on_its_delimiter_is_no_header(tmp_path: Path) -> None:
    assert read(tmp_path, ("sep=;\r\n" + table(";")).encode()) == ROWS


def test_columns_are_known_however_they_are_capitalised(tmp_path: Path) -> None:
    assert read(tmp_path, b"ID, NHS Number ,Birth-Date\n1,2,3\n") == [{"id": "1", "nhs_number": "2", "birth_date": "3"}]


def test_a_row_is_known_by_the_line_it_begins_on(tmp_path: Path) -> None:
    path = tmp_path / "notices.csv"
    path.write_text("\n".join(["id,address_line", '1,"Flat 2', '14 Elder Road"', "", "2,Alder Way"]), encoding="utf-8")
    assert [line for line, _ in rows_of(path)] == [2, 5]


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        (b"id,family\n1,Ashdown\n2,Secret,more\n", 3, "cell-count"),
        (b"id,family\n1,Ashdown\n2\n", 3, "cell-count"),
        (b'id,family\n1,"Secret\n' + b"2,Ashdown\n" * 40, 2, "open-quote"),
        (b'{"id": 1}\n{"id": 2, "family": "Secret"\n', 2, "not-json"),
        (b'{"id": 1}\n["Secret"]\n', 2, "not-json"),
        (b'{"id": 1}\n{"family": "Secr\xe8t"}\n', 2, "not-json"),
    ],
)
def test_a_line_that_cannot_be_taken_is_told_without_a_value_of_it(
    tmp_path: Path, content: bytes, line: int, code: str
) -> None:
    path = tmp_path / "notices"
    path.write_bytes(content)
    (found,) = [(at, row) for at, row in rows_of(path) if isinstance(row, BadRow)]
    assert (found[0], found[1].code) == (line, code)
    assert "Secr" not in found[1].text


def test_the_rows_after_a_bad_one_are_still_read(tmp_path: Path) -> None:
    assert read(tmp_path, b"id,family\n1\n2,Ashdown\n")[1] == {"id": "2", "family": "Ashdown"}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"id,family\n"])
def test_a_file_with_nothing_in_it_has_no_rows(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="can't be read"):
        Sheet(tmp_path / "gone.csv")
    with pytest.raises(SheetError, match="breaks off"):
        read(tmp_path, gzip.compress(table().encode())[:-9], "half.csv.gz")
    with pytest.raises(SheetError, match="same name"):
        read(tmp_path, b"id,Family,family\n1,a,b\n")
