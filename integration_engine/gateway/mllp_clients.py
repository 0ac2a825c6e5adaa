"""Whose connection it is: the partner that a client certificate is bound to.

TLS has proved by then that the certificate is good and its holder has the key; this says whom it makes them. A binding
names a partner and either the certificate itself (SHA-256 fingerprint), a name in its subject alternative names, or its
subject. Several partners share a port, each with its own certificate, and one partner may have several: that is how one
is replaced by the next. A certificate that is bound to more than one partner is a hub's that speaks for all of them.
"""

import logging
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from pydantic import TypeAdapter, ValidationError

from integration_engine.settings.mllp import BoundClient

log = logging.getLogger(__name__)

Stamp = tuple[int, int, int]
"""What tells a file from its earlier self: when it was written, its size and which file it is. Zeros where there is none."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a client certificate says of its holder; texts in small letters.

    ``fingerprint`` is the SHA-256 of its DER bytes in hexadecimal, ``subjects`` the whole subject (RFC 4514) and its common
    name, ``names`` the DNS names, addresses of e-mail and URIs it is issued for; ``until`` is when it ends.
    """

    fingerprint: str
    subjects: frozenset[str]
    names: frozenset[str]
    until: datetime

    @classmethod
    def of(cls, der: bytes) -> "ClientCertificate":
        """Read one. Raises ValueError for bytes that are none."""
        read = x509.load_der_x509_certificate(der)
        common = [str(each.value) for each in read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        names: list[str] = []
        try:
            alternatives = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            pass
        else:
            for form in (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier):
                names += alternatives.get_values_for_type(form)
        return cls(
            read.fingerprint(hashes.SHA256()).hex(),
            frozenset(each.casefold() for each in (*common, read.subject.rfc4514_string())),
            frozenset(each.casefold() for each in names),
            read.not_valid_after_utc,
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """Who speaks on a connection. ``partner`` None leaves it to each message; ``feed`` is whose settings answer where the
    sender doesn't decide."""

    partner: str | None = None
    feed: str | None = None


def is_bound_to(certificate: ClientCertificate, client: BoundClient) -> bool:
    """Whether a binding means this certificate."""
    if client.fingerprint:
        return re.sub(r"[:\s]", "", client.fingerprint).casefold() == certificate.fingerprint
    if client.name:
        return client.name.casefold() in certificate.names
    return (client.subject or "").casefold() in certificate.subjects


class Clients:
    """A listener's bindings: those of its settings, and those of a file, which is read again when it changes."""

    def __init__(self, listed: Sequence[BoundClient], file: Path | None = None) -> None:
        """Raises OSError or ValueError where the file can't be read as bindings."""
        self._listed = tuple(listed)
        self._file = file
        self._stamp = stamp(file)
        self._read = read_clients(file) if file else ()

    def of(self, certificate: ClientCertificate) -> tuple[Bound, ...]:
        """Whom a certificate is bound to, none where it is nobody's (any more)."""
        return tuple(
            Bound(client.partner, client.feed)
            for client in (*self._listed, *self._current())
            if is_bound_to(certificate, client)
        )

    def _current(self) -> tuple[BoundClient, ...]:
        now = stamp(self._file)
        if self._file is not None and now != self._stamp:
            self._stamp = now
            try:
                self._read = read_clients(self._file)
            except (OSError, ValueError):
                # Half a file must not shut everybody out; what stood there before goes on until it can be read.
                log.exception("the file of MLLP clients can't be read; those known before are kept")
            else:
                log.info("the file of MLLP clients was read anew", extra={"count": len(self._read)})
        return self._read


def read_clients(file: Path) -> tuple[BoundClient, ...]:
    """The ``[[clients]]`` of a TOML file. Raises OSError or ValueError; its text never holds a value."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
        if found.keys() - {"clients"}:
            raise ValueError(f"{file.name} holds something else than [[clients]]")
        return TypeAdapter(tuple[BoundClient, ...]).validate_python(found.get("clients", ()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ValueError(f"{file.name} is not TOML") from None
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_input=False))
        raise ValueError(f"{file.name} is not as it has to be: {places}") from None


def stamp(file: Path | None) -> Stamp:
    """A file's stamp."""
    try:
        found = file.stat() if file else None
    except OSError:
        found = None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else (0, 0, 0)
