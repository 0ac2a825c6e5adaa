"""The visit a message is about: cancelled, or told anew to have ended alive, or never to have begun.

How a visit ended may be deleted (``""``). Some feeds besides tell a visit anew that was said to have ended in death, with
another discharge disposition or as never begun; every living discharge looks like that, so only they are read for it. No
field of death is taken back by either, so it is a question, and only where that very visit told of a death.
"""

from adapters.hospital_hl7.births import Birth
from adapters.hospital_hl7.childhood import grown
from adapters.hospital_hl7.death import Evidence
from adapters.hospital_hl7.er7 import DELETE, Message
from adapters.hospital_hl7.header import Header
from adapters.hospital_hl7.settings import ReadingSettings
from adapters.hospital_hl7.triggers import ALWAYS_CANCEL, CANCEL_IF_DEAD, NEVER_BEGUN

_DISPOSITION = 36


def visit_of(message: Message) -> str | None:
    """The hospital's own number of the visit (PV1-19)."""
    visit = message.first("PV1")
    return (message.value(visit.field(19)) or None) if visit else None


def is_cancel(event: str, evidence: Evidence, birth: Birth) -> bool:
    """Whether an event cancels a visit or record and may touch a death: the discharge that told it, or with a death in it."""
    if event in ALWAYS_CANCEL:
        return True
    still_dead = evidence.dead or evidence.stillbirth or evidence.undone or birth.never_lived
    return event in CANCEL_IF_DEAD and bool(still_dead)


def is_told_otherwise(message: Message, header: Header, settings: ReadingSettings) -> bool:
    """Whether a message without a death in it takes back how a named visit ended, or tells it anew as ended alive or never
    begun. Not of somebody long grown up, by the years alone: that spares the rest of the reading."""
    visit, person = message.first("PV1"), message.first("PID")
    if visit is None or person is None or not header.is_adt or not visit_of(message):
        return False
    end = visit.field(_DISPOSITION).strip()
    corrects = settings.visits_are_corrected and (header.event == NEVER_BEGUN or bool(end))
    if not (settings.delete_is_retraction if end == DELETE else corrects):
        return False
    return not grown(person.field(7), message.header.field(7), settings.late_years)
