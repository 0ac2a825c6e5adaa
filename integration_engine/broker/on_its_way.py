"""What was handed to the broker and not answered for yet: which of it an answer means, and what the broker gave back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from integration_engine.broker.message import Message

NOT_CONFIRMED = ("broker-away", "broker-blocked", "no-confirm", "unroutable", "nacked", "broker-refused")

Done = Callable[["NotConfirmed | None"], None]


class NotConfirmed(Exception):
    """The broker did not say that it has the message. It may have it all the same: publish again under the same id.

    ``code``: ``broker-away``, ``broker-blocked`` (its disk or memory alarm), ``no-confirm`` (too slow), ``unroutable`` (no
    queue takes this key), ``nacked`` (a queue is full or unavailable), ``broker-refused`` (permission or missing exchange),
    ``unwritable`` (its envelope can't be written as AMQP; never will be).
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"the broker did not confirm the message ({code})")
        self.code = code


@dataclass(slots=True)
class Sending:
    """One message, whom to tell how it ended (once), and until when it may take (``time.monotonic``)."""

    message: Message
    done: Done | None
    until: float
    returned: bool = False

    def end(self, error: NotConfirmed | None) -> None:
        done, self.done = self.done, None
        if done is not None:
            done(error)


class OnItsWay:
    """What one channel has sent, by the number that the broker counts it under. Touched by one thread only."""

    def __init__(self) -> None:
        self._by_tag: dict[int, Sending] = {}
        self._tag = 0

    def __len__(self) -> int:
        return len(self._by_tag)

    def __iter__(self) -> Iterator[Sending]:
        return iter(self._by_tag.values())

    def add(self, sending: Sending) -> None:
        """It is handed over next."""
        self._tag += 1
        self._by_tag[self._tag] = sending

    def take_back(self) -> None:
        """What was added last was not sent after all; the broker never counted it."""
        del self._by_tag[self._tag]
        self._tag -= 1

    def answered(self, tag: int, multiple: bool) -> list[Sending]:
        """What an answer is about, the oldest first, taken off the list: the one with this number, or all up to it."""
        tags = [tag] if not multiple else []
        if multiple:
            for each in self._by_tag:
                if each > tag:
                    break
                tags.append(each)
        return [found for each in tags if (found := self._by_tag.pop(each, None)) is not None]

    def returned(self, exchange: str, key: str, message_id: str | None) -> None:
        """A return comes before its confirm and doesn't say which publish it is of: the oldest one that looks so."""
        for sending in self._by_tag.values():
            message = sending.message
            if not sending.returned and (message.exchange, message.key, message.message_id) == (
                exchange,
                key,
                message_id,
            ):
                sending.returned = True
                return

    def overdue(self, now: float) -> Iterator[Sending]:
        """What should have been answered by now."""
        return (sending for sending in self._by_tag.values() if sending.until < now)
