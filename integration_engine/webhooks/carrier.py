"""Carries one recipient's deliveries out of its queue to its webhook, each as soon as it comes.

A delivery leaves its queue only once the webhook has taken it. A process that dies between the two posts it again, under the
same id: recipients know it by that, as they do from a queue (docs/cdops.md).

What is wrong may be the endpoint or one delivery. Where an endpoint doesn't answer, or answers nobody, what is in hand is
kept and tried again in its order, for twenty minutes. Then it goes back to the queue, to its end and counted against the
limit of redeliveries: so from then on nothing is taken out before somebody opens there, and one alone until one is taken. A
single delivery that is refused is tried again by itself, ever more seldom; the others, a withdrawal among them, go past it.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pika.exceptions import AMQPError, ChannelClosedByBroker
from pydantic import ValidationError

from integration_engine.broker.connection import connect
from integration_engine.broker.message import CORRELATION
from integration_engine.gateway.delivery_answer import DeliveryAnswer, note
from integration_engine.gateway.ports import Inbox, StoreAway
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.monitoring.tracing import TRACEPARENT
from integration_engine.stages import reached
from integration_engine.webhooks.endpoint import Endpoint, Posted, Refused, Unreached

log = logging.getLogger(__name__)

POSTED = describe(
    "cdr_webhook_posted_total", "counter",
    "Deliveries posted to recipients' webhooks: taken, refused (that one), failed (the endpoint takes none now).", "outcome",
)  # fmt: skip
SILENT = describe(
    "cdr_webhook_silent_seconds", "gauge", "Since when a recipient's webhook has taken nothing of what it was offered.",
    "queue",
)  # fmt: skip

_LOOK_S = 0.5
# Of one recipient at once: that many may be refused, each by itself, before the others wait behind them.
_AT_ONCE = 50
_FIRST_PAUSE_S, _LONGEST_UNANSWERED_S, _LONGEST_PAUSE_S = 5.0, 60.0, 1800.0
_FIRST_AGAIN_S = 60.0
# The broker takes a message back that is unacknowledged for half an hour, and the channel with it.
_LONGEST_IN_HAND_S = 1200.0
_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_TRAVELS = re.compile(r"[a-z0-9,-]{1,4096}", re.ASCII)
# An endpoint may be restarted; longer than this is worth saying.
LONGEST_SILENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class _Taken:
    """A delivery out of the queue: its place there, its id, what travels with it, and itself."""

    tag: int
    delivery: str
    headers: dict[str, str]
    body: bytes


class Carrier:
    """``live`` is one connection's life, in a thread that may wait; ``url`` is the broker's. ``inbox``: where an answer is
    entered as the recipient's word."""

    def __init__(
        self,
        url: str,
        recipient: str,
        endpoint: Endpoint,
        inbox: Inbox,
        stopped: threading.Event,
        *,
        counters: Counters = COUNTERS,
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self.recipient = recipient
        self._endpoint = endpoint
        self._inbox = inbox
        self._stopped = stopped
        self._counters = counters
        self._ticking = ticking
        self._failed_since: float | None = None
        self._pause, self._until = 0.0, 0.0
        self._unanswered = False
        # of what is tried again by itself: how long it was put off, and until when; of what was taken, what was said
        self._later: dict[str, tuple[float, float]] = {}
        self._answered: dict[str, Posted] = {}
        self.moved_at = ticking()

    @property
    def silent_s(self) -> float:
        """How long the endpoint has taken nothing of what it was offered; 0 where it takes what comes, or nothing comes."""
        return 0.0 if self._failed_since is None else self._ticking() - self._failed_since

    def live(self) -> bool:
        """Until stopped, or the connection ends. True where it was connected for a while."""
        try:
            connection = connect(self._url, "cdr webhooks")
        except (AMQPError, OSError):
            return False
        try:
            with closing(connection):
                while not self._stopped.is_set():
                    self._moved()
                    if self._may_try():
                        self._empty(connection)
                    else:
                        connection.sleep(_LOOK_S)
        except ChannelClosedByBroker as problem:
            log.warning(
                "a recipient's queue can't be read", extra={"queue": self.recipient, "code": str(problem.reply_code)}
            )
            self._stopped.wait(_FIRST_PAUSE_S)
        except (AMQPError, OSError) as problem:
            log.warning("deliveries can't be had from the broker now", extra={"code": type(problem).__name__})
        except Exception:
            log.critical(
                "a webhook's deliveries could not be dealt with", exc_info=True, extra={"queue": self.recipient}
            )
            self._stopped.wait(_FIRST_PAUSE_S)
        return True

    def _may_try(self) -> bool:
        """Whether its pause is over and, where nobody opened there the last time, somebody does now."""
        if self._ticking() < self._until:
            return False
        if self._unanswered:
            try:
                self._endpoint.require_reached()
            except Unreached as problem:
                self._failed(problem)
                return False
        return True

    def _empty(self, connection: Any) -> None:
        """Post what lies there and what comes, until stopped, or it is time to give back what is kept in hand; where the
        endpoint had failed before, until it takes one."""
        channel = connection.channel()
        until = self._ticking() + _LONGEST_IN_HAND_S
        troubled = self._failed_since is not None
        kept: list[_Taken] = []
        try:
            channel.basic_qos(prefetch_count=1 if troubled else _AT_ONCE)
            for method, properties, body in channel.consume(self.recipient, inactivity_timeout=_LOOK_S):
                self._moved()
                if method is not None:
                    kept.extend(self._taken(channel, method.delivery_tag, properties, body))
                self._post_what_is_due(channel, kept)
                if self._ticking() > until:
                    channel.cancel()
                    for each in kept:
                        # the queue counts it, and lays it aside in the end
                        channel.basic_reject(each.tag, requeue=True)
                    return
                if self._stopped.is_set() or (troubled and self._failed_since is None):
                    return
        finally:
            if channel.is_open:
                channel.close()

    def _post_what_is_due(self, channel: Any, kept: list[_Taken]) -> None:
        try:
            for each in [each for each in kept if self._is_due(each)]:
                if self._stopped.is_set() or self._ticking() < self._until:
                    return
                if self._settled(channel, each):
                    kept.remove(each)
        except Unreached as problem:
            self._failed(problem)

    def _taken(self, channel: Any, tag: int, properties: Any, body: bytes) -> Iterator[_Taken]:
        """The delivery of a message. What is none of ours is laid aside among the dead ones, for an operator."""
        delivery, headers = str(properties.message_id or ""), properties.headers or {}
        if not _ID.fullmatch(delivery):
            log.warning("what lies in a recipient's queue is no delivery", extra={"queue": self.recipient})
            channel.basic_reject(tag, requeue=False)
            return
        said = {name: headers.get(name) for name in (CORRELATION, TRACEPARENT)}
        travels = {name: text for name, text in said.items() if isinstance(text, str) and _TRAVELS.fullmatch(text)}
        yield _Taken(tag, delivery, travels, body)

    def _settled(self, channel: Any, taken: _Taken) -> bool:
        """Post it; whether it is done with. One that is not is tried again by itself, later. Raises Unreached."""
        about = {"queue": self.recipient, "delivery": taken.delivery}
        try:
            answer = self._answered.pop(taken.delivery, None) or self._endpoint.post(
                taken.delivery, taken.body, taken.headers
            )
            reached("webhooks.posted")
            self._take_up_again()
            self._enter(taken, answer)
        except Refused as problem:
            self._take_up_again()
            self._put_off(taken, _FIRST_AGAIN_S)
            self._counters.add(POSTED, outcome="refused")
            log.warning("a webhook refuses a delivery", extra={**about, "code": str(problem.status)})
        except StoreAway:
            # it is there; what was said of it is kept here until it can be entered
            self._answered[taken.delivery] = answer
            self._put_off(taken, _FIRST_PAUSE_S)
        except (Unreached, AMQPError):
            raise
        except Exception:
            # whatever it is, it may concern one delivery: the others have to go on
            log.critical("a delivery could not be posted", exc_info=True, extra=about)
            self._put_off(taken, _FIRST_AGAIN_S)
        else:
            channel.basic_ack(taken.tag)
            self._later.pop(taken.delivery, None)
            self._counters.add(POSTED, outcome="taken")
            log.info("a delivery is posted", extra=about)
            return True
        return False

    def _enter(self, taken: _Taken, answer: Posted) -> None:
        """What its answer says of this delivery, where it says anything: anything else that stands there says nothing. Raises
        StoreAway."""
        try:
            said = DeliveryAnswer.model_validate_json(answer.body) if answer.body else None
        except ValidationError:
            return
        if said is not None and said.delivery == taken.delivery:
            note(self._inbox, self.recipient, said, f"webhook:{self.recipient}")

    def _put_off(self, taken: _Taken, first_s: float) -> None:
        last, _ = self._later.get(taken.delivery, (0.0, 0.0))
        again = min(_LONGEST_IN_HAND_S, last * 2 or first_s)
        self._later[taken.delivery] = (again, self._ticking() + again)

    def _is_due(self, taken: _Taken) -> bool:
        _, until = self._later.get(taken.delivery, (0.0, 0.0))
        return self._ticking() >= until

    def _failed(self, problem: Unreached) -> None:
        now = self._ticking()
        self._unanswered = problem.why in ("away", "no-such-host", "certificate")
        longest = _LONGEST_UNANSWERED_S if self._unanswered else _LONGEST_PAUSE_S
        self._pause = min(longest, self._pause * 2 or _FIRST_PAUSE_S)
        self._until = now + min(max(self._pause, problem.retry_after_s or 0.0), _LONGEST_PAUSE_S)
        if self._failed_since is None:
            self._failed_since = now
        self._counters.add(POSTED, outcome="failed")
        log.warning("a webhook takes no deliveries now", extra={"queue": self.recipient, "code": problem.why})

    def _take_up_again(self) -> None:
        """It answers: what was wrong is over."""
        self._failed_since, self._pause, self._until, self._unanswered = None, 0.0, 0.0, False

    def _moved(self) -> None:
        self.moved_at = self._ticking()
        self._counters.put(SILENT, self.silent_s, queue=self.recipient)
