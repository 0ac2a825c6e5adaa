"""Starts the engine's processes as ``cdr run`` does: each a process of its own that can be killed, with three differences.

They are forked from a process that has loaded the program, so that a thousand of them start in minutes. Their waits are
short: what takes twenty seconds or a minute in earnest (a sweep, a claim that runs out, the next look at clocks) takes one
or two here, so that a round of kills meets all of it. And one kind of message can't be read: poison.

Orders come in as lines of JSON (``{"part", "log", "folder", "environment"}``); the process id goes out, and later its end.
"""

import functools
import gc
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters import registry
from adapters.adapter import Reading, Submission
from integration_engine import clockwork, courier, doors, in_force, revisit, stages, worker  # noqa: F401 - loaded before
from integration_engine.broker import topology
from integration_engine.cli import main
from integration_engine.routing.fingerprint import fingerprint
from integration_engine.settings import load_settings
from integration_engine.store import clocks, outbox
from tests.chaos.house import TOPOLOGY
from tests.chaos.stream import POISON

SWEEP_AFTER, CLAIM_LASTS = timedelta(seconds=1), timedelta(seconds=3)
_LOOK_S = 1.0
_WAIT_S = 0.02


def _poisoned() -> None:
    """Make every reader of messages raise for poison, as a mistake of our own would."""
    read = registry.read

    def read_all_but_poison(submission: Submission, *args: Any, **options: Any) -> Iterator[Reading]:
        if POISON in submission.body:
            raise ValueError("a message that our own mistake can't read")
        return read(submission, *args, **options)

    registry.read = worker.Worker.__init__.__kwdefaults__["read"] = read_all_but_poison


def _hurried() -> None:
    outbox.CLAIM_LASTS = clocks.CLAIM_LASTS = CLAIM_LASTS
    courier.Courier.__init__.__kwdefaults__["sweep_after"] = SWEEP_AFTER
    courier._SWEEP_EVERY_S = _LOOK_S
    clockwork.LOOK_EVERY_S = revisit.LOOK_EVERY_S = _LOOK_S


def _read_before() -> None:
    """Read the tables once for all that are forked."""
    in_force.load_reference = functools.cache(in_force.load_reference)
    rules = in_force.rules_in_force(load_settings())
    fingerprint(rules.reference, rules.switches)
    for kind in registry.ADAPTERS:
        _ = registry.ADAPTERS[kind]


def _inject(faults: str) -> None:
    """Put the faults in, as the program does when it is loaded with them in its environment."""
    reached = stages.injecting(stages.read_faults(faults))
    for module in list(sys.modules.values()):
        if getattr(module, "reached", None) is stages.reached and module is not stages:
            module.reached = reached  # type: ignore[attr-defined]  # it has one


def _become(order: dict[str, Any]) -> None:
    """The forked process: from here on it is ``cdr run PART``."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, number)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    place = Path(os.environ[TOPOLOGY])
    topology.topology_file = lambda: place
    if faults := os.environ.get(stages.VARIABLE):
        _inject(faults)
    sys.argv = ["cdr", "run", order["part"]]
    status = 1
    try:
        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _serve() -> None:
    waiting, living = b"", set[int]()
    while True:
        readable, _, _ = select.select([0], [], [], _WAIT_S)
        if readable:
            came = os.read(0, 65536)
            if not came:
                break
            *orders, waiting = (waiting + came).split(b"\n")
            for order in orders:
                pid = os.fork()
                if pid == 0:
                    _become(json.loads(order))
                living.add(pid)
                _say("began", pid)
        for pid in list(living):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                living.discard(pid)
                _say("ended", pid, os.waitstatus_to_exitcode(status))
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    _read_before()
    _poisoned()
    _hurried()
    gc.collect()
    gc.freeze()
    _serve()
