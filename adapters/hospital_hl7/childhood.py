"""Was this a child, and if no age is known, does anything in the message look like one?"""

from adapters.hospital_hl7.births import Birth
from adapters.hospital_hl7.er7 import Message
from adapters.hospital_hl7.settings import ReadingSettings

_GROWN = 18
_NAME_WORDS = frozenset(("BABY", "CHILD", "INFANT", "TWIN", "NEWBORN", "NEONATE", "BOY", "GIRL", "B/O", "TRIPLET"))


def grown(born: str | bytes, sent: str | bytes, late_years: int) -> bool:
    """Whether a message sent then is about somebody who can't have died a child within so many years, by the years of PID-7
    and MSH-7 alone; False where either doesn't tell."""
    first, last = born[:4], sent[:4]
    if not all(len(year) == 4 and year.isascii() and year.isdigit() for year in (first, last)):
        return False
    return int(last) - int(first) > _GROWN + late_years


def signs_of_childhood(message: Message, birth: Birth, settings: ReadingSettings, spans: bool) -> tuple[str, ...]:
    """Why somebody without a known age may be a child: codes, in a stable order.

    ``spans``: the birth date is partial and spans the 18th birthday.
    """
    signs = []
    visit = message.first("PV1")
    if visit:
        ward = " ".join(message.text(part).upper() for part in message.components(visit.field(3)))
        if settings.paediatric_words & set(ward.replace("-", " ").replace("_", " ").split()):
            signs.append("paediatric-ward")
        if message.value(visit.field(10)).upper() in settings.paediatric_specialties:
            signs.append("paediatric-specialty")
    person = message.first("PID")
    if person:
        names = message.text(person.field(5).replace(message.delimiters.component, " ")).upper().split()
        if _NAME_WORDS & set(names):
            signs.append("child-in-name")
    if any(message.value(kin.field(3)).upper() in settings.parent_codes for kin in message.segments("NK1")):
        signs.append("parent-named")
    if birth.is_told:
        signs.append("birth-recorded")
    if spans:
        signs.append("birth-date-spans-18")
    return tuple(signs)
