"""Is somebody dead, alive again, or neither, by what one person's part of an HL7 v2 message says?

Death stands in PID-30, PID-29 and PV1-36 (and, for a baby that never lived, in observations). Taking it back has five forms.
An empty field was not sent and says nothing. A message that says both dead and alive is never resolved here.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from adapters.hospital_hl7.er7 import DELETE, Message
from adapters.hospital_hl7.settings import ReadingSettings
from integration_engine.mapping import moments
from integration_engine.mapping.registry import Refused
from integration_engine.record.notice import Form, Problem

RESURRECTED = "RESURREC"
"""What some systems write into PID-29 when a death was entered in error (seen in Welsh and PIMS feeds)."""

_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})-(\d{1,3})")
_ZEROS = frozenset("0-/:. T")
# A day with a clock that shows no time: 202603090000, 2026-03-09T00:00:00Z.
_MIDNIGHT = re.compile(r"(\d{8}|\d{4}-\d\d-\d\d[T ])(?:00:?(?:00)?:?(?:00)?(?:\.0+)?)(?:Z|[+-]\d\d:?\d\d)?")
_DAY_OR_MORE = re.compile(r"(?:19|20)\d{6}(?:\d{2,6})?(?:\.\d+)?(?:[+-]\d{4})?|(?:19|20)\d\d-\d\d-\d\d(?:[T ].*)?")


@dataclass(slots=True)
class Evidence:
    """What the death fields say.

    ``dead`` and ``alive`` are the places that say so (``alive`` only a plain N); ``undone`` is the form of a retraction and
    ``undone_at`` its place. ``unread`` is what kept a filled death field from being understood: a problem code.
    """

    dead: list[str] = field(default_factory=list)
    alive: list[str] = field(default_factory=list)
    stillbirth: str | None = None
    undone: str | None = None
    undone_at: str | None = None
    died_at: str | None = None
    died_at_place: str | None = None
    unread: Problem | None = None
    problems: list[Problem] = field(default_factory=list)


def evidence_of(message: Message, settings: ReadingSettings) -> Evidence:
    """The evidence of one person's part of a message."""
    evidence = Evidence()
    for place in settings.death_date:
        raw = _raw(message, place)
        if raw:
            _take_date(evidence, message, raw, place, settings)
    for place in settings.death_indicator:
        raw = _raw(message, place)
        if raw:
            _take_indicator(evidence, message, raw, place, settings)
    for place in settings.disposition:
        raw = _raw(message, place)
        if raw:
            _take_disposition(evidence, message, raw, place, settings)
    return evidence


def _raw(message: Message, place: str) -> str:
    """A field as sent, of the first segment of its name, without the white space around it."""
    name, field = _segment_and_field(place)
    segment = message.first(name)
    return segment.field(field).strip() if segment else ""


@lru_cache(maxsize=256)
def _segment_and_field(place: str) -> tuple[str, int]:
    found = _PLACE.match(place)
    return (found[1], int(found[2])) if found else ("", 0)


def _undo(evidence: Evidence, form: str, place: str) -> None:
    if evidence.undone is None:
        evidence.undone, evidence.undone_at = form, place


def _take_date(evidence: Evidence, message: Message, raw: str, place: str, settings: ReadingSettings) -> None:
    if raw == DELETE:
        if settings.delete_is_retraction:
            _undo(evidence, Form.DELETED, place)
        return
    value = message.value(raw)
    if not value:
        return
    if value.upper().startswith(RESURRECTED):
        _undo(evidence, Form.RESURRECTED, place)
    elif ("0" in value and _ZEROS.issuperset(value)) or (settings.short_date_is_cancel and len(value) <= 6):
        _undo(evidence, Form.ZERO_DATE, place)
    elif _first_word(value) in settings.death_words or value.upper() in settings.dead_indicators - {"1"}:
        evidence.dead.append(place)
    else:
        try:
            moment = moments.datetime(value)
        except Refused as error:
            evidence.unread = Problem(code=error.code, text=f"date of death: {error.why}", path=place)
            evidence.problems.append(evidence.unread)
            return
        if settings.midnight_is_unknown and (found := _MIDNIGHT.fullmatch(value)):
            moment = moments.date(found[1].rstrip("T "))
            text = "00:00 was read as a date without a time"
            evidence.problems.append(Problem(code="midnight-read-as-date", text=text, path=place))
        evidence.dead.append(place)
        evidence.died_at, evidence.died_at_place = moment, place


def _take_indicator(evidence: Evidence, message: Message, raw: str, place: str, settings: ReadingSettings) -> None:
    if raw == DELETE:
        if settings.delete_is_retraction:
            _undo(evidence, Form.DELETED, place)
        return
    value = message.value(raw).upper()
    if not value or value in settings.unknown_indicators:
        return
    if value in settings.dead_indicators or _first_word(value) in settings.death_words:
        evidence.dead.append(place)
    elif value in settings.alive_indicators:
        evidence.alive.append(place)
    elif value.startswith(RESURRECTED):
        _undo(evidence, Form.RESURRECTED, place)
    else:
        text = "the death indicator is none of the codes this feed uses"
        evidence.unread = Problem(code="bad-death-indicator", text=text, path=place)
        evidence.problems.append(evidence.unread)


def _take_disposition(evidence: Evidence, message: Message, raw: str, place: str, settings: ReadingSettings) -> None:
    if raw == DELETE:
        return
    code = message.value(raw).upper()
    if code.isdigit():
        # Some systems write every code with two digits: 04 is 4.
        code = code.lstrip("0")
    if code in settings.died:
        evidence.dead.append(place)
    elif code in settings.stillbirth:
        evidence.stillbirth = place
    elif any(_first_word(message.value(raw, part)) in settings.death_words for part in (1, 2)):
        evidence.dead.append(place)
    elif code in settings.expired_elsewhere:
        text = "this discharge code means died in another country's table; the feed's profile may be the wrong one"
        evidence.unread = Problem(code="disposition-not-in-table", text=text, path=place)
        evidence.problems.append(evidence.unread)


def _first_word(text: str) -> str:
    words = text.upper().replace(",", " ").replace("-", " ").split()
    if words[:1] == ["PATIENT"]:
        words = words[1:]
    return words[0] if words else ""


def shifted_fields(message: Message) -> Problem | None:
    """Signs that an unescaped separator moved PID's fields, so that a death may stand where nobody reads it.

    A date where PID has none (PID-8, 28, 30, 31, 32), or an address in PID-12.
    """
    person = message.first("PID")
    if person is None:
        return None
    for place in (8, 28, 30, 31, 32):
        value = person.field(place).strip()
        if len(value) > 7 and _DAY_OR_MORE.fullmatch(value):
            text = f"a date stands in PID-{place}: an unescaped separator may have shifted the fields"
            return Problem(code="fields-shifted", text=text, path=f"PID-{place}")
    return None


def perhaps_shifted(message: Message) -> Problem | None:
    """A lone Y in PID-31 or PID-32 with nothing in PID-30: an identity indicator, or a death indicator that was shifted."""
    person = message.first("PID")
    if person is None or person.field(30).strip():
        return None
    for place in (31, 32):
        if person.field(place).strip().upper() == "Y":
            text = f"PID-{place} is Y and PID-30 empty: if fields are shifted this is a death"
            return Problem(code="fields-shifted", text=text, path=f"PID-{place}")
    return None
