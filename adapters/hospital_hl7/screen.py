"""Can this message be about a death, its retraction or an identity change at all? Decided on bytes, before tokenizing.

Hospitals point their whole ADT feed here, and what is passed over is never taken apart, so the answer False needs proof:
an ordinary message - standard delimiters, plain MSH-9, one PID with nothing in its death fields, a visit that didn't end in
death. Everything else is True and left to the reader. (Bytes are what they seem: ``charsets`` reads no other kind.)

Written for speed, because it sees every message of every hospital: one expression goes over the message once, in C, and
finds the two segments of which the last fields are looked at.
"""

import re
from collections.abc import Callable

from adapters.hospital_hl7.childhood import grown
from adapters.hospital_hl7.settings import LATE_YEARS
from adapters.hospital_hl7.triggers import (
    ABOUT_NO_PATIENT,
    ACKNOWLEDGEMENTS,
    ALWAYS_CANCEL,
    MOVED,
    NEVER_BEGUN,
    NEVER_DEAD,
    REKEYS,
)
from adapters.sieve import Sieve
from integration_engine.mapping.codes import rows

_MSH = rb"MSH\|\^~\\&#?\|" + 6 * rb"[^|\r]*+\|"
_EVENTS = "|".join(sorted(ALWAYS_CANCEL | MOVED | REKEYS.keys())).encode()


def _ordinary(first: bytes) -> re.Pattern[bytes]:
    """A message about one person, whose PID is its first group and whose first PV1, if there is one, its second. What is
    seldom sent (names in small letters, a visit before its patient) isn't ordinary. ``first`` are the letters that the
    other segments' names begin with."""
    other = rb"[%s](?!ID|V1|SH)[A-Z0-9]{2}\|" % first
    other_or_visit = rb"[%s](?!ID|SH)[A-Z0-9]{2}\|" % first
    # A line that begins no segment is the rest of the one before it: of PID or PV1 it may not be.
    rest = rb"(?![ \t\x0b\x1c])(?:[^\r]{3}[^|\r]|[^\r]{0,2}(?=\r))"
    others = rb"(?:\r%b[^\r]*+(?:\r(?:%b|%b)[^\r]*+)*+)?+"
    return re.compile(
        # Type and event stand in MSH-9 in their plainest form: where the event is missing EVN-1 would name it. A framing
        # byte before PID could begin another message.
        _MSH + rb"(?!ADT\^(?:%b))[A-Z]{3}\^[A-Z][A-Z0-9]{2}[\^|][^\r\x0b\x1c]*+(?:\r%b[^\r\x0b\x1c]*+)*+" % (_EVENTS, other)
        + rb"\r(PID\|[^\r]*+)" + others % (other, other, rest)
        + rb"(?:\r(PV1\|[^\r]*+)" + others % (other_or_visit, other_or_visit, rest) + rb")?+"
        + rb"[\s\x1c]*+\Z"
    )  # fmt: skip


_ORDINARY, _ORDINARY_WITHOUT_Z = _ordinary(b"A-Z"), _ordinary(b"A-Y")
_OWES_NO_PID = re.compile(_MSH + rb"(?:%b)[\^|\r]" % "|".join(sorted(ABOUT_NO_PATIENT | ACKNOWLEDGEMENTS)).encode())
_ALIVE = frozenset(code.encode() for code in NEVER_DEAD) | {b""}
_NOTHING_SHIFTED = (b"", b"N")
# Observations that make a birth a death whatever the patient's own fields say.
_OBSERVATION = re.compile(rb"\rOBX\|")
_BIRTH_CODES = Sieve(
    row["code"].encode()
    for row in rows("perinatal")
    if row["meaning"] in ("stillbirth", "live-birth", "signs-of-life", "stillbirth-at-home")
)


def screening(
    *, n_matters: bool = True, z_matters: bool = True, visits_matter: bool = True, late_years: int = LATE_YEARS
) -> Callable[[bytes], bool]:
    """The screen of a feed: what is False of a message only if it can't be about a death, a retraction or a rekey.

    ``n_matters``: False for a feed whose PID-30 = N says nothing. ``z_matters``: False for a profile that reads no death
    from Z segments; ``visits_matter`` for a feed that doesn't correct visits by telling them anew. All default to the careful
    answer. ``late_years`` as in the settings.
    """
    ordinary = (_ORDINARY_WITHOUT_Z if z_matters else _ORDINARY).match

    def screen(body: bytes) -> bool:
        text = body.replace(b"\r\n", b"\r").replace(b"\n", b"\r") if b"\n"[0] in body else body
        found = ordinary(text)
        if found is None:
            return not _is_about_nobody(text)
        person, visit = found.groups()
        if (count := person.count(b"|")) > 28 and _speaks_of_death(person.rsplit(b"|", count - 28), n_matters):
            return True
        if visit is not None:
            if (count := visit.count(b"|")) > 35 and visit.rsplit(b"|", count - 35)[1] not in _ALIVE:
                return True
            if visits_matter and _may_correct(text, person, visit.split(b"|", 37), late_years):
                return True
        observed = _OBSERVATION.search(text)
        return observed is not None and _BIRTH_CODES(text[observed.start() :])

    return screen


def _may_correct(text: bytes, person: bytes, visit: list[bytes], late_years: int) -> bool:
    """Whether a named visit ended alive, or never began, of somebody who may be a child: the very visit may have been told to
    have ended in death."""
    named, ended = len(visit) > 19 and visit[19], len(visit) > 36 and visit[36]
    if not named or not (ended or NEVER_BEGUN.encode() in text[: text.find(b"\r")]):
        return False
    born = person.split(b"|", 8)
    return len(born) < 8 or not grown(born[7], text.split(b"|", 7)[6], late_years)


def _is_about_nobody(text: bytes) -> bool:
    """Whether this is one message without PID, of a type that owes none."""
    if _OWES_NO_PID.match(text) is None:
        return False
    text = text.upper()
    return b"PID|" not in text and text.find(b"MSH|", 4) < 0


def _speaks_of_death(fields: list[bytes], n_matters: bool) -> bool:
    """PID-29 and PID-30, and where they land when an unescaped separator shifts the fields. ``fields`` has PID-29 second."""
    if fields[1]:
        return True
    count = len(fields)
    if count > 2 and fields[2] and (n_matters or fields[2].upper() != b"N"):
        return True
    return (count > 3 and fields[3].upper() not in _NOTHING_SHIFTED) or (count > 4 and fields[4].upper() == b"Y")
