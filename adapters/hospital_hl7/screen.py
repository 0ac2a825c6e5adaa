"""Can this message be about a death, its retraction or an identity change at all? Decided on bytes, before tokenizing.

Hospitals point their whole ADT feed here, and what is passed over is never taken apart, so the answer False needs proof:
an ordinary message - standard delimiters, plain MSH-9, one PID with nothing in its death fields, a visit that didn't end in
death. Everything else is True and left to the reader. (Bytes are what they seem: ``charsets`` reads no other kind.)

Written for speed, a few searches in C each: this function sees every message of every hospital.
"""

from adapters.hospital_hl7.triggers import ABOUT_NO_PATIENT, ACKNOWLEDGEMENTS, ALWAYS_CANCEL, NEVER_DEAD, REKEYS
from integration_engine.mapping.codes import rows

_STANDARD = (b"^~\\&", b"^~\\&#")
_NO_PATIENT = frozenset(code.encode() for code in ABOUT_NO_PATIENT | ACKNOWLEDGEMENTS)
_TYPE_ENDS = (b"", b"^")
_EVENTS = frozenset(f"ADT^{event}".encode() for event in ALWAYS_CANCEL | REKEYS.keys())
_ALIVE = frozenset(code.encode() for code in NEVER_DEAD) | {b""}
_NOTHING_SHIFTED = (b"", b"N")
# The usual neighbours of PID and PV1; after any other the line's shape is looked at.
_NEIGHBOURS = frozenset(
    (
        b"",
        b"AL1|",
        b"DG1|",
        b"EVN|",
        b"MRG|",
        b"NK1|",
        b"NTE|",
        b"OBR|",
        b"OBX|",
        b"ORC|",
        b"PD1|",
        b"PID|",
        b"PV1|",
        b"PV2|",
    )
)
# Observations that make a birth a death whatever the patient's own fields say.
_CODES = frozenset(
    row["code"].upper().encode()
    for row in rows("perinatal")
    if row["meaning"] in ("stillbirth", "live-birth", "signs-of-life", "stillbirth-at-home")
)
# A code within another is found wherever the longer one is.
_BIRTH_CODES = tuple(sorted(code for code in _CODES if not any(other in code for other in _CODES - {code})))


def screen(body: bytes, *, n_matters: bool = True, z_matters: bool = True) -> bool:
    """False only if the message can't be about a death, a retraction or a rekey.

    ``n_matters``: False for a feed whose PID-30 = N says nothing. ``z_matters``: False for a profile that reads no death
    from Z segments. Both default to the careful answer.
    """
    text = body.upper()
    if b"\n" in text:
        text = text.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    at = text.find(b"PID|")
    head = text.find(b"\r")
    header = text[:head].split(b"|", 9)
    if at < 0 or len(header) < 10 or header[0] != b"MSH" or header[1] not in _STANDARD:
        return at >= 0 or not _about_nobody(text, header)
    # One person, in the message that begins the body: a second PID, or an MSH before it, is a batch or a merge.
    if text.find(b"PID|", at + 4) > 0 or text.find(b"MSH|", head, at) > 0:
        return True
    # Type and event must stand in MSH-9 in their plainest form: where the event is missing EVN-1 would name it.
    kind = header[8]
    if kind[:7] in _EVENTS or kind[3:4] != b"^" or kind[7:8] not in _TYPE_ENDS or len(kind) < 7:
        return True
    if z_matters and b"\rZ" in text:
        return True
    end = text.find(b"\r", at)
    if text[at - 1] != 13 or _is_broken(text, head) or (end > 0 and _is_broken(text, end)):
        return True
    person = text[at:end] if end > 0 else text[at:]
    if person.count(b"|") > 28 and _speaks_of_death(person.split(b"|", 33), n_matters):
        return True
    return _ended_in_death(text, head) or (b"OBX|" in text and any(code in text for code in _BIRTH_CODES))


def _about_nobody(text: bytes, header: list[bytes]) -> bool:
    """Whether a message without PID is of a type that owes none."""
    if len(header) < 9 or header[0] != b"MSH" or header[1] not in _STANDARD or text.find(b"MSH|", 4) > 0:
        return False
    return header[8][:3] in _NO_PATIENT and header[8][3:4] in _TYPE_ENDS


def _is_broken(text: bytes, end: int) -> bool:
    """Whether the segment that ends here really goes on: what follows is no segment but the rest of a broken field."""
    following = text[end + 1 : end + 5]
    if following in _NEIGHBOURS:
        return False
    return following[3:] != b"|" or not (following[:3].isalnum() and following[:1].isalpha())


def _speaks_of_death(fields: list[bytes], n_matters: bool) -> bool:
    """PID-29 and PID-30, and where they land when an unescaped separator shifts the fields."""
    if fields[29]:
        return True
    count = len(fields)
    if count > 30 and fields[30] and (n_matters or fields[30] != b"N"):
        return True
    return (count > 31 and fields[31] not in _NOTHING_SHIFTED) or (count > 32 and fields[32] == b"Y")


def _ended_in_death(text: bytes, head: int) -> bool:
    """PV1-36 of the visit with anything but a living discharge. Readers take the first PV1, and so does this."""
    at = text.find(b"PV1|", head)
    if at < 0:
        return False
    end = text.find(b"\r", at)
    fields = (text[at:end] if end > 0 else text[at:]).split(b"|", 37)
    if len(fields) > 36 and fields[36] not in _ALIVE:
        return True
    return text[at - 1] != 13 or (end > 0 and _is_broken(text, end))
