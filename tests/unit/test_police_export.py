"""A force's flat export: rows of many reports in one file, read report by report, as a force writes it."""

from datetime import UTC, datetime

import pytest

from adapters.adapter import Reading, Submission
from adapters.registry import read

EXPORT = (
    "Sudden Death No,Revision,Reported Date Time,Occurrence No,Involvement,Nominal No,Surname,DOB\r\n"
    "SD/1,1,03/04/2026 21:15,OC-1,Witness,N0,SMITH,\r\n"
    "SD/1,1,,,Deceased,N1,PELHAM,09/11/2018\r\n"
    "SD/1,1,,,Deceased,N2,PELHAM,01/01/1980\r\n"
    "SD/2,1,,,Witness,N3,JONES,\r\n"
    "SD/3,x,,,Deceased,N4,PRYCE,01/01/2015\r\n"
    ",1,,,Deceased,N5,NOBODY,01/01/2015\r\n"
)


def exported(text: str) -> list[Reading]:
    submission = Submission(text.encode(), datetime(2026, 5, 1, tzinfo=UTC))
    return sorted(read(submission, kind="police"), key=lambda reading: reading.index)


def test_an_export_is_answered_report_by_report_and_counted_by_rows() -> None:
    readings = exported(EXPORT)
    assert [(one.verdict, one.reason, [item.index for item in one.items]) for one in readings] == [
        ("notice", "death", [1, 2]),
        ("passed-over", "no-death", [3]),
        ("refused", "wrong-type", [4]),
        ("refused", "missing", [5]),
    ]
    notice = readings[0].notices[0]
    assert notice.provenance["child.family_name"].path == "row 3, column Surname"
    assert {one.profile for one in readings} == {"police-csv-shire"}


def test_a_row_of_an_export_is_the_same_notice_in_another_file() -> None:
    headings, *rows = EXPORT.splitlines()
    alone = "\n".join([headings.replace(",", ";"), *(row.replace(",", ";") for row in rows[:3])])
    assert exported(alone)[0].notices[0].id == exported(EXPORT)[0].notices[0].id


def test_a_report_of_an_export_read_alone_comes_to_what_it_came_to_and_names_nobody_else() -> None:
    headings, *rows = EXPORT.splitlines()
    mixed = "\r\n".join(
        [headings, "SD/9,1,,,Deceased,N9,OTHERCHILD,01/02/2019", rows[5], *rows[:5], 'SD/8,"1,,,Deceased']
    )
    for reading in exported(mixed):
        if reading.verdict == "passed-over":
            assert reading.body is None
            continue
        assert reading.body is not None
        (again,) = exported(reading.body.decode())
        assert (again.verdict, again.reason, again.content_hash) == (
            reading.verdict,
            reading.reason,
            reading.content_hash,
        )
        assert [notice.id for notice in again.notices] == [notice.id for notice in reading.notices]
        named = {name for name in ("OTHERCHILD", "PELHAM", "PRYCE", "NOBODY", "JONES") if name in reading.body.decode()}
        assert len(named) == (0 if reading.reason == "bad-quoting" else 1)


def test_an_injured_row_of_an_export_takes_back_only_whom_it_names() -> None:
    text = (
        "Sudden Death No,Revision,Reported Date Time,Involvement,Nominal No,Surname,DOB\r\n"
        "SD/1,2,03/04/2026 21:15,Victim - Injured,N1,PELHAM,09/11/2018\r\n"
        "SD/1,2,,Casualty,,PELHAM,09/11/2019\r\n"
        "SD/2,2,03/04/2026 21:15,Casualty,,PELHAM,09/11/2018\r\n"
    )
    one, other = exported(text)
    assert [notice.source.local_ref for notice in one.statements] == ["SD/1/N1"]
    assert (one.verdict, other.statements, other.reason) == ("passed-over", (), "no-death")
    again = exported((one.body or b"").decode())[0]
    assert [notice.id for notice in again.statements] == [notice.id for notice in one.statements]


def test_an_export_that_withdraws_a_report_without_its_dead_says_in_which_row() -> None:
    (reading,) = exported(
        "Sudden Death No,Revision,Record Status,Reported Date Time,Involvement,Nominal No,Surname\r\n"
        "SD/1,2,Cancelled,03/04/2026 21:15,Witness,N1,PELHAM\r\n"
    )
    assert (reading.reason, [problem.path for problem in reading.all_problems]) == ("no-persons", ["row 2"])


def test_a_table_of_nobody_we_know_is_refused() -> None:
    (reading,) = read(Submission(b"colour,size\nred,2\n", datetime(2026, 5, 1, tzinfo=UTC)), kind="police")
    assert (reading.verdict, reading.reason) == ("refused", "unknown-format")


def test_rows_that_give_two_children_one_number_are_refused_and_one_that_repeats_another_is_not() -> None:
    headings, _, ava, *_ = EXPORT.splitlines()
    twice = exported("\r\n".join([headings, ava, ava]))
    assert [(item.index, item.verdict) for reading in twice for item in reading.items] == [(0, "notice")]
    sister = ava.replace("09/11/2018", "10/11/2018")
    (refused,) = exported("\r\n".join([headings, ava, sister]))
    assert [(problem.code, problem.path) for problem in refused.all_problems] == [("duplicate-person", "row 3")]


def test_an_export_without_rows_is_refused_and_not_passed_in_silence() -> None:
    (reading,) = exported(EXPORT.splitlines()[0] + "\r\n")
    assert (reading.verdict, reading.reason) == ("refused", "no-rows")


SIBLINGS = (
    "Sudden Death No,Record Status,Reported Date Time,Occurrence No,Occurrence Classification,Occurrence LA Code,Involvement,"
    "Nominal No,Surname,DOB,Suspicious,Force Code\r\n"
    "SD/1,Live,03/04/2026 21:15,OC-1,House Fire,E06000054,Deceased,N1,PELHAM,09/11/2018,Unexplained,E23000038\r\n"
    "SD/1,,,,,,Deceased,N2,PELHAM,01/01/2020,,\r\n"
)


def test_what_happened_is_told_once_and_is_so_of_every_child_of_the_report() -> None:
    first, second = exported(SIBLINGS)[0].notices
    assert first.death.event is not None
    assert first.death.event.type == "fire"
    assert second.death.event == first.death.event
    assert second.police is not None
    assert second.police.suspicious == "unexplained"
    assert second.provenance["death.event.type"].path == "row 2, column Occurrence Classification"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("SD/1,Cancelled,,,,,Deceased,N2,PELHAM,01/01/2020,,", "Record Status"),
        ("SD/1,Live,,,,,Deceased,N2,PELHAM,01/01/2020,,E23000029", "Force Code"),
    ],
)
def test_rows_of_one_report_that_do_not_agree_about_the_whole_are_refused(row: str, column: str) -> None:
    (reading,) = exported(SIBLINGS + row.replace("N2", "N3") + "\r\n")
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [
        ("rows-differ", f"row 4, column {column}")
    ]
