"""What checking the reference data finds."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "confirm"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the reference data. ``error``: it can't be right. ``confirm``: it is weakly known, confirm with the
    panel. ``table`` and ``subject`` say where; ``confidence`` how weakly a row to confirm is known."""

    severity: Severity
    code: str
    table: str
    subject: str
    text: str
    confidence: str = ""
