"""The MLLP framer: whole messages out of bytes, however the network cut them."""

from hypothesis import given
from hypothesis import strategies as st

from integration_engine.gateway.mllp_frames import Event, Frame, Framer, Junk, TooLarge


def framed(*bodies: bytes) -> bytes:
    return b"".join(b"\x0b" + body + b"\x1c\r" for body in bodies)


def all_at_once(data: bytes, limit: int = 1000) -> list[Event]:
    return Framer(limit).feed(data)


def test_two_frames_on_one_connection_come_out_in_order() -> None:
    assert all_at_once(framed(b"MSH|1", b"MSH|2")) == [Frame(b"MSH|1"), Frame(b"MSH|2")]


def test_an_end_byte_without_a_carriage_return_is_not_an_end() -> None:
    assert all_at_once(framed(b"MSH|A\x1cB")) == [Frame(b"MSH|A\x1cB")]


def test_line_ends_between_frames_are_not_junk() -> None:
    assert all_at_once(framed(b"MSH|1") + b"\r\n" + framed(b"MSH|2")) == [Frame(b"MSH|1"), Frame(b"MSH|2")]


def test_junk_between_frames_is_counted_and_skipped() -> None:
    assert all_at_once(b"hello" + framed(b"MSH|1")) == [Junk(5), Frame(b"MSH|1")]


def test_another_protocol_is_told_from_junk_even_in_pieces() -> None:
    framer = Framer(1000)
    assert framer.feed(b"GE") == [Junk(2)]
    assert framer.feed(b"T / HTTP/1.1\r\n") == [Junk(14, foreign=True)]


def test_an_unfinished_message_before_a_new_start_is_given_up() -> None:
    assert all_at_once(b"\x0bMSH|half\x0bMSH|whole\x1c\r") == [Frame(b"MSH|whole", dropped=8)]


def test_a_start_byte_inside_a_message_is_left_to_its_reader() -> None:
    assert all_at_once(framed(b"MSH|SM\x0bITH")) == [Frame(b"MSH|SM\x0bITH")]


def test_a_frame_without_the_carriage_return_is_whole_after_a_pause() -> None:
    framer = Framer(1000)
    assert framer.feed(b"\x0bMSH|1\x1c") == []
    assert framer.may_be_whole
    assert framer.take_unended() == [Frame(b"MSH|1")]
    assert not framer.is_open


def test_a_frame_without_the_carriage_return_ends_where_the_next_begins() -> None:
    assert all_at_once(b"\x0bMSH|1\x1c\x0bMSH|2\x1c\r") == [Frame(b"MSH|1"), Frame(b"MSH|2")]


def test_a_frame_over_the_limit_is_passed_over_and_the_next_one_read() -> None:
    events = all_at_once(framed(b"MSH|" + b"x" * 2000, b"MSH|2"), limit=100)
    assert isinstance(events[0], TooLarge)
    assert events[0].head.startswith(b"MSH|x")
    assert events[1:] == [Frame(b"MSH|2")]


def test_no_more_than_the_limit_is_ever_held() -> None:
    framer = Framer(1000)
    framer.feed(b"\x0bMSH|")
    for _ in range(200):
        framer.feed(b"x" * 997)
        assert len(framer._buffer) <= 2000


BODIES = st.lists(
    st.binary(max_size=40).map(lambda one: b"MSH|" + one.replace(b"\x1c", b"").replace(b"\x0b", b"")), max_size=6
)
NOISE = st.binary(max_size=12).map(lambda one: one.replace(b"\x0b", b""))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    points = sorted({min(place, len(data)) for place in places})
    return [data[a:b] for a, b in zip([0, *points], [*points, len(data)], strict=True)]


def frames_only(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Junk)]


@given(BODIES, st.lists(st.integers(0, 400), max_size=20), NOISE)
def test_frames_split_anywhere_are_the_same_frames(bodies: list[bytes], places: list[int], noise: bytes) -> None:
    data = noise + framed(*bodies)
    framer = Framer(1000)
    found = [event for piece in cut(data, places) for event in framer.feed(piece)]
    assert frames_only(found) == [Frame(body) for body in bodies]


MARKS = st.sampled_from([b"\x0b", b"\x1c", b"\r", b"MSH|", b"BHS|", b"x", b"\x1c\r", b"\x0bMSH|", b"GET "])


@given(st.lists(MARKS, max_size=30).map(b"".join), st.lists(st.integers(0, 200), max_size=30))
def test_where_the_network_cuts_makes_no_difference(data: bytes, places: list[int]) -> None:
    framer = Framer(50)
    found = [event for piece in cut(data, places) for event in framer.feed(piece)]
    whole = all_at_once(data, 50)
    assert [event for event in frames_only(found) if isinstance(event, Frame)] == [
        event for event in frames_only(whole) if isinstance(event, Frame)
    ]
    assert sum(event.count for event in found if isinstance(event, Junk)) == sum(
        event.count for event in whole if isinstance(event, Junk)
    )
