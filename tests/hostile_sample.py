"""What one hostile message is, whatever its kind: its bytes, made anew each time it is sent, and what has to become of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from integration_engine.synthetic.person import invented_nhs_number

Outcome = Literal["taken", "passed-over", "refused"]
_SYLLABLES = "ba del fin gor hul kem lor mas nis pel rud sav tor vel wyn zan".split()  # noqa: SIM905 - a list of words
_POSTCODES = ("RG1 1LZ", "RG1 2LU", "RG12 1JD", "RG14 5LD", "RG40 1BN", "SL1 2EL", "SL6 1RF")


@dataclass(frozen=True)
class Hostile:
    """``body`` is made of a serial number, so that each time it is sent it is about another child and nothing of it can be
    taken for what was sent before. ``status`` is the HTTP door's own word for a refusal; ``by`` names the ways in that it is
    for, where it isn't for all that its kind has."""

    body: Callable[[int], bytes]
    content_type: str
    outcome: Outcome
    status: int | None = None
    by: frozenset[str] = frozenset()


def made(body: bytes | Callable[[int], bytes]) -> Callable[[int], bytes]:
    """The same bytes each time, or others."""
    return (lambda _: body) if isinstance(body, bytes) else body


@dataclass(frozen=True)
class Invented:
    """The ``serial``-th child: like no other, so that nobody has to look whether two of them are one."""

    serial: int

    @property
    def surname(self) -> str:
        return _name(self.serial * 7919 + 1) + "quill"

    @property
    def given(self) -> str:
        return _name(self.serial * 104_729 + 3)

    @property
    def born(self) -> str:
        return f"20{10 + self.serial % 7}-{1 + self.serial % 12:02}-{1 + self.serial % 28:02}"

    @property
    def number(self) -> str:
        """The NHS number."""
        return invented_nhs_number(300_000 + self.serial)

    @property
    def postcode(self) -> str:
        return _POSTCODES[self.serial % len(_POSTCODES)]


def _name(seed: int) -> str:
    parts = []
    for _ in range(4):
        seed, place = divmod(seed, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()
