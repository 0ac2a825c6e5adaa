"""What a provider of identities says of a person, and what that makes them here: who they are, which role, which panels.

Pure. The claims come from an identity token whose signature, issuer, audience, end and nonce were checked; roles and panels
are mapped by configuration, the first rule that fits. Who fits none is nobody here, however well proved.
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from integration_engine.security.identity import OF_PANELS, Deciding, NotAllowed, Principal, is_code, is_engines

ALGORITHMS = ("ES256", "ES384", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
SKEW = timedelta(seconds=60)
BY_PROVIDER = "provider"
"""``Principal.credential`` of who was proved by a provider."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
Claims = Mapping[str, Any]
Path = Sequence[str]


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who has ``value`` at ``claim`` (or in the list that stands there) has ``role`` here; ``areas`` are the panels it is
    for, where the provider doesn't say."""

    claim: Path
    value: str
    role: Deciding
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a provider's claims are read. ``name``: where a person's name for audit stands, else ``sub``. ``areas``: where
    their panels stand; ``panels`` gives ours for the provider's own words, which are taken as ours where it is empty."""

    rules: tuple[RoleRule, ...]
    name: Path = ("preferred_username",)
    areas: Path = ()
    panels: Mapping[str, str] = field(default_factory=dict)


class NotProved(NotAllowed):
    """A provider's word that doesn't hold. ``code``: ``signature``, ``issuer``, ``audience``, ``expired``, ``nonce``,
    ``too-weak``."""


def checked(  # each is one thing that has to be right
    text: str,
    keys: Iterable[Claims],
    *,
    issuer: str,
    client: str,
    nonce: str,
    now: datetime,
    strengths: Sequence[str] = (),
) -> Claims:
    """The claims of an identity token (OpenID Connect Core 3.1.3.7). ``keys`` are the provider's, as JWK; ``strengths`` are
    the ``acr`` of which it has to be one, where any are named. Raises NotProved."""
    claims = _signed(text, keys)
    if claims.get("iss") != issuer:
        raise NotProved("issuer", "the identity token is of another provider")
    said = claims.get("aud")
    heard = said if isinstance(said, list) else [said]
    if client not in heard or (len(heard) > 1 and claims.get("azp") != client) or claims.get("azp", client) != client:
        raise NotProved("audience", "the identity token is meant for another")
    if not _in_time(claims, now):
        raise NotProved("expired", "the identity token has ended, or is of the future")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise NotProved("nonce", "the identity token answers another question")
    if strengths and claims.get("acr") not in strengths:
        raise NotProved("too-weak", "the sign-in was not strong enough for this service")
    return claims


def person(claims: Claims, mapped: Mapped) -> Principal:
    """Who that is here. Raises NotAllowed ``no-name``, ``no-role`` or ``no-area``."""
    name = next((each for each in (_at(claims, mapped.name), claims.get("sub")) if _is_name(each)), None)
    if name is None:
        raise NotAllowed("no-name", "the provider says no name that can stand in the audit log")
    rule = next((rule for rule in mapped.rules if rule.value in _words(_at(claims, rule.claim))), None)
    if rule is None:
        raise NotAllowed("no-role", "nothing that the provider says of you gives you a role here: ask the operators")
    if rule.role not in OF_PANELS:
        return Principal(str(name), rule.role, credential=BY_PROVIDER)
    said = _words(_at(claims, mapped.areas)) if mapped.areas else []
    told = [mapped.panels.get(each) if mapped.panels else each for each in said]
    areas = frozenset(rule.areas or (each for each in told if each and is_code(each)))
    if not areas:
        raise NotAllowed("no-area", "nothing that the provider says of you names your panel: ask the operators")
    return Principal(str(name), rule.role, organisations=areas, credential=BY_PROVIDER)


def _signed(text: str, keys: Iterable[Claims]) -> Claims:
    for key in keys:
        if key.get("use", "sig") != "sig" or key.get("kty") not in ("RSA", "EC"):
            continue
        try:
            return jwt.decode(text, import_key(dict(key)), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError, KeyError):
            # Not its key, or of a kind that we don't know (KeyError: another curve): the provider has others.
            continue
    raise NotProved("signature", "the identity token is not signed by the provider")


def _in_time(claims: Claims, now: datetime) -> bool:
    try:
        ends = datetime.fromtimestamp(claims["exp"], UTC)
        begins = [datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "nbf") if name in claims]
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return False
    return now - SKEW < ends and all(begin <= now + SKEW for begin in begins)


def _at(claims: Claims, path: Path) -> Any:
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _words(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None and not is_engines(value)
