"""Logs: one JSON object a line, with the id of the request or message they belong to, and nothing about a person.

What a line may say is its constant text, its logger, and fields from a closed list of names (``FIELDS``). The text of an
exception is never written, because partners' values end up in it (a database driver prints parameters, a validator
prints input); its type and where it was raised are. A run of ten digits is masked whoever wrote it.
"""

import json
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
"""Our own id of what is being worked on: made at each door, carried by the message (header ``cdr-correlation``) and
its deliveries."""
request: ContextVar[str | None] = ContextVar("request", default=None)
"""The id a partner gave its HTTP request, where it gave one."""

# Consonants alone: no such id can be mistaken for a number of somebody's, and none spells a name or a word.
_LETTERS = "bcdfghjklmnpqrst"
# With the vowels of ids made before: what lies in a queue keeps its own.
_OWN = re.compile("[a-t]{16}")
_FROM_HEX = str.maketrans("0123456789abcdef", _LETTERS)

FIELDS = frozenset(
    {"kind", "partner", "feed", "verdict", "reason", "code", "status", "door", "queue", "exchange", "key", "count"}
    | {
        "seconds",
        "case",
        "delivery",
        "cdop",
        "credential",
        "profile",
        "version",
        "port",
        "attempt",
        "check",
        "submission",
    }
)
_TEN_DIGITS = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Long enough for any code or id of ours; a longer value is text, and text is not for logs.
_LONGEST_FIELD = 120


def new_id() -> str:
    """A correlation id that says nothing: sixteen consonants, 64 bits of chance."""
    return secrets.token_hex(8).translate(_FROM_HEX)


def is_own(text: object) -> bool:
    """Whether it is an id as ``new_id`` makes them."""
    return isinstance(text, str) and _OWN.fullmatch(text) is not None


@contextmanager
def correlated(own: str | None) -> Iterator[None]:
    """Log lines of the block carry this id, where it is one of ours."""
    token = correlation.set(own if is_own(own) else None)
    try:
        yield
    finally:
        correlation.reset(token)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; see the module for what is left out on purpose."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "text": clean(record.getMessage()),
        }
        if correlation.get():
            line["correlation"] = correlation.get()
        if request.get():
            line["request"] = request.get()
        if messages := record.__dict__.get("messages"):
            line["messages"] = [each for each in messages if is_own(each)]
        for name in FIELDS & record.__dict__.keys():
            value = record.__dict__[name]
            line[name] = value if isinstance(value, int | float | bool) else clean(str(value))[:_LONGEST_FIELD]
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["raised"] = _where(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def clean(text: str) -> str:
    """Text that can't forge a second log line and holds no ten-digit number."""
    return _TEN_DIGITS.sub("**********", _CONTROL.sub(" ", text))


def _where(trace: Any) -> list[str]:
    frames = traceback.extract_tb(trace)[-6:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


def set_up_logs(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger of this process through ``JsonLines`` (to standard error by default)."""
    out = logging.StreamHandler(stream or sys.stderr)
    out.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Paths and query strings are for nobody's log; the gateway counts its own answers.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)
