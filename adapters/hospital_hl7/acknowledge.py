"""What a hospital is answered: one HL7 v2 acknowledgement a message, in its own version, with no patient data in it.

AA or CA only for what is durable (or passed over: understood, and no business of ours). AE: the content is wrong, or try
again later. AR: this will never be taken. HL7 v2 2.9.2; HL7 tables 0008, 0155, 0357.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from adapters.adapter import Answer, Feed, Item, Reading
from adapters.hospital_hl7.ack_shapes import NEWEST, error_shape, filled, has_old_errors, header_shape, is_version
from adapters.hospital_hl7.er7 import STANDARD, Delimiters, Message, NotReadable, parse
from adapters.hospital_hl7.members import batch_header, from_utf16
from adapters.hospital_hl7.triggers import ACKNOWLEDGEMENTS
from integration_engine.record.dates import london
from integration_engine.record.notice import Problem

CONTENT_TYPE = "application/hl7-v2+er7"
DEFAULT_VERSION = "2.4"

_0357 = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "207": "Application internal error",
}
# For each reason of refusal: is it final (AR), and which condition of table 0357 it is.
_CONDITIONS: dict[str, tuple[bool, str]] = {
    "no-message-type": (True, "200"),
    "unsupported-type": (True, "200"),
    "unsupported-version": (True, "203"),
    "test-message": (True, "202"),
    "wrong-sender": (True, "207"),
    "not-live": (True, "207"),
    "no-pid": (False, "100"),
    "no-mrg": (False, "100"),
    "message-cut": (False, "100"),
    "batch-count": (False, "100"),
    "batch-truncated": (False, "100"),
    "no-identifiers": (False, "101"),
    "disposition-not-in-table": (False, "103"),
    "bad-death-indicator": (False, "103"),
    "too-large": (False, "207"),
    "too-many-segments": (False, "207"),
    "too-many-people": (False, "207"),
    "not-durable": (False, "207"),
}
_ANY_OTHER = (False, "102")

_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<number>\d+)\])?(?:-(?P<field>\d+))?(?:\[\d+\])?(?:\.(?P<component>\d+))?"
)
_NOT_DURABLE = Problem(code="not-durable", text="the message could not be stored; send it again later")

Letter = Literal["A", "E", "R"]


@dataclass(frozen=True, slots=True)
class Head:
    """What of a sender's MSH an answer repeats, raw as sent."""

    delimiters: Delimiters = STANDARD
    application: str = ""
    facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    event: str = ""
    control_id: str = ""
    processing: str = "P"
    version: str = DEFAULT_VERSION
    accept: str = ""
    respond: str = ""
    charset: str = ""
    codec: str = "utf-8"
    is_acknowledgement: bool = False


def head_of(body: bytes, feed: Feed | None = None) -> Head | None:
    """The head of a message, however broken the rest of it is; None where there is none to answer."""
    body = from_utf16(body)
    first = re.split(rb"[\r\n]", body.lstrip(b"\xef\xbb\xbf\r\n\x0b\x1c \t"), maxsplit=1)[0]
    of_batch = first[:3].upper() in (b"BHS", b"FHS")
    try:
        message = parse(
            (b"MSH" + first[3:] if of_batch else first).replace(b"\x0b", b" "), charset=feed.charset if feed else None
        )
    except NotReadable:
        return None
    head = _head(message, feed)
    if of_batch:
        # BHS and FHS have sender and receiver where MSH has them, but their own id in field 11 and no version.
        head = replace(head, control_id=message.header.field(11), event="", version=_version("", feed))
    return head


def _head(message: Message, feed: Feed | None) -> Head:
    segment = message.header
    named = message.components(segment.field(9))
    return Head(
        delimiters=message.delimiters,
        application=segment.field(3),
        facility=segment.field(4),
        receiving_application=segment.field(5),
        receiving_facility=segment.field(6),
        event=named[1] if len(named) > 1 else "",
        control_id=segment.field(10),
        processing=segment.field(11) or "P",
        version=_version(message.value(segment.field(12)), feed),
        accept=message.value(segment.field(15)).upper(),
        respond=message.value(segment.field(16)).upper(),
        charset=segment.field(18),
        codec=message.charset,
        is_acknowledgement=named[0].strip().upper() in ACKNOWLEDGEMENTS,
    )


def _version(stated: str, feed: Feed | None) -> str:
    version = stated or (feed.version if feed else None) or DEFAULT_VERSION
    return version if is_version(version) else NEWEST


def acknowledge(
    readings: Sequence[Reading],
    body: bytes,
    *,
    control_id: str,
    now: datetime,
    feed: Feed | None = None,
    durable: bool = True,
) -> Answer:
    """The answer to a body and what was read in it; no readings for one that the screen passed over.

    Parameters: ``control_id`` becomes our MSH-10 (a batch's further answers get ``-1``, ``-2`` ... after it); ``durable``
    says whether what had to be kept is. The answer's body is None where nothing may be said: to an acknowledgement, where
    the sender asked for silence, where there is no MSH to answer.

    A batch is answered as a whole first, then message by message, in one body: a sender that reads only the first answer
    knows whether everything was taken.
    """
    head = head_of(body, feed)
    accepted = durable and not any(reading.verdict == "refused" for reading in readings)
    if head is None or head.is_acknowledgement:
        return Answer(accepted and head is not None, "none", None)
    if len(readings) < 2 and batch_header(body) is None:
        problems = _problems(readings[0], durable) if readings else ()
        return _answer(head, problems, readings[0].hint if readings else None, control_id, now, feed)
    inner = next((found for reading in readings if (found := head_of(reading.body or b"", feed))), None)
    if inner is not None and batch_header(body) is not None:
        head = replace(
            head, version=inner.version, charset=inner.charset, codec=inner.codec, processing=inner.processing
        )
    batch = tuple({problem: None for reading in readings for problem in reading.problems if problem.code in _BATCH})
    refused = [reading for reading in readings if reading.verdict == "refused"]
    if not durable:
        batch += (_NOT_DURABLE,)
    elif refused:
        text = f"{len(refused)} of {len(readings)} messages were refused"
        batch += (Problem(code="batch-refused", text=text),)
    answers = [_answer(head, batch, None, control_id, now, feed)]
    for number, reading in enumerate(readings, start=1):
        own = head_of(reading.body or b"", feed)
        if own is not None and not own.is_acknowledgement:
            of_own = _problems(reading, durable)
            answers.append(_answer(own, of_own, reading.hint, f"{control_id}-{number}", now, feed))
    bodies = [answer.body for answer in answers if answer.body is not None]
    later = b"".join(answer.later for answer in answers if answer.later is not None) or None
    kind = CONTENT_TYPE if bodies else None
    return Answer(answers[0].accepted, answers[0].code, b"".join(bodies) or None, kind, later)


_BATCH = frozenset(("batch-count", "batch-truncated"))


def refuse(body: bytes, problem: Problem, *, control_id: str, now: datetime, feed: Feed | None = None) -> Answer:
    """The answer to a body refused for a reason of the door's own (``wrong-sender``, ``too-large``)."""
    head = head_of(body, feed)
    if head is None or head.is_acknowledgement:
        return Answer(False, "none", None)
    return _answer(head, (problem,), None, control_id, now, feed)


def _problems(reading: Reading, durable: bool) -> tuple[Problem, ...]:
    """Why a message isn't taken, nothing for one that is."""
    if reading.verdict == "refused":
        refused: list[Item] = [item for item in reading.items if item.verdict == "refused"]
        return tuple(problem for item in refused for problem in item.problems) or (
            Problem(code=reading.reason, text="the message was refused"),
        )
    return () if durable or reading.verdict == "passed-over" else (_NOT_DURABLE,)


def _answer(
    head: Head, problems: Sequence[Problem], hint: str | None, control_id: str, now: datetime, feed: Feed | None
) -> Answer:
    final = any(_CONDITIONS.get(problem.code, _ANY_OTHER)[0] for problem in problems)
    letter: Letter = "A" if not problems else "R" if final else "E"
    family = _family(head, letter, feed.acknowledgement if feed else "auto")
    if family is None:
        return Answer(letter == "A", "none", None)
    text = _filled(head, family + letter, control_id, now)
    sentence = f"{problems[0].code}: {problems[0].text}" if problems else hint
    if sentence and has_old_errors(head.version):
        # Before 2.5 an ERR has room for codes only; the sentence is said in MSA-3, the last segment's next field.
        text = text.rstrip("\r") + head.delimiters.field + _escaped(sentence, head.delimiters) + "\r"
    text += "".join(_error(head, problem, "E") for problem in problems)
    if hint and not problems and not has_old_errors(head.version):
        text += _error(head, Problem(code="hint", text=hint), "I")
    said = text.encode(head.codec, "replace")
    later = None
    if family == "C" and letter == "A" and _wanted(head.respond, letter):
        # What is stored is all that we do with it, so the application's answer is due at once, as a message of its own.
        later = _filled(head, "AA", f"{control_id}A", now).encode(head.codec, "replace")
    return Answer(letter == "A", family + letter, said, CONTENT_TYPE, later)


def _family(head: Head, letter: Letter, mode: str) -> Literal["A", "C"] | None:
    """``A`` for an application acknowledgement, ``C`` for a commit one, None for silence (HL7 table 0155)."""
    if mode == "original" or not (head.accept or head.respond):
        return "A"
    if head.accept in ("", "NE") and head.respond in ("", "NE"):
        return None
    if mode == "auto" and head.accept == "AL" and head.respond in ("", "NE"):
        return "A"
    if _wanted(head.accept, letter):
        return "C"
    # Who wants no commit answer but an application's gets it at once: nothing later will ever be said.
    return "A" if head.accept in ("", "NE") and _wanted(head.respond, letter) else None


def _wanted(condition: str, letter: Letter) -> bool:
    return condition == "AL" or (condition == "SU" and letter == "A") or (condition == "ER" and letter != "A")


def _filled(head: Head, code: str, control_id: str, now: datetime) -> str:
    part = head.delimiters.component
    moment = london(now)
    values = {
        "QZOURAPPQ": head.receiving_application,
        "QZOURFACQ": head.receiving_facility,
        "QZTHEIRAPPQ": head.application,
        "QZTHEIRFACQ": head.facility,
        "QZTIMEQ": moment.strftime("%Y%m%d%H%M%S%z"),
        "QZTYPEQ": f"ACK{part}{head.event}{part}ACK" if head.event else "ACK",
        "QZIDQ": control_id,
        "QZPROCQ": head.processing,
        "QZVERSIONQ": head.version,
        "QZSETQ": head.charset,
        "QZCODEQ": code,
        "QZTHEIRIDQ": head.control_id,
    }
    return filled(header_shape(head.version, head.delimiters), values)


def _error(head: Head, problem: Problem, severity: str) -> str:
    """One ERR: from 2.5 on location, condition, severity and a sentence; before, ``segment^sequence^field^code``."""
    marks = head.delimiters
    _, condition = _CONDITIONS.get(problem.code, _ANY_OTHER)
    if severity == "I":
        condition = "0"
    name = _0357.get(condition, "Message accepted")
    where = _PATH.fullmatch(problem.path or "")
    place = ["", "", ""]
    if where:
        place = [where["segment"], where["number"] or "1", where["field"] or ""]
    shape = error_shape(head.version, marks)
    if has_old_errors(head.version):
        # The condition is a coded element within a component, so its parts are subcomponents.
        coded = marks.subcomponent.join((condition, name, "HL70357"))
        return shape.replace("QZLOCATIONQ", marks.component.join((*place, coded)))
    if where and where["component"]:
        place += ["1", where["component"]]
    text = _escaped(problem.text, marks)
    values = {
        "QZLOCATIONQ": marks.component.join(place).rstrip(marks.component),
        "QZCONDITIONQ": marks.component.join((condition, name, "HL70357")),
        "QZGRAVITYQ": severity,
        "QZTEXTQ": f"{problem.code}: {text}" if severity == "E" else text,
    }
    return filled(shape, values)


def _escaped(text: str, marks: Delimiters) -> str:
    escape = marks.escape
    codes = {escape: "E", marks.field: "F", marks.component: "S", marks.subcomponent: "T", marks.repetition: "R"}
    return "".join(f"{escape}{codes[one]}{escape}" if one in codes else one for one in text if one.isprintable())
