"""Bytes that come in pieces, packed or not, put together up to a limit: what is larger, or isn't packed as it says, is found
out without holding more than the limit in memory."""

import zlib
from collections.abc import Iterable, Iterator

GZIP = b"\x1f\x8b"
_PIECE_BYTES = 64 * 1024
# zlib's word for: a gzip or zlib header, with the largest window.
_ANY_HEADER = 47


class TooLarge(Exception):
    """More than the limit."""


class BadCompression(Exception):
    """Cut off, or not packed at all."""


class Bounded:
    """Gathers up to ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, pieces: Iterable[bytes], *, packed: bool) -> None:
        """All of these. Raises TooLarge, BadCompression."""
        for part in _unpacked(pieces) if packed else pieces:
            self._size += len(part)
            if self._size > self._limit:
                raise TooLarge
            self._parts.append(part)

    def whole(self) -> bytes:
        return b"".join(self._parts)


def unpacked(body: bytes, limit: int) -> bytes:
    """What a packed body holds. Raises TooLarge, BadCompression."""
    bounded = Bounded(limit)
    bounded.add([body], packed=True)
    return bounded.whole()


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Several packed parts one after the other are one content, as gzip has it."""
    unpacking = zlib.decompressobj(_ANY_HEADER)
    try:
        for came in pieces:
            piece = came
            while piece:
                if unpacking.eof:
                    unpacking = zlib.decompressobj(_ANY_HEADER)
                yield unpacking.decompress(piece, _PIECE_BYTES)
                piece = unpacking.unused_data if unpacking.eof else unpacking.unconsumed_tail
        yield unpacking.flush()
    except zlib.error:
        raise BadCompression from None
    if not unpacking.eof:
        raise BadCompression
