"""Passwords of broker accounts: made here, shown once, and kept only as the salted hash that RabbitMQ itself keeps.

With the hash a broker that lost its data is given the same accounts again and nobody needs a new password. It is
RabbitMQ's own form: base64 of four bytes of salt and SHA-256 over salt and password. A fast hash is enough, as for tokens:
192 random bits can't be guessed.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field

ALGORITHM = "rabbit_password_hashing_sha256"
_SALT_BYTES = 4


@dataclass(frozen=True, slots=True)
class BrokerPassword:
    """A new password. ``text`` is given to its holder once and kept nowhere."""

    text: str = field(repr=False)
    hashed: str = field(repr=False)


def new_password() -> BrokerPassword:
    """A fresh password from the system's random source."""
    text = secrets.token_urlsafe(24)
    return BrokerPassword(text, hashed(text, secrets.token_bytes(_SALT_BYTES)))


def hashed(text: str, salt: bytes) -> str:
    """How RabbitMQ keeps a password."""
    return base64.b64encode(salt + hashlib.sha256(salt + text.encode()).digest()).decode()
