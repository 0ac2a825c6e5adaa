"""One sealing key: AES-256-GCM, one call a value; and the way in which versions before sealed, which still opens."""

import base64
import hashlib
import os

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FINGERPRINT_BYTES = 4
# What stands behind the fingerprint says how the rest is sealed. A Fernet token begins with another byte (0x80).
_GCM = b"\x81"
# Chance alone makes nonces of this size safe for four thousand million values a key (NIST SP 800-38D, 8.3).
_NONCE_BYTES = 12
_HEADING_BYTES = FINGERPRINT_BYTES + len(_GCM)


def fingerprint(key: bytes) -> bytes:
    """What a key is known by, and says nothing of it."""
    return hashlib.sha256(b"cdr key fingerprint" + key).digest()[:FINGERPRINT_BYTES]


class SealingKey:
    """One sealing key: it seals by one cipher, and unseals what was sealed by that or by Fernet."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        secret = base64.urlsafe_b64decode(key)
        self.fingerprint = fingerprint(secret)
        # A key of its own for the other cipher: no secret is used in two ways.
        derived = HKDF(SHA256(), length=32, salt=None, info=b"cdr sealing AES-256-GCM").derive(secret)
        self._cipher, self._heading = AESGCM(derived), self.fingerprint + _GCM

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self._heading + nonce + self._cipher.encrypt(nonce, plain, self._heading)

    def unseal(self, sealed: bytes) -> bytes:
        """Raises InvalidTag, InvalidToken or ValueError (too short to be sealed)."""
        if sealed[:_HEADING_BYTES] != self._heading:
            return self._fernet.decrypt(base64.urlsafe_b64encode(sealed[FINGERPRINT_BYTES:]))
        begins = _HEADING_BYTES + _NONCE_BYTES
        return self._cipher.decrypt(sealed[_HEADING_BYTES:begins], sealed[begins:], self._heading)
