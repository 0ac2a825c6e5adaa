"""A force puts its own word right: a child it called dead was injured, and a withdrawal says of whom."""

import itertools
from dataclasses import replace

import pytest

from integration_engine.synthetic import coroner, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.conftest import Try

WILTSHIRE, THAMES_VALLEY = "E23000038", "E23000029"
NOW = ("--at", "2026-03-12T09:00:00Z")
GIRL = Child(
    "Larkhall", "Imogen", "2014-05-09", "female", invented_nhs_number(701), lines=("1 Quay Street",), postcode="RG1 1LZ"
)
TWIN = Child(
    "Larkhall",
    "Rosalind",
    "2014-05-09",
    "female",
    invented_nhs_number(702),
    lines=("1 Quay Street",),
    postcode="RG1 1LZ",
)
EVENT = {
    "event_id": "54-26-77",
    "type": "road-traffic-collision",
    "at": "2026-03-07T18:20:00",
    "place": {"lines": ["Station Road"], "lad_code": "E06000030"},
}


def person(role: str, child: Child = GIRL, person_id: str = "P1") -> dict:
    died = {"life_extinct_at": "2026-03-07T20:05:00"} if role == "deceased" else {}
    return police.deceased(child, person_id, **died) | {"role": role}


def version(
    number: int, *persons: dict, force: str = WILTSHIRE, report_id: str = "54-1", status: str = "current"
) -> bytes:
    told = f"2026-03-{7 + number:02}T20:00:00"
    return police.report(force, report_id, told, list(persons), event=EVENT, version=number, status=status)


DEAD = version(1, person("deceased"))
INJURED = version(2, person("injured"))
DEAD_AFTER_ALL = version(3, person("deceased"))


@pytest.mark.parametrize("order", list(itertools.permutations(("1.json", "2.json"))), ids=" then ".join)
def test_dead_in_the_first_version_and_injured_in_the_second_is_withdrawn(cdr_try: Try, order: tuple[str, ...]) -> None:
    messages = {"1.json": DEAD, "2.json": INJURED}
    (case,) = cdr_try({name: messages[name] for name in order}, *NOW)["cases"]
    assert (case["state"], case["rule"]) == ("withdrawn", "scope.retracted")
    assert sorted(case["from"]) == ["1.json#0", "2.json#0"]


def test_injured_in_a_later_version_of_a_report_that_nobody_died_in_is_passed_over(cdr_try: Try) -> None:
    answer = cdr_try({"2.json": INJURED}, *NOW)
    assert (answer["cases"], answer["waiting"], answer["reviews"]) == ([], [], [])
    assert [(row["ref"], row["reason"]) for row in answer["passed_over"]] == [("2.json#0", "no-death")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_last_version_stands_in_any_order(cdr_try: Try, order: tuple[int, ...]) -> None:
    versions = (DEAD, INJURED, DEAD_AFTER_ALL)
    (case,) = cdr_try({f"{n + 1}.json": versions[n] for n in order}, *NOW)["cases"]
    assert case["state"] == "open"


def test_another_force_that_still_says_dead_disputes_it(cdr_try: Try) -> None:
    other = version(1, person("deceased"), force=THAMES_VALLEY, report_id="43-9")
    (case,) = cdr_try({"1.json": DEAD, "2.json": INJURED, "other.json": other}, *NOW)["cases"]
    assert (case["state"], case["rule"]) == ("held", "held.disputed")


def test_a_coroner_who_was_told_still_says_dead_too(cdr_try: Try) -> None:
    referred = coroner.row("berkshire", "7-2026", "REFERRED", "2026-03-09", GIRL, date_of_death="2026-03-07")
    (case,) = cdr_try({"1.json": DEAD, "2.json": INJURED, "c.csv": coroner.upload([referred])}, *NOW)["cases"]
    assert (case["state"], case["rule"]) == ("held", "held.disputed")


def test_of_two_sisters_only_the_one_who_lives_is_withdrawn(cdr_try: Try) -> None:
    both = version(1, person("deceased"), person("deceased", TWIN, "P2"))
    one = version(2, person("injured"), person("deceased", TWIN, "P2"))
    cases = cdr_try({"1.json": both, "2.json": one}, *NOW)["cases"]
    assert {case["record"]["child"]["given_names"][0]: case["state"] for case in cases} == {
        "Imogen": "withdrawn",
        "Rosalind": "open",
    }


def test_an_injured_sister_who_never_died_takes_nothing_back(cdr_try: Try) -> None:
    later = version(2, person("deceased"), person("injured", TWIN, "P2"))
    answer = cdr_try({"1.json": DEAD, "2.json": later}, *NOW)
    assert [case["state"] for case in answer["cases"]] == ["open"]
    assert [(row["ref"], row["reason"]) for row in answer["passed_over"]] == [("2.json#1", "no-death")]


def test_a_withdrawal_that_names_nobody_is_refused_and_the_case_stays(cdr_try: Try) -> None:
    answer = cdr_try({"1.json": DEAD, "2.json": version(2, status="withdrawn")}, *NOW)
    assert [case["state"] for case in answer["cases"]] == ["open"]
    assert [(row["ref"], row["reason"]) for row in answer["refused"]] == [("2.json#0", "no-persons")]


GROWN_UP = replace(GIRL, birth_date="1974-05-09")


@pytest.mark.parametrize("status", ["current", "withdrawn"])
@pytest.mark.parametrize("order", list(itertools.permutations(("1.json", "2.json"))), ids=" then ".join)
def test_a_child_who_was_an_adult_after_all_is_withdrawn(cdr_try: Try, order: tuple[str, ...], status: str) -> None:
    messages = {"1.json": DEAD, "2.json": version(2, person("deceased", GROWN_UP), status=status)}
    answer = cdr_try({name: messages[name] for name in order}, *NOW)
    (case,) = answer["cases"]
    assert (case["state"], case["rule"]) == ("withdrawn", "scope.retracted")
    assert GROWN_UP.birth_date not in str(answer)


@pytest.mark.parametrize("status", ["current", "withdrawn"])
def test_of_an_adult_whom_nobody_called_a_child_nothing_is_kept(cdr_try: Try, status: str) -> None:
    answer = cdr_try({"2.json": version(2, person("deceased", GROWN_UP), status=status)}, *NOW)
    assert (answer["cases"], answer["waiting"], answer["reviews"]) == ([], [], [])
    assert [row["ref"] for row in answer["passed_over"]] == ["2.json#0"]


def test_the_adult_of_a_later_version_takes_nothing_back_of_a_child_beside_her(cdr_try: Try) -> None:
    both = version(1, person("deceased"), person("deceased", TWIN, "P2"))
    later = version(2, person("deceased", GROWN_UP), person("deceased", TWIN, "P2"))
    cases = cdr_try({"1.json": both, "2.json": later}, *NOW)["cases"]
    assert {case["record"]["child"]["given_names"][0]: case["state"] for case in cases} == {
        "Imogen": "withdrawn",
        "Rosalind": "open",
    }


def test_a_child_again_in_the_version_after_that_is_open(cdr_try: Try) -> None:
    versions = {"1.json": DEAD, "2.json": version(2, person("deceased", GROWN_UP)), "3.json": DEAD_AFTER_ALL}
    (case,) = cdr_try(versions, *NOW)["cases"]
    assert case["state"] == "open"


@pytest.mark.parametrize(
    ("born", "age"), [("1900-01-01", None), ("1914-05-09", "11 years"), ("1900-01-01", "11 years")]
)
def test_a_birth_date_that_nobody_can_believe_makes_no_adult_of_a_child(
    cdr_try: Try, born: str, age: str | None
) -> None:
    told = person("deceased", replace(GIRL, birth_date=born)) | ({"age": age} if age else {})
    (case,) = cdr_try({"1.json": version(1, told)}, *NOW)["cases"]
    assert case["state"] == ("open" if age else "held")
    assert "birth_date" not in case["record"]["child"]
