"""The ER7 tokenizer: what real feeds send is taken apart rightly or refused, never misread."""

import pytest

from adapters.hospital_hl7.er7 import MAX_SEGMENTS, NotReadable, parse
from adapters.hospital_hl7.members import members
from tests.hl7_samples import codes, death, message, msh, one, pid, read


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\n"])
def test_any_line_end_separates_segments(end: bytes) -> None:
    found = parse(death().replace(b"\r", end))
    assert [segment.name for segment in found.order] == ["MSH", "PID", "PV1"]


def test_a_byte_order_mark_is_no_part_of_the_message() -> None:
    assert parse(b"\xef\xbb\xbf" + death()).header.field(9) == "ADT^A03^ADT_A03"


def test_msh_is_counted_as_hl7_counts_it() -> None:
    header = parse(death()).header
    assert (header.field(1), header.field(2), header.field(3), header.field(12)) == ("|", "^~\\&", "PAS", "2.4")


def test_a_short_msh_2_gets_the_usual_rest() -> None:
    found = parse(death().replace(b"|^~\\&|", b"|^~|"))
    assert found.delimiters.encoding == "^~\\&"


def test_a_fifth_encoding_character_is_accepted() -> None:
    assert parse(death().replace(b"|^~\\&|", b"|^~\\&#|")).header.field(3) == "PAS"


def test_other_delimiters_are_read_by_msh() -> None:
    other = death().replace(b"|", b"$").replace(b"^", b"!")
    reading = one(other)
    assert reading.notices[0].child.family_name == "HARROWGATE"


def test_tabs_as_separator_are_read_by_msh_1() -> None:
    assert one(death().replace(b"|", b"\t")).verdict == "notice"


@pytest.mark.parametrize("marks", [b"|^^\\&|", b"|^|\\&|", b"|abcd|", b"|^~\\&#!|"])
def test_delimiters_that_tell_nothing_apart_are_refused(marks: bytes) -> None:
    assert one(death().replace(b"|^~\\&|", marks)).verdict == "refused"


def test_lower_case_segment_names_are_known() -> None:
    assert one(death().replace(b"PID|", b"pid|")).verdict == "notice"


def test_a_line_break_within_a_field_loses_nothing_after_it() -> None:
    reading = one(death(f11="12 High\nStreet^^READING"))
    assert reading.verdict == "notice"
    assert "line-break-in-field" in codes(reading)
    assert reading.notices[0].child.addresses[0].lines == ("12 High Street", "READING")


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (r"O\T\NEILL", "O&NEILL"),
        (r"A\F\B\S\C\R\D\E\E", "A|B^C~D\\E"),
        (r"\X41\\X42\N", "ABN"),
        (r"one\.br\two", "one\ntwo"),
        (r"SM\ITH\Q", r"SM\ITH\Q"),
        (r"SMITH\T", r"SMITH\T"),
        (r"SMITH\X0D0A\INFO", "SMITH INFO"),
        ("a\x00b\x1cc", "a b c"),
    ],
)
def test_escapes_are_read_and_the_unfinished_kept(raw: str, plain: str) -> None:
    assert parse(death()).text(raw) == plain


def test_charset_declared_by_msh_18_is_believed_if_it_decodes() -> None:
    body = message(msh(f18="8859/1"), pid(f5="S\u00d6DERBERG^Ava", f30="Y")).decode().encode("latin-1")
    reading = one(body)
    assert reading.notices[0].child.family_name == "S\u00d6DERBERG"
    assert "charset-fallback" not in codes(reading)


@pytest.mark.parametrize("declared", ["", "UNICODE UTF-8", "ASCII", "KLINGON"])
def test_undeclared_or_wrongly_declared_bytes_fall_back_and_it_is_said(declared: str) -> None:
    body = message(msh(f18=declared), pid(f5="S\u00d6DERBERG^Ava", f30="Y")).decode().encode("cp1252")
    reading = one(body)
    assert reading.notices[0].child.family_name == "S\u00d6DERBERG"
    assert "charset-fallback" in codes(reading)


def test_undeclared_utf_8_needs_no_remark() -> None:
    reading = one(message(msh(), pid(f5="S\u00d6DERBERG^Ava", f30="Y")))
    assert reading.notices[0].child.family_name == "S\u00d6DERBERG"
    assert not codes(reading)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read(codec: str) -> None:
    assert one(death().decode().encode(codec)).verdict == "notice"


def test_twenty_thousand_segments_are_refused() -> None:
    assert one(death() + b"NK1|1|X\r" * MAX_SEGMENTS).reason == "too-many-segments"


def test_a_start_byte_inside_is_refused() -> None:
    with pytest.raises(NotReadable, match="start-of-block"):
        parse(death().replace(b"HARROW", b"HAR\x0bROW"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "empty"), (b"\r\n\r\n", "empty"), (b"GET / HTTP/1.1", "not-hl7"), (b"MSH", "bad-delimiters")],
)
def test_what_is_no_message_is_refused(body: bytes, reason: str) -> None:
    assert one(body).reason == reason


BATCH = b"FHS|^~\\&|A\rBHS|^~\\&|A\r%bBTS|%d\rFTS|1\r"


def test_a_batch_is_its_messages() -> None:
    first, second = death(), death(f5="HARROWGATE^Ben")
    readings = read(BATCH % (first + second, 2))
    assert [reading.index for reading in readings] == [0, 1]
    assert [reading.verdict for reading in readings] == ["notice", "notice"]
    assert [reading.body for reading in readings] == [first, second]
    assert not codes(readings[0])


def test_a_message_is_the_same_notice_alone_and_in_a_batch_and_with_other_line_ends() -> None:
    alone = one(death()).notices[0].id
    assert read(BATCH % (death() + death("ADT^A08"), 2))[0].notices[0].id == alone
    assert one(death().replace(b"\r", b"\r\n")).notices[0].id == alone


def test_a_wrong_count_keeps_the_messages_and_is_a_problem() -> None:
    readings = read(BATCH % (death() + death("ADT^A08"), 3))
    assert [reading.verdict for reading in readings] == ["notice", "notice"]
    assert all("batch-count" in codes(reading) for reading in readings)


def test_a_missing_trailer_is_a_problem_and_whole_messages_are_kept() -> None:
    [reading] = read(b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + death())
    assert reading.verdict == "notice"
    assert "batch-truncated" in codes(reading)


def test_a_message_cut_by_the_end_of_the_file_is_refused_and_its_neighbour_kept() -> None:
    whole, cut = read(b"BHS|^~\\&|A\r" + death() + death("ADT^A08")[:-3])
    assert whole.verdict == "notice"
    assert (cut.verdict, cut.reason) == ("refused", "message-cut")


def test_frames_kept_in_a_file_are_their_messages() -> None:
    assert len(list(members(b"\x0b" + death() + b"\x1c\r\x0b" + death() + b"\x1c\r"))) == 2
