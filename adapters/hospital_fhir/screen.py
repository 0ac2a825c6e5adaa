"""The screen: whether bytes can be about a death, its retraction or a rekey at all, told without parsing them.

Never wrongly no: every word by which the reader could find one is looked for, and whatever could hide a word (an escape, an
entity, another encoding, a body that isn't whole) is a yes.
"""

from functools import cache

from integration_engine.mapping import codes

# In small letters, as the bytes are compared; each is a part of every spelling the reader knows.
_WORDS = (
    b"deceased",
    b"death",
    b"discharge",
    b"nhs-number-change",
    b"void",
    b"stillb",  # Stillbirth, StillBornIndicator
    # The LOINC codes of a date of death and of death certificates.
    b"81956-5",
    b"64297-5",
    b"69409-1",
)
# What of perinatal.csv can make a stillbirth of a Patient that says nothing else.
_BIRTH_MEANINGS = ("stillbirth", "live-birth", "signs-of-life", "stillbirth-at-home")

_ESCAPES = (b"\\u", b"&#", b"\0", b"<!")
# Encodings in which the words above are the bytes above.
_PLAIN_ENCODINGS = (b"utf-8", b"utf8", b"us-ascii", b"iso-8859-1", b"windows-1252")
_SPACE = b" \t\r\n"


def screen(body: bytes) -> bool:
    """Whether a message has to be read. False only where nothing in it can be about a child's death."""
    whole = body.removeprefix(b"\xef\xbb\xbf").strip(_SPACE)
    if not (whole.startswith(b"{") and whole.endswith(b"}")) and not (whole.startswith(b"<") and whole.endswith(b">")):
        return True
    # one byte is found, or missed, thirty times as fast as two
    if any(mark[:1] in whole and mark in whole for mark in _ESCAPES):
        return True
    if whole.startswith(b"<") and _encoded_otherwise(whole):
        return True
    small = whole.lower()
    return any(word in small for word in _evidence())


@cache
def _evidence() -> tuple[bytes, ...]:
    """The words looked for: ours, and the codes of births that the shared table has, unless one of them has another in it."""
    births = [row["code"].lower().encode() for row in codes.rows("perinatal") if row["meaning"] in _BIRTH_MEANINGS]
    words = dict.fromkeys((*_WORDS, *births))
    return tuple(word for word in words if not any(other in word for other in words if other != word))


def _encoded_otherwise(whole: bytes) -> bool:
    declaration = whole[: whole.find(b">") + 1] if whole.startswith(b"<?xml") else b""
    found = declaration.lower().partition(b"encoding")[2].strip(_SPACE + b"=").lstrip(b"\"'")
    return bool(found) and not found.startswith(_PLAIN_ENCODINGS)
