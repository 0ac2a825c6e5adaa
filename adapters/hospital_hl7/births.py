"""What a message's observations say about a birth: born alive or not, attended or not, how early, how heavy.

By the code table ``mappings/codes/perinatal.csv``: an OBX whose OBX-3 is one of its codes (Y or N, a number, a gestation in
OBX-5), or whose OBX-5 is itself one of its findings (SNOMED CT stillbirth, livebirth, termination).
"""

from dataclasses import dataclass, field
from functools import cache

from adapters.hospital_hl7.er7 import Message, Segment
from integration_engine.mapping.codes import rows
from integration_engine.mapping.transforms import TRANSFORMS, Refused
from integration_engine.record.notice import Problem

VIABLE_DAYS = 24 * 7
"""From 24 weeks on a baby born without signs of life is a stillbirth (Still-Birth (Definition) Act 1992); before, a late
fetal loss."""
_LONGEST_DAYS = 350
_MOST_GRAMS = 15_000

_YES = frozenset(("Y", "YES", "1", "TRUE", "T", "POS", "PRESENT", "373066001"))
_NO = frozenset(("N", "NO", "0", "FALSE", "F", "NEG", "ABSENT", "373067005"))
_FINDINGS = frozenset(("stillbirth", "live-birth", "termination"))


@dataclass(slots=True)
class Birth:
    """The birth as observed; None where nothing is said. ``places`` says where each meaning stood."""

    stillbirth: bool | None = None
    live_birth: bool | None = None
    termination: bool | None = None
    signs_of_life: bool | None = None
    attended: bool | None = None
    at_home: bool | None = None
    gestation_days: int | None = None
    weight_g: int | None = None
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_told(self) -> bool:
        """Whether there is any observation of a birth: a sign that this is about a baby."""
        return bool(self.places)

    @property
    def lived(self) -> bool:
        """Whether somebody saw the baby alive. One such word outweighs any code for a stillbirth: a live birth that is taken
        for a stillbirth is a death nobody reviews, the other way round is put right by whoever reviews it."""
        return bool(self.live_birth or self.signs_of_life)

    @property
    def never_lived(self) -> bool:
        """Whether the observations say that the baby was born dead."""
        return not self.lived and bool(self.stillbirth or self.live_birth is False or self.signs_of_life is False)

    @property
    def unattended(self) -> bool:
        """No professional was there, or the birth is a suspected stillbirth at home (joint agency response criterion)."""
        return self.attended is False or bool(self.at_home)


@cache
def _meanings() -> dict[str, str]:
    return {row["code"].upper(): row["meaning"] for row in rows("perinatal")}


def birth_of(message: Message) -> Birth:
    """Everything the message's observations say about a birth."""
    birth = Birth()
    for segment in message.segments("OBX"):
        meaning = _meaning(message, segment.field(3))
        if meaning:
            _take(birth, meaning, message, segment)
            continue
        for repetition in segment.repetitions(5):
            finding = _meaning(message, repetition)
            if finding in _FINDINGS:
                _set(birth, finding, True, f"OBX[{segment.number}]-5")
    return birth


def _meaning(message: Message, coded: str) -> str | None:
    """The meaning of a coded element by its identifier or its alternative one. Compared as sent, as the screen does."""
    if not coded:
        return None
    parts = message.components(coded)
    table = _meanings()
    for place in (0, 3):
        if place < len(parts) and parts[place].isascii() and (known := table.get(parts[place].strip().upper())):
            return known
    return None


def _set(birth: Birth, meaning: str, value: bool, place: str) -> None:
    name = {
        "stillbirth": "stillbirth",
        "live-birth": "live_birth",
        "termination": "termination",
        "signs-of-life": "signs_of_life",
        "professional-attending": "attended",
        "stillbirth-at-home": "at_home",
    }[meaning]
    # Twice told and not the same: a yes is the answer that loses nobody.
    setattr(birth, name, bool(getattr(birth, name)) or value)
    birth.places.setdefault(meaning, place)


def _take(birth: Birth, meaning: str, message: Message, segment: Segment) -> None:
    place = f"OBX[{segment.number}]-5"
    stated = next(iter(segment.repetitions(5)), "")
    text = message.value(stated)
    if not text or text == '""':
        return
    if meaning in ("gestation", "birth-weight"):
        unit = message.value(segment.field(6)).lower()
        amount = _gestation(text, unit) if meaning == "gestation" else _weight(text, unit)
        if amount is None:
            birth.problems.append(Problem(code="bad-value", text=f"no readable {meaning}", path=place))
            return
        birth.places.setdefault(meaning, place)
        if meaning == "gestation":
            birth.gestation_days = amount
        else:
            birth.weight_g = amount
        return
    word = text.upper()
    if word in _YES or _meanings().get(word) == meaning:
        _set(birth, meaning, True, place)
    elif word in _NO:
        _set(birth, meaning, False, place)
    elif word not in ("U", "UNK", "UNKNOWN", "NK"):
        birth.problems.append(Problem(code="bad-value", text="expected Y or N", path=place))


def _gestation(text: str, unit: str) -> int | None:
    """Days of gestation from ``31+0``, ``31 weeks``, a number of weeks, or days where the unit says so."""
    try:
        if unit.startswith("d") and text.strip().isdigit():
            days: int | None = int(text)
        else:
            days = TRANSFORMS["gestation"].run(f"{text} weeks" if unit.startswith("w") and text.isdigit() else text)
    except Refused:
        return None
    return days if days and 0 < days <= _LONGEST_DAYS else None


def _weight(text: str, unit: str) -> int | None:
    """Grams from grams or kilograms, which may stand in OBX-6."""
    try:
        grams = TRANSFORMS["grams"].run(text if text[-1:].isalpha() else f"{text} {unit}".strip())
    except Refused:
        return None
    return int(grams) if grams and 0 < grams <= _MOST_GRAMS else None
