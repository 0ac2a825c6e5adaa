"""The keys of the store: sealing keys that encrypt what is held about a child, index keys that make lookups blind.

Several sealing keys may be held at once: the first seals, all unseal, so a key is rotated by putting a new one in front.
Sealing is AES-256-GCM, one call a value. Versions before sealed with Fernet, four passes of ciphers and base64 that took ten
times as long; what they sealed still opens.
Index keys carry a version, because a blind index made with one key can't be found with another: lookups try every
version held, new entries are made with the highest. A key that is lost is a state with a name (``KeyMissing``), never a
row that silently reads as empty.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEAL_KEYS = "CDR_SEAL_KEYS"
INDEX_KEYS = "CDR_INDEX_KEYS"
KEYS_FILE = "CDR_KEYS_FILE"

FINGERPRINT_BYTES = 4
BLIND_BYTES = 16
"""128 bits of an HMAC-SHA256: no two keys of any realistic store collide, and half a hash says less than a whole one."""
_INDEX_KEY_BYTES = 32
# What stands behind the fingerprint says how the rest is sealed. A Fernet token begins with another byte (0x80).
_GCM = b"\x81"
# Chance alone makes nonces of this size safe for four thousand million values a key (NIST SP 800-38D, 8.3).
_NONCE_BYTES = 12
_HEADING_BYTES = FINGERPRINT_BYTES + len(_GCM)
_ABOUT = (
    "Whoever holds this file can read the database; without it nobody can. Keep a copy apart from the database's backups. "
    "New sealing keys go in front, old ones stay."
)


class KeyMissing(LookupError):
    """A key that is needed isn't held. The text names the key by its fingerprint, never by its content."""

    code = "key-missing"


class KeyUnreadable(ValueError):
    """What was given as a key isn't one."""

    code = "key-unreadable"


class SealBroken(ValueError):
    """Sealed bytes were altered or cut since they were sealed, or stand in another's place."""

    code = "seal-broken"


def _fingerprint(key: bytes) -> bytes:
    return hashlib.sha256(b"cdr key fingerprint" + key).digest()[:FINGERPRINT_BYTES]


@dataclass(frozen=True, slots=True, repr=False)
class IndexKey:
    """One version of the key behind the blind indexes; ``version`` counts from 1."""

    version: int
    secret: bytes

    @property
    def fingerprint(self) -> bytes:
        return _fingerprint(self.secret)


class _SealingKey:
    """One sealing key: it seals by one cipher, and unseals what was sealed by that or by Fernet."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        secret = base64.urlsafe_b64decode(key)
        self.fingerprint = _fingerprint(secret)
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


class Keyring:
    """The sealing and index keys held by this process.

    Parameters: sealing keys (Fernet keys: URL-safe base64 of 32 bytes), the first of which seals; index keys, the highest
    version of which makes new entries. Raises KeyMissing where either is empty, KeyUnreadable where a key isn't one.
    """

    def __init__(self, seal_keys: Sequence[str | bytes], index_keys: Sequence[IndexKey]) -> None:
        if not seal_keys:
            raise KeyMissing(f"No sealing key is given: set {SEAL_KEYS} or {KEYS_FILE}.")
        if not index_keys:
            raise KeyMissing(f"No index key is given: set {INDEX_KEYS} or {KEYS_FILE}.")
        if len({key.version for key in index_keys}) != len(index_keys):
            raise KeyUnreadable("Two index keys carry the same version.")
        try:
            keys = [_SealingKey(key.encode() if isinstance(key, str) else key) for key in seal_keys]
        except (ValueError, binascii.Error) as error:
            raise KeyUnreadable("A sealing key is not 32 bytes of URL-safe base64.") from error
        self._sealing = keys[0]
        self._unsealing = {key.fingerprint: key for key in keys}
        self._index = sorted(index_keys, key=lambda key: -key.version)
        # An HMAC object with the key already in it is copied for each use: half the cost of keying it every time.
        self._macs = {key.version: hmac.new(key.secret, digestmod=hashlib.sha256) for key in self._index}

    def __repr__(self) -> str:
        return f"Keyring({len(self._unsealing)} sealing, {len(self._index)} index)"

    @property
    def seal_fingerprints(self) -> tuple[str, ...]:
        """Fingerprints of the sealing keys, the one that seals first."""
        return tuple(fingerprint.hex() for fingerprint in self._unsealing)

    @property
    def index_fingerprints(self) -> Mapping[int, str]:
        """Fingerprints of the index keys by version."""
        return {key.version: key.fingerprint.hex() for key in self._index}

    @property
    def index_version(self) -> int:
        """The version that new index entries are made with."""
        return self._index[0].version

    def seal(self, plain: bytes) -> bytes:
        """Encrypt and authenticate. What comes out names the key by its fingerprint."""
        return self._sealing.seal(plain)

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed. Raises KeyMissing without its key, SealBroken where the bytes were altered."""
        sealed = bytes(sealed)
        key = self._unsealing.get(sealed[:FINGERPRINT_BYTES])
        if key is None:
            fingerprint = sealed[:FINGERPRINT_BYTES].hex()
            raise KeyMissing(f"The sealing key with fingerprint {fingerprint} is not among the keys given.")
        try:
            return key.unseal(sealed)
        except (InvalidTag, InvalidToken, ValueError) as error:
            raise SealBroken("Sealed bytes were altered since they were sealed.") from error

    def sealed_with_newest(self, sealed: bytes) -> bool:
        """Whether these bytes need no re-sealing after a rotation."""
        return bytes(sealed[:FINGERPRINT_BYTES]) == self._sealing.fingerprint

    def blind(self, purpose: str, text: str, version: int | None = None) -> bytes:
        """The blind index of a text: the same text gives the same 16 bytes, and nobody without the key can tell of what.

        ``purpose`` keeps indexes of different kinds apart. Raises KeyMissing for a version that isn't held.
        """
        chosen = self.index_version if version is None else version
        if chosen not in self._macs:
            raise KeyMissing(f"Index key version {chosen} is not among the keys given.")
        mac = self._macs[chosen].copy()
        mac.update(f"{purpose}\x1f{text}".encode())
        return mac.digest()[:BLIND_BYTES]

    def blinds(self, purpose: str, text: str) -> tuple[bytes, ...]:
        """The blind index under every version held, newest first: what a lookup has to look for."""
        return tuple(self.blind(purpose, text, key.version) for key in self._index)


def generate() -> str:
    """The content of a new keys file: one sealing key and one index key, from the system's randomness."""
    secret = base64.urlsafe_b64encode(os.urandom(_INDEX_KEY_BYTES)).decode()
    content = {"about": _ABOUT, "seal": [Fernet.generate_key().decode()], "index": {"1": secret}}
    return json.dumps(content, indent=2) + "\n"


def write_new(path: Path) -> None:
    """Write a new keys file that only its owner may read. Raises FileExistsError rather than replace one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(generate())


def _index_key(version: str, text: str) -> IndexKey:
    try:
        key = IndexKey(int(version), base64.urlsafe_b64decode(text))
    except (ValueError, binascii.Error) as error:
        raise KeyUnreadable("An index key is not a version and URL-safe base64.") from error
    if len(key.secret) < _INDEX_KEY_BYTES or key.version < 1:
        raise KeyUnreadable("An index key needs a version from 1 and at least 32 bytes.")
    return key


def read_file(path: Path) -> Keyring:
    """The keyring of a keys file. Raises KeyMissing where there is no such file, KeyUnreadable where it can't be read."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise KeyMissing("The keys file does not exist: make one, or bring back the one of this database.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise KeyUnreadable("The keys file is not valid JSON.") from error
    seal, index = (content.get("seal", []), content.get("index", {})) if isinstance(content, dict) else (None, None)
    if not isinstance(seal, list) or not isinstance(index, dict):
        raise KeyUnreadable("The keys file needs a list 'seal' and an object 'index'.")
    return Keyring(list(map(str, seal)), [_index_key(version, str(text)) for version, text in index.items()])


def keyring(environment: Mapping[str, str], file: Path | None = None, *, create: bool = False) -> Keyring:
    """The keyring that the environment names, else that of a keys file.

    ``CDR_SEAL_KEYS`` (comma-separated) and ``CDR_INDEX_KEYS`` (``1:key,2:key``) come first, then ``CDR_KEYS_FILE``, then
    ``file``; ``create`` makes that file where it doesn't exist yet. Raises KeyMissing or KeyUnreadable.
    """
    if environment.get(SEAL_KEYS):
        pairs = [pair.partition(":") for pair in environment.get(INDEX_KEYS, "").split(",") if pair.strip()]
        keys = [key.strip() for key in environment[SEAL_KEYS].split(",") if key.strip()]
        return Keyring(keys, [_index_key(version, text.strip()) for version, _, text in pairs])
    named = environment.get(KEYS_FILE)
    path = Path(named) if named else file
    if path is None:
        raise KeyMissing(f"No keys are given: set {SEAL_KEYS} and {INDEX_KEYS}, or {KEYS_FILE}.")
    if create and not path.exists():
        write_new(path)
    return read_file(path)
