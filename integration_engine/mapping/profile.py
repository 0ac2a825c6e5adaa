"""Profiles: which part of a partner's message is which canonical field. Load, extend, run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from integration_engine.record.notice import Problem, Provenance


@dataclass(frozen=True, slots=True)
class Found:
    """One value a path found, and the exact place it stood (``PID-3[2].1``)."""

    value: Any
    path: str


class Source(Protocol):
    """A partner's message that paths of its own language can be asked of."""

    def find(self, path: str) -> Sequence[Found]: ...


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a profile found: canonical values by dotted path, where each came from, and what could not be read."""

    values: Mapping[str, Any]
    provenance: Mapping[str, Provenance]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Profile:
    """(to be completed) One profile, loaded and compiled."""

    name: str
    kind: str
    version: int
    settings: Mapping[str, Any]

    def map(self, source: Source) -> Mapped:
        """Run every rule over one message (or one person of it)."""
        raise NotImplementedError


def load_profile(name: str | Path) -> Profile:
    """A shipped profile by name or one in a file. Raises ProfileError with file, line and why."""
    raise NotImplementedError
