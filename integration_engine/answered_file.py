"""A file that somebody uploaded and what it was answered: what a door hands to whatever remembers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AnsweredFile:
    """``fingerprint`` is the content hash of the bytes, ``receipt`` what its sender quotes. ``counts`` are of its rows
    (``accepted``, ``warnings``, ``passed_over``, ``refused``); ``rows`` is what was said of those not plainly accepted:
    places, codes and sentences, never a value. ``taken`` where anything of it was queued."""

    partner: str
    kind: str
    fingerprint: str
    receipt: str
    counts: Mapping[str, int]
    rows: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    taken: bool = True
