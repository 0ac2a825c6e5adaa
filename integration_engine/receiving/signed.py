"""How a delivery that comes by webhook proves where it comes from: the symmetric signature of Standard Webhooks 1.0.

    webhook-id          the delivery's id, the same however often it comes
    webhook-timestamp   when this try was made, seconds since 1970
    webhook-signature   "v1," and a signature in base64; several with blanks between while one secret follows another

Signed is ``<id>.<timestamp>.<body>`` by HMAC-SHA256. A secret is written ``whsec_`` and 24 to 64 bytes in base64.
"""

import base64
import binascii
import hashlib
import hmac
import secrets as chance
from collections.abc import Iterable, Mapping

ID, AT, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300
"""How far the sender's clock and ours may be apart, and how long a delivery can be played again by somebody else."""
_BEGINS, _VERSION = "whsec_", "v1,"
_SHORTEST, _LONGEST, _OURS = 24, 64, 32


class NotASecret(ValueError):
    """Something that should be a secret isn't one. The text never holds it."""


class NotSigned(ValueError):
    """Nothing proves that this comes from whom it should. ``code``: ``headers`` (one is missing or broken), ``time`` (it is
    too old, or of tomorrow), ``signature`` (no secret of ours made it)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the delivery isn't signed as it has to be ({code})")


def new_secret() -> str:
    """A secret for one recipient, by chance."""
    return _BEGINS + base64.b64encode(chance.token_bytes(_OURS)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that a secret stands for. Raises NotASecret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(_BEGINS), validate=True)
    except (binascii.Error, ValueError):
        raise NotASecret("a webhook's secret is whsec_ and base64") from None
    if not secret.strip().startswith(_BEGINS) or not _SHORTEST <= len(key) <= _LONGEST:
        raise NotASecret("a webhook's secret is whsec_ and 24 to 64 bytes in base64")
    return key


def signed(secrets: Iterable[str], delivery: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of one try. ``at`` is now, in seconds since 1970. Raises NotASecret."""
    made = [_VERSION + _signature(key_of(secret), delivery, str(at), body) for secret in secrets]
    return {ID: delivery, AT: str(at), SIGNATURE: " ".join(made)}


def require_signed(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The delivery's id, where one of ``secrets`` has signed this ``body`` within five minutes of ``now``. ``headers`` by
    name in small letters; ``body`` the bytes as they came. Raises NotSigned, NotASecret."""
    delivery, at, told = (headers.get(name, "") for name in (ID, AT, SIGNATURE))
    if not (delivery and told and at.isascii() and at.isdigit() and len(at) <= 12):
        raise NotSigned("headers")
    if abs(now - int(at)) > TOLERANCE_S:
        raise NotSigned("time")
    right = [(_VERSION + _signature(key_of(secret), delivery, at, body)).encode() for secret in secrets]
    # each against each, and never sooner done with one that begins right
    matches = [hmac.compare_digest(mine, each.encode()) for mine in right for each in told.split(" ")]
    if not any(matches):
        raise NotSigned("signature")
    return delivery


def _signature(key: bytes, delivery: str, at: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(key, f"{delivery}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
