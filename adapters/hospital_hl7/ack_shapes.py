"""The shapes of acknowledgements: MSH, MSA and ERR as hl7apy builds them for each version of HL7 v2.

Building one takes hl7apy milliseconds, and an answer is on every sender's critical path, so each shape (version and
delimiters) is built once, with tokens where values go, and filled in from then on.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from hl7apy import SUPPORTED_LIBRARIES
from hl7apy.core import Message, Segment

from adapters.hospital_hl7.er7 import Delimiters

NEWEST = "2.8.2"
"""The newest version hl7apy knows; a later one is answered in its shape."""
# From 2.8 on hl7apy leaves out ERR's withdrawn first field altogether, and all others slip one place.
_NEWEST_FOR_ERRORS = "2.7"

# What differs between two answers of one shape: tokens that hl7apy writes through unchanged, one for each place.
_HEADER_TOKENS = {
    3: "QZOURAPPQ",
    4: "QZOURFACQ",
    5: "QZTHEIRAPPQ",
    6: "QZTHEIRFACQ",
    7: "QZTIMEQ",
    9: "QZTYPEQ",
    10: "QZIDQ",
    11: "QZPROCQ",
    18: "QZSETQ",
}
_TOKEN = re.compile(r"QZ[A-Z]+Q")


@lru_cache(maxsize=256)
def header_shape(version: str, delimiters: Delimiters) -> str:
    """MSH and MSA as hl7apy builds them for a version, with tokens for values."""
    library = _library(version)
    message = Message("ACK", version=library)
    # MSH-18 came with version 2.3.
    for place, token in _HEADER_TOKENS.items():
        if place < 18 or _numbers(library) >= (2, 3):
            setattr(message.msh, f"msh_{place}", token)
    message.msa.msa_1 = "QZCODEQ"
    message.msa.msa_2 = "QZTHEIRIDQ"
    header, acknowledgement = str(message.to_er7()).rstrip("\r").split("\r")
    fields = header.split("|")
    # MSH-2 is the sender's, whatever hl7apy has for this version; so is the version, which may be newer than it knows.
    fields[1], fields[11] = "QZMARKSQ", "QZVERSIONQ"
    text = "\r".join(("|".join(fields), acknowledgement, ""))
    return text.replace("|", delimiters.field).replace("QZMARKSQ", delimiters.encoding)


@lru_cache(maxsize=256)
def error_shape(version: str, delimiters: Delimiters) -> str:
    """ERR as hl7apy builds it for a version, with tokens for values."""
    library = min(_library(version), _NEWEST_FOR_ERRORS, key=_numbers)
    segment = Segment("ERR", version=library)
    if has_old_errors(library):
        segment.err_1 = "QZLOCATIONQ"
    else:
        segment.err_2, segment.err_3, segment.err_4, segment.err_8 = (
            "QZLOCATIONQ",
            "QZCONDITIONQ",
            "QZGRAVITYQ",
            "QZTEXTQ",
        )
    return str(segment.to_er7()).replace("|", delimiters.field) + "\r"


def filled(shape: str, values: Mapping[str, str]) -> str:
    """A shape with its values; a token without one is left empty."""
    return _TOKEN.sub(lambda found: values.get(found[0], ""), shape)


def has_old_errors(version: str) -> bool:
    """Whether ERR is the single field it was before version 2.5."""
    return _numbers(version) < (2, 5)


def is_version(text: str) -> bool:
    """Whether this can be answered as a version of HL7 v2."""
    return text in SUPPORTED_LIBRARIES or bool(re.fullmatch(r"2\.\d{1,2}", text))


def _library(version: str) -> str:
    return version if version in SUPPORTED_LIBRARIES else NEWEST


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
