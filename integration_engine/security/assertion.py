"""A machine proves itself by what it signs: ``private_key_jwt`` (RFC 7523, OpenID Connect Core 9).

The client signs a short statement that only our token endpoint may accept, and only once; we hold its public key alone. The
keys tried are those registered for the client it names: a key, or the address of one, that stands in the statement itself is
never looked at. Pure: which statements were used before is remembered by ``store.access_tokens``.
"""

import binascii
import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from integration_engine.security.identity import NotAllowed

ALGORITHMS = ("ES256", "ES384", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""Signatures by a private key only. With a shared secret, whoever can check a statement could also make one."""
GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = timedelta(minutes=5)
"""How far ahead a statement's end may lie: what was stolen on its way is soon worth nothing."""
SKEW = timedelta(seconds=60)
"""How far a partner's clock may be from ours."""
MOST_BYTES = 8 * 1024
UNSIGNED = "the client assertion is not signed with a key registered for this client"
"""Told to who signed with another's key and to whom we don't know alike."""
_MOST_JTI = 255
_RSA_BITS = 2048
_CURVES = ("P-256", "P-384")
_CURVE = {"ES256": "P-256", "ES384": "P-384"}
"""The curve of the keys that an algorithm is for; all others are for RSA."""


class AssertionRefused(NotAllowed):
    """What was shown proves nothing here. ``code``: ``malformed``, ``signature``, ``audience``, ``expired``,
    ``lasts-too-long``, ``not-yet``, ``no-id`` or ``replayed``."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A client's registered public key. ``id`` is its RFC 7638 thumbprint, by which lists name it."""

    id: str
    jwk: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proved:
    """A statement that holds: which client, by which key, under which id of its own, until when."""

    client: str
    key: str
    jti: str
    until: datetime


def public_key(text: str) -> PublicKey:
    """A public key from PEM or JWK text. Raises NotAllowed ``bad-key`` where it is none, is private, or is weaker than
    RSA with 2,048 bits or the curves P-256 and P-384."""
    try:
        found = import_key(text, _kind(text)) if "-----" in text else import_key(json.loads(text))
        private = found.is_private
        jwk = found.as_dict(private=False)
        strong = found.public_key.key_size >= _RSA_BITS if isinstance(found, RSAKey) else jwk.get("crv") in _CURVES
        name = found.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise NotAllowed("bad-key", "that is no public key as PEM or JWK") from None
    if private:
        raise NotAllowed("bad-key", "that is a private key: keep it, and register the public one alone")
    if not strong:
        raise NotAllowed("bad-key", "a key is RSA with 2,048 bits or more, or EC on P-256 or P-384")
    return PublicKey(name, {part: jwk[part] for part in ("kty", "crv", "x", "y", "n", "e") if part in jwk})


def signed(client: str, audience: str, private: str, algorithm: str, now: datetime) -> str:
    """The same the other way round: our own statement, for a provider of identities whose client we are. ``private`` is
    PEM; its public half is registered there under its RFC 7638 thumbprint. Raises NotAllowed ``bad-key``."""
    try:
        key = import_key(private, "EC" if algorithm.startswith("ES") else "RSA")
        begins, ends = int(now.timestamp()), int((now + timedelta(minutes=2)).timestamp())
        claims = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "iat": begins,
            "exp": ends,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode({"alg": algorithm, "kid": key.thumbprint()}, claims, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        raise NotAllowed("bad-key", "that is no private key for this algorithm") from None


def named(text: str) -> str:
    """The client that a statement says it is of, nothing checked. Raises AssertionRefused ``malformed``."""
    try:
        if len(text) > MOST_BYTES:
            raise ValueError
        _, payload, _ = text.split(".")
        client = json.loads(_decoded(payload))["iss"]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise AssertionRefused("malformed", "the client assertion is no signed JWT with iss") from None
    return client if isinstance(client, str) else ""


def check(text: str, client: str, keys: Iterable[PublicKey], audiences: Collection[str], now: datetime) -> Proved:
    """What a statement proves. ``keys`` are those registered for ``client``; ``audiences`` are the names we go by.

    Raises AssertionRefused. An unknown client and a wrong signature are told alike: who is registered is nobody's to ask.
    """
    key, claims = _signed(text, keys)
    if claims.get("iss") != client or claims.get("sub") != client:
        raise AssertionRefused("signature", UNSIGNED)
    said = claims.get("aud")
    heard = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    # Meant for others too, any of them could show it here before its client does.
    if not heard or not all(isinstance(each, str) and each in audiences for each in heard):
        raise AssertionRefused(
            "audience",
            "the client assertion is meant for another: aud has to be this token endpoint or our issuer alone",
        )
    until = _moment(claims, "exp")
    if until is None or until <= now - SKEW:
        raise AssertionRefused("expired", "the client assertion has ended, or says not when")
    if until > now + LONGEST + SKEW:
        raise AssertionRefused("lasts-too-long", "a client assertion may last five minutes")
    begins = [moment for name in ("nbf", "iat") if (moment := _moment(claims, name))]
    if any(moment > now + SKEW for moment in begins):
        raise AssertionRefused("not-yet", "the client assertion is of the future: set the clock")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MOST_JTI:
        raise AssertionRefused("no-id", "a client assertion needs an id of its own, jti")
    return Proved(client, key, jti, until)


def _signed(text: str, keys: Iterable[PublicKey]) -> tuple[str, Mapping[str, Any]]:
    curve = _CURVE.get(_algorithm(text))
    # Who has no key that could have signed it, or isn't known at all, is told as late as who has one.
    fitting = [key for key in keys if key.jwk.get("crv") == curve] or [_nobodys(curve)]
    for key in fitting:
        try:
            token = jwt.decode(text, import_key(dict(key.jwk)), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, TypeError):
            continue
        if key.id:
            return key.id, token.claims
    raise AssertionRefused("signature", UNSIGNED)


@cache
def _nobodys(curve: str | None) -> PublicKey:
    """A key to check against where nobody has one. It has no id: what it might sign proves nothing either."""
    made = RSAKey.generate_key(_RSA_BITS) if curve is None else ECKey.generate_key(curve)
    return PublicKey("", made.as_dict(private=False))


def _algorithm(text: str) -> str:
    """By what a statement says it is signed, nothing checked; empty where it can't be read."""
    try:
        said = json.loads(_decoded(text.partition(".")[0]))["alg"]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _kind(text: str) -> Any:
    """PEM doesn't name its type to the library; ours are RSA and EC."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if "PRIVATE" in text:
        raise NotAllowed("bad-key", "that is a private key: keep it, and register the public one alone")
    return "RSA" if isinstance(load_pem_public_key(text.encode()), RSAPublicKey) else "EC"
