"""Client certificates at the HTTP doors (mutual TLS): which one a machine has shown, and where that may be believed.

Two places only. Where these doors speak TLS themselves, the handshake has checked the certificate against ``client_ca``.
Where a proxy does, it says so in the header ``Client-Cert`` (RFC 9440), which is read from the proxies' own addresses alone,
told by the connection itself and not by any header: from anywhere else it is what somebody wrote. A proxy has to take the
header away from what comes in. Whose certificate it is says the register, by its SHA-256: an authority that signs for a
stranger opens nothing.
"""

import asyncio
import base64
import binascii
import hashlib
import ipaddress
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_STATE = "client_certificate"
_HEADER = b"client-cert"
_MOST_BYTES = 16 * 1024
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def fingerprint(der: bytes) -> str:
    """What the register knows a certificate by: SHA-256 of its DER bytes, in hex."""
    return hashlib.sha256(der).hexdigest()


def shown_certificate(request: Request) -> str | None:
    """The fingerprint of the certificate that this request's machine has proved to hold the key of."""
    found = request.scope.get("state", {}).get(_STATE)
    return found if isinstance(found, str) else None


def protocol(proxies: Sequence[Network]) -> type[H11Protocol]:
    """The server's protocol that notes on each connection who is at its other end."""

    class Noting(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            tls = transport.get_extra_info("ssl_object")
            shown = tls.getpeercert(binary_form=True) if tls else None
            self.app = _Noted(self.app, fingerprint(shown) if shown else None, _is_proxy(transport, proxies))

    return Noting


class _Noted:
    """The application as one connection reaches it."""

    def __init__(self, app: Any, certificate: str | None, is_proxy: bool) -> None:
        self._app: ASGIApp = app
        self._certificate = certificate
        self._is_proxy = is_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # What a proxy shows us is its own: it never speaks for the machine behind it.
            scope.setdefault("state", {})[_STATE] = _told(scope) if self._is_proxy else self._certificate
        await self._app(scope, receive, send)


def _is_proxy(transport: asyncio.Transport, proxies: Sequence[Network]) -> bool:
    peer = transport.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(peer[0])
    except (ValueError, TypeError, IndexError):
        return False
    return any(address in network for network in proxies)


def _told(scope: Scope) -> str | None:
    """The certificate that a proxy tells of: its DER bytes in base64 between colons. Two of them are none."""
    found = [value for name, value in scope["headers"] if name == _HEADER]
    if len(found) != 1 or len(found[0]) > _MOST_BYTES:
        return None
    value = found[0].strip()
    if len(value) < 3 or value[:1] + value[-1:] != b"::":
        return None
    try:
        return fingerprint(base64.b64decode(value[1:-1], validate=True))
    except binascii.Error:
        return None
