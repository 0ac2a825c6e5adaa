"""Plain values as people read them."""

from collections.abc import Mapping
from typing import Any

ALARMS: Mapping[str, str] = {
    "same-id-other-body": "One message id was used for two messages. Both are taken; ask the partner.",
    "told-too-often": "Hundreds of notices came about one child. All are taken; ask the partner why it goes on sending.",
    "mesh-undelivered": "MESH could not deliver this. Telephone the recipient, put the mailbox right, then cdr resend.",
    "retraction-not-published": "A retraction has not left yet. Telephone the recipient.",
    "retraction-not-acknowledged": "Nobody has said that they know of a retraction. Telephone the recipient.",
    "break-glass": "Somebody opened a case in an emergency. Ask them why, within a day.",
}
"""What an alarm means and what to do, by its code."""


# How far a source is believed: for the fold, not for people.
_OURS = frozenset({"source_rank"})


def field_of(path: str) -> str:
    """A field of the record as a person reads it: ``child.nhs_number`` is *Child: NHS number*."""
    part, _, name = path.partition(".")
    words = name.replace("_", " ").replace(".", ", ").replace("nhs number", "NHS number")
    return f"{part.capitalize()}: {words}" if name else part.replace("_", " ").capitalize()


def text_of(value: Any) -> str:
    """A plain value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(
            f"{key.replace('_', ' ')}: {text_of(part)}"
            for key, part in value.items()
            if part is not None and key not in _OURS
        )
    if isinstance(value, list | tuple):
        return (
            "; ".join(text_of(part) for part in value)
            if any(isinstance(p, dict) for p in value)
            else " ".join(text_of(part) for part in value)
        )
    return str(value)
