"""The visit a message is about: cancelled, or told anew to have ended alive, or never to have begun.

How a visit ended may be deleted (``""``). Some feeds besides tell a visit anew that was said to have ended in death, with
another discharge disposition or as never begun; every living discharge looks like that, so only they are read for it. No
field of death is taken back by either, so it is a question, and only where that very visit told of a death. So it is where
a visit turns out to be another patient's.
"""

from adapters.hospital_hl7.births import Birth
from adapters.hospital_hl7.childhood import grown
from adapters.hospital_hl7.death import Evidence
from adapters.hospital_hl7.er7 import DELETE, Message, Segment
from adapters.hospital_hl7.header import Header
from adapters.hospital_hl7.settings import ReadingSettings
from adapters.hospital_hl7.triggers import ALWAYS_CANCEL, CANCEL_IF_DEAD, MOVED, NEVER_BEGUN

_IDENTIFIERS, _VISIT, _DISPOSITION = 3, 19, 36
_PRIOR_IDENTIFIERS, _PRIOR_VISIT, _PRIOR_NAME = 1, 5, 7


def visit_of(message: Message) -> str | None:
    """The hospital's own number of the visit (PV1-19)."""
    visit = message.first("PV1")
    return (message.value(visit.field(_VISIT)) or None) if visit else None


def is_cancel(event: str, evidence: Evidence, birth: Birth) -> bool:
    """Whether an event cancels a visit or record and may touch a death: the discharge that told it, or with a death in it."""
    if event in ALWAYS_CANCEL:
        return True
    still_dead = evidence.dead or evidence.stillbirth or evidence.undone or birth.never_lived
    return event in CANCEL_IF_DEAD and bool(still_dead)


def moved_from(message: Message, header: Header) -> Message | None:
    """Of a visit that is another patient's: what a message about the one it was taken from would say (MRG: their identifiers,
    name and the visit). None where it was never anybody else's, or isn't named."""
    person, prior, visit = message.first("PID"), message.first("MRG"), message.first("PV1")
    if not header.is_adt or header.event not in MOVED or person is None or prior is None:
        return None
    number = prior.field(_PRIOR_VISIT) or (visit.field(_VISIT) if visit else "")
    theirs = {message.value(one) for one in prior.repetitions(_PRIOR_IDENTIFIERS)} - {""}
    if not number or not theirs or theirs & {message.value(one) for one in person.repetitions(_IDENTIFIERS)}:
        return None
    fields = ["PID", "1", "", prior.field(_PRIOR_IDENTIFIERS), "", prior.field(_PRIOR_NAME)]
    stay = ["PV1", "1", *[""] * (_VISIT - 2), number]
    mark = message.delimiters.field
    made = [Segment(raw[0], 1, prior.line, mark.join(raw), message.delimiters) for raw in (fields, stay)]
    event = message.segments("EVN")[:1]
    return message.part([message.header, *event, *made])


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
