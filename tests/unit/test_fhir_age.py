"""Who died a child and who an adult, by birth date, stated age and when it was told, in FHIR."""

from typing import Any

import pytest

from tests.fhir_samples import bundle, dead, item, observation, patient, read, status


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
