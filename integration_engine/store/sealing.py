"""Documents in and out of sealed columns: compressed, then encrypted; and never mistaken for another row's."""

import threading
import zlib
from typing import Any, TypeVar

import orjson
import zstandard
from pydantic import BaseModel, ValidationError

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.plain import plain_json
from integration_engine.security.keys import Keyring, SealBroken

_Model = TypeVar("_Model", bound=BaseModel)

# Higher levels take longer and gain a hundredth on documents of a few kilobytes; zlib at its fastest takes three times this.
_LEVEL = 1
_MAGIC = zstandard.FRAME_HEADER


class _Compressing(threading.local):
    """A thread's own compressor and decompressor: making one costs as much as using it, and none may be shared."""

    def __init__(self) -> None:
        self.press = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.release = zstandard.ZstdDecompressor().decompress


_own = _Compressing()


class Unreadable(ValueError):
    """What was sealed is not what this program reads: it was written by another version of it."""

    code = "unreadable"


def seal(keys: Keyring, content: bytes) -> bytes:
    """Compress and seal. Compression comes first: sealed bytes don't compress."""
    return keys.seal(_own.press(content))


def unseal(keys: Keyring, sealed: bytes) -> bytes:
    """What was sealed, whichever way it was compressed: earlier versions did it by zlib. Raises KeyMissing or SealBroken."""
    content = keys.unseal(sealed)
    return _own.release(content) if content.startswith(_MAGIC) else zlib.decompress(content)


def seal_json(keys: Keyring, content: Any) -> bytes:
    """Seal plain JSON values."""
    return seal(keys, orjson.dumps(content))


def unseal_json(keys: Keyring, sealed: bytes) -> Any:
    """Plain JSON values that were sealed. Raises KeyMissing or SealBroken."""
    return orjson.loads(unseal(keys, sealed))


def seal_notice(keys: Keyring, notice: DeathNotice) -> bytes:
    """Seal a notice, its id with it."""
    return seal(keys, orjson.dumps(plain_json(notice)))


def unseal_notice(keys: Keyring, sealed: bytes, name: str) -> DeathNotice:
    """The notice of this id. Raises KeyMissing, Unreadable, or SealBroken where the row holds another notice's bytes."""
    notice = _read(DeathNotice, unseal(keys, sealed))
    if notice.id != name:
        raise SealBroken("A row holds the sealed bytes of another.")
    return notice


def seal_decision(keys: Keyring, decision: Decision) -> bytes:
    """Seal a decision with its value and reason."""
    return seal(keys, decision.model_dump_json().encode())


def unseal_decision(keys: Keyring, sealed: bytes, name: str) -> Decision:
    """The decision of this id. Raises KeyMissing, Unreadable, or SealBroken where the row holds another decision's bytes."""
    decision = _read(Decision, unseal(keys, sealed))
    if decision.id != name:
        raise SealBroken("A row holds the sealed bytes of another.")
    return decision


def _read(model: type[_Model], content: bytes) -> _Model:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        # What pydantic says quotes the values it was given.
        where = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise Unreadable(f"A sealed {model.__name__} does not read at {where}.") from None
