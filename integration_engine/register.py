"""The register of who may come in, as the doors ask it: remembered for a moment, and away where the store is."""

import asyncio
import functools
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from adapters.adapter import Feed
from integration_engine.gateway.ports import StoreAway
from integration_engine.known_browsers import KnownBrowsers
from integration_engine.security.identity import TRUST_CODE, Principal, is_lookup, matches, split
from integration_engine.settings.feeds import FeedSettings
from integration_engine.store.database import Transient
from integration_engine.store.identities import Held, Identities

P = ParamSpec("P")
R = TypeVar("R")

_REMEMBERED_SECONDS = 1.0
_GUESSES_AT_ONCE = 2
REFUSED_AFTER_S = 0.5
"""How long a sign-in that is refused takes: longer than any way of being refused does by itself."""


def or_away(call: Callable[P, R]) -> Callable[P, R]:
    """The same call for a door: raises StoreAway where the store can't answer now."""

    @functools.wraps(call)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except Transient as error:
            raise StoreAway from error

    return called


@dataclass(frozen=True, slots=True)
class _Book:
    """Partners by every code they are known by, in small letters, their tokens, their certificates (None for one that has
    ended) and all feeds, as they stood at one moment."""

    partners: Mapping[str, Principal]
    tokens: Mapping[str, Held]
    certificates: Mapping[str, Principal | None]
    feeds: Sequence[Feed]
    at: float


class Register:
    """``ports.People`` over the store's register, for one event loop.

    What is asked for every message - whose token or certificate it is, who a hospital's message may come from (``find``),
    which feeds there are - is remembered for a second: a token that is revoked brings no message in after that. Of tokens
    only partners' are remembered, who can't take anything out. Everybody else's tokens, sessions, and what isn't remembered
    are looked up each time: a new token opens its doors at once, and a revoked one shows nothing from then on.
    """

    def __init__(
        self,
        identities: Identities,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._identities = identities
        self._people = identities.people
        self._browsers = KnownBrowsers(identities.people)
        self._sleep = sleep
        self._guesses = asyncio.Semaphore(_GUESSES_AT_ONCE)
        self._clock = clock
        self._book: _Book | None = None
        self._opening: asyncio.Task[_Book] | None = None

    async def authenticate(self, token: str) -> Principal | None:
        lookup, secret = split(token) or ("", "")
        held = (await self._opened()).tokens.get(lookup)
        if held is not None and matches(secret, held.hashed):
            return held.partner
        return await _asked(self._identities.authenticate, token)

    async def by_certificate(self, fingerprint: str) -> Principal | None:
        certificates = (await self._opened()).certificates
        if fingerprint in certificates:
            return certificates[fingerprint]
        return await _asked(self._identities.by_certificate, fingerprint)

    async def has_ended(self, fingerprint: str) -> bool:
        certificates = (await self._opened()).certificates
        return fingerprint in certificates and certificates[fingerprint] is None

    async def sign_in(self, name: str, password: str, code: str, browser: str = "") -> Principal | None:
        # Each guess takes 64 MiB: a crowd of them waits its turn.
        async with self._guesses:
            began = self._clock()
            known = self._browsers.knows(name, browser)
            found = await _asked(self._people.sign_in, name, password, code, known=known)
            took = self._clock() - began
        if found is None:
            if known:
                self._browsers.failed(browser)
            # What was wrong - the name, the password, the code, a lock - must not be told by how soon we say so.
            await self._sleep(max(0.0, REFUSED_AFTER_S - took))
        return found

    async def knows(self, name: str, browser: str) -> bool:
        return self._browsers.knows(name, browser)

    async def browser_mark(self, name: str) -> str:
        return self._browsers.mark(name)

    async def open_session(self, principal: Principal, seconds: int) -> str:
        keeps = self._identities.browsers if is_lookup(principal.credential) else self._people
        return await _asked(keeps.open_session, principal, seconds)

    async def session(self, secret: str) -> Principal | None:
        by_token = await _asked(self._identities.browsers.session, secret)
        return by_token or await _asked(self._people.session, secret)

    async def close_session(self, secret: str) -> None:
        await _asked(self._identities.browsers.close_session, secret)
        await _asked(self._people.close_session, secret)

    async def registered(self, code: str) -> Principal | None:
        return (await self._opened()).partners.get(code.strip().casefold())

    async def find(self, named: str) -> Principal | None:
        book, name = await self._opened(), named.strip().casefold()
        found = book.partners.get(name) or book.partners.get(name[:TRUST_CODE])
        return found if found and name and found.may_speak_as(name) else None

    async def feeds(self, partner: str, kind: str) -> Sequence[Feed]:
        book = await self._opened()
        return [feed for feed in book.feeds if (feed.partner, feed.kind) == (partner, kind)]

    async def _opened(self) -> _Book:
        """The book, read anew where it is a second old: once for all who ask meanwhile."""
        if self._book is not None and self._clock() < self._book.at + _REMEMBERED_SECONDS:
            return self._book
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(_asked(self._read))
        # whoever gives up takes the answer from nobody else
        self._book = await asyncio.shield(self._opening)
        return self._book

    def _read(self) -> _Book:
        now = self._clock()
        tokens = {held.partner.credential: held for held in self._identities.tokens()}
        # who is known by a code has shown no token
        known = [*self._identities.keyed(), *(replace(held.partner, credential="") for held in tokens.values())]
        partners = {code.casefold(): each for each in known for code in (*each.organisations, each.name)}
        codes = {each.name: each for each in known}
        certificates = {
            name: replace(codes[code], credential=name[:16]) if code in codes else None
            for name, code in self._identities.certificates().items()
        }
        return _Book(partners, tokens, certificates, registered_feeds(self._identities), now)


class Remembered:
    """Partners by code for a thread that waits on the store by itself, as a worker does, asked once a second however many
    messages there are. Raises the store's Transient."""

    def __init__(self, identities: Identities, clock: Callable[[], float] = time.monotonic) -> None:
        self._identities = identities
        self._clock = clock
        self._partners: Mapping[str, Principal] = {}
        self._until = -math.inf

    def registered(self, code: str) -> Principal | None:
        """The partner of this very code, where it has a live token, key or certificate."""
        now = self._clock()
        if now >= self._until:
            known = {each.name: each for each in self._identities.partners()}
            self._partners, self._until = known, now + _REMEMBERED_SECONDS
        return self._partners.get(code)


async def _asked(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What the store answers, waited for off the event loop. Raises StoreAway."""
    return await asyncio.to_thread(or_away(call), *args, **kwargs)


def registered_feeds(identities: Identities) -> list[Feed]:
    """Every feed of the register, as the adapters take them; the worker reads with the same."""
    return [FeedSettings.model_validate(each).feed() for each in identities.feeds()]
