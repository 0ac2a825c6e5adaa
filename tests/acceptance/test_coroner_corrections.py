"""An office puts its own word right: a case that was an adult's after all, and days that nobody can believe."""

import itertools
from dataclasses import replace

import pytest

from integration_engine.synthetic import coroner
from integration_engine.synthetic.person import Child
from tests.acceptance.conftest import Try

NOW = ("--at", "2026-04-12T09:00:00Z")
BOY = Child("Sable", "Kit", "2012-07-05", "male", lines=("1 Quay Street",), postcode="OX1 1BP")
GROWN_UP = replace(BOY, birth_date="1912-07-05")
AREA, REFERENCE = "oxfordshire", "OX-26-0151"


def row(event: str, day: str, child: Child = BOY, reference: str = REFERENCE, **also: str) -> dict[str, str]:
    return coroner.row(AREA, reference, event, day, child, date_of_death="2026-03-09", **also)


REFERRED = coroner.upload([row("REFERRED", "2026-03-10")])


@pytest.mark.parametrize("event", ["WITHDRAWN", "CORRECTED"])
@pytest.mark.parametrize("order", list(itertools.permutations(("1.csv", "2.csv"))), ids=" then ".join)
def test_a_case_that_was_an_adults_after_all_is_withdrawn(cdr_try: Try, order: tuple[str, ...], event: str) -> None:
    files = {"1.csv": REFERRED, "2.csv": coroner.upload([row(event, "2026-03-12", GROWN_UP)])}
    answer = cdr_try({name: files[name] for name in order}, *NOW)
    (case,) = answer["cases"]
    assert (case["state"], case["rule"]) == ("withdrawn", "scope.retracted")
    assert GROWN_UP.birth_date not in str(answer)


@pytest.mark.parametrize("event", ["WITHDRAWN", "CORRECTED", "REFERRED"])
def test_of_an_adult_whom_no_office_called_a_child_nothing_is_kept(cdr_try: Try, event: str) -> None:
    answer = cdr_try({"2.csv": coroner.upload([row(event, "2026-03-12", GROWN_UP)])}, *NOW)
    assert (answer["cases"], answer["waiting"], answer["reviews"]) == ([], [], [])
    assert [each["ref"] for each in answer["passed_over"]] == ["2.csv#0"]


def test_an_adults_withdrawal_takes_back_no_other_case_of_the_office(cdr_try: Try) -> None:
    gone = coroner.upload([row("WITHDRAWN", "2026-03-12", GROWN_UP, "OX-26-0152")])
    (case,) = cdr_try({"1.csv": REFERRED, "2.csv": gone}, *NOW)["cases"]
    assert case["state"] == "open"


@pytest.mark.parametrize(("born", "age"), [("1900-01-01", ""), ("01/01/1900", "13 years"), ("1912-07-05", "13 years")])
def test_a_birth_date_that_nobody_can_believe_makes_no_adult_of_a_child(cdr_try: Try, born: str, age: str) -> None:
    told = coroner.upload([row("REFERRED", "2026-03-10", replace(BOY, birth_date=born), age=age)])
    (case,) = cdr_try({"1.csv": told}, *NOW)["cases"]
    assert (case["state"], case["rule"]) == (("open", "scope.child") if age else ("held", "held.age"))
    assert "birth_date" not in case["record"]["child"]


@pytest.mark.parametrize(
    ("born", "age"), [("1900-01-01", "84 years"), ("2008-03-09", "17 years"), ("2004-03-09", "about 16")]
)
def test_an_adult_stays_one_for_all_that_stands_beside_the_birth_date(cdr_try: Try, born: str, age: str) -> None:
    told = coroner.upload([row("REFERRED", "2026-03-10", replace(BOY, birth_date=born), age=age)])
    answer = cdr_try({"1.csv": told}, *NOW)
    assert (answer["cases"], [each["reason"] for each in answer["passed_over"]]) == ([], ["scope.adult"])
