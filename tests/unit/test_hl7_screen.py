"""The screen: passes over, on bytes alone, what can't be about a child's death - and never anything else."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.hospital_hl7.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile
from tests.hl7_samples import DIED, death, feed, message, msh, obx, pid, pv1, read

ORDINARY = message(msh("ADT^A08^ADT_A01"), "EVN|A08", pid(f29="", f30="", f33="20260101"), pv1(f19="", f36="1"))


@pytest.mark.parametrize(
    "body",
    [
        ORDINARY,
        ORDINARY.replace(b"\r", b"\n"),
        ORDINARY.replace(b"\r", b"\r\n"),
        ORDINARY.replace(b"^~\\&|", b"^~\\&#|"),
        message(msh("ORU^R01"), pid(), "OBR|1", obx("4544-3^Hematocrit^LN", "40")),
        message(msh("ADT^A11"), pid()),
        message(msh("PPR^PC1"), pid()),
        message(msh(), pid(), pv1(), "NTE|1||a note of\n\ntwo lines\n1|2 more", pv1(f36="4")),
        ORDINARY + b"   \r\x1c\r",
        message(msh("MFN^M02"), "MFI|PRA"),
        message(msh("ACK^A08"), "MSA|AA|1"),
    ],
)
def test_an_ordinary_message_is_passed_over(body: bytes) -> None:
    assert ADAPTER.screen(body) is False


@pytest.mark.parametrize(
    "body",
    [
        death(),
        message(msh(), pid(f29=DIED)),
        message(msh(), pid(f30='""')),
        message(msh(), pid(f31="Y")),
        message(msh(), pid(f32="Y")),
        message(msh(), pid(), pv1(f36="4")),
        message(msh(), pid(), pv1(f36="Died")),
        message(msh("ADT^A13"), pid()),
        message(msh("ADT^A40"), pid(), "MRG|H7"),
        message(msh(), pid(), obx("STILLBIRTH", "Y")),
        message(msh(), pid(), obx("stillbirth", "Y")),
        message(msh(), pid(), obx("1", "237364002")),
        message(msh(), pv1()),
        death().lower(),
        death().replace(b"|", b"$"),
        b"BHS|^~\\&|A\r" + death(),
        death().decode().encode("utf-16"),
        message(msh("ADT^^ADT_A40"), "EVN|A40", pid(), "MRG|H7"),
        ORDINARY + death(),
        message(msh(), pid(f11="12 High\nStreet^^READING", f30="Y")),
        message(msh(), pid(), pv1(f36="\n4")),
        message(msh("ADT^A08") + "\x1c" + msh("ADT^A40"), pid(), "MRG|H7"),
        message(msh("ADT^A08"), "EVN|A08\x0b" + msh("ADT^A40"), pid(), "MRG|H7"),
        message(msh(), pid(), "NTE|1", " " + pid(f30="Y")),
        message(msh(), "NTE|1", pv1(f36="4"), pid(), pv1(f36="1")),
        b"",
        b"nonsense",
    ],
)
def test_whatever_may_be_about_a_death_is_read(body: bytes) -> None:
    assert ADAPTER.screen(body) is True


def test_n_matters_where_it_may_be_reliable() -> None:
    body = message(msh("ADT^A08^ADT_A01"), pid(f30="N"))
    profile = load_profile("nhs-adt")
    assert ADAPTER.screen(body) is True
    assert ADAPTER.screen_for([(profile, None)])(body) is False
    assert ADAPTER.screen_for([(profile, feed(n_is_reliable=True))])(body) is True
    assert ADAPTER.screen_for([(profile, None), (profile, feed(n_is_reliable=True))])(body) is True


@pytest.mark.parametrize("event", ["ADT^A08", "ADT^A11"])
def test_a_visit_told_anew_matters_where_a_feed_corrects_visits_so(event: str) -> None:
    end = "" if event == "ADT^A11" else "1"
    corrects = replace(load_profile("nhs-adt"), settings={"visits_are_corrected": True})
    told = [
        message(msh(event), pid(**born), pv1(f36=end)) for born in ({}, {"f7": "2003"}, {"f7": "2002"}, {"f7": "?"})
    ]
    assert [ADAPTER.screen(body) for body in told] == [True, True, False, True]
    assert [ADAPTER.screen_for([(corrects, None)])(body) for body in told] == [True, True, False, True]
    assert ADAPTER.screen_for([(load_profile("nhs-adt"), None)])(told[0]) is False
    assert ADAPTER.screen(message(msh(event), pid(), pv1(f36=end, f19=""))) is False


def test_a_z_segment_matters_where_a_profile_reads_death_from_one() -> None:
    body = message(msh("ADT^A08^ADT_A01"), pid(), "ZPD|1|2|3|20260309")
    assert ADAPTER.screen(body) is True
    assert ADAPTER.screen_for([(load_profile("nhs-adt"), None)])(body) is False


VALUES = st.sampled_from(
    [
        "Y",
        "N",
        '""',
        "y",
        "Dead",
        "20260309",
        "00000000",
        "RESURREC",
        "202603",
        "4",
        "5",
        "20",
        "1",
        "3",
        "01",
        "X",
        "08",
        " ",
    ]
)
PLAIN_EVENTS = ["ADT^A01", "ADT^A03", "ADT^A13", "ADT^A11", "ADT^A40", "ORU^R01", "MFN^M02", "ACK", "ACK^A13"]
ODD_EVENTS = ["adt^a40", "ADT", "ADT^^ADT_A03", " ADT^A47", "ADT^A4\\X30\\", ""]
EVENTS = st.sampled_from([*PLAIN_EVENTS, *ODD_EVENTS])
PLACES = st.sampled_from(
    ["PID.7", "PID.8", "PID.28", "PID.29", "PID.30", "PID.31", "PID.32", "PV1.36", "PV1.37", "MSH.18"]
)
BIRTHS = [obx("STILLBIRTH", "Y"), obx("x^y^z^LIVEBIRTH", "N"), obx("SIGNS-OF-LIFE", "N"), obx("1", "237364002")]
PLAIN = [obx("ATTENDED", "N"), obx("1", "2"), "EVN|A13", "EVN|A40", "NK1|1|X|MTH", "MRG|H7^^^RTH^PI", "ZZZ|1", "PV2|"]
BROKEN = ["a broken line", "", "12 |x", "BHS|^~\\&|A", msh("ADT^A13")]
DEAD = [pid(f29=DIED), pid(f30="Y").lower(), pv1(f36="4"), pv1(f36="4").lower(), " " + pid(f30="Y")]
SEGMENTS = st.sampled_from([*BIRTHS, *PLAIN, *BROKEN, *DEAD])
BYTES = st.sampled_from(["\n", "\r", "\x0b", "\x1c", " ", "|", "\u00e9", "\0", "\x85", "\u2028"])


def _with(segments: list[str], name: str, place: int, value: str) -> list[str]:
    """The segments with one field of the first of that name set."""
    changed = []
    for one in segments:
        fields = one.split("|")
        if fields[0] == name:
            # MSH-1 is the separator, so MSH's fields stand one place earlier.
            at = place - (name == "MSH")
            fields += [""] * (at + 1 - len(fields))
            fields[at], name = value, ""
        changed.append("|".join(fields))
    return changed


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """The ordinary message with a few oddities: what lies around every border that the screen draws."""
    segments = [msh("ADT^A08^ADT_A01"), "EVN|A08", pid(f33="20260101"), "PD1||||", pv1(f37="19"), "OBX|1|NM|1||2"]
    text = ""
    end = draw(st.sampled_from(["\r", "\r", "\n", "\r\n"]))
    oddities = draw(st.lists(st.integers(0, 7), max_size=3))
    for oddity in oddities:
        if oddity < 3:
            name, place = draw(PLACES).split(".")
            segments = _with(segments, name, int(place), draw(VALUES))
        elif oddity == 3:
            segments = _with(segments, "MSH", 9, draw(EVENTS))
        elif oddity < 6:
            segments.insert(draw(st.integers(0, len(segments))), draw(SEGMENTS))
        elif oddity == 6 and len(segments) > 2:
            del segments[draw(st.integers(1, len(segments) - 1))]
    text = end.join(segments) + draw(st.sampled_from(["", end]))
    if 7 in oddities:
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(BYTES) + text[place:]
        text = draw(st.sampled_from([text, text, text.replace("^~\\&", "^~\\&#"), text.replace("^~\\&", "^~")]))
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "cp1252"])), "replace")


@settings(max_examples=150, deadline=None)
@given(messages(), st.sampled_from(["nhs-adt", "hl7-us", "pims-wales"]), st.sampled_from([None, False, True]))
@example(message(msh("ADT^A08^ADT_A01"), pid(f30="N")), "nhs-adt", True)
def test_what_the_reader_keeps_the_screen_lets_through(body: bytes, profile: str, reliable: bool | None) -> None:
    of = feed(n_is_reliable=reliable, production=False)
    kept = any(reading.notices for reading in read(body, profile, of))
    if kept:
        assert ADAPTER.screen(body) is True
        assert ADAPTER.screen_for([(load_profile(profile), of)])(body) is True
