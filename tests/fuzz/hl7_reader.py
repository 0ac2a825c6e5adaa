"""What is fuzzed of the HL7 v2 reader, its tokenizer and the MLLP framer: each target takes any bytes and holds what we make
of them to a contract, which it breaks by raising."""

from collections.abc import Iterator

from adapters.hospital_hl7.acknowledge import acknowledge
from adapters.hospital_hl7.adapter import ADAPTER
from adapters.hospital_hl7.er7 import NotReadable, parse
from integration_engine.gateway.mllp_frames import END, START, Event, Frame, Framer, Junk, TooLarge
from tests.hl7_samples import RECEIVED, death, message, msh, obx, pid, pv1, read
from tests.hostile_hl7 import HOSTILE

WHOLE = [
    death(),
    b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + death() + b"BTS|1\rFTS|1\r",
    message(msh("ADT^A40"), pid(), "MRG|H7"),
    message(msh(), pid(f7="20260309"), pv1(f36="5"), obx("GESTATION", "23+0"), obx("BIRTHWEIGHT", "x", "kg")),
]
# Longer ones only tell that there is a limit.
_LONGEST_SEED = 4096
# Small enough that a fuzzer meets it.
_FRAME_LIMIT = 64


def er7(body: bytes) -> None:
    """An HL7 v2 body: read to one verdict a message or more, and answered by one acknowledgement that parses or by none."""
    readings = read(body)
    assert readings
    for reading in readings:
        assert reading.items
        for item in reading.items:
            assert item.verdict != "refused" or item.problems
            assert item.notice is None or item.verdict != "refused"
            if item.notice is not None and item.verdict != "passed-over":
                assert ADAPTER.screen(body), "the screen passes over what the reader takes"
    sender = ADAPTER.sender(body)
    assert len(sender) == 2
    assert isinstance(ADAPTER.recognises(body), bool)
    answer = acknowledge(readings, body, control_id="OWN1", now=RECEIVED)
    for said in (answer.body, answer.later):
        if said is not None:
            first = parse(said.split(b"\rMSH")[0])
            assert len(first.segments("MSA")) == 1
            assert first.header.field(10).startswith("OWN1")


def tokenizer(body: bytes) -> None:
    """The ER7 tokenizer alone: it reads or refuses, and every field of what it has read can be taken."""
    try:
        found = parse(body)
    except NotReadable:
        return
    assert found.order[0] is found.header
    for segment in found.order:
        for place in range(1, min(len(segment), 40) + 1):
            for repetition in segment.repetitions(place):
                text = found.text(repetition)
                assert "\r" not in text
                assert "\0" not in text


def framer(stream: bytes) -> None:
    """The MLLP framer: the same messages however the network cuts the stream (the first byte says into how long pieces),
    never more held than a frame may have, and the next frame is read whatever went before."""
    step, stream = (stream[0] % 7 + 1 if stream else 1), stream[1:]
    whole, cut = Framer(_FRAME_LIMIT), Framer(_FRAME_LIMIT)
    at_once = _said(whole.feed(stream))
    in_pieces: list[Event] = []
    for at in range(0, len(stream), step):
        in_pieces += cut.feed(stream[at : at + step])
        assert cut.held <= _FRAME_LIMIT + step + 5
    assert _said(in_pieces) == at_once
    assert (whole.is_open, whole.may_be_whole) == (cut.is_open, cut.may_be_whole)
    last = cut.feed(END + START + b"MSH|next" + END)[-1]
    assert isinstance(last, Frame)
    assert last.body == b"MSH|next"


def _said(events: list[Event]) -> list[object]:
    """The frames among events, and where something was too large; junk may come in more pieces or fewer."""
    return [event.body if isinstance(event, Frame) else TooLarge for event in events if not isinstance(event, Junk)]


def message_seeds() -> Iterator[bytes]:
    """Good messages, and the hostile ones that aren't long."""
    yield from WHOLE
    yield from (stream.removeprefix(START).removesuffix(END) for stream in _streams())


def stream_seeds() -> Iterator[bytes]:
    yield from (b"\x02" + stream for stream in _streams())


def _streams() -> Iterator[bytes]:
    yield from (one.wire for one in HOSTILE.values() if len(one.wire) < _LONGEST_SEED)
