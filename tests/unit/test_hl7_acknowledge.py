"""What a hospital is answered: the right code, in its own version and delimiters, and nothing about a patient."""

import pytest
from hl7apy.parser import parse_message

from adapters.adapter import Answer
from adapters.hospital_hl7.acknowledge import acknowledge, refuse
from adapters.hospital_hl7.er7 import Message, parse
from integration_engine.record.notice import Problem
from tests.hl7_samples import RECEIVED, death, feed, message, msh, one, pid, pv1, read

A08 = "ADT^A08^ADT_A01"
VERSIONS = ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.2"]


def answer(body: bytes, mode: str = "auto", *, durable: bool = True, production: bool = False) -> Answer:
    of = feed(acknowledgement=mode, production=production)
    return acknowledge(read(body, of=of), body, control_id="OWN1", now=RECEIVED, feed=of, durable=durable)


def said(body: bytes, **more: bool) -> Message:
    found = answer(body, **more).body
    assert found is not None
    return parse(found)


def dead(**header: str) -> bytes:
    return message(msh(**header), pid(f30="Y"), pv1())


def test_a_death_is_accepted_with_everything_turned_round() -> None:
    header, verdict = said(dead(f18="UNICODE UTF-8")).order
    assert [header.field(place) for place in (3, 4, 5, 6)] == ["CDR", "CDR", "PAS", "RTH"]
    assert [header.field(place) for place in (7, 9, 10, 11, 12)] == [
        "20260310090000+0000",
        "ACK^A03^ACK",
        "OWN1",
        "P",
        "2.4",
    ]
    assert (verdict.field(1), verdict.field(2)) == ("AA", "M1")


def test_an_irrelevant_message_is_accepted_without_having_been_read() -> None:
    body = message(msh(A08), pid())
    assert acknowledge([], body, control_id="OWN1", now=RECEIVED).code == "AA"


def test_a_stillbirths_sender_is_told_whose_it_is() -> None:
    body = message(msh(f12="2.5.1"), pid(f7="20260309"), pv1(f36="5"))
    [error] = said(body).segments("ERR")
    assert error.field(4) == "I"
    assert "MBRRACE" in error.field(8)


def test_an_older_version_is_told_it_beside_its_acknowledgement() -> None:
    """Before 2.5 an ERR is an error; MSA-3 is text."""
    told = said(message(msh(f12="2.4"), pid(f7="20260309"), pv1(f36="5")))
    assert not told.segments("ERR")
    [acknowledged] = told.segments("MSA")
    assert acknowledged.field(1) == "AA"
    assert "MBRRACE" in acknowledged.field(3)


@pytest.mark.parametrize(
    ("body", "code", "condition"),
    [
        (message(msh(), pv1()), "AE", "100"),
        (death(f29="31022026", f30=""), "AE", "102"),
        (message(msh(A08), pid(f30="Q")), "AE", "103"),
        (message(msh("CUSTOM^PAT"), pid(f30="Y")), "AR", "200"),
        (message(msh(f12="3.0"), pid(f30="Y")), "AR", "203"),
    ],
)
def test_a_refusal_names_its_condition(body: bytes, code: str, condition: str) -> None:
    found = said(body)
    assert found.segments("MSA")[0].field(1) == code
    assert condition in found.segments("ERR")[0].raw


@pytest.mark.parametrize("processing", ["T", "D"])
def test_a_test_message_to_a_production_feed_is_rejected_202(processing: str) -> None:
    found = said(dead(f11=processing), production=True)
    assert found.segments("MSA")[0].field(1) == "AR"
    assert "202" in found.segments("ERR")[0].field(1)


def test_errors_are_written_as_the_version_has_them() -> None:
    old = said(message(msh(A08), pid(f30="Q")))
    assert old.segments("ERR")[0].field(1) == "PID^1^30^103&Table value not found&HL70357"
    assert old.segments("MSA")[0].field(3).startswith("bad-death-indicator: ")
    new = said(message(msh(A08, f12="2.5.1"), pid(f30="Q"))).segments("ERR")[0]
    assert (new.field(1), new.field(2), new.field(3)) == ("", "PID^1^30", "103^Table value not found^HL70357")
    assert new.field(4) == "E"
    assert new.field(8).startswith("bad-death-indicator")


@pytest.mark.parametrize("version", [*VERSIONS, "2.9", ""])
@pytest.mark.parametrize("indicator", ["Y", "Q"])
def test_every_version_is_answered_in_itself(version: str, indicator: str) -> None:
    found = said(message(msh(A08, f12=version), pid(f30=indicator)))
    assert found.header.field(12) == (version or "2.4")
    assert found.segments("MSA")[0].field(1) == ("AA" if indicator == "Y" else "AE")
    place = 2 if version >= "2.5" else 1
    assert [error.field(place)[:8] for error in found.segments("ERR")] == (["PID^1^30"] if indicator == "Q" else [])


@pytest.mark.parametrize("version", VERSIONS)
def test_another_library_can_read_the_answer(version: str) -> None:
    body = answer(message(msh(A08, f12=version), pid(f30="Q"))).body
    assert body is not None
    known = parse_message(body.decode(), find_groups=False)
    assert known.msa.msa_1.value == "AE"
    assert known.msa.msa_2.value == "M1"


def test_the_senders_delimiters_are_kept() -> None:
    body = dead().replace(b"|", b"$").replace(b"^", b"!")
    found = answer(body).body
    assert found is not None
    assert found.startswith(b"MSH$!~\\&$CDR$")
    assert parse(found).header.field(9) == "ACK!A03!ACK"


@pytest.mark.parametrize(
    ("accept", "respond", "mode", "good", "bad"),
    [
        ("", "", "auto", "AA", "AE"),
        ("AL", "NE", "auto", "AA", "AE"),
        ("AL", "NE", "enhanced", "CA", "CE"),
        ("AL", "NE", "original", "AA", "AE"),
        ("AL", "AL", "auto", "CA", "CE"),
        ("NE", "NE", "auto", None, None),
        ("NE", "NE", "enhanced", None, None),
        ("NE", "AL", "auto", "AA", "AE"),
        ("ER", "NE", "enhanced", None, "CE"),
        ("SU", "NE", "enhanced", "CA", None),
    ],
)
def test_what_the_sender_asked_for(accept: str, respond: str, mode: str, good: str | None, bad: str | None) -> None:
    for wanted, indicator in ((good, "Y"), (bad, "Q")):
        found = answer(message(msh(A08, f15=accept, f16=respond), pid(f30=indicator)), mode)
        assert (found.code if found.body else None) == wanted


@pytest.mark.parametrize(
    ("accept", "respond", "indicator", "later"),
    [
        ("AL", "AL", "Y", b"AA"),
        ("SU", "SU", "Y", b"AA"),
        ("AL", "NE", "Y", None),
        ("AL", "ER", "Y", None),
        ("AL", "AL", "Q", None),
        ("NE", "AL", "Y", None),
    ],
)
def test_who_asks_for_both_answers_gets_the_applications_as_a_message_of_its_own(
    accept: str, respond: str, indicator: str, later: bytes | None
) -> None:
    found = answer(message(msh(A08, f15=accept, f16=respond), pid(f30=indicator)), "enhanced")
    assert (found.later is None) == (later is None)
    if found.later is not None and found.body is not None:
        first, second = parse(found.body), parse(found.later)
        assert second.segments("MSA")[0].field(1).encode() == later
        assert [each.segments("MSA")[0].field(2) for each in (first, second)] == ["M1", "M1"]
        assert first.header.field(10) != second.header.field(10)


def test_both_answers_to_each_message_of_a_batch_come_together() -> None:
    body = b"BHS|^~\\&|PAS|RTH|CDR|CDR|||||B7\r" + 2 * message(msh(A08, f15="AL", f16="AL"), pid(f30="Y")) + b"BTS|2\r"
    found = answer(body, "enhanced")
    for said, expected in ((found.body, ["AA", "CA", "CA"]), (found.later, ["AA", "AA"])):
        assert said is not None
        assert [line[4:6] for line in said.decode().split("\r") if line.startswith("MSA")] == expected


def test_a_message_of_sixteen_bit_characters_is_answered_too() -> None:
    """It is taken, so silence would have its sender send it for ever."""
    for codec in ("utf-16", "utf-16-le", "utf-16-be"):
        found = answer(dead().decode().encode(codec))
        assert found.code == "AA"
        assert found.body is not None
        assert b"\rMSA|AA|M1\r" in found.body


def test_a_batch_that_counts_in_ten_digits_is_wrong_and_its_count_isnt_repeated() -> None:
    """So long a number could be a person's."""
    found = answer(b"BHS|^~\\&|PAS|RTH\r" + dead() + b"BTS|9991000003\r").body
    assert found is not None
    assert b"MSA|AE|" in found
    assert b"999100" not in found


def test_what_is_not_durable_is_not_accepted() -> None:
    found = answer(dead(), durable=False)
    assert (found.accepted, found.code) == (False, "AE")
    assert answer(message(msh(A08), pid()), durable=False).code == "AA"


def test_an_acknowledgement_is_never_acknowledged() -> None:
    assert answer(message(msh("ACK^A03"), "MSA|AA|1")).body is None


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\x00\x01"])
def test_nothing_can_be_said_without_a_header(body: bytes) -> None:
    assert answer(body).body is None


def test_a_broken_message_with_a_header_is_answered() -> None:
    assert answer(dead().replace(b"HARROW", b"HAR\x0bROW")).code == "AE"


def test_a_batch_is_answered_as_a_whole_and_message_by_message() -> None:
    second = death("ADT^A08").replace(b"|M1|", b"|M2|")
    body = b"BHS|^~\\&|PAS|RTH|CDR|CDR|||||B7\r" + death() + second + b"BTS|3\r"
    found = answer(body).body
    assert found is not None
    verdicts = [line.split("|")[1:3] for line in found.decode().split("\r") if line.startswith("MSA")]
    assert verdicts == [["AE", "B7"], ["AA", "M1"], ["AA", "M2"]]
    ids = [line.split("|")[9] for line in found.decode().split("\r") if line.startswith("MSH")]
    assert ids == ["OWN1", "OWN1-1", "OWN1-2"]


def test_no_answer_holds_anything_of_the_patient() -> None:
    bad = death(f29="99887766", f30="", f7="77/66/5555", f3="9991000004^^^NHS^NH")
    for body in (bad, bad.replace(b"|2.4", b"|2.5.1"), death(f30="HARROWGATE", f29="")):
        found = answer(body).body
        assert found is not None
        assert not any(value in found for value in (b"HARROWGATE", b"Ava", b"9991000004", b"5555", b"99887766"))


def test_a_door_refuses_for_reasons_of_its_own() -> None:
    found = refuse(dead(), Problem(code="wrong-sender", text="not you", path="MSH-4"), control_id="X", now=RECEIVED)
    assert (found.accepted, found.code) == (False, "AR")
    assert one(dead()).verdict == "notice"
