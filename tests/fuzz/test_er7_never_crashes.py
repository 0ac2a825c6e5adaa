"""Whatever bytes come in, the HL7 v2 reader answers: a reading for each message, and an acknowledgement that parses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.hl7_reader import WHOLE, er7, framer, tokenizer
from tests.mllp_client import framed

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


FRAMED = st.binary(max_size=80).map(framed)
ANY = st.one_of(st.binary(max_size=300), mutilated(), st.lists(PIECES, max_size=40).map(b"".join))


@settings(max_examples=500, deadline=None)
@given(ANY)
def test_every_body_is_read_and_answered(body: bytes) -> None:
    er7(body)


@given(ANY)
def test_the_tokenizer_reads_or_refuses(body: bytes) -> None:
    tokenizer(body)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 6), st.lists(st.one_of(ANY, PIECES, FRAMED), max_size=8))
def test_the_framer_reads_the_same_however_the_stream_is_cut(step: int, pieces: list[bytes]) -> None:
    framer(bytes([step]) + b"".join(pieces))
