"""What a person proves themselves with where no provider of identities does: a password that they chose, and a code that
changes every half minute (TOTP, RFC 6238). Neither opens anything alone.

Pure but for the system's random source: when and how often somebody may try, and which codes were used, ``store.people``
keeps.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from integration_engine.security.identity import NotAllowed

SHORTEST, LONGEST = 12, 128
STEP_SECONDS = 30
_DIGITS = 6
_CODE_KEY_BYTES = 20
_ISSUER = "Child death review"
# argon2id with the library's own choice of cost (RFC 9106, second recommendation): some 50 ms and 64 MiB a guess.
_HASHER = PasswordHasher()


@dataclass(frozen=True, slots=True)
class CodeKey:
    """What a person's codes are made from. It is shown to them once, for their authenticator, and kept sealed."""

    secret: bytes = field(repr=False)

    def address(self, name: str) -> str:
        """As authenticators take it (``otpauth://``)."""
        return self._codes().get_provisioning_uri(name, _ISSUER)

    @property
    def text(self) -> str:
        """As a person can type it."""
        return base64.b32encode(self.secret).decode()

    def code(self, step: int) -> str:
        """The code of one half minute, counted from 1970."""
        return self._codes().generate(step * STEP_SECONDS).decode()

    def _codes(self) -> TOTP:
        # SHA-1 is what authenticators take; as an HMAC over a counter it is not weakened by collisions.
        return TOTP(self.secret, _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303


def new_code_key() -> CodeKey:
    """A fresh one from the system's random source."""
    return CodeKey(secrets.token_bytes(_CODE_KEY_BYTES))


def hashed(password: str, name: str) -> str:
    """How a password is kept (argon2id). Raises NotAllowed ``bad-password``: long matters, which letters doesn't."""
    if not SHORTEST <= len(password) <= LONGEST or password.casefold() == name.casefold():
        raise NotAllowed("bad-password", f"a password has {SHORTEST} to {LONGEST} letters, and is not one's name")
    return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the password that was kept so; ``None``: nobody's, told as late as a wrong one."""
    try:
        return _HASHER.verify(kept or _nobodys(), password[: LONGEST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """Checked against where nobody has the name, so that both ways take the same steps."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def step_of(code: str, key: CodeKey, seconds: float, after: int) -> int | None:
    """Which half minute's code it is, one before and one after now (``seconds`` since 1970) too; None where it is none of
    them, or not later than ``after``, the last that was used: a code that was looked over a shoulder opens nothing."""
    now = int(seconds) // STEP_SECONDS
    shown = code.encode()
    right = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(key.code(step).encode(), shown)]
    return max(right) if right and max(right) > after else None
