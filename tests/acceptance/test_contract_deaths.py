"""Where a death stands in HL7 v2 and how it is taken back, in messages written by hand."""

import pytest

from tests.acceptance.answers import CANCELLED, DISPUTED, NOW, OPEN, WITHDRAWN, decided, only, stands
from tests.acceptance.conftest import Read, Try
from tests.native_messages import adt, js, late, message, national, patient


@pytest.mark.parametrize(
    ("pid", "disposition", "died_at"),
    [
        ({"f29": "20241231", "f30": None}, "", "2024-12-31"),
        ({"f29": "2024-12-31", "f30": None}, "", "2024-12-31"),
        ({"f29": "202412310000", "f30": "Y"}, "", "2024-12-31"),
        ({"f29": "202603", "f30": None}, "", "2026-03"),
        ({"f29": "20250615120000+0100", "f30": None}, "", "2025-06-15T12:00"),
        ({"f29": None, "f30": "Y"}, "", None),
        ({"f29": None, "f30": None}, "4", None),
        ({"f29": None, "f30": None}, "Dead", None),
    ],
)
def test_a_death_is_read_wherever_a_feed_puts_it(
    cdr_read: Read, pid: dict[str, str | None], disposition: str, died_at: str | None
) -> None:
    (line,) = cdr_read({"m.hl7": adt(visit={"f36": disposition, "f37": ""}, **pid)})
    assert line["verdict"] == "notice"
    stated = line["notices"][0]["death"].get("died_at")
    assert stated[: len(died_at)] == died_at if died_at else stated is None
    assert ("midnight-read-as-date" in [problem["code"] for problem in line["problems"]]) == (
        pid["f29"] == "202412310000"
    )


@pytest.mark.parametrize(
    ("pid", "disposition"),
    [({"f29": None, "f30": None}, "1"), ({"f29": None, "f30": "N"}, "1"), ({"f29": None, "f30": None}, "")],
)
def test_what_only_supports_a_death_or_says_nothing_is_passed_over(
    cdr_read: Read, pid: dict[str, str | None], disposition: str
) -> None:
    body = adt("A03", "L", "DG1|1|10|R95^SIDS^I10||20260309|F", visit={"f36": disposition, "f37": "79"}, **pid)
    assert [line["verdict"] for line in cdr_read({"m.hl7": body})] == ["passed-over"]


def test_four_is_a_death_in_the_nhs_table_and_a_transfer_in_hl7s(cdr_read: Read) -> None:
    four = adt(f29=None, f30=None)
    assert cdr_read({"m.hl7": four})[0]["verdict"] == "notice"
    assert cdr_read({"m.hl7": four}, "--profile", "hl7-us")[0]["verdict"] == "passed-over"
    forty = adt(f29=None, f30=None, visit={"f36": "40"})
    assert cdr_read({"m.hl7": forty}, "--profile", "hl7-us")[0]["verdict"] == "notice"


@pytest.mark.parametrize(
    ("pid", "profile", "expected"),
    [
        ({"f29": '""', "f30": None}, "nhs-adt", WITHDRAWN),
        ({"f29": None, "f30": '""'}, "nhs-adt", WITHDRAWN),
        ({"f29": "RESURREC", "f30": None}, "nhs-adt", WITHDRAWN),
        ({"f29": "00000000", "f30": None}, "nhs-adt", WITHDRAWN),
        ({"f29": "202603", "f30": None}, "pims-wales", WITHDRAWN),
        ({"f29": "202603", "f30": None}, "nhs-adt", OPEN),
        ({"f29": None, "f30": "N"}, "nhs-adt", OPEN),
        ({"f29": None, "f30": None}, "nhs-adt", OPEN),
    ],
)
def test_only_the_un_dying_forms_take_a_death_back(
    cdr_try: Try, pid: dict[str, str | None], profile: str, expected: list[tuple[str, str]]
) -> None:
    answer = cdr_try({"a.hl7": adt(), "b.hl7": late(**pid)}, "--profile", profile, *NOW)
    assert stands(answer) == expected
    if expected == WITHDRAWN:
        assert only(answer)["clocks"] == {}
        alone = cdr_try({"b.hl7": late(**pid)}, "--profile", profile, *NOW)
        assert (alone["cases"], alone["waiting"]) == ([], ["b.hl7#0"])


@pytest.mark.parametrize("trigger", ["A11", "A13", "A23", "A29"])
def test_a_cancel_that_still_says_dead_waits_for_a_person_or_a_real_retraction(cdr_try: Try, trigger: str) -> None:
    said = {"a.hl7": adt(), "b.hl7": adt(trigger, "L2", sent="20260310080000")}
    assert stands(cdr_try(said, *NOW)) == CANCELLED
    assert stands(cdr_try(said | {"c.hl7": late(f29='""', f30='""')}, *NOW)) == WITHDRAWN
    about = decided("deny-death", "{dir}/a.hl7#0")
    assert stands(cdr_try(said, *NOW, decisions=[about])) == WITHDRAWN


def test_who_else_says_dead_decides_what_a_retraction_does(cdr_try: Try) -> None:
    back = late(f29='""', f30='""')
    other = adt("A08", "R1", sender="RHW", has_visit=False)
    formal = js(message(patient(extension=[national("2")]), sender="X26", event="pds-death-notification-1"))
    assert stands(cdr_try({"a.hl7": adt(), "b.hl7": back, "o.hl7": other}, *NOW)) == DISPUTED
    assert stands(cdr_try({"a.hl7": adt(), "b.hl7": back, "n.json": formal}, *NOW)) == DISPUTED
    again = late("LOR0009", sent="20260311090000")
    assert stands(cdr_try({"a.hl7": adt(), "b.hl7": back, "c.hl7": again}, *NOW)) == OPEN


@pytest.mark.parametrize(
    "body",
    [adt("A08", has_visit=False, f30="N"), adt(f29=None, f30="N"), adt(f30="N")],
    ids=["date", "disposition", "both"],
)
def test_dead_and_alive_in_one_message_is_a_notice_and_a_person_decides(
    cdr_read: Read, cdr_try: Try, body: bytes
) -> None:
    (line,) = cdr_read({"m.hl7": body})
    assert (line["verdict"], line["notices"][0]["intent"]) == ("notice", "report")
    assert "contradiction" in [problem["code"] for problem in line["problems"]]
    assert stands(cdr_try({"m.hl7": body}, *NOW)) == [("held", "held.contradiction")]
    assert stands(cdr_try({"m.hl7": body}, *NOW, decisions=[decided("confirm-death")])) == OPEN


def test_a_laboratory_message_opens_no_case_without_a_person(cdr_try: Try) -> None:
    laboratory = adt("A08", "O1", has_visit=False).replace(b"ADT^A08", b"ORU^R01")
    assert stands(cdr_try({"m.hl7": laboratory}, *NOW)) == [("held", "held.indirect-source")]
    assert stands(cdr_try({"m.hl7": laboratory, "b.hl7": late()}, *NOW)) == OPEN
