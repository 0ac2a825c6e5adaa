"""Every stage at which a process can die between a partner's bytes and their acknowledgement, by name, and how it is made to.

The code calls ``reached("worker.committed")`` as it passes a stage. That does nothing, unless the environment variable
``CDR_FAULTS`` was set when the process started: then the process dies, raises or pauses there, as the variable says. It is
read once, from the environment alone: no message, setting or request can switch a fault on.

    CDR_FAULTS="worker.committed=die@3, publisher.sent=pause:0.5@40"

means: die at the third passing of ``worker.committed``; hold still for half a second at the 40th of ``publisher.sent``.
"""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

VARIABLE = "CDR_FAULTS"

Stage = Literal[
    "gateway.read",
    "gateway.publishing",
    "gateway.answering",
    "publisher.sent",
    "publisher.confirmed",
    "worker.taken",
    "worker.read",
    "worker.begun",
    "worker.written",
    "worker.committed",
    "worker.handed-over",
    "worker.put-aside",
    "worker.acknowledging",
    "worker.acknowledged",
    "courier.publishing",
    "courier.published",
    "courier.marked",
    "sweeper.claimed",
    "clocks.raised",
    "clocks.claimed",
    "clocks.published",
    "clocks.marked",
    "pointers.fetched",
    "pointers.published",
    "pointers.settled",
    "revisit.begun",
    "revisit.written",
    "revisit.committed",
    "reindex.written",
    "reindex.committed",
    "mesh.fetched",
    "mesh.queued",
    "mesh.told",
    "mesh.sent",
    "webhooks.posted",
    "watch.read",
    "watch.queued",
    "watch.answered",
    "reseal.written",
    "reseal.committed",
]

WHAT: Mapping[Stage, str] = {
    "gateway.read": "a partner's message has been read whole; nothing has been done with it",
    "gateway.publishing": "it has been heard and is about to be published",
    "gateway.answering": "the broker has confirmed it; the partner has not been answered",
    "publisher.sent": "a message has been given to the broker's connection; it is not confirmed",
    "publisher.confirmed": "the broker's confirm has come; nobody has been told of it",
    "worker.taken": "a batch has been taken; nothing has been done with it",
    "worker.read": "its messages have been read; no transaction has begun",
    "worker.begun": "the transaction has begun and nothing has been written",
    "worker.written": "everything has been written; it is not committed",
    "worker.committed": "it is committed; its deliveries have not been handed over",
    "worker.handed-over": "its deliveries have been handed over; what it refuses is not on the refused queue",
    "worker.put-aside": "a message lies in its dead queue; its sender's own page does not say so",
    "worker.acknowledging": "everything has been done; the batch is not acknowledged",
    "worker.acknowledged": "the batch has been acknowledged",
    "courier.publishing": "deliveries are about to be published",
    "courier.published": "their confirms have come; the outbox does not say so",
    "courier.marked": "the outbox says that they are published",
    "sweeper.claimed": "what a dead process left has been claimed; it is not published",
    "clocks.raised": "clock events have been raised; they are not published",
    "clocks.claimed": "clock events have been claimed; they are not published",
    "clocks.published": "their confirms have come; the store does not say so",
    "clocks.marked": "the store says that they are published",
    "pointers.fetched": "a record that an event points to has been fetched; nothing has been done with it",
    "pointers.published": "it is on the intake queue; the store does not say so",
    "pointers.settled": "the store says so",
    "revisit.begun": "cases to decide again have been found; no transaction has begun",
    "revisit.written": "they have been decided and written; it is not committed",
    "revisit.committed": "it is committed; their deliveries have not been handed over",
    "reindex.written": "a batch of notices has its keys anew; it is not committed",
    "reindex.committed": "it is committed; the next has not begun",
    "mesh.fetched": "a message has been fetched from a mailbox; nothing has been done with it",
    "mesh.queued": "the broker has it; its sender has not been told, and MESH has it still",
    "mesh.told": "its sender has been told what there is to tell; MESH has it still",
    "mesh.sent": "MESH has a delivery; the recipient's queue has it still",
    "webhooks.posted": "a recipient's webhook has taken a delivery; the recipient's queue has it still",
    "watch.read": "a file has been read whole; nothing has been done with it",
    "watch.queued": "the broker has it; its answer does not lie beside it yet",
    "watch.answered": "its answer lies there; the file itself is still where it was laid down",
    "reseal.written": "a batch of values has been sealed anew; it is not committed",
    "reseal.committed": "it is committed; the next has not begun",
}

_FAULT = re.compile(r"\s*([\w.-]+)=(die|raise|pause):?(\d+(?:\.\d+)?)?@(\d+)\s*")


class Injected(RuntimeError):
    """What a fault of the kind ``raise`` raises: as an error of our own would be, nothing in the engine expects it."""


class NotAFault(ValueError):
    """The variable doesn't say what is to happen where."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the ``at``-th passing of a stage, counted from 1. ``seconds`` is how long a pause lasts."""

    stage: Stage
    what: Literal["die", "raise", "pause"]
    at: int
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.stage}={self.what}{f':{self.seconds:g}' if self.what == 'pause' else ''}@{self.at}"

    def happen(self) -> None:
        if self.what == "pause":
            time.sleep(self.seconds)
        elif self.what == "raise":
            raise Injected(self.stage)
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def read_faults(text: str) -> tuple[Fault, ...]:
    """The faults that a value of the variable asks for. Raises NotAFault."""
    found = []
    for part in filter(str.strip, text.split(",")):
        match = _FAULT.fullmatch(part)
        if match is None or match[1] not in get_args(Stage) or int(match[4]) < 1:
            raise NotAFault(f"{VARIABLE} is written STAGE=die@N, STAGE=raise@N or STAGE=pause:SECONDS@N")
        found.append(Fault(match[1], match[2], int(match[4]), float(match[3] or 0)))  # type: ignore[arg-type]  # matched
    return tuple(found)


def injecting(faults: Iterable[Fault]) -> Callable[[Stage], None]:
    """A ``reached`` that makes these faults happen. Passings are counted in this process, whichever thread passes."""
    planned: dict[str, dict[int, Fault]] = {}
    for fault in faults:
        planned.setdefault(fault.stage, {})[fault.at] = fault
    passed: dict[str, int] = dict.fromkeys(planned, 0)
    lock = threading.Lock()

    def reached(stage: Stage) -> None:
        if stage in planned:
            with lock:
                passed[stage] += 1
                fault = planned[stage].get(passed[stage])
            if fault is not None:
                fault.happen()

    return reached


def _nothing(stage: Stage) -> None:
    """A stage is passed."""


reached: Callable[[Stage], None] = (
    injecting(read_faults(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else _nothing
)
