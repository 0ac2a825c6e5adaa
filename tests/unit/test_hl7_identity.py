"""Who the message is about, where it happened, when it was said, and what a merge joins."""

import pytest

from tests.hl7_samples import NUMBER, OTHER_NUMBER, codes, death, feed, message, msh, one, pid, pv1, verdict

SPACED = "999 100 0003"


@pytest.mark.parametrize(
    "ids",
    [
        f"{NUMBER}^^^NHS^NH",
        f"{NUMBER}^^^^NH",
        f"{NUMBER}^^^^NI",
        f"{NUMBER}^^^NHS^HN",
        f"{NUMBER}^^^NHS",
        f"{NUMBER}^^^NHSNBR^NHSNMBR",
        f"{SPACED}^^^NHS^NH",
        "999-100-0003",
        f"H1^^^RTH^PI~{NUMBER}",
        f"{OTHER_NUMBER}~{NUMBER}^^^NHS^NH",
    ],
)
def test_an_nhs_number_is_found_however_it_is_marked(ids: str) -> None:
    assert one(death(f3=ids)).notices[0].child.nhs_number == NUMBER


@pytest.mark.parametrize("place", ["f2", "f4"])
def test_an_nhs_number_alone_in_pid_2_or_4_is_found(place: str) -> None:
    assert one(death(f3="", **{place: NUMBER})).notices[0].child.nhs_number == NUMBER


def test_ten_digits_of_the_hospitals_own_type_are_no_nhs_number() -> None:
    assert one(death(f3=f"{NUMBER}^^^RTH^MR")).notices[0].child.nhs_number is None


@pytest.mark.parametrize("number", ["9991000004", "0000000000", "1111111111", "999100000"])
def test_an_invalid_nhs_number_is_kept_but_is_no_key(number: str) -> None:
    reading = one(death(f3=f"{number}^^^NHS^NH~H1^^^RTH^PI"))
    [notice] = reading.notices
    assert notice.child.nhs_number is None
    assert "nhs-number-invalid" in codes(reading)
    assert (number, "nhs-number-invalid") in {(one.value, one.problem) for one in notice.child.other_identifiers}


@pytest.mark.parametrize(("sent", "status"), [("NSTS01", "01"), ("01", "01"), ("NSTS08", "08"), ("", None)])
def test_tracing_status_is_read(sent: str, status: str | None) -> None:
    assert one(death(f32=sent)).notices[0].child.nhs_number_status == status


def test_ten_digits_that_a_hospital_calls_its_own_are_one_only_where_numbers_have_been_issued() -> None:
    never_issued = "8001002004"
    for unmarked, read in ((f"{NUMBER}^^^RTH", NUMBER), (f"{never_issued}^^^RTH", None), (never_issued, never_issued)):
        assert one(death(f3=unmarked)).notices[0].child.nhs_number == read


@pytest.mark.parametrize("status", ["01", "02", "03", "NSTS01"])
def test_the_status_of_a_number_that_is_not_there_is_none(status: str) -> None:
    assert one(death(f3="H1^^^RTH^PI", f32=status)).notices[0].child.nhs_number_status is None
    assert one(death(f32=status)).notices[0].child.nhs_number_status == status[-2:]
    assert one(death(f3="H1^^^RTH^PI", f32="07")).notices[0].child.nhs_number_status == "07"


@pytest.mark.parametrize(
    ("born", "time"),
    [("201405090410", "04:10"), ("20140509041055", "04:10"), ("201405090000", None), ("20140509", None)],
)
def test_a_time_of_birth_is_read_beside_its_day(born: str, time: str | None) -> None:
    child = one(death(f7=born)).notices[0].child
    assert (child.birth_date, child.birth_time) == ("2014-05-09", time)


def test_a_merge_may_name_the_other_by_the_older_field_alone() -> None:
    [reading] = one(message(msh("ADT^A40"), pid(), f"MRG||||{OTHER_NUMBER}")).items
    assert reading.notice is not None
    assert reading.notice.rekey is not None
    assert (reading.notice.rekey.old_nhs_number, reading.notice.rekey.new_nhs_number) == (OTHER_NUMBER, NUMBER)


def test_a_second_nhs_number_is_kept_beside_the_first_and_told() -> None:
    reading = one(death(f3=f"{NUMBER}^^^NHS^NH~{OTHER_NUMBER}^^^NHS^NH~{SPACED}^^^NHS^NH~9991000004^^^NHS^NH"))
    notice = reading.notices[0]
    kept = [(other.value, other.type, other.problem) for other in notice.child.other_identifiers]
    assert notice.child.nhs_number == NUMBER
    assert kept == [
        (OTHER_NUMBER, "NH", "nhs-number-ambiguous"),
        ("9991000004", "NH", "nhs-number-invalid"),
    ]
    found = {(problem.code, problem.path) for problem in reading.all_problems}
    assert {("nhs-number-ambiguous", "PID-3[2].1"), ("nhs-number-invalid", "PID-3[4].1")} <= found


def test_a_number_of_the_mothers_is_never_the_childs() -> None:
    for mothers in (f"{NUMBER}^^^NHS^MTH", f"{NUMBER}^^^NHS^mum"):
        reading = one(death(f3=f"{mothers}~H1^^^RTH^PI"))
        assert (reading.notices[0].child.nhs_number, "mothers-number" in codes(reading)) == (None, True)


def test_a_test_number_is_flagged_in_a_production_feed_only() -> None:
    assert "test-nhs-number" in codes(one(death(), of=feed()))
    assert "test-nhs-number" not in codes(one(death(), of=feed(production=False)))
    assert "test-nhs-number" not in codes(one(death()))


def test_the_hospitals_own_number_is_the_local_reference() -> None:
    assert one(death()).notices[0].source.local_ref == "H100200"
    assert one(death(f3=f"{NUMBER}^^^NHS^NH", f18="ACC1")).notices[0].source.local_ref == "ACC1"


@pytest.mark.parametrize("name", ["OKAFOR^BABY", "SMITH^Twin 1", "SMITH^B/O", "BABY OF SMITH", "UNKNOWN^INFANT"])
def test_a_stand_in_for_a_name_is_marked(name: str) -> None:
    assert one(death(f5=name)).notices[0].child.name_is_placeholder is True


def test_a_name_is_not() -> None:
    assert one(death()).notices[0].child.name_is_placeholder is None


@pytest.mark.parametrize(
    ("event", "ward", "code"),
    [
        ("A03", "PICU^^^RTH01", "RTH01"),
        ("A03", "RTH02^^^A ward", "RTH02"),
        ("A03", "PICU", "RTH"),
        ("A01", "PICU^^^RTH01", "RTH01"),
        ("A08", "PICU^^^RTH01", None),
        ("A31", "PICU^^^RTH01", None),
    ],
)
def test_where_the_patient_died(event: str, ward: str, code: str | None) -> None:
    [notice] = one(message(msh(f"ADT^{event}"), pid(f30="Y"), pv1(f3=ward))).notices
    assert (notice.death.place.ods_code if notice.death.place else None) == code


def test_without_a_visit_nobody_says_where() -> None:
    assert one(message(msh(), pid(f30="Y"))).notices[0].death.place is None


@pytest.mark.parametrize(
    ("sent", "recorded", "stated"),
    [
        ("20260309063000", "20260309061500", "2026-03-09T06:30+00:00"),
        ("20260309", "20260309061500", "2026-03-09T06:15+00:00"),
        ("20260309063000", "20291231", "2026-03-09T06:30+00:00"),
        # Nothing is recorded after it was sent.
        ("20260309063000", "20260309161500", "2026-03-09T06:30+00:00"),
        ("", "20260309061500", "2026-03-09T06:15+00:00"),
    ],
)
def test_a_statement_is_dated_by_the_later_of_both_times(sent: str, recorded: str, stated: str) -> None:
    body = message(msh(f7=sent), f"EVN|A03|{recorded}", pid(f30="Y"))
    assert one(body).notices[0].stated_at == stated


def test_an_area_code_is_kept_only_where_it_is_one() -> None:
    address = "1 High St^^LEEDS^^LS1 1AA^^H^^{}"
    assert one(death(f11=address.format("E08000035"))).notices[0].child.addresses[0].lad_code == "E08000035"
    assert one(death(f11=address.format("Yorkshire"))).notices[0].child.addresses[0].lad_code is None


def test_a_merge_is_a_rekey_of_both_sides() -> None:
    body = message(msh("ADT^A40^ADT_A39"), pid(), f"MRG|H7^^^RTH^PI~{OTHER_NUMBER}^^^NHS^NH")
    [notice] = one(body).notices
    assert verdict(body) == ("rekey", "merged")
    assert notice.intent == "rekey"
    assert notice.rekey is not None
    assert (notice.rekey.old_nhs_number, notice.rekey.new_nhs_number) == (OTHER_NUMBER, NUMBER)
    assert (notice.rekey.old_local_ref, notice.rekey.new_local_ref) == ("H7", "H100200")


@pytest.mark.parametrize(("event", "kind"), [("A18", "merged"), ("A34", "merged"), ("A47", "changed")])
def test_other_identity_events_are_rekeys_too(event: str, kind: str) -> None:
    assert verdict(message(msh(f"ADT^{event}"), pid(), "MRG|H7")) == ("rekey", kind)


def test_a_merge_of_adults_is_passed_over() -> None:
    assert verdict(message(msh("ADT^A40"), pid(f7="19500101"), "MRG|H7")) == ("passed-over", "scope.adult")


def test_a_merge_that_names_nobody_is_refused() -> None:
    assert verdict(message(msh("ADT^A40"), pid())) == ("refused", "no-mrg")
    assert verdict(message(msh("ADT^A40"), pid(), "MRG|")) == ("refused", "no-identifiers")


def test_a_merge_that_also_says_dead_loses_neither() -> None:
    [reading] = [one(message(msh("ADT^A40"), pid(f30="Y"), "MRG|H7"))]
    assert [item.verdict for item in reading.items] == ["rekey", "notice"]
    assert len({notice.id for notice in reading.notices}) == 2


def test_a_merge_of_several_pairs_is_several_rekeys_of_one_message() -> None:
    body = message(msh("ADT^A40"), pid(), "MRG|H7", pid(f3=f"{OTHER_NUMBER}^^^NHS^NH~H9^^^RTH^PI"), "MRG|H8")
    reading = one(body)
    assert [(n.rekey.old_local_ref, n.rekey.new_local_ref) for n in reading.notices if n.rekey] == [
        ("H7", "H100200"),
        ("H8", "H9"),
    ]
    assert len({notice.id for notice in reading.notices}) == 2
