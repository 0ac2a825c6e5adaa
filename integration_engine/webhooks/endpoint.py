"""One recipient's webhook: posts a delivery there, signed, and says what came of it.

The address is the operator's word and nothing else's: no message, delivery or answer can name one. No redirect is followed
and no proxy asked. The host's name is looked up here, each address it has is held against what may be called, and just that
address is called: a name that leads to this machine, to a cloud's own service or into a private network leads nowhere.
"""

import contextlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from integration_engine.calling_out import trust, within
from integration_engine.receiving.signed import NotASecret, signed
from integration_engine.settings.part import is_here
from integration_engine.settings.webhooks import WebhookSettings

Trouble = Literal[
    "no-such-host", "forbidden-address", "away", "certificate", "too-slow", "secret", "redirected", "not-allowed",
    "not-found", "busy", "service-error", "broken-answer",
]  # fmt: skip
"""Why no delivery reaches an endpoint now: what is wrong isn't this one."""

# What an answer may hold: one delivery-answer/1, and whatever a server likes to say.
_MOST_BYTES = 16 * 1024
# These say something of the address, of us or of the hour; every other 4xx says something of the delivery.
_OF_THE_ENDPOINT: Mapping[int, Trouble] = {
    401: "not-allowed", 403: "not-allowed", 407: "not-allowed", 404: "not-found", 405: "not-found", 410: "not-found",
    421: "not-found", 408: "busy", 425: "busy", 429: "busy",
}  # fmt: skip
# Addresses of the second version of IP that stand for one of the first, which their own properties don't tell.
_DISGUISED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


class Unreached(Exception):
    """The endpoint doesn't take deliveries now. ``retry_after_s``: what it asked us to wait itself."""

    def __init__(self, why: Trouble, retry_after_s: float | None = None) -> None:
        self.why = why
        self.retry_after_s = retry_after_s
        super().__init__(f"the webhook takes no deliveries now ({why})")


class Refused(Exception):
    """The endpoint won't have this delivery. ``status`` is HTTP's."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the webhook answered {status}")


@dataclass(frozen=True, slots=True)
class Posted:
    """What an endpoint said that took a delivery: ``body`` where it is JSON, else empty."""

    body: bytes


class Endpoint:
    """Any thread may post; each post has a connection of its own. Raises OSError where a PEM file can't be read."""

    def __init__(self, settings: WebhookSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._place = urlsplit(settings.url)
        tls = self._place.scheme == "https"
        self._context = trust(settings.ca, settings.certificate, settings.key) if tls else None

    def require_ready(self) -> None:
        """As ``require_reached``, and whether there is what deliveries are signed with. Raises Unreached."""
        self._signed("", b"")
        self.require_reached()

    def require_reached(self) -> None:
        """Whether somebody opens there, who is whom we trust. Says nothing to them. Raises Unreached."""
        connection = self._connection()
        try:
            with within(connection, self._settings.timeout_seconds), _as_trouble():
                connection.connect()
        finally:
            connection.close()

    def post(self, delivery: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post one delivery. When this returns the endpoint has it. Raises Unreached, Refused."""
        told = {"Content-Type": "application/json", "User-Agent": "cdr", **headers, **self._signed(delivery, body)}
        connection = self._connection()
        try:
            with within(connection, self._settings.timeout_seconds) as late:
                try:
                    with _as_trouble():
                        connection.request("POST", self._place.path or "/", body, told)
                        answer = connection.getresponse()
                        said = answer.read(_MOST_BYTES + 1)
                except Unreached:
                    if not late.is_set():
                        raise
                if late.is_set():
                    # what we cut ourselves looks like an answer that ended
                    raise Unreached("too-slow")
        finally:
            connection.close()
        _require_taken(answer)
        is_json = answer.headers.get_content_type() == "application/json" and len(said) <= _MOST_BYTES
        return Posted(said if is_json else b"")

    def _signed(self, delivery: str, body: bytes) -> dict[str, str]:
        try:
            secrets = self._settings.secret_file.read_text(encoding="ascii").split()
            if not secrets:
                raise NotASecret("there is none")
            return signed(secrets, delivery, int(self._clock()), body)
        except (OSError, ValueError):
            raise Unreached("secret") from None

    def _connection(self) -> "_Connection":
        return _Connection(self._place.hostname or "", self._place.port, self._settings, self._context)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was looked up and found callable, by TLS to the host of that name."""

    def __init__(self, host: str, port: int | None, settings: WebhookSettings, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port or (443 if context else 80), timeout=settings.timeout_seconds)
        # so that the Host header names no port where it is TLS's own
        self.default_port = 443 if context else 80
        self._callable = is_here(host), settings.private
        self._tls = context

    def connect(self) -> None:
        *others, last = self._addresses()
        for address in others:
            with contextlib.suppress(OSError):
                self.sock = socket.create_connection((address, self.port), self.timeout)
                break
        else:
            self.sock = socket.create_connection((last, self.port), self.timeout)
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def _addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreached("no-such-host") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        here, private = self._callable
        if not all(may_be_called(ip_address(each.partition("%")[0]), here=here, private=private) for each in addresses):
            # one that may be called doesn't make up for another: the next time it may be that one
            raise Unreached("forbidden-address")
        return addresses


def may_be_called(address: IPv4Address | IPv6Address, *, here: bool, private: bool) -> bool:
    """Whether an endpoint may lie at an address. ``here``: it was set as this machine's; ``private``: it may be on a private
    network. One that is link-local, where clouds keep their machines' secrets, multicast or nobody's never may."""
    if isinstance(address, IPv6Address):
        if any(address in network for network in _DISGUISED):
            return False
        if address.ipv4_mapped is not None:
            return may_be_called(address.ipv4_mapped, here=here, private=private)
    if address.is_loopback:
        return here
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return address.is_global or (private and address.is_private)


def _require_taken(answer: http.client.HTTPResponse) -> None:
    status = answer.status
    if status in range(200, 300):
        return
    if status in range(300, 400):
        raise Unreached("redirected")
    wait = answer.headers.get("Retry-After", "").strip()
    asked = float(wait) if re.fullmatch("[0-9]{1,6}", wait) else None
    if status in _OF_THE_ENDPOINT:
        raise Unreached(_OF_THE_ENDPOINT[status], asked)
    if status in range(400, 500):
        raise Refused(status)
    raise Unreached("service-error", asked)


@contextlib.contextmanager
def _as_trouble() -> Iterator[None]:
    """Turns what a call can raise into Unreached; never with the other side's own words."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise Unreached("certificate") from None
    except TimeoutError:
        raise Unreached("too-slow") from None
    except OSError:
        raise Unreached("away") from None
    except (http.client.HTTPException, ValueError):
        raise Unreached("broken-answer") from None
