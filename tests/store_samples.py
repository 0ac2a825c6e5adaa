"""Invented messages and keys for the tests of store and pipeline. No such child, number or place of care exists."""

import base64
import hashlib

from integration_engine.security.keys import IndexKey, Keyring


def keyring(*numbers: int, index: int = 1) -> Keyring:
    """Keys that are the same in every run; the first number's key seals."""
    secrets = [hashlib.sha256(f"sealing {number}".encode()).digest() for number in numbers or (1,)]
    index_keys = [IndexKey(n, hashlib.sha256(f"index {n}".encode()).digest()) for n in range(1, index + 1)]
    return Keyring([base64.urlsafe_b64encode(secret) for secret in secrets], index_keys)
