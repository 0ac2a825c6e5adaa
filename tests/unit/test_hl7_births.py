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
