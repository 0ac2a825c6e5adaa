"""Reads a request's body within a limit, says what type it is, and where it is worked on. Nothing past the limit is ever held
in memory."""

import asyncio
import contextvars
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from integration_engine.gateway.answers import Refusal

R = TypeVar("R")

# Reading so much takes milliseconds; changing threads for less would take longer than it.
_HERE_BYTES = 32 * 1024
# What is packed, as a workbook is, is much bigger than it looks.
_PACKED = b"PK"
# Threads of their own: whoever sends many large bodies at once must not take those in which it is looked up who may come in,
# which everybody waits for. No more of them, because what reads keeps a processor and the interpreter to itself.
_READERS = ThreadPoolExecutor(2, thread_name_prefix="reading")
_LONGEST_TYPE_BYTES = 255


async def apart_if_big(body: bytes, call: Callable[[], R]) -> R:
    """What ``call`` makes of a body: off the event loop where it is big, so that one bundle doesn't make every other partner
    wait."""
    here = len(body) <= _HERE_BYTES and not body.startswith(_PACKED)
    if here:
        return call()
    # As asyncio.to_thread does: log lines in there carry this message's id.
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_READERS, lambda: context.run(call))


async def read_body(request: Request, limit: int) -> bytes:
    """The body's bytes. Refuses 413 as soon as more than ``limit`` bytes are announced or have come, 415 if compressed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Refusal(415, "content-encoding", "Send the body uncompressed.")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
        raise too_large(limit)
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
    except ClientDisconnect:
        raise Refusal(400, "cut-off", "The connection ended before the message did.") from None
    return b"".join(parts)


def too_large(limit: int) -> Refusal:
    """413. The server discards the rest of the body as it comes: closing at once would lose this answer on its way."""
    return Refusal(413, "too-large", f"A message may have {limit} bytes at most.")


def travels(content_type: str) -> bool:
    """Whether a content type, as its sender wrote it, can go on with its message: AMQP writes it as a short string."""
    return len(content_type.encode("utf-8", "replace")) <= _LONGEST_TYPE_BYTES


def media_type(request: Request, allowed: Collection[str]) -> str:
    """The content type without its parameters, in small letters. Refuses 415 unless it is one of ``allowed``, and where it
    is endless."""
    whole = request.headers.get("content-type", "")
    stated = whole.partition(";")[0].strip().lower()
    if stated not in allowed or not travels(whole):
        raise Refusal(
            415,
            "content-type",
            "This door takes " + ", ".join(sorted(allowed)) + ".",
            headers={"Accept-Post": ", ".join(sorted(allowed))},
        )
    return stated
