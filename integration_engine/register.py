"""The register of who may come in, as the doors ask it: remembered for a moment, and away where the store is."""

import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from adapters.adapter import Feed
from integration_engine.gateway.ports import StoreAway
from integration_engine.security.identity import TRUST_CODE, Principal
from integration_engine.settings import FeedSettings
from integration_engine.store.database import Transient
from integration_engine.store.identities import Identities

P = ParamSpec("P")
R = TypeVar("R")

_REMEMBERED_SECONDS = 1.0


def or_away(call: Callable[P, R]) -> Callable[P, R]:
    """The same call for a door: raises StoreAway where the store can't answer now."""

    @functools.wraps(call)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except Transient as error:
            raise StoreAway from error

    return called


class Register:
    """``ports.People`` over the store's register.

    Tokens and sessions are looked up each time: a revoked one opens nothing from then on. Who a hospital's message may
    come from (``find``) and which feeds there are is asked for every message of a hospital's whole traffic, so that is
    remembered for a second.
    """

    def __init__(self, identities: Identities, clock: Callable[[], float] = time.monotonic) -> None:
        self._identities = identities
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._partners: Mapping[str, Principal] = {}
        self._feeds: Sequence[Feed] = ()
        self.authenticate = or_away(identities.authenticate)
        self.open_session = or_away(identities.open_session)
        self.session = or_away(identities.session)
        self.close_session = or_away(identities.close_session)

    @or_away
    def find(self, partner: str) -> Principal | None:
        self._refresh()
        name = partner.strip().casefold()
        found = self._partners.get(name) or self._partners.get(name[:TRUST_CODE])
        return found if found and name and found.may_speak_as(name) else None

    @or_away
    def feeds(self, partner: str, kind: str) -> Sequence[Feed]:
        self._refresh()
        return [feed for feed in self._feeds if (feed.partner, feed.kind) == (partner, kind)]

    def _refresh(self) -> None:
        with self._lock:
            if self._clock() < self._until:
                return
            self._partners = {
                code.casefold(): principal
                for principal in self._identities.partners()
                for code in (*principal.organisations, principal.name)
            }
            self._feeds = registered_feeds(self._identities)
            self._until = self._clock() + _REMEMBERED_SECONDS


def registered_feeds(identities: Identities) -> list[Feed]:
    """Every feed of the register, as the adapters take them; the worker reads with the same."""
    return [FeedSettings.model_validate(each).feed() for each in identities.feeds()]
