"""Messages that a worker doesn't take: refused, put off, heard again, dead. Each goes to another queue before it is
acknowledged.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from adapters.adapter import content_hash
from integration_engine.broker.consumer import NotNow
from integration_engine.broker.laid_aside import LaidAside, read
from integration_engine.broker.message import ATTEMPT, DELAYED, PARTNER, Delivered, Header, Message
from integration_engine.broker.origin import kind_of
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import DELAY, REFUSED
from integration_engine.monitoring import tracing
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.record.notice import Form, Problem, Retraction

log = logging.getLogger(__name__)

DELAYED_TOTAL = "cdr_delayed_total"
DEAD = "cdr_dead_total"
describe(DELAYED_TOTAL, "counter", "Messages that raised and are tried again later, by kind.", "kind")
describe(DEAD, "counter", "Messages that kept raising and lie in a dead queue, by kind.", "kind")

# Headers travel in one frame with the rest of the envelope; RabbitMQ's frames are 128 KiB.
_MOST_PROBLEMS = 200
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ladder:
    """The delays after which a message comes again, in their order: each attempt of it is one step further."""

    delays: tuple[str, ...] = ()

    def step(self, attempt: int) -> str | None:
        """How long a message waits that has been put off so often; None at the end, where it is put off no more."""
        return self.delays[attempt] if attempt < len(self.delays) else None

    def hears_again(self, attempt: int, retraction: Retraction) -> bool:
        """Whether a retraction that touches nobody comes again. That somebody lives, or left alive, many a message says, so
        once is enough; a cancelled discharge is seldom, and never said twice."""
        often = retraction.form in (Form.NOT_DEAD, Form.VISIT_CORRECTED)
        return self.step(attempt) is not None and not (attempt and often)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused item of a message: its place in what was sent, why, and where in it."""

    index: int
    reason: str
    problems: tuple[Problem, ...]

    def json(self) -> Mapping[str, object]:
        problems = [{"path": p.path, "code": p.code, "text": p.text} for p in self.problems[:_MOST_PROBLEMS]]
        return {"index": self.index, "reason": self.reason, "problems": problems}


class TurnedAway:
    """Sends messages elsewhere, in ``user``'s name. Every way of it raises NotNow where the broker doesn't confirm: then the
    message stays in hand. ``publisher`` must be started."""

    def __init__(self, publisher: Publisher, user: str, ladder: Ladder, counters: Counters = COUNTERS) -> None:
        self._publisher = publisher
        self._user = user
        self._ladder = ladder
        self._counters = counters

    def refuse(self, message: Delivered, said: Sequence[Refusal], body: bytes, body_type: str | None = None) -> None:
        """To the refused queue. The reasons carry codes and places, no values: the places are those of what was sent, of
        which ``body`` may be one row."""
        kind = kind_of(message)
        reasons = _that_fit([refusal.json() for refusal in said][:_MOST_PROBLEMS])
        headers = {**_partner(message), "cdr-reason": said[0].reason, "cdr-reasons": reasons}
        log.info("a message is refused", extra={"kind": kind, "partner": headers[PARTNER], "reason": said[0].reason})
        again = message.again(REFUSED, f"refused.{kind}", self._user, headers)
        name, content_type = f"refused-{content_hash(body)}", body_type or again.content_type
        self._send(replace(again, body=body, content_type=content_type, message_id=name, type="refused"))

    def hear_again(self, message: Delivered) -> None:
        """A retraction that touches nobody looks like any message about the living, of whom nothing is kept. But where
        workers share a backlog it may have overtaken the death it takes back, so it is heard again, a little later. Ask the
        ladder first: one that it doesn't hear again is a ValueError, not a loss."""
        if not self._put_off(message, _partner(message)):
            raise ValueError("a message at the end of the ladder isn't heard again")

    def put_off(self, message: Delivered, problem: Exception) -> LaidAside | None:
        """Our own bug, or so it seems: later perhaps; in the end never, but kept and shown: what lies there then."""
        about = {"kind": kind_of(message), "attempt": message.attempt + 1}
        headers = {**_partner(message), "cdr-error": type(problem).__name__, "cdr-raised": _where(problem)}
        if self._put_off(message, headers):
            self._counters.add(DELAYED_TOTAL, kind=kind_of(message))
            log.error("a message raised and is put off", exc_info=problem, extra=about)
            return None
        headers[ATTEMPT] = message.attempt + 1
        self._send(message.again(REFUSED, f"dead.{kind_of(message)}", self._user, headers))
        self._counters.add(DEAD, kind=kind_of(message))
        log.critical("a message is dead", exc_info=problem, extra=about)
        return as_dead(message)

    def _put_off(self, message: Delivered, headers: Mapping[str, Header]) -> bool:
        """False where it has been put off as often as may be."""
        delay = self._ladder.step(message.attempt)
        if delay is None:
            return False
        about = {**headers, ATTEMPT: message.attempt + 1, DELAYED: delay}
        self._send(message.again(DELAY, message.key, self._user, about))
        return True

    def _send(self, message: Message) -> None:
        with tracing.publishing(message.exchange, message.key) as span:
            (error,) = self._publisher.publish_all([replace(message, headers={**message.headers, **span.carried})])
            if error is not None:
                span.failed(error.code)
        if error is not None:
            log.warning("not confirmed", extra={"exchange": message.exchange, "code": error.code})
            raise NotNow from error


def as_dead(message: Delivered) -> LaidAside:
    """A message of an intake queue as it lies in the dead one, or once lay there."""
    return replace(read(replace(message, queue=f"dead.{kind_of(message)}")), partner=message.key.partition(".")[2])


def _partner(message: Delivered) -> dict[str, Header]:
    return {PARTNER: message.key.partition(".")[2]}


def _that_fit(reasons: list[Mapping[str, object]]) -> str:
    """As many of the reasons as an envelope has room for: a place may be as long as the names that a partner made up."""
    while len(written := orjson.dumps(reasons)) > _MOST_BYTES:
        reasons = reasons[: len(reasons) // 2]
    return written.decode()


def _where(problem: BaseException) -> str:
    """Where it was raised. Never its text: that may quote what the partner sent."""
    frames = traceback.extract_tb(problem.__traceback__)[-1:]
    return " ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
