"""What a recipient holds of a case: what it was last sent, and how that stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from integration_engine.envelope import Part

Standing = Literal["current", "disputed", "withdrawn", "pointer", "pointer-disputed"]
"""What a recipient holds: the case as last sent, a pointer to where it is now (another lead, or the case it was merged into),
either of them marked disputed, or nothing any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one recipient was last sent about one case: its envelope in plain values, and how that stands."""

    standing: Standing
    envelope: Mapping[str, Any]

    @property
    def part(self) -> Part:
        part: Part = self.envelope["part"]
        return part

    @property
    def points(self) -> bool:
        """Whether it holds only where the case is now."""
        return self.standing in ("pointer", "pointer-disputed")

    @property
    def disputed(self) -> bool:
        return self.standing in ("disputed", "pointer-disputed")

    @property
    def gone(self) -> bool:
        """Whether the case was taken back from it."""
        return self.standing == "withdrawn"


Delivered = Mapping[str, Held]
"""Recipient (a routing key) to what it holds."""
