"""Who died a child and who an adult, by birth date, stated age and when it was told, in FHIR."""

from typing import Any

import pytest

from tests.fhir_samples import bundle, dead, item, observation, patient, read, status, told


def test_a_year_of_death_mistyped_into_the_next_century_makes_no_adult_of_a_child() -> None:
    assert item(dead(deceasedDateTime="2126-03-09")).reason == "date-in-future"
    assert item(dead(deceasedDateTime="2126-03-09", birthDate="1950-01-01")).reason == "scope.adult"


def test_a_false_flag_of_an_adult_leaves_nothing() -> None:
    assert item(patient(deceasedBoolean=False, birthDate="1990-01-01")).reason == "scope.adult"


def test_a_retraction_still_counts_some_years_after_the_18th_birthday() -> None:
    assert item(patient(extension=status("U"), birthDate="2005-01-01")).verdict == "retraction"
    assert item(patient(extension=status("U"), birthDate="2001-01-01")).reason == "scope.adult"


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        pytest.param(dead(birthDate="1900-01-01"), "notice", id="a death"),
        pytest.param(patient(extension=status("U"), birthDate="1900-01-01"), "retraction", id="its retraction"),
    ],
)
def test_a_birth_date_that_systems_write_for_an_unknown_one_makes_no_adult_of_a_child(
    message: dict[str, Any], verdict: str
) -> None:
    found = item(message)
    assert found.verdict == verdict
    assert found.notice is not None
    assert found.notice.child.birth_date is None


def test_a_slip_of_a_century_beside_a_childs_age_is_no_adult() -> None:
    age = observation("30525-0", "http://loinc.org", valueQuantity={"value": 11, "code": "a"})
    found = read(bundle(dead(birthDate="1914-05-09"), age)).deciding
    assert (found.verdict, [problem.code for problem in found.problems]) == ("notice", ["age-disagrees"])


@pytest.mark.parametrize(
    ("born", "died", "reason"),
    [
        ("2008-03-10", "2026-03-09T23:50:00Z", "death"),
        ("2008-03-10", "2026-03-10T00:05:00Z", "scope.adult"),
        ("2008-03", "2026-03-09", "death"),
    ],
)
def test_the_18th_birthday_decides(born: str, died: str, reason: str) -> None:
    assert item(dead(birthDate=born, deceasedDateTime=died)).reason == reason


def test_a_birth_date_that_spans_the_birthday_is_a_sign_of_childhood() -> None:
    assert told(dead(birthDate="2008-03", deceasedDateTime="2026-03-09"))["child"]["signs_of_childhood"] == [
        "partial-birth-date"
    ]


def test_an_unknown_age_is_kept_and_says_what_speaks_of_a_child() -> None:
    mother = [{"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"family": "Heron"}}]
    assert told(dead(birthDate=None, contact=mother))["child"]["signs_of_childhood"] == ["parent-named"]
    assert "signs_of_childhood" not in told(dead(birthDate=None))["child"]


def test_a_bad_record_of_somebody_long_grown_up_leaves_nothing() -> None:
    assert item(dead(deceasedBoolean=True, birthDate="1950-01-01")).reason == "scope.adult"


@pytest.mark.parametrize(
    ("told_at", "reason"),
    [
        ("2026-03-04T09:00:00Z", "death"),
        ("2026-03-05T09:00:00Z", "scope.adult"),
        ("2031-03-05T09:00:00Z", "scope.adult"),
    ],
)
def test_without_the_day_of_the_death_the_day_it_was_told_decides_and_never_one_to_come(
    told_at: str, reason: str
) -> None:
    assert item(patient(deceasedBoolean=True, birthDate="2008-03-05", meta={"lastUpdated": told_at})).reason == reason


def named(use: str | None, given: str) -> dict[str, Any]:
    return {"family": "Heron", "given": [given], **({"use": use} if use else {})}


@pytest.mark.parametrize(
    ("names", "sign"),
    [
        ([named("usual", "Baby"), named("official", "Wren")], False),
        ([named("official", "Baby"), named("old", "Wren")], True),
        ([named("old", "Baby"), named(None, "Wren")], False),
        ([{"text": "Baby Heron"}], True),
        ([{"text": "Baby of Heron"}], True),
        ([{"text": "Baby"}], True),
        ([{"text": "Wren Heron"}], False),
        ([{"text": "Baby Heron", "family": "Heron", "given": ["Wren"]}], False),
        ([{"text": "Baby Heron", "family": "Heron"}], False),
        ([{"family": "Baby Heron"}], True),
    ],
)
def test_the_name_by_which_somebody_goes_now_shows_a_baby(names: list[dict[str, Any]], *, sign: bool) -> None:
    found = told(dead(birthDate=None, name=names))["child"].get("signs_of_childhood", [])
    assert ("called-a-baby" in found) is sign


@pytest.mark.parametrize(
    ("born", "died", "why"),
    [
        ("2026-03-10", "2026-03-09", {"death-before-birth"}),
        ("2026-03-09", "2026-03-09", set()),
        ("2026-04-09", "2026-03-09", {"death-before-birth", "birth-in-future"}),
    ],
)
def test_a_birth_after_the_death_or_to_come_is_told_and_loses_no_death(born: str, died: str, why: set[str]) -> None:
    found = read(dead(birthDate=born, deceasedDateTime=died))
    assert (found.verdict, {problem.code for problem in found.all_problems}) == ("notice", why)
