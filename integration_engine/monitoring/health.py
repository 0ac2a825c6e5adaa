"""Is this process alive, and can it do its work? Named checks, each with a time limit, answered together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 3.0


class BatchHeld(Exception):
    """A worker has a batch in hand and can't settle it."""


class QueueMissing(Exception):
    """The broker is there, and a queue that messages come by isn't: ``cdr broker apply``."""


@dataclass(frozen=True, slots=True)
class Health:
    """``parts`` says ``ok`` or the kind of failure for each check; never an address or a password."""

    ready: bool
    parts: Mapping[str, str]


async def ask(checks: Mapping[str, Check], seconds: float = CHECK_SECONDS) -> Health:
    """Run every check at once; one that raises or takes longer than ``seconds`` is not ok."""
    answers = await asyncio.gather(*(_one(check, seconds) for check in checks.values()))
    parts = dict(zip(checks, answers, strict=True))
    return Health(all(answer == "ok" for answer in answers), parts)


async def _one(check: Check, seconds: float) -> str:
    try:
        await asyncio.wait_for(check(), seconds)
    except TimeoutError:
        return "no-answer"
    except Exception as error:
        return type(error).__name__
    return "ok"
