"""Whether bytes hold any of some words, told in one pass over them however many the words are."""

import threading
from collections.abc import Iterable

import hyperscan


class Sieve(threading.local):
    """Called with bytes: whether any of these words is in them, in capital or small letters (of ASCII) alike.

    The library lets one thread at a time look by what was compiled: every thread has its own.

    ``words``: bytes, none empty (ValueError).
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        words = tuple(words)
        if not words or not all(words):
            raise ValueError("a sieve needs words, none of them empty")
        self._database = hyperscan.Database()
        self._database.compile(
            # byte by byte in hexadecimal, so that nothing in a word means anything but itself
            expressions=["".join(f"\\x{byte:02x}" for byte in word).encode() for word in words],
            ids=list(range(len(words))),
            elements=len(words),
            flags=[hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH] * len(words),
        )

    def __call__(self, body: bytes) -> bool:
        try:
            self._database.scan(body, match_event_handler=_enough)
        except hyperscan.ScanTerminated:
            return True
        return False


def _enough(*_: object) -> bool:
    """One word is enough: look no further."""
    return True
