"""A store filled by a program of other rules of blocking: what a release before this one would have left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from integration_engine.linkage import blocking
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import Model

Rule = Callable[[Evidence, Model | None], frozenset[str]]
_OURS = blocking.keys


def numbers_only(evidence: Evidence, model: Model | None = None) -> frozenset[str]:
    """Who shares no number or reference is never compared."""
    return frozenset(key for key in _OURS(evidence, model) if key.startswith(("nhs:", "ref:", "registration:")))


def half(evidence: Evidence, model: Model | None = None) -> frozenset[str]:
    """Some of our keys, and some that nobody makes any more."""
    ours = sorted(_OURS(evidence, model))
    return frozenset(key if n % 2 else f"former-{key}" for n, key in enumerate(ours))


def whole_families(evidence: Evidence, model: Model | None = None) -> frozenset[str]:
    """Our keys and the family name alone: more are compared than we compare."""
    return _OURS(evidence, model) | {f"family:{name}" for name in evidence.family}


@contextmanager
def program_of(rule: Rule) -> Iterator[None]:
    """This process is a program of that rule for the length of the block."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocking, "keys", rule)
        patched.setattr("integration_engine.linkage.resolve.blocking_keys", rule)
        patched.setattr("integration_engine.store.indexing.fingerprint", lambda: rule.__name__)
        yield
