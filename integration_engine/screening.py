"""Which messages of a feed a worker may pass over unread: decided on their bytes, by how their partner's feeds are read.

A hospital's feed is nearly all of it about people who live, so this is asked of every message, in the thread that takes them
from the broker.
"""

import time
from collections.abc import Callable, Sequence

from adapters import registry
from adapters.adapter import Feed
from integration_engine.store.database import StoreError

# A feed or profile that was changed is heard of as soon as by who reads (the register is remembered for seconds too).
_REMEMBERED_S = 1.0


class Screening:
    """``feeds`` asks the register; where it can't answer, the kind's own careful screen serves."""

    def __init__(self, feeds: Callable[[], Sequence[Feed]], clock: Callable[[], float] = time.monotonic) -> None:
        self._feeds = feeds
        self._clock = clock
        self._until = 0.0
        self._screens: dict[tuple[str, str], Callable[[bytes], bool]] = {}

    def lets_through(self, kind: str, partner: str, body: bytes) -> bool:
        """False where these bytes of that partner can't be about a child's death, its retraction or a rekey."""
        now = self._clock()
        if now >= self._until:
            self._screens.clear()
            self._until = now + _REMEMBERED_S
        screen = self._screens.get((kind, partner))
        if screen is None:
            screen = self._screens[kind, partner] = self._made(kind, partner)
        return screen(body)

    def _made(self, kind: str, partner: str) -> Callable[[bytes], bool]:
        try:
            own = [feed for feed in self._feeds() if (feed.kind, feed.partner) == (kind, partner)]
            return registry.screen_of(kind, own)
        except (StoreError, ValueError):  # whoever reads says what is wrong with a profile
            return registry.ADAPTERS[kind].screen
