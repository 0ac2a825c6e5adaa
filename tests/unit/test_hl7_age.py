"""Who died a child and who an adult, by birth date, stated age and signs, in HL7 v2."""

import pytest

from tests.hl7_samples import (
    DIED,
    codes,
    death,
    message,
    msh,
    obx,
    one,
    pid,
    pv1,
    verdict,
)

A08 = "ADT^A08^ADT_A01"


def told(event: str = A08, *more: str, **changes: str) -> bytes:
    return message(msh(event), pid(**changes), *more)


def test_an_adult_leaves_nothing() -> None:
    reading = one(death(f7="19500514"))
    assert (reading.verdict, reading.reason, reading.notices) == ("passed-over", "scope.adult", ())


@pytest.mark.parametrize(
    ("born", "found"), [("20080310", "notice"), ("20080309", "passed-over"), ("2008", "notice"), ("", "notice")]
)
def test_the_eighteenth_birthday_decides(born: str, found: str) -> None:
    assert verdict(death(f7=born))[0] == found


def test_the_day_of_the_death_decides_and_not_the_day_it_was_told() -> None:
    assert verdict(death(f29="20230101", f7="20060501")) == ("notice", "death")


def test_without_the_day_of_the_death_the_day_it_was_told_decides() -> None:
    assert verdict(told(f30="Y", f7="20080309")) == ("passed-over", "scope.adult")
    assert verdict(told(f30="Y", f7="20080311")) == ("notice", "death")


def test_an_unknown_age_keeps_the_signs_of_childhood() -> None:
    [notice] = one(death("ADT^A03", "NK1|1|HARROWGATE^Laura|MTH", f7="")).notices
    assert notice.child.signs_of_childhood == ("paediatric-ward", "parent-named")


@pytest.mark.parametrize(
    ("more", "sign"),
    [
        pytest.param((pv1(f3="Paed-Onc^^^RTH01"),), "paediatric-ward", id="the ward"),
        pytest.param((pv1(f3="W4^^^RTH01", f10="420"),), "paediatric-specialty", id="the specialty"),
        pytest.param((pv1(f3="W4^^^RTH01"), "NK1|1|HARROWGATE^Laura|mth"), "parent-named", id="a parent"),
        pytest.param((pv1(f3="W4^^^RTH01"), obx("GESTATION", "38", "wk")), "birth-recorded", id="the birth"),
    ],
)
def test_each_sign_of_childhood_is_told_alone(more: tuple[str, ...], sign: str) -> None:
    [notice] = one(message(msh(), pid(f29=DIED, f7=""), *more)).notices
    assert notice.child.signs_of_childhood == (sign,)


@pytest.mark.parametrize(
    "words", ["Baby", "CHILD", "INFANT", "TWIN", "NEWBORN", "NEONATE", "BOY", "GIRL", "B/O", "TRIPLET"]
)
def test_a_name_that_is_a_word_for_a_child_is_a_sign(words: str) -> None:
    [notice] = one(message(msh(), pid(f29=DIED, f7="", f5=f"HARROWGATE^{words}"))).notices
    assert notice.child.signs_of_childhood == ("child-in-name",)


def test_who_shows_no_sign_of_childhood_is_still_told_of() -> None:
    [notice] = one(message(msh(), pid(f29=DIED, f7=""), pv1(f3="W4^^^RTH01", f10="300"))).notices
    assert notice.child.signs_of_childhood == ()


def test_a_partial_birth_date_that_spans_18_is_a_sign() -> None:
    assert "birth-date-spans-18" in one(death(f7="2008")).notices[0].child.signs_of_childhood


def test_a_retraction_reaches_back_to_childhood() -> None:
    assert verdict(told(f7="20070101", f29='""')) == ("retraction", "deleted")
    assert verdict(told(f7="19900101", f29='""')) == ("passed-over", "scope.adult")


def test_a_merge_that_tells_the_day_of_an_adults_death_reaches_back_no_further() -> None:
    merged = "MRG|H100300^^^RTH^PI"
    assert verdict(told("ADT^A40", merged, f7="20060101", f29=DIED, f30="Y")) == ("passed-over", "scope.adult")
    assert verdict(told("ADT^A40", merged, f7="20060101")) == ("rekey", "merged")


def test_a_year_of_death_mistyped_into_the_next_century_casts_no_doubt_on_the_birth_date() -> None:
    reading = one(told("ADT^A40", "MRG|H100300^^^RTH^PI", f29="21400309", f30="Y"))
    assert reading.verdict == "rekey"
    assert "birth-date-impossible" not in codes(reading)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(death(f7="19000101"), ("notice", "death"), id="a death"),
        pytest.param(told(f7="19000101", f29='""'), ("retraction", "deleted"), id="its retraction"),
    ],
)
def test_a_birth_date_that_systems_write_for_an_unknown_one_makes_no_adult_of_a_child(
    body: bytes, found: tuple[str, str]
) -> None:
    reading = one(body)
    assert (reading.verdict, reading.reason) == found
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [("birth-date-impossible", "PID-7")]
    assert reading.notices[0].child.birth_date is None


def test_birth_after_death_is_flagged() -> None:
    assert "birth-after-death" in codes(one(death(f7="20260401")))


def test_a_day_first_birth_date_is_read_and_flagged() -> None:
    reading = one(death(f7="14/05/2019"))
    assert reading.notices[0].child.birth_date == "2019-05-14"
    assert "date-day-first" in codes(reading)
