"""What an operator says of each MLLP port: where it listens, its certificates, and whose the clients' certificates are."""

from pathlib import Path

from pydantic import Field, model_validator

from integration_engine.settings.part import Part, Port


class BoundClient(Part):
    """Whose a client certificate is, as ``[[mllp.clients]]`` or in a ``clients_file``.

    One of: ``fingerprint``, the SHA-256 of the certificate in hexadecimal, with or without colons; ``name``, one of its
    subject alternative names; ``subject``, its common name or its whole subject as RFC 4514 writes it. A partner may have
    several, of which one replaces the other. ``feed`` names the feed whose settings answer where the sender doesn't decide.
    """

    partner: str = Field(min_length=1)
    fingerprint: str | None = Field(default=None, pattern=r"^(?:[0-9A-Fa-f]{2}[:\s]?){32}$")
    name: str | None = Field(default=None, min_length=1)
    subject: str | None = Field(default=None, min_length=1)
    feed: str | None = None

    @model_validator(mode="after")
    def _one_mark(self) -> "BoundClient":
        if sum(mark is not None for mark in (self.fingerprint, self.name, self.subject)) != 1:
            raise ValueError("a client is known by one of fingerprint, name, subject")
        return self


class MllpListener(Part):
    """One MLLP port, as ``[[mllp]]``.

    ``partner`` binds the port to one partner: whatever comes in must name it as its sender. ``clients`` and ``clients_file``
    bind each connection to the partner of its certificate; so do the certificates of the register (``cdr partner key add``),
    by themselves where ``registered_clients`` is set. With none of them any registered hospital may speak, so such a port
    belongs on a network that only they reach. ``feed`` names the feed whose settings answer when the sender doesn't decide.
    Certificate files are PEM; ``client_ca`` asks for mutual TLS, ``client_crl`` is what those authorities have revoked. All
    files are read again when they change. At a ``sandbox`` port messages are answered as they would be and go nowhere.
    """

    host: str = "127.0.0.1"
    port: Port
    partner: str | None = None
    feed: str | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    client_crl: Path | None = None
    clients: tuple[BoundClient, ...] = ()
    clients_file: Path | None = None
    registered_clients: bool = False
    sandbox: bool = False

    @property
    def binds_clients(self) -> bool:
        """Whether a connection is bound to the partner of its certificate."""
        return bool(self.clients or self.clients_file or self.registered_clients)

    @model_validator(mode="after")
    def _parts_that_belong_together(self) -> "MllpListener":
        """A port that was meant to be closed to strangers must not open without what closes it."""
        if self.tls_certificate is None and (self.tls_key or self.client_ca):
            raise ValueError("tls_key and client_ca need a tls_certificate")
        if self.client_ca is None and (self.client_crl or self.binds_clients):
            raise ValueError("client_crl, clients, clients_file and registered_clients need a client_ca")
        if self.partner and self.binds_clients:
            raise ValueError("a port is bound to a partner or to the partners of its clients, not to both")
        return self
