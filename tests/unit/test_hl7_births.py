"""What becomes of a birth without signs of life, after a termination or before 24 weeks, in HL7 v2."""

import pytest

from tests.hl7_samples import codes, death, message, msh, obx, one, pid, pv1, verdict


def stillborn(*observations: str) -> bytes:
    return message(msh(), pid(f7="20260309"), pv1(f36="5"), *observations)


def test_an_attended_stillbirth_is_passed_over_with_a_hint() -> None:
    reading = one(stillborn())
    assert (reading.verdict, reading.reason) == ("passed-over", "scope.stillbirth")
    assert reading.hint is not None
    assert "MBRRACE" in reading.hint


@pytest.mark.parametrize("why", [obx("ATTENDED", "N"), obx("STILLBIRTH-AT-HOME", "Y")])
def test_an_unattended_stillbirth_is_ours(why: str) -> None:
    reading = one(stillborn(obx("GESTATION", "36"), why))
    assert (reading.verdict, reading.reason) == ("notice", "unattended-stillbirth")
    assert reading.notices[0].death.live_birth == "no"
    assert reading.notices[0].child.gestation_days == 252


def test_observations_alone_can_tell_a_stillbirth() -> None:
    body = message(msh("ADT^A08^ADT_A01"), pid(f7="20260309"), obx("237364002", "Y"), obx("ATTENDED", "N"))
    assert verdict(body) == ("notice", "unattended-stillbirth")
    finding = message(msh("ADT^A08^ADT_A01"), pid(f7="20260309"), obx("1^Outcome", "237364002^Stillbirth^SCT"))
    assert verdict(finding) == ("passed-over", "scope.stillbirth")


def test_before_24_weeks_it_is_a_late_fetal_loss() -> None:
    assert verdict(stillborn(obx("GESTATION", "23+0"))) == ("passed-over", "scope.stillbirth")


def test_a_termination_is_passed_over_even_with_signs_of_life() -> None:
    body = death("ADT^A03", obx("TERMINATION", "Y"), obx("SIGNS-OF-LIFE", "Y"), f7="20260309")
    assert verdict(body) == ("passed-over", "scope.termination")


def test_a_live_birth_at_22_weeks_is_a_child() -> None:
    reading = one(
        death("ADT^A03", obx("LIVEBIRTH", "Y"), obx("11884-4", "22+1"), obx("8339-4", "480", "g"), f7="20260309")
    )
    [notice] = reading.notices
    assert reading.reason == "death"
    assert (notice.death.live_birth, notice.child.gestation_days, notice.child.birth_weight_g) == ("yes", 155, 480)


def test_a_live_birth_outweighs_a_code_for_stillbirth() -> None:
    reading = one(stillborn(obx("LIVEBIRTH", "Y")))
    assert (reading.verdict, reading.reason) == ("notice", "death")
    assert "birth-outcome-disagrees" in codes(reading)


def test_nobody_is_stillborn_at_six() -> None:
    reading = one(message(msh(), pid(f7="20190514"), pv1(f36="5")))
    assert reading.verdict == "notice"
    assert reading.notices[0].contradiction is True


def test_n_on_every_message_does_not_make_a_stillbirth_a_contradiction() -> None:
    assert verdict(message(msh(), pid(f7="20260309", f30="N"), pv1(f36="5"))) == ("passed-over", "scope.stillbirth")


@pytest.mark.parametrize(
    ("stated", "unit", "days"),
    [
        ("22", "", 154),
        ("22", "wk", 154),
        ("160", "days", 160),
        ("160", "D", 160),
        ("40", "D", 40),
        ("40", "WEEKS", 280),
        ("22+6", "", 160),
        ("22+6", "weeks", 160),
        ("350", "d", 350),
    ],
)
def test_gestation_is_read_in_weeks_or_days_as_its_unit_says(stated: str, unit: str, days: int) -> None:
    [notice] = one(death("ADT^A03", obx("GESTATION", stated, unit), obx("LIVEBIRTH", "Y"), f7="20260309")).notices
    assert notice.child.gestation_days == days


@pytest.mark.parametrize(
    ("stated", "unit", "grams"), [("480", "g", 480), ("0.48", "kg", 480), ("480g", "", 480), ("15000", "g", 15_000)]
)
def test_a_birth_weight_is_read_in_grams_or_kilograms(stated: str, unit: str, grams: int) -> None:
    [notice] = one(death("ADT^A03", obx("BIRTHWEIGHT", stated, unit), f7="20260309")).notices
    assert notice.child.birth_weight_g == grams


@pytest.mark.parametrize(
    "observed",
    [
        obx("GESTATION", "351", "d"),
        obx("GESTATION", "0", "d"),
        obx("BIRTHWEIGHT", "15001", "g"),
        obx("BIRTHWEIGHT", "0", "g"),
    ],
)
def test_what_no_baby_weighs_and_no_pregnancy_lasts_is_told_and_left_out(observed: str) -> None:
    reading = one(death("ADT^A03", observed, f7="20260309"))
    assert (reading.verdict, "bad-value" in codes(reading)) == ("notice", True)
    assert (reading.notices[0].child.gestation_days, reading.notices[0].child.birth_weight_g) == (None, None)


@pytest.mark.parametrize("value", ["", '""'])
def test_an_observation_without_a_value_says_nothing(value: str) -> None:
    reading = one(death("ADT^A03", obx("GESTATION", value, "wk"), obx("LIVEBIRTH", value), f7="20260309"))
    assert (reading.notices[0].death.live_birth, codes(reading)) == (None, set())
