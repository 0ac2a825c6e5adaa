"""Changing a keys file: a new sealing key in front, a further index key, a sealing key taken out.

The file is written anew beside itself and put in its place whole, so who reads it meanwhile has the one or the other. Who
changes it holds a lock, because two that changed it at once would lose a key of one of them.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from integration_engine.security.keys import read_file


def add_sealing_key(path: Path) -> str:
    """Put a new sealing key in front; returns its fingerprint. Raises KeyMissing or KeyUnreadable where the file is none."""
    with _changed(path) as content:
        content["seal"] = [Fernet.generate_key().decode(), *content["seal"]]
    return read_file(path).seal_fingerprints[0]


def add_index_key(path: Path) -> int:
    """Add an index key of the next version; returns that. Raises KeyMissing or KeyUnreadable where the file is none."""
    with _changed(path) as content:
        version = max(map(int, content["index"])) + 1
        content["index"] = {**content["index"], str(version): base64.urlsafe_b64encode(os.urandom(32)).decode()}
    return version


def drop_sealing_key(path: Path, fingerprint: str) -> bool:
    """Take a sealing key out; False where it isn't in the file, or is the last. Raises KeyMissing or KeyUnreadable."""
    with _changed(path) as content:
        names = read_file(path).seal_fingerprints
        kept = [key for key, name in zip(content["seal"], names, strict=True) if name != fingerprint]
        gone = len(kept) not in (0, len(content["seal"]))
        if gone:
            content["seal"] = kept
    return gone


@contextmanager
def _changed(path: Path) -> Iterator[dict[str, Any]]:
    """The file's content to be changed; it is written at the end of the block."""
    lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        read_file(path)  # what is no keys file is refused before anything is changed
        content: dict[str, Any] = json.loads(path.read_text())
        yield content
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        # The name too has to be on the disk before anything is sealed with a new key.
        os.fsync(lock)
    finally:
        os.close(lock)
