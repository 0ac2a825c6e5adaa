"""Browsers in which a person has signed in before, so that a stranger's wrong guesses lock out the stranger and not them.

Who signs in by password and code leaves with a cookie that is theirs alone (a keyed mark of their name and of a random seed;
nothing is kept here). A lock doesn't count against who shows it. It is no proof of anything: password and code are asked
for all the same, and after a few wrong attempts it is worth nothing for a while, so a stolen one makes no guesser.
"""

import secrets
import time
from collections.abc import Callable

from integration_engine.gateway.pace import Buckets
from integration_engine.store.people import People

WRONG_AT_MOST = 5
_A_MINUTE = 0.1
_SEED_BYTES = 16
_MOST = 200


class KnownBrowsers:
    """What such cookies are worth, in this process."""

    def __init__(self, people: People, clock: Callable[[], float] = time.monotonic) -> None:
        self._people = people
        self._wrong = Buckets(WRONG_AT_MOST, _A_MINUTE / 60, clock)

    def mark(self, name: str) -> str:
        """A cookie for the browser in which this person has just signed in."""
        seed = secrets.token_urlsafe(_SEED_BYTES)
        return f"{seed}.{self._people.mark(name, seed)}"

    def knows(self, name: str, cookie: str) -> bool:
        """Whether this person has signed in before in the browser that shows this cookie, and hasn't tried it too often."""
        seed, _, mark = cookie.partition(".")
        if not seed or not mark or len(cookie) > _MOST or not self._people.is_mark(name, seed, mark):
            return False
        return self._wrong.left(seed) >= 1

    def failed(self, cookie: str) -> None:
        """One more wrong attempt with it."""
        self._wrong.take(cookie.partition(".")[0])
