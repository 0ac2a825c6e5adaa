"""Which of a message's numbers are the mother's.

A newborn often has no number of its own yet, and systems put the mother's where the baby's will stand. Taken for the baby's
own it would make one child of twins, and one of two babies born in different years.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.hospital_hl7.er7 import Message, Segment
from adapters.hospital_hl7.identity import Stated, is_marked, is_nhs_number, looks_like_nhs_number, stated_in
from adapters.hospital_hl7.settings import ReadingSettings

_RELATIONSHIP, _ROLE, _IDENTIFIERS = 3, 7, 33
_MOTHERS_IDENTIFIER = 21


@dataclass(frozen=True, slots=True)
class MothersNumbers:
    """What identifies the mother: her NHS numbers, and a hospital's own numbers for her."""

    nhs: tuple[Stated, ...] = ()
    local: tuple[Stated, ...] = ()

    @property
    def values(self) -> frozenset[str]:
        return frozenset(one.digits for one in self.nhs) | frozenset(one.value for one in self.local)

    @property
    def path(self) -> str:
        """Where the first of them stood."""
        return next((one.path for one in (*self.nhs, *self.local)), "PID")


def mothers_numbers(message: Message, settings: ReadingSettings) -> MothersNumbers:
    """The numbers in PID-21, in the mother's own NK1-33, and those of PID-2, 3 and 4 whose type says that they are hers."""
    nhs: dict[str, Stated] = {}
    local: dict[str, Stated] = {}
    for one in _stated(message, settings):
        untyped = not one.type or one.type in settings.mothers_number_types
        if is_nhs_number(one.digits) and (is_marked(one, settings) or (untyped and looks_like_nhs_number(one))):
            nhs.setdefault(one.digits, one)
        elif not is_marked(one, settings):
            local.setdefault(one.value, one)
    return MothersNumbers(tuple(nhs.values()), tuple(local.values()))


def with_her_numbers(mother: Mapping[str, Any], numbers: MothersNumbers) -> dict[str, Any] | None:
    """What is mapped of the mother, with her numbers; None where she has none. What the profile mapped stays."""
    if not numbers.nhs and not numbers.local:
        return None
    local = [{"value": one.value, "system": one.authority or None, "type": one.type or None} for one in numbers.local]
    found: dict[str, Any] = {"relationship": "mother"}
    if numbers.nhs:
        found["nhs_number"] = numbers.nhs[0].digits
    if local:
        found["other_identifiers"] = local
    return found | dict(mother)


def _stated(message: Message, settings: ReadingSettings) -> Iterator[Stated]:
    person = message.first("PID")
    if person is not None:
        yield from stated_in(message, person, (_MOTHERS_IDENTIFIER,))
        yield from (one for one in stated_in(message, person, (3, 2, 4)) if one.type in settings.mothers_number_types)
    for kin in message.segments("NK1"):
        if _is_mother(message, kin, settings):
            yield from stated_in(message, kin, (_IDENTIFIERS,))


def _is_mother(message: Message, kin: Segment, settings: ReadingSettings) -> bool:
    """By the code or the words of the relationship, or of the contact's role."""
    said = (part for place in (_RELATIONSHIP, _ROLE) for part in message.components(kin.field(place)))
    return any(message.text(part).strip().upper() in settings.mother_codes for part in said)
