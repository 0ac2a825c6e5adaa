"""A partner's machine as tests have it: its private key, and what it signs with it."""

import base64
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

PUBLIC_URL = "https://cdr.example.org"
TOKEN_URL = f"{PUBLIC_URL}/oauth/token"


@dataclass
class Machine:
    """``code`` is who it says it is."""

    code: str
    key: ECKey | RSAKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def public(self) -> str:
        return self.key.as_pem(private=False).decode()

    def assertion(self, now: datetime | None = None, algorithm: str = "ES256", **claims: Any) -> str:
        """A statement for our token endpoint; a claim that is None is left out."""
        at = now or datetime.now(UTC)
        said: dict[str, Any] = {
            "iss": self.code,
            "sub": self.code,
            "aud": TOKEN_URL,
            "iat": int(at.timestamp()),
            "exp": int((at + timedelta(minutes=2)).timestamp()),
            "jti": secrets.token_urlsafe(12),
        }
        said = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode({"alg": algorithm}, said, self.key, algorithms=[algorithm])

    def form(self, assertion: str | None = None, **fields: str) -> dict[str, str]:
        """What is posted to the token endpoint."""
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.assertion(),
        } | fields


def signed_with_the_public_key(machine: Machine) -> str:
    """The old trick: the public key, which everybody may have, taken as a shared secret."""
    claims = {"iss": machine.code, "sub": machine.code, "aud": TOKEN_URL, "exp": 4_000_000_000, "jti": "x"}
    head, body = (_written(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    mark = hmac.digest(machine.public.encode(), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{_written(mark)}"


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
