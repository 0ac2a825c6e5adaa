"""The keys of the store: sealing keys that encrypt what is held about a child, index keys that make lookups blind.

Several sealing keys may be held at once: one seals, all unseal. It is the first, until the store has been sealed anew once:
from then on the store says which, so that all processes change over in the same moment (``seal_with``). A process that
meets a key it doesn't hold looks again where its keys come from, before it says that one is missing: a rotation needs no
restart. Index keys carry a version, because a blind index made with one key can't be found with another: lookups try every
version held, new entries are made with the highest. A key that is lost is a state with a name (``KeyMissing``), never a row
that silently reads as empty.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken

from integration_engine.security.sealing_key import FINGERPRINT_BYTES, SealingKey, fingerprint

SEAL_KEYS = "CDR_SEAL_KEYS"
INDEX_KEYS = "CDR_INDEX_KEYS"
KEYS_COMMAND = "CDR_KEYS_COMMAND"
KEYS_FILE = "CDR_KEYS_FILE"
_COMMAND_SECONDS = 30
# A key that nobody has would otherwise be asked for with every row that it sealed.
_LOOK_AGAIN_S = 5.0

BLIND_BYTES = 16
"""128 bits of an HMAC-SHA256: no two keys of any realistic store collide, and half a hash says less than a whole one."""
_INDEX_KEY_BYTES = 32
_ABOUT = (
    "Whoever holds this file can read the database; without it nobody can. Keep a copy apart from the database's backups. "
    "cdr keys rotate and cdr keys retire change it."
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


@dataclass(frozen=True, slots=True, repr=False)
class IndexKey:
    """One version of the key behind the blind indexes; ``version`` counts from 1."""

    version: int
    secret: bytes

    @property
    def fingerprint(self) -> bytes:
        return fingerprint(self.secret)


def _newest_first(key: IndexKey) -> int:
    return -key.version


class Keyring:
    """The sealing and index keys held by this process.

    Parameters: sealing keys (Fernet keys: URL-safe base64 of 32 bytes), the first of which seals; index keys, the highest
    version of which makes new entries; ``again`` reads them anew from where they came. Raises KeyMissing where either is
    empty, KeyUnreadable where a key isn't one.
    """

    def __init__(
        self,
        seal_keys: Sequence[str | bytes],
        index_keys: Sequence[IndexKey],
        again: "Callable[[], Keyring] | None" = None,
    ) -> None:
        if not seal_keys:
            raise KeyMissing(f"No sealing key is given: set {SEAL_KEYS} or {KEYS_FILE}.")
        if not index_keys:
            raise KeyMissing(f"No index key is given: set {INDEX_KEYS} or {KEYS_FILE}.")
        if len({key.version for key in index_keys}) != len(index_keys):
            raise KeyUnreadable("Two index keys carry the same version.")
        try:
            keys = [SealingKey(key.encode() if isinstance(key, str) else key) for key in seal_keys]
        except (ValueError, binascii.Error) as error:
            raise KeyUnreadable("A sealing key is not 32 bytes of URL-safe base64.") from error
        self._sealing = keys[0]
        self._unsealing = {key.fingerprint: key for key in keys}
        self._again = again
        self._looked = -_LOOK_AGAIN_S
        self._index = sorted(index_keys, key=_newest_first)
        # An HMAC object with the key already in it is copied for each use: half the cost of keying it every time.
        self._macs = {key.version: hmac.new(key.secret, digestmod=hashlib.sha256) for key in self._index}

    def __repr__(self) -> str:
        return f"Keyring({len(self._unsealing)} sealing, {len(self._index)} index)"

    @property
    def seal_fingerprints(self) -> tuple[str, ...]:
        """Fingerprints of the sealing keys, the one that seals first."""
        return tuple(name.hex() for name in self._unsealing)

    @property
    def sealing(self) -> str:
        """The fingerprint of the key that seals."""
        return self._sealing.fingerprint.hex()

    def seal_with(self, name: str) -> bool:
        """Seal with the key of this fingerprint from now on. False where it isn't held, nor to be had."""
        chosen = bytes.fromhex(name)
        if chosen not in self._unsealing:
            self._look_again(index=False)
        if chosen not in self._unsealing:
            return False
        self._sealing = self._unsealing[chosen]
        return True

    def look_again(self) -> None:
        """Take over what there is of keys now where these came from; what is held stays held. Index keys change only so: call
        it where no transaction of one's own has made entries with them."""
        self._look_again(index=True)

    def _look_again(self, *, index: bool) -> None:
        now = time.monotonic()
        if self._again is None or now < self._looked + _LOOK_AGAIN_S:
            return
        self._looked = now
        try:
            found = self._again()
        except (KeyMissing, KeyUnreadable):
            # The keys we hold are good whatever has become of their place.
            return
        self._unsealing = {**self._unsealing, **found._unsealing}
        if index:
            self._macs = {**self._macs, **found._macs}
            self._index = sorted(
                {key.version: key for key in (*found._index, *self._index)}.values(), key=_newest_first
            )

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
            self._look_again(index=False)
            key = self._unsealing.get(sealed[:FINGERPRINT_BYTES])
        if key is None:
            name = sealed[:FINGERPRINT_BYTES].hex()
            raise KeyMissing(f"The sealing key with fingerprint {name} is not among the keys given.")
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
        written = path.read_text()
    except FileNotFoundError as error:
        raise KeyMissing("The keys file does not exist: make one, or bring back the one of this database.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnreadable("The keys file can't be read.") from error
    return read_text(written, "keys file", lambda: read_file(path))


def read_command(command: str) -> Keyring:
    """The keyring that a command prints, in the form of a keys file: a vault's own program, called without a shell. Raises
    KeyMissing where it fails or doesn't end, KeyUnreadable where what it prints is none; what it says beside is for
    nobody."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own setting
            shlex.split(command), capture_output=True, timeout=_COMMAND_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
        written = done.stdout.decode()
    except subprocess.CalledProcessError as error:
        raise KeyMissing(f"The command that gives the keys ended with status {error.returncode}.") from None
    except subprocess.TimeoutExpired:
        raise KeyMissing(f"The command that gives the keys did not end within {_COMMAND_SECONDS} seconds.") from None
    except (OSError, ValueError):
        raise KeyMissing(f"The command that gives the keys could not be called: see {KEYS_COMMAND}.") from None
    return read_text(written, "output of the command that gives the keys", lambda: read_command(command))


def read_text(written: str, what: str, again: Callable[[], Keyring]) -> Keyring:
    """The keyring that text in the form of a keys file has. Raises KeyMissing or KeyUnreadable, and quotes nothing."""
    try:
        content = json.loads(written)
    except json.JSONDecodeError:
        raise KeyUnreadable(f"The {what} is not valid JSON.") from None
    seal, index = (content.get("seal", []), content.get("index", {})) if isinstance(content, dict) else (None, None)
    if not isinstance(seal, list) or not isinstance(index, dict):
        raise KeyUnreadable(f"The {what} needs a list 'seal' and an object 'index'.")
    return Keyring(list(map(str, seal)), [_index_key(version, str(text)) for version, text in index.items()], again)


def keyring(environment: Mapping[str, str], file: Path | None = None, *, create: bool = False) -> Keyring:
    """The keyring that the environment names, else that of a keys file.

    ``CDR_SEAL_KEYS`` (comma-separated) and ``CDR_INDEX_KEYS`` (``1:key,2:key``) come first, then what ``CDR_KEYS_COMMAND``
    prints, then ``CDR_KEYS_FILE``, then ``file``; ``create`` makes that file where it doesn't exist yet. Raises KeyMissing
    or KeyUnreadable.
    """
    if environment.get(SEAL_KEYS):
        pairs = [pair.partition(":") for pair in environment.get(INDEX_KEYS, "").split(",") if pair.strip()]
        keys = [key.strip() for key in environment[SEAL_KEYS].split(",") if key.strip()]
        return Keyring(keys, [_index_key(version, text.strip()) for version, _, text in pairs])
    if command := environment.get(KEYS_COMMAND):
        return read_command(command)
    path = file_of(environment, file)
    if path is None:
        raise KeyMissing(f"No keys are given: set {SEAL_KEYS} and {INDEX_KEYS}, {KEYS_COMMAND} or {KEYS_FILE}.")
    if create and not path.exists():
        write_new(path)
    return read_file(path)


def file_of(environment: Mapping[str, str], file: Path | None = None) -> Path | None:
    """The keys file in use; None where the environment itself or a command gives the keys."""
    if environment.get(SEAL_KEYS) or environment.get(KEYS_COMMAND):
        return None
    named = environment.get(KEYS_FILE)
    return Path(named) if named else file
