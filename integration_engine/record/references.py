"""References as offices write them in one cell: whose it is, and the reference itself."""

import re

# Letters before the figures belong to a reference only where a hyphen, stroke or full stop joins them.
_REFERENCE = re.compile(
    r"(?:[a-z]{1,10}[-/.])*[a-z]{0,4}\d\w*(?:\s?[-/.]\s?\w+)*(?:\s\d{2,4}\b)?", re.IGNORECASE | re.ASCII
)
# Fewer figures are a day, a floor or a court's number.
_LEAST_FIGURES = 3
_LABELS = re.compile(
    r"\b(?:your|our|their|inquest|inq|case|file|coroners?|ref|refs|reference|no|number|nr)\b[.:]*", re.IGNORECASE
)
# What is longer is a text about something, and no cell with a reference in it.
_LONGEST = 300
_EDGES = " \t\r\n,;:-–/|."


def area_and_reference(text: str) -> tuple[str | None, str | None]:
    """The office and the reference in one text, either of which may be missing: ``Oxfordshire; 00412-2026``,
    ``Avon (ref 412/2026)``, ``00412-2026``, ``Avon``."""
    parts = _REFERENCE.finditer(text) if len(text) <= _LONGEST else ()
    found = next((one for one in parts if sum(map(str.isdigit, one[0])) >= _LEAST_FIGURES), None)
    if found is None:
        return text.strip(_EDGES) or None, None
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    area = " ".join(_LABELS.sub(" ", rest).replace("(", " ").replace(")", " ").split()).strip(_EDGES)
    return area or None, " ".join(found[0].split())
