"""Packed bytes that come in pieces: all of them, or a reason, and never more than the limit in memory."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_engine.mesh.unpacking import BadCompression, Bounded, TooLarge, unpacked


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=4), st.integers(1, 700))
def test_what_was_packed_in_parts_comes_out_whole_however_it_is_cut(parts: list[bytes], piece: int) -> None:
    body = b"".join(gzip.compress(part) for part in parts)
    bounded = Bounded(10_000)
    bounded.add([body[at : at + piece] for at in range(0, len(body), piece)], packed=True)
    assert bounded.whole() == b"".join(parts)


def test_what_unpacks_to_more_than_the_limit_is_found_out_on_the_way() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLarge):
        unpacked(bomb, 1000)


def test_several_chunks_together_have_one_limit() -> None:
    bounded = Bounded(10)
    bounded.add([b"123456"], packed=False)
    with pytest.raises(TooLarge):
        bounded.add([gzip.compress(b"78901")], packed=True)


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 20))
def test_what_is_cut_off_is_never_taken_for_whole(content: bytes, cut: int) -> None:
    with pytest.raises(BadCompression):
        unpacked(gzip.compress(content)[:-cut], 10_000)


@pytest.mark.parametrize("body", [b"\x1f\x8b not packed", gzip.compress(b"x", mtime=0) + b"and more"])
def test_what_isnt_packed_as_it_says_is_told(body: bytes) -> None:
    with pytest.raises(BadCompression):
        unpacked(body, 1000)
