"""Who is dead, who is alive again, and about whom nothing is kept: every way hospitals say it in HL7 v2."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.adapter import Submission
from adapters.hospital_hl7.adapter import ADAPTER
from integration_engine.mapping.profile import Profile, load_profile
from tests.hl7_samples import (
    DIED,
    OTHER_NUMBER,
    RECEIVED,
    codes,
    death,
    feed,
    message,
    msh,
    obx,
    one,
    pid,
    pv1,
    segment,
    verdict,
)

A08 = "ADT^A08^ADT_A01"
SUMMER = datetime(2026, 7, 1, tzinfo=UTC)


def told(event: str = A08, *more: str, **changes: str) -> bytes:
    return message(msh(event), pid(**changes), *more)


def read_by(profile: Profile, body: bytes) -> tuple[str, str]:
    [reading] = ADAPTER.read(Submission(body, RECEIVED), profile)
    return reading.verdict, reading.reason


# Where the death stands.


def test_a_date_without_an_indicator_is_a_death() -> None:
    assert verdict(told(f29=DIED)) == ("notice", "death")


def test_an_indicator_without_a_date_is_a_death() -> None:
    reading = one(told(f30="Y"))
    assert reading.verdict == "notice"
    assert reading.notices[0].death.died_at is None


@pytest.mark.parametrize("words", ["Dead", "DIED", "Deceased - in hospital", "Patient died"])
def test_free_text_is_understood(words: str) -> None:
    assert verdict(message(msh(), pid(), pv1(f36=words))) == ("notice", "death")
    assert verdict(message(msh(), pid(), pv1(f36=f"99^{words}"))) == ("notice", "death")
    assert verdict(told(f30=words)) == ("notice", "death")
    assert verdict(told(f29=words)) == ("notice", "death")


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ("2026", "2026"),
        ("202603", "2026-03"),
        ("20260309", "2026-03-09"),
        ("2026-03-09", "2026-03-09"),
        ("202603090410", "2026-03-09T04:10+00:00"),
        ("202606090410+0000", "2026-06-09T05:10+01:00"),
        ("20260309041030.1234", "2026-03-09T04:10:30+00:00"),
    ],
)
def test_a_date_of_death_keeps_its_precision(stated: str, read: str) -> None:
    [notice] = one(death(f29=stated), at=SUMMER).notices
    assert notice.death.died_at == read


@pytest.mark.parametrize(
    "stated", ["202603090000", "20260309000000", "20260309000000+0000", "2026-03-09T00:00:00Z", "2026-03-09 00:00"]
)
def test_midnight_is_a_date_without_a_time(stated: str) -> None:
    reading = one(death(f29=stated))
    assert reading.notices[0].death.died_at == "2026-03-09"
    assert "midnight-read-as-date" in codes(reading)
    assert "midnight-read-as-date" in {problem.code for problem in reading.notices[0].problems}


def test_a_feed_that_means_midnight_is_believed() -> None:
    reading = one(death(f29="202603090000"), of=feed(midnight_is_unknown=False))
    assert reading.notices[0].death.died_at == "2026-03-09T00:00+00:00"


def test_the_discharge_table_belongs_to_the_profile() -> None:
    four, twenty = message(msh(), pid(), pv1(f36="4")), message(msh(), pid(), pv1(f36="20"))
    assert verdict(four) == ("notice", "death")
    assert verdict(four, "hl7-us") == ("passed-over", "no-death")
    assert verdict(twenty, "hl7-us") == ("notice", "death")
    assert verdict(twenty) == ("refused", "disposition-not-in-table")


def test_a_discharge_code_in_two_digits_is_the_same_code() -> None:
    assert verdict(message(msh(), pid(), pv1(f36="04"))) == ("notice", "death")
    assert verdict(message(msh(), pid(), pv1(f36="04")), "hl7-us") == ("passed-over", "no-death")
    assert verdict(message(msh(), pid(), pv1(f36="00"))) == ("passed-over", "no-death")


@pytest.mark.parametrize("event", ["ORU^R01", "MDM^T02", "VXU^V04", "ORM^O01"])
def test_a_laboratory_says_it_indirectly(event: str) -> None:
    assert one(told(event, f29=DIED, f30="Y")).notices[0].source.indirect is True
    assert one(told(f29=DIED, f30="Y")).notices[0].source.indirect is None


def test_supporting_codes_never_decide() -> None:
    body = message(msh(), pid(), pv1(f37="79"), "DG1|1||R95^Sudden infant death^I10")
    assert verdict(body) == ("passed-over", "no-death")


# Taken back.


@pytest.mark.parametrize(
    ("fields", "form"),
    [
        ({"f29": '""'}, "deleted"),
        ({"f30": '""'}, "deleted"),
        ({"f29": ' "" '}, "deleted"),
        ({"f29": "RESURREC"}, "resurrected"),
        ({"f29": "resurrec"}, "resurrected"),
        ({"f30": "RESURREC"}, "resurrected"),
        ({"f29": "00000000"}, "zero-date"),
        ({"f29": "00000000000000"}, "zero-date"),
    ],
)
def test_a_death_is_taken_back(fields: dict[str, str], form: str) -> None:
    reading = one(told(**fields))
    assert (reading.verdict, reading.reason) == ("retraction", form)
    [notice] = reading.notices
    assert notice.intent == "retract"
    assert notice.retraction is not None
    assert notice.retraction.form == form
    assert notice.child.nhs_number == "9991000003"


def test_n_takes_back_only_where_it_is_reliable() -> None:
    assert verdict(told(f30="N")) == ("passed-over", "no-death")
    assert verdict(told(f30="N"), of=feed(n_is_reliable=True)) == ("retraction", "not-dead")


def test_a_short_date_takes_back_only_in_a_pims_feed() -> None:
    assert verdict(told(f29="202603")) == ("notice", "death")
    assert verdict(told(f29="202603"), "pims-wales") == ("retraction", "zero-date")


@pytest.mark.parametrize("event", ["A13", "A23", "A29"])
def test_a_cancel_waits_for_a_person(event: str) -> None:
    assert verdict(told(f"ADT^{event}")) == ("retraction", "cancelled-visit")


@pytest.mark.parametrize("event", ["A11", "A12", "A27"])
def test_other_cancels_matter_only_with_a_death_in_them(event: str) -> None:
    assert verdict(told(f"ADT^{event}")) == ("passed-over", "no-death")
    assert verdict(told(f"ADT^{event}", f30="Y")) == ("retraction", "cancelled-visit")
    assert verdict(told(f"ADT^{event}", pv1(f36="5"), f7="20260309")) == ("retraction", "cancelled-visit")
    assert verdict(told(f"ADT^{event}", obx("LIVEBIRTH", "N"), f7="20260309")) == ("retraction", "cancelled-visit")
    assert verdict(told(f"ADT^{event}", f29='""')) == ("retraction", "deleted")


def test_a_deleted_discharge_asks_about_the_death_that_the_very_visit_told_of() -> None:
    deleted = pv1(f36='""')
    assert verdict(told(A08, deleted)) == ("retraction", "visit-corrected")
    assert verdict(told(A08, pv1(f36=' "" '))) == ("retraction", "visit-corrected")
    notice = one(told(A08, deleted)).notices[0]
    assert (notice.source.visit, notice.retraction and notice.retraction.routine) == ("V1", True)
    assert verdict(told(A08, pv1(f36='""', f19=""))) == ("passed-over", "no-death")
    assert verdict(told("ORU^R01", deleted)) == ("passed-over", "no-death")
    assert verdict(told(A08, deleted, f7="19500509")) == ("passed-over", "no-death")
    fills_everything = replace(load_profile("nhs-adt"), settings={"delete_is_retraction": False})
    assert read_by(fills_everything, told(A08, deleted)) == ("passed-over", "no-death")


@pytest.mark.parametrize(("event", "end"), [("ADT^A03", "1"), (A08, "2"), ("ADT^A11", "")])
def test_a_visit_told_anew_asks_where_a_feed_corrects_visits_so(event: str, end: str) -> None:
    body = told(event, pv1(f36=end))
    corrects = replace(load_profile("nhs-adt"), settings={"visits_are_corrected": True})
    assert verdict(body) == ("passed-over", "no-death")
    assert read_by(corrects, body) == ("retraction", "visit-corrected")
    assert read_by(corrects, told(A08, pv1())) == ("passed-over", "no-death")
    assert read_by(corrects, told(event, pv1(f36=end), f7="20030601")) == ("retraction", "visit-corrected")
    assert read_by(corrects, told(event, pv1(f36=end), f7="20020601")) == ("passed-over", "no-death")
    assert read_by(corrects, told(event, pv1(f36=end), f7="2003")) == ("retraction", "visit-corrected")
    assert read_by(corrects, told(event, pv1(f36=end), f7="200")) == ("retraction", "visit-corrected")
    assert read_by(corrects, told(event, pv1(f36=end), f29=DIED)) != ("retraction", "visit-corrected")


@pytest.mark.parametrize("event", ["ADT^A44", "ADT^A45"])
def test_a_visit_that_turns_out_to_be_another_patients_asks_about_the_first_ones_death(event: str) -> None:
    prior = segment("MRG", {1: f"{OTHER_NUMBER}^^^NHS^NH", 5: "V1", 7: "OAKES^Ben"})
    body = message(msh(event), pid(f29=DIED, f30="Y"), prior, pv1(f19="V9"))
    reading = one(body)
    assert [(item.verdict, item.reason) for item in reading.items] == [
        ("retraction", "visit-corrected"),
        ("notice", "death"),
    ]
    asked, told_of = reading.notices
    assert (asked.child.nhs_number, asked.child.family_name, asked.source.visit) == (OTHER_NUMBER, "OAKES", "V1")
    assert (told_of.child.nhs_number, asked.id != told_of.id) == ("9991000003", True)
    assert ADAPTER.screen_for([(load_profile("nhs-adt"), None)])(message(msh(event), pid(), prior)) is True


def test_of_a_moved_visit_that_its_merge_does_not_name_the_stays_own_number_tells() -> None:
    prior = segment("MRG", {1: f"{OTHER_NUMBER}^^^NHS^NH"})
    asked = one(message(msh("ADT^A44"), pid(), prior, pv1(f19="V9"))).notices[0]
    assert (asked.child.nhs_number, asked.source.visit) == (OTHER_NUMBER, "V9")


def test_a_moved_visit_of_nobody_named_asks_about_nobody() -> None:
    prior = segment("MRG", {5: "V1", 7: "OAKES^Ben"})
    assert verdict(message(msh("ADT^A44"), pid(), prior, pv1(f19="V9"))) == ("passed-over", "no-death")


def test_a_name_that_replaces_another_moves_no_visit() -> None:
    prior = segment("MRG", {1: f"{OTHER_NUMBER}^^^NHS^NH", 5: "V1", 7: "OAKES^Ben"})
    [reading] = one(message(msh("ADT^A08"), pid(f29=DIED, f30="Y"), prior, pv1(f19="V9"))).items
    assert (reading.verdict, reading.reason) == ("notice", "death")


def test_a_visit_that_was_never_anybody_elses_asks_nothing() -> None:
    same = segment("MRG", {1: "9991000003^^^NHS^NH", 5: "V1"})
    unnamed = segment("MRG", {1: f"{OTHER_NUMBER}^^^NHS^NH"})
    for prior in (same, unnamed):
        assert verdict(message(msh("ADT^A45"), pid(), prior)) == ("passed-over", "no-death")


def test_a_cancel_that_deletes_the_date_is_a_real_retraction() -> None:
    assert verdict(told("ADT^A13", f29='""')) == ("retraction", "deleted")


def test_an_empty_field_says_nothing() -> None:
    assert verdict(told(f29="", f30="", f33="20260309")) == ("passed-over", "no-death")
    assert verdict(told(f29="^", f30="^")) == ("passed-over", "no-death")


# Both at once.


@pytest.mark.parametrize(
    "body",
    [
        told(f29=DIED, f30="N"),
        message(msh(), pid(f30="N"), pv1(f36="4")),
        message(msh(), pid(f29="RESURREC", f30="Y"), pv1()),
        message(msh(), pid(f29=DIED, f30='""'), pv1()),
    ],
)
def test_dead_and_alive_at_once_is_never_resolved_here(body: bytes) -> None:
    reading = one(body)
    assert reading.verdict == "notice"
    assert reading.notices[0].intent == "report"
    assert reading.notices[0].contradiction is True
    assert "contradiction" in codes(reading)


def test_deleting_the_date_alone_deletes_no_death() -> None:
    reading = one(told(f29='""', f30="Y"))
    assert reading.verdict == "notice"
    assert reading.notices[0].contradiction is None


# Refused, never silently alive.


def test_an_absent_pid_is_refused() -> None:
    assert verdict(message(msh(), pv1(f36="4"))) == ("refused", "no-pid")


def test_a_master_file_owes_no_pid() -> None:
    assert verdict(message(msh("MFN^M02"), "MFI|PRA")) == ("passed-over", "not-about-a-patient")


@pytest.mark.parametrize("place", [28, 30, 31, 32])
def test_a_date_where_none_belongs_means_shifted_fields(place: int) -> None:
    assert verdict(told(**{f"f{place}": DIED, f"f{place + 1}": "Y"})) == ("refused", "fields-shifted")


@pytest.mark.parametrize("place", [31, 32])
@pytest.mark.parametrize("yes", ["Y", " y"])
def test_a_lone_y_beside_the_death_indicator_is_flagged(place: int, yes: str) -> None:
    reading = one(told(**{f"f{place}": yes}))
    assert (reading.verdict, reading.reason) == ("passed-over", "no-death")
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [("fields-shifted", f"PID-{place}")]


@pytest.mark.parametrize("fields", [{"f31": "N"}, {"f30": "N", "f31": "Y"}, {"f30": "Y", "f32": "Y"}])
def test_an_identity_indicator_where_the_death_indicator_is_filled_is_one(fields: dict[str, str]) -> None:
    assert "fields-shifted" not in codes(one(told(**fields)))


def test_a_death_in_the_future_is_refused() -> None:
    assert verdict(death(f29="20360301085500")) == ("refused", "date-in-future")


def test_a_year_of_death_mistyped_into_the_next_century_makes_no_adult_of_a_child() -> None:
    body = message(msh("ADT^A40"), pid(f29="21260309", f30="Y"), "MRG|H100300^^^RTH^PI")
    assert verdict(body) == ("rekey", "merged")


@pytest.mark.parametrize(
    ("stated", "reason"), [("31022026", "bad-date"), ("09/03/26", "two-digit-year"), ("soon", "bad-date")]
)
def test_an_unreadable_date_alone_is_refused(stated: str, reason: str) -> None:
    reading = one(told(f29=stated))
    assert (reading.verdict, reading.reason) == ("refused", reason)
    assert (reason, "PID-29") in [(problem.code, problem.path) for problem in reading.all_problems]


def test_an_unreadable_date_beside_a_y_loses_no_death() -> None:
    reading = one(told(f29="31022026", f30="Y"))
    assert reading.verdict == "notice"
    assert "bad-date" in codes(reading)


def test_an_unknown_indicator_is_refused() -> None:
    assert verdict(told(f30="Q")) == ("refused", "bad-death-indicator")


def test_no_problem_repeats_a_value() -> None:
    reading = one(told(f29="99/88/7777", f30="Y", f7="77/66/5555", f3="1234567890^^^NHS^NH"))
    said = " ".join(problem.text for problem in reading.all_problems)
    assert not any(value in said for value in ("7777", "5555", "1234567890", "HARROWGATE"))


# What will never be taken.


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"f9": ""}, "no-message-type"),
        ({"f9": "CUSTOM^PAT"}, "unsupported-type"),
        ({"f12": "3.0"}, "unsupported-version"),
    ],
)
def test_foreign_types_and_versions_are_refused(header: dict[str, str], reason: str) -> None:
    changes = {name: value for name, value in header.items() if name != "f9"}
    body = message(msh(header.get("f9", A08), **changes), pid(f30="Y"))
    assert verdict(body) == ("refused", reason)


@pytest.mark.parametrize("version", ["", "2.1", "2.3.1", "2.8.2", "2.9"])
def test_every_version_of_2_is_read(version: str) -> None:
    assert verdict(message(msh(A08, f12=version), pid(f30="Y"))) == ("notice", "death")


def test_a_test_message_is_refused_by_a_production_feed_only() -> None:
    body = message(msh(A08, f11="T"), pid(f30="Y"))
    assert verdict(body) == ("notice", "death")
    assert verdict(body, of=feed(production=False)) == ("notice", "death")
    assert verdict(body, of=feed()) == ("refused", "test-message")


def test_an_acknowledgement_is_nobodys_death() -> None:
    assert verdict(message(msh("ACK^A03"), "MSA|AA|1")) == ("passed-over", "acknowledgement")
