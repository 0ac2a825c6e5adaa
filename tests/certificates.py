"""Certificates for tests, made on the spot: an authority that issues and revokes them, a server called localhost, clients."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificates(folder: Path) -> None:
    """Write authority.pem, server.pem, server.key, client.pem and client.key."""
    authority = Authority(folder, "authority")
    authority.issue("server", "localhost")
    authority.issue("client", "RTH")


class Authority:
    """Issues certificates into a folder, its own as ``<file>.pem``."""

    def __init__(self, folder: Path, file: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(f"test {file}")
        self._revoked: list[x509.Certificate] = []
        builder = _builder(self._name, self._name, self._key, timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = folder / f"{file}.pem"
        self._write(self.certificate, builder.sign(self._key, hashes.SHA256()))

    def issue(self, file: str, common: str, *names: str, lasts: timedelta = timedelta(days=1)) -> Path:
        """A certificate ``<file>.pem`` with its ``<file>.key``. ``names`` are its DNS names, else its common name is."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.DNSName(name) for name in names or (common,)]
        builder = _builder(_named(common), self._name, key, lasts)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self._folder / f"{file}.key").write_bytes(plain)
        path = self._folder / f"{file}.pem"
        self._write(path, builder.sign(self._key, hashes.SHA256()))
        return path

    def revoke(self, file: str, certificates: Sequence[Path]) -> Path:
        """A list ``<file>.pem`` of what this authority has revoked; may be none."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - timedelta(hours=1))
            .next_update(now + timedelta(days=1))
        )
        for each in certificates:
            serial = x509.load_pem_x509_certificate(each.read_bytes()).serial_number
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            )
        path = self._folder / f"{file}.pem"
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    @staticmethod
    def _write(path: Path, certificate: x509.Certificate) -> None:
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def fingerprint_of(path: Path) -> str:
    """The SHA-256 of a certificate, as an integrator's tools print it."""
    return x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256()).hex(":").upper()


def _named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + lasts)
    )
