"""How often somebody may try, and how fast a partner may send: nobody guesses for long, and nobody crowds the others out.

Both count in this process alone; a guess is counted by the address it comes from (behind a proxy, the one that a trusted
proxy names). What is proved right is never held up by others' wrong guesses, but at the one door where a guess is cheap and
looking is dear: people's passwords. There the account itself is locked too (``store.people``).
"""

import contextlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

from starlette.requests import Request

from integration_engine.gateway.answers import Refusal
from integration_engine.monitoring.counters import COUNTERS, describe

HELD_UP = describe("cdr_held_up_total", "counter", "Requests answered 429, by why.", "reason")
# So many keys are remembered; the one that was quiet longest is forgotten first.
_REMEMBERED = 10_000


class Buckets:
    """A bucket a key that holds ``most`` and is filled at ``per_second``. ``clock`` counts seconds."""

    def __init__(self, most: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._per_second = per_second
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, key: str) -> float:
        """What is in a key's bucket now."""
        left, at = self._left.get(key, (self._most, 0.0))
        return min(self._most, left + (self._clock() - at) * self._per_second)

    def take(self, key: str, much: float = 1.0) -> float:
        """Take from a key's bucket. Returns 0, or the seconds until there is enough; then nothing was taken."""
        left = self.left(key)
        if left < much:
            return (much - left) / self._per_second
        self._left[key] = (left - much, self._clock())
        self._left.move_to_end(key)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return 0.0

    def give_back(self, key: str, much: float = 1.0) -> None:
        """Put back what was taken and not needed."""
        self._left[key] = (min(self._most, self.left(key) + much), self._clock())


class Failures:
    """Wrong guesses by address: ``most`` at once, then ``a_minute``."""

    def __init__(self, most: int, a_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = Buckets(most, a_minute / 60, clock)
        self._pause = 60 / a_minute

    def require(self, request: Request) -> None:
        """Refuses 429 an address that has guessed wrong too often."""
        if self._buckets.left(_address(request)) < 1:
            raise held_up(
                "failures", self._pause, "Too many wrong attempts came from this address. Wait, then try again."
            )

    def count(self, request: Request) -> None:
        """One more wrong guess."""
        self._buckets.take(_address(request))

    @contextlib.contextmanager
    def guess(self, request: Request) -> Iterator[Callable[[], None]]:
        """One attempt where looking takes long: it counts as wrong from its beginning until it is called right, so that a
        crowd that comes at once isn't let in together. Refuses 429; what can't be looked at isn't counted."""
        self.require(request)
        self.count(request)
        given_back = False

        def right() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._buckets.give_back(_address(request))

        try:
            yield right
        except BaseException:
            right()
            raise


def held_up(reason: str, seconds: float, text: str) -> Refusal:
    """429, with when to come again."""
    COUNTERS.add(HELD_UP, reason=reason)
    return Refusal(429, "too-many", text, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def _address(request: Request) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, all of whose addresses are one household's or machine's."""
    host = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))
