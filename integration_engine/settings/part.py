"""What the parts of the settings have in common."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

MEBIBYTE = 1024 * 1024
# RabbitMQ 4.x refuses messages of 16 MiB and more; a body must fit with its envelope.
BROKER_CEILING = 16 * MEBIBYTE - 64 * 1024

Port = Annotated[int, Field(ge=0, le=65535)]
# Who is sent deliveries, as their queue is called: cdop.BERKS, jar.JAR-OXON, national.ncmd.
Recipient = Annotated[str, Field(pattern=r"^(cdop|jar|national)\.[A-Za-z0-9-]{1,32}$")]


class Part(BaseModel):
    """A part of the settings with names of its own; a misspelt one is refused, and no value is ever shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def tls_or_here(address: str) -> bool:
    """Whether an address is reached by TLS, or never leaves this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_here(parts.hostname))


def base_address(url: str) -> str:
    """A base address that is whole, safe on the way, and has nothing in it that could lead elsewhere. Raises ValueError."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    if not tls_or_here(url):
        raise ValueError("has to be https (http only on this machine itself)")
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("is a base address: a host, perhaps a port and a path, and nothing else")
    return url


def is_here(host: str | None) -> bool:
    """Whether a host is this machine by its very name: ``localhost`` or a loopback address."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
