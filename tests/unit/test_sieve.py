"""A sieve finds what ``in`` finds, letters large or small, whoever else is looking."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sieve import Sieve

WORDS = (b"death", b"void", b"81956-5", b"\\u", b"&#", b"\0", b"<!", b"a.c", b"\xe9t\xe9")
bodies = st.lists(st.one_of(st.binary(max_size=6), st.sampled_from(WORDS)), max_size=8).map(b"".join)


@given(bodies)
def test_it_says_what_looking_for_each_word_says(body: bytes) -> None:
    assert Sieve(WORDS)(body) is any(word in body.lower() for word in WORDS)


@given(bodies, st.integers(0, 63), st.sampled_from(WORDS))
def test_a_word_is_found_wherever_it_begins(before: bytes, apart: int, word: bytes) -> None:
    assert Sieve(WORDS)(before + b" " * apart + word.upper() + before) is True


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_can_be_a_word_and_stands_for_itself(byte: int) -> None:
    word = bytes([byte])
    same = {word.lower(), word.upper()}
    assert [other for other in range(256) if Sieve([word])(b"#0 " + bytes([other]))] == [
        other for other in range(256) if bytes([other]) in same or byte in b"#0 "
    ]


def test_threads_may_look_at_once() -> None:
    sieve, quiet, loud = Sieve(WORDS), b"x" * 50_000, b"x" * 50_000 + b"Death"
    with ThreadPoolExecutor(8) as looking:
        assert set(looking.map(sieve, [quiet] * 400)) == {False}
        assert set(looking.map(sieve, [loud] * 400)) == {True}


@pytest.mark.parametrize("words", [(), (b"",), (b"death", b"")])
def test_nothing_cannot_be_looked_for(words: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="needs words"):
        Sieve(words)
