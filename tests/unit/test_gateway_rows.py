"""What an office sees of its rows, and what goes back to it."""

import pytest

from adapters.adapter import Feed, Item, Reading
from adapters.tables import Row, Table
from integration_engine.gateway.corrections import MOST_ROWS, corrections
from integration_engine.gateway.intake import Heard, choose_feed
from integration_engine.gateway.rows import counts, refused_rows, row_answers, safe_cell
from integration_engine.record.notice import Problem

TOLD = "There is no such date: write the day first, 03/04/2026 for 3 April, or 2026-04-03"


def heard(*items: Item) -> Heard:
    return Heard(tuple(Reading(item.index, "coroner", "p", (item,)) for item in items))


def problem(path: str) -> Problem:
    return Problem(code="bad-date", text="child.birth_date: there is no such date (profile coroner-case)", path=path)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－1"])
def test_what_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Ava", "01/02/2026", "O'Neill", "a=b", "1-2"])
def test_ordinary_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("row 3, column Date of Birth", "Date of Birth"),
        ("$[2].date_of_birth", "date_of_birth"),
        ("/cases/case[3]/date_of_birth", "date_of_birth"),
        ("row 3", ""),
        ("$[2]", ""),
    ],
)
def test_a_problem_names_the_column_in_every_form_of_file(path: str, column: str) -> None:
    [answer] = row_answers(heard(Item(0, "refused", "bad-date", problems=(problem(path),))), None)
    assert answer.problems == ({"column": column, "code": "bad-date", "text": TOLD},)


def test_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    table = Table({}, [Row(0, 4, {}), Row(1, 6, {})])
    answers = row_answers(heard(Item(0, "notice", "death"), Item(1, "passed-over", "scope.adult")), table)
    assert answers[1].why == ("Nothing was kept: the person was an adult.",)
    assert [answer.row for answer in answers] == [4, 6]


def test_accepted_rows_with_warnings_are_counted_as_both() -> None:
    rows = row_answers(
        heard(Item(0, "notice", "death", problems=(problem("row 2"),)), Item(1, "retraction", "withdrawn")), None
    )
    assert counts(rows) == {"accepted": 2, "warnings": 1, "passed_over": 0, "refused": 0}


def test_nothing_goes_back_where_nothing_was_refused() -> None:
    assert refused_rows(heard(Item(0, "notice", "death")), Table({}, [Row(0, 2, {})])) is None


def feed(name: str) -> Feed:
    return Feed(name, "RTH", "hospital-hl7", "nhs-adt")


def test_a_feed_is_chosen_by_name_then_by_sender_then_as_the_only_one() -> None:
    pas, lab = feed("PAS"), feed("LAB")
    assert choose_feed([pas, lab], "lab", ("RTH", "PAS")) is lab
    assert choose_feed([pas, lab], None, ("RTH", "pas")) is pas
    assert choose_feed([pas], None, ("RTH", "other")) is pas
    assert choose_feed([pas, lab], None, ("RTH", "other")) is None
    assert choose_feed([], "lab", ()) is None


def test_a_column_is_not_named_again_in_the_sentence_about_it() -> None:
    told = Problem(code="date-in-future", text="date_of_death: a day that has not come yet", path="row 2, column Died")
    [answer] = row_answers(heard(Item(0, "refused", told.code, problems=(told,))), None)
    assert answer.why == ("A day that has not come yet",)


@pytest.mark.parametrize(("letters", "offered"), [(200, True), (50_000, False)])
def test_no_form_is_offered_that_could_not_be_sent_back(letters: int, offered: bool) -> None:
    wrong = [
        Item(at, "refused", "bad-date", problems=(problem(f"row {at + 2}, column dob"),)) for at in range(MOST_ROWS)
    ]
    rows = [Row(at, at + 2, {"date_of_birth": "?", "narrative": "ä" * letters}) for at in range(MOST_ROWS)]
    told = heard(*wrong)
    table = Table({"date_of_birth": "dob", "narrative": "narrative"}, rows)
    assert bool(corrections(told, table, row_answers(told, table))) is offered
