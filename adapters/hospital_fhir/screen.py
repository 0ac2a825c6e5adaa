"""The screen: whether bytes can be about a death, its retraction or a rekey at all, told without parsing them.

Never wrongly no: every word by which the reader could find one is looked for, and whatever could hide a word (an escape, an
entity, another encoding, a body that isn't whole) is a yes.
"""

from functools import cache

from adapters.sieve import Sieve
from integration_engine.mapping import codes

# Each is a part of every spelling the reader knows, in capital or small letters.
_WORDS = (
    b"deceased",
    b"death",
    b"discharge",
    b"nhs-number-change",
    b"void",
    # What takes back: a resource's status, and what is done with it.
    b"entered-in-error",
    b"delete",
    b"patch",
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
    return (whole.startswith(b"<") and _encoded_otherwise(whole)) or _evidence()(whole)


@cache
def _evidence() -> Sieve:
    """Finds what can hide a word, our words, and the codes of births that the shared table has."""
    births = (row["code"].encode() for row in codes.rows("perinatal") if row["meaning"] in _BIRTH_MEANINGS)
    return Sieve((*_ESCAPES, *_WORDS, *births))


def _encoded_otherwise(whole: bytes) -> bool:
    declaration = whole[: whole.find(b">") + 1] if whole.startswith(b"<?xml") else b""
    found = declaration.lower().partition(b"encoding")[2].strip(_SPACE + b"=").lstrip(b"\"'")
    return bool(found) and not found.startswith(_PLAIN_ENCODINGS)
