"""Whatever bytes come in, the HL7 v2 reader answers: a reading for each message, and an acknowledgement that parses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hospital_hl7.acknowledge import acknowledge
from adapters.hospital_hl7.adapter import ADAPTER
from adapters.hospital_hl7.er7 import NotReadable, parse
from integration_engine.gateway.mllp_frames import Framer
from tests.hl7_samples import RECEIVED, death, message, msh, obx, pid, pv1, read

WHOLE = [
    death(),
    b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + death() + b"BTS|1\rFTS|1\r",
    message(msh("ADT^A40"), pid(), "MRG|H7"),
    message(msh(), pid(f7="20260309"), pv1(f36="5"), obx("GESTATION", "23+0"), obx("BIRTHWEIGHT", "x", "kg")),
]
PIECES = st.sampled_from(
    [
        b"MSH|^~\\&|",
        b"PID|",
        b"PV1|",
        b"OBX|",
        b"BHS|",
        b"BTS|",
        b"FTS",
        b"\r",
        b"\n",
        b"|",
        b"^",
        b"~",
        b"\\",
        b"&",
        b'""',
        b"\\X4",
        b"\x0b",
        b"\x1c",
        b"\0",
        b"\xff",
        b"Y",
        b"20260309",
        b"9" * 40,
    ]
)


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """A good message with pieces cut out, doubled and put in."""
    body = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(0, 6))):
        at, to = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        kind = draw(st.integers(0, 2))
        body = (
            body[:at] + body[to:]
            if kind == 0
            else body[:to] + body[at:]
            if kind == 1
            else body[:at] + draw(PIECES) + body[at:]
        )
    return body


ANY = st.one_of(st.binary(max_size=300), mutilated(), st.lists(PIECES, max_size=40).map(b"".join))


@settings(max_examples=500, deadline=None)
@given(ANY)
def test_every_body_is_read_and_answered(body: bytes) -> None:
    readings = read(body)
    assert readings
    assert isinstance(ADAPTER.screen(body), bool)
    ADAPTER.sender(body)
    ADAPTER.recognises(body)
    answer = acknowledge(readings, body, control_id="OWN1", now=RECEIVED)
    if answer.body is not None:
        first = parse(answer.body.split(b"\rMSH")[0])
        assert first.segments("MSA")
        assert first.header.field(10).startswith("OWN1")


@given(ANY)
def test_the_tokenizer_reads_or_refuses(body: bytes) -> None:
    try:
        found = parse(body)
    except NotReadable:
        return
    assert found.order[0] is found.header
    for segment in found.order:
        for place in range(1, min(len(segment), 40) + 1):
            for repetition in segment.repetitions(place):
                found.text(repetition)


@given(st.lists(st.one_of(ANY, PIECES), max_size=12))
def test_the_framer_takes_anything(pieces: list[bytes]) -> None:
    framer = Framer(200)
    for piece in pieces:
        framer.feed(piece)
    framer.take_unended()
