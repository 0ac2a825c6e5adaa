"""Headers that nobody can read must cost nobody else anything.

A partner may write any AMQP table into its headers: a timestamp of the year 500,000, tables nested a thousand deep. pika
raises what it likes over these in the middle of a connection's life, before we have seen the message, so that one message
would end every consumer it is given to, again and again, with everything those have in hand. A table that can't be read is
an empty one here; the message is worked on like any other.
"""

import struct
from typing import Any

import pika.data

_SIZE_BYTES = 4
_strict = pika.data.decode_table


def _tolerant(encoded: bytes, offset: int) -> tuple[dict[Any, Any], int]:
    try:
        return _strict(encoded, offset)  # type: ignore[no-any-return]  # pika is untyped
    except Exception:
        # it begins with its size, so what stands behind it can be read all the same
        return {}, offset + _SIZE_BYTES + int(struct.unpack_from(">I", encoded, offset)[0])


def tolerate() -> None:
    """Have pika read headers so, in this process from now on."""
    pika.data.decode_table = _tolerant
