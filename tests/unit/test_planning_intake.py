"""The stream of past cases that planners' commands read: nothing is dropped without a word, one bad row harms no other."""

from datetime import date
from pathlib import Path

import pytest

from integration_engine.planning.intake import IntakeError, PastCase, Tally, read_files
from tests.store_samples import OXFORD, READING

HEADER = "id,birth_date,death_datetime,home_lad,death_lad,expected"


def taken(path: Path, text: str | bytes, today: date = date(2026, 3, 10)) -> tuple[list[PastCase], Tally]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    tally = Tally()
    return list(read_files([path], tally, today=today)), tally


def test_a_bad_row_is_told_by_file_and_line_and_harms_no_other(tmp_path: Path) -> None:
    rows = (
        f"{HEADER}\n"
        f"a,2019-01-02,2024-05-06,{READING},{OXFORD},unexpected\n"
        f"b,2019-01-02,06/05/2024,{READING},{OXFORD},unexpected\n"
        f"c,2019-01-02,2024-05-06,{READING}\n"
        f"d,2019-01-02,,{READING},{OXFORD},\n"
        f"e,2019-01-02,2027-05-06,{READING},{OXFORD},\n"
        f"a,2019-01-02,2024-05-06,{READING},{OXFORD},\n"
        "\n"
        f"f,2019-01-02,2024-05-06,{READING},{OXFORD},expected\n"
    )
    cases, tally = taken(tmp_path / "cases.csv", rows)
    assert [case.id for case in cases] == ["a", "f"]
    assert [(bad.where, bad.code) for bad in tally.bad] == [
        ("cases.csv:3", "no-death-date"),
        ("cases.csv:4", "cell-count"),
        ("cases.csv:5", "no-death-date"),
        ("cases.csv:6", "future-death"),
        ("cases.csv:7", "repeated-id"),
    ]
    assert not any(value in bad.text for bad in tally.bad for value in ("06/05/2024", "2027", READING))


def test_json_lines_and_csv_of_the_same_cases_are_the_same_cases(tmp_path: Path) -> None:
    from_csv, _ = taken(tmp_path / "a.csv", f"{HEADER}\na,2019-01-02,2024-05-06T04:10,{READING},{OXFORD},unexpected\n")
    line = (
        f'{{"id":"a","birth_date":"2019-01-02","death_datetime":"2024-05-06T04:10","home_lad":"{READING}",'
        f'"death_lad":"{OXFORD}","expected":"unexpected"}}\n'
    )
    from_json, _ = taken(tmp_path / "a.jsonl", line)
    assert [case.record for case in from_json] == [case.record for case in from_csv]


def test_a_line_that_is_no_json_is_one_bad_row(tmp_path: Path) -> None:
    cases, tally = taken(tmp_path / "a.jsonl", '{"id":"a","death_datetime":"2024-05-06"}\n{"id":\n[1]\n')
    assert len(cases) == 1
    assert [bad.where for bad in tally.bad] == ["a.jsonl:2", "a.jsonl:3"]


def test_a_row_in_another_encoding_is_one_bad_row(tmp_path: Path) -> None:
    text = f"{HEADER},note\na,2019-01-02,2024-05-06,{READING},{OXFORD},,caf\xe9\nb,2019-01-02,2024-05-06,{READING},,,\n"
    cases, tally = taken(tmp_path / "a.csv", text.encode("latin-1"))
    assert [case.id for case in cases] == ["b"]
    assert [(bad.where, bad.code) for bad in tally.bad] == [("a.csv:2", "not-utf8")]


def test_a_value_that_is_no_code_is_counted_as_unread(tmp_path: Path) -> None:
    _, tally = taken(tmp_path / "a.csv", f"{HEADER}\na,soon,2024-05-06,{READING},{OXFORD},Unexpected!\n")
    assert tally.unread == {"birth_date": 1, "expected": 1}


def test_a_semicolon_table_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    cases, tally = taken(tmp_path / "a.csv", "\ufeff" + f"id;death_datetime;home_lad\na;2024-05-06;{READING}\n")
    assert [case.id for case in cases] == ["a"]
    assert not tally.bad


@pytest.mark.parametrize(("text", "code"), [("name,sex\nx,F\n", "no-columns"), ("", "no-columns")])
def test_a_file_that_is_no_table_of_cases_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(IntakeError) as told:
        taken(tmp_path / "a.csv", text)
    assert told.value.code == code


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="can't be read"):
        list(read_files([tmp_path / "none.csv"], Tally()))


def test_a_row_that_takes_its_death_back_is_left_out_and_counted(tmp_path: Path) -> None:
    cases, tally = taken(
        tmp_path / "a.csv", f"id,death_datetime,home_lad,message_type\na,2024-05-06,{READING},retract\n"
    )
    assert (cases, tally.withdrawn, tally.taken) == ([], 1, 0)


def test_a_quotation_mark_that_nobody_closed_is_told_with_the_lines_it_swallows(tmp_path: Path) -> None:
    rows = [f"c{n},2024-05-06,{READING}" for n in range(50)]
    rows[3] = f'c3,2024-05-06,"{READING}'
    cases, tally = taken(tmp_path / "a.csv", "id,death_datetime,home_lad\n" + "\n".join(rows) + "\n")
    assert [case.id for case in cases] == ["c0", "c1", "c2"]
    assert [(bad.where, bad.code) for bad in tally.bad] == [("a.csv:5", "open-quote")]
    assert "line 51" in tally.bad[0].text


def test_a_row_of_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    text = f'id,death_datetime,home_lad,note\na,2024-05-06,{READING},"two\nlines"\nb,never,{READING},\n'
    cases, tally = taken(tmp_path / "a.csv", text)
    assert [case.where for case in cases] == ["a.csv:2"]
    assert [bad.where for bad in tally.bad] == ["a.csv:4"]
