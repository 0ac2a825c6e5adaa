"""Who somebody is and what that lets them do: tokens, principals, and the rule that nobody speaks as another.

A token is ``cdr_<lookup>_<secret>``: ``lookup`` (80 random bits) finds the credential and may appear in logs and lists;
``secret`` (256 random bits) is shown once and kept only as a SHA-256 hash. A slow password hash would gain nothing here:
it protects guessable secrets, and 256 random bits can't be guessed however fast the hash, while a slow one would let
anybody who sends rubbish tokens burn the front door's processors. Passwords that people choose get argon2 instead.
Comparison is constant-time, and an unknown lookup costs the same as a wrong secret.

Pure: no database or clock in here; ``store.partners`` and ``store.identities`` keep what this module makes.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

Role = Literal["partner", "cdop", "jar", "national", "operator", "coordinator", "designated-doctor", "restricted"]
ROLES: tuple[Role, ...] = get_args(Role)
Deciding = Literal["operator", "coordinator", "designated-doctor", "restricted"]
DECIDING: tuple[Deciding, ...] = get_args(Deciding)
"""The roles of people who decide about cases."""
OF_PANELS: tuple[Role, ...] = ("coordinator", "designated-doctor")
"""People of one panel or more: they see and decide about the cases those lead."""
Receiver = Literal["cdop", "jar", "national"]
RECEIVERS: tuple[Receiver, ...] = ("cdop", "jar", "national")
"""Who is delivered to: panels, joint agency response teams, the national record."""

_TOKEN = re.compile(r"cdr_([a-z2-7]{16})_([A-Za-z0-9_-]{43})")
_LOOKUP = re.compile(r"[a-z2-7]{16}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# Compared against where no credential was found, so that both ways take the same steps.
_NOBODY = hashlib.sha256(b"no such credential").hexdigest()
TRUST_CODE, _SITE_CODE = 3, 5
_ITS_OWN = frozenset({"engine", "cli"})


class NotAllowed(Exception):
    """Somebody may not do this. ``code`` is for machines, the text for people; neither holds patient data."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class WrongSender(NotAllowed):
    """The message names another organisation as its sender than the one that proved to send it."""

    CODE = "wrong-sender"

    def __init__(self, path: str = "sender") -> None:
        self.path = path
        super().__init__(self.CODE, "the message names a sender that these credentials may not speak for")


@dataclass(frozen=True, slots=True)
class Token:
    """A new token. ``text`` is given to its holder once and kept nowhere; ``lookup`` and ``hashed`` are stored."""

    text: str = field(repr=False)
    lookup: str
    hashed: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What is kept of a token. ``subject`` is the partner's or CDOP's code, or the operator's name. Times are UTC."""

    lookup: str
    hashed: str = field(repr=False)
    role: Role
    subject: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether it still opens anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are.

    ``name`` is a partner's code (ODS, E23/W15 force, coroner area slug), a CDOP's, a JAR team's or the national record's
    code, or an operator's name.
    ``kinds`` are the doors a partner may use (``hospital-hl7``, ``hospital-fhir``, ``police``, ``coroner``).
    ``organisations`` are further codes it may name as a message's sender; of a coordinator or designated doctor, the panels
    they belong to. ``credential`` is its token's lookup, or what else it was proved by, for audit. ``trying`` are the kinds
    that nobody has opened yet: what it sends of those goes to the sandbox only.
    """

    name: str
    role: Role
    kinds: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    credential: str = ""
    trying: frozenset[str] = frozenset()

    @property
    def areas(self) -> frozenset[str] | None:
        """The panels whose cases this person may see and decide about; None where any."""
        return self.organisations if self.role in OF_PANELS else None

    def may_speak_as(self, sender: str | None) -> bool:
        """Whether a message that names ``sender`` may come from this partner.

        Its own code and its registered ones, in any case of letters; a hospital trust's code also covers its sites,
        because an ODS site code is the trust's three characters and two more. A message that names nobody is its own.
        """
        if self.role != "partner":
            return False
        if sender is None or not sender.strip():
            return True
        named = sender.strip().casefold()
        own = {self.name.casefold(), *(code.casefold() for code in self.organisations)}
        is_site = len(named) == _SITE_CODE and named.isascii() and named.isalnum()
        return named in own or (self._is_hospital and is_site and named[:TRUST_CODE] in own)

    @property
    def _is_hospital(self) -> bool:
        return any(kind.startswith("hospital-") for kind in self.kinds)


def new_token() -> Token:
    """A fresh token from the system's random source."""
    lookup = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    secret = secrets.token_urlsafe(32)
    return Token(f"cdr_{lookup}_{secret}", lookup, hashed(secret))


def hashed(secret: str) -> str:
    """How a secret is kept. The prefix keeps these hashes apart from any other use of SHA-256 here."""
    return hashlib.sha256(b"cdr-token\x00" + secret.encode()).hexdigest()


def split(token: str) -> tuple[str, str] | None:
    """(lookup, secret) of a token's text, None where it isn't one."""
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else None


def is_lookup(credential: str) -> bool:
    """Whether a principal was proved by a token of the register; else by a provider, a password, a certificate."""
    return bool(_LOOKUP.fullmatch(credential))


def matches(secret: str, kept: str) -> bool:
    """Whether a secret is the one that was kept as this hash; it takes as long either way."""
    return hmac.compare_digest(hashed(secret), kept)


def proves(secret: str, credential: Credential | None, now: datetime) -> bool:
    """Whether ``secret`` is this credential's and it is live. The same work is done for an unknown credential."""
    right = matches(secret, credential.hashed if credential else _NOBODY)
    return right and credential is not None and credential.live(now)


def require_role(principal: Principal, roles: Iterable[Role]) -> None:
    """Raises NotAllowed ``role`` unless the principal has one of these roles."""
    if principal.role not in frozenset(roles):
        raise NotAllowed("role", "these credentials are not for this door")


def require_kind(principal: Principal, kind: str) -> None:
    """Raises NotAllowed ``kind`` unless this is a partner registered for that kind of message."""
    require_role(principal, ("partner",))
    if kind not in principal.kinds:
        raise NotAllowed("kind", f"this partner is not registered to send {kind}")


def require_live(principal: Principal, kind: str) -> None:
    """Raises NotAllowed ``not-live`` while nobody has opened the live doors for this partner's messages of that kind."""
    if kind in principal.trying:
        raise NotAllowed("not-live", f"{kind} of this partner is not live yet: send it to the sandbox")


def require_sender(principal: Principal, named: Iterable[tuple[str, str | None]]) -> None:
    """Raises WrongSender at the first (path, sender) that this partner may not speak as."""
    for path, sender in named:
        if not principal.may_speak_as(sender):
            raise WrongSender(path)


def require_inbox(principal: Principal, role: Receiver, code: str) -> None:
    """Raises NotAllowed ``role``, or ``other-cdop``, ``other-jar``, ``other-national``, unless this is that recipient."""
    require_role(principal, (role,))
    if principal.name != code:
        raise NotAllowed(f"other-{role}", "these credentials are for another inbox")


def recipient_of(principal: Principal) -> str:
    """The routing key of somebody's deliveries: ``cdop.BERKS``, ``jar.JAR-OXON``, ``national.ncmd``."""
    require_role(principal, RECEIVERS)
    return f"{principal.role}.{principal.name}"


def is_code(text: str) -> bool:
    """Whether text can be a partner's, CDOP's or organisation's code: it goes into routing keys and queue names."""
    return bool(_CODE.fullmatch(text))


def is_engines(name: str) -> bool:
    """Whether a name is the engine's own in the audit log: what somebody of that name did would pass for its doing."""
    return name.casefold() in _ITS_OWN
