"""A listener's TLS, made anew when its files change, so that certificates are rotated without a restart.

Connections that are open go on under the certificate they began with, but for one thing: where the authorities that client
certificates are held to change, or what those have revoked, everybody proves themselves again.
"""

import logging
import ssl
from pathlib import Path

from cryptography import x509

from integration_engine.gateway.mllp_clients import Stamp, stamp
from integration_engine.monitoring.counters import COUNTERS, describe
from integration_engine.settings.mllp import MllpListener

log = logging.getLogger(__name__)

ENDS = "cdr_mllp_certificate_ends_seconds"
describe(ENDS, "gauge", "When the certificate that an MLLP port shows ends, in seconds since 1970.", "port")


def tls_of(listener: MllpListener) -> ssl.SSLContext | None:
    """The TLS of a listener, None where it has no certificate. ``client_ca`` asks for a client's certificate too.

    Raises OSError or ssl.SSLError for files that can't be used.
    """
    if listener.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client that makes us begin again and again would cost us far more than itself.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(listener.tls_certificate, listener.tls_key)
    if listener.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(listener.client_ca)
        if listener.client_crl is not None:
            context.load_verify_locations(listener.client_crl)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


class Tls:
    """The context that the next connection of a listener is greeted with. For listeners with a certificate."""

    def __init__(self, listener: MllpListener) -> None:
        """Raises OSError or ssl.SSLError for files that can't be used."""
        self._listener = listener
        self._own = self._stamps(listener.tls_certificate, listener.tls_key)
        self._others = self._stamps(listener.client_ca, listener.client_crl)
        self._context = self._made()
        self._told = False
        self.trust = 0
        """Counts how often the authorities or their revocations have changed."""

    def current(self) -> ssl.SSLContext | None:
        """The context of the files as they are now; of files that don't go together (yet), the one before."""
        own = self._stamps(self._listener.tls_certificate, self._listener.tls_key)
        others = self._stamps(self._listener.client_ca, self._listener.client_crl)
        if (own, others) == (self._own, self._others):
            return self._context
        try:
            self._context = self._made()
        except (OSError, ssl.SSLError):
            # Certificate and key are two files: for a moment in each rotation one is new and one is old.
            if not self._told:
                log.warning("an MLLP port's new TLS files can't be used; the old ones are", extra={"door": "mllp"})
                self._told = True
            return self._context
        if others != self._others:
            self.trust += 1
        self._own, self._others, self._told = own, others, False
        log.info("an MLLP port's TLS files were read anew", extra={"door": "mllp"})
        return self._context

    def _made(self) -> ssl.SSLContext | None:
        context = tls_of(self._listener)
        if self._listener.tls_certificate is not None:
            shown = x509.load_pem_x509_certificate(self._listener.tls_certificate.read_bytes())
            COUNTERS.put(ENDS, shown.not_valid_after_utc.timestamp(), port=f"port-{self._listener.port}")
        return context

    @staticmethod
    def _stamps(*files: Path | None) -> tuple[Stamp, ...]:
        return tuple(stamp(file) for file in files)
