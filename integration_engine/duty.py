"""Something a process does every so often, in a thread of its own, for as long as a block lasts."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

from integration_engine.security.keys import KeyMissing, SealBroken
from integration_engine.store.database import StoreError

log = logging.getLogger(__name__)

KEYS_EVERY_S = 10.0
"""How soon a process that writes nothing meanwhile learns that another key seals; who writes learns it at once."""


@contextlib.contextmanager
def doing(name: str, look: Callable[[], bool | None], every_s: float) -> Iterator[None]:
    """Call ``look`` at once and then every ``every_s`` seconds until the block ends; a look that is under way is finished.
    A look that returns True has more to do and is called again without waiting.

    Whatever a look raises, the duty goes on next time: a store that is away is a warning, anything else a critical line each
    time.
    """
    stopped = threading.Event()

    def run() -> None:
        while True:
            more = None
            try:
                more = look()
            except (StoreError, KeyMissing, SealBroken) as problem:
                log.warning("a duty could not be done now", extra={"kind": name, "code": problem.code})
            except Exception:
                log.critical("a duty has failed", exc_info=True, extra={"kind": name})
            if stopped.wait(0 if more else every_s):
                return

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
