"""Flags as data: when each is raised, whom the lead should contact, what to send and by when. The table behind the flags."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from integration_engine.routing.tables import ReferenceDataError, document
from integration_engine.routing.triggers import Trigger, read_triggers

Kind = Literal["process", "case", "duty"]
Area = Literal["event", "death", "home", "looked-after"]
_COLUMNS = frozenset(
    {
        "kind",
        "when",
        "area",
        "contact",
        "contact_unplaced",
        "send",
        "by",
        "clock",
        "mentions",
        "facts",
        "source",
        "confidence",
    }
)


@dataclass(frozen=True, slots=True)
class Process:
    """One flag: in words when it applies, whom to contact and what to send, and which mention of it among a partner's
    ``other_reviews`` means the same. ``facts`` raise the flag by themselves; None where only code can tell.

    ``area`` is whose authority and force ``contact`` names; ``contact_unplaced`` serves where that isn't known. ``by`` says
    by when in words, ``clock`` which of the case's clocks says it exactly. ``kind``: see the table.
    """

    flag: str
    when: str
    contact: str
    send: str
    mentions: frozenset[str]
    facts: Trigger | None
    source: str
    kind: Kind = "process"
    area: Area | None = None
    contact_unplaced: str = ""
    by: str = ""
    clock: str = ""
    confidence: str = ""


def load_processes(path: Path) -> tuple[Process, ...]:
    """Read ``processes.yaml``. Raises ReferenceDataError."""
    listed = document(path)
    try:
        return tuple(_process(path, str(flag), row) for flag, row in listed["processes"].items())
    except (AttributeError, KeyError, TypeError) as cause:
        raise ReferenceDataError("bad-row", path.name, "each process has when, contact, send and source") from cause


def _process(path: Path, flag: str, row: dict[str, object]) -> Process:
    where = f"{path.name}:{flag}"
    if unknown := sorted(set(row) - _COLUMNS):
        raise ReferenceDataError("bad-row", where, f"not part of a process: {', '.join(unknown)}")
    kind, area = row.get("kind", "process"), row.get("area")
    if kind not in get_args(Kind) or area not in (None, *get_args(Area)):
        words = f"{', '.join(get_args(Kind))}, area one of {', '.join(get_args(Area))}"
        raise ReferenceDataError("bad-row", where, f"kind is one of {words}")
    if area and not row.get("contact_unplaced"):
        raise ReferenceDataError("bad-row", where, "a contact by area says contact_unplaced, for when it isn't known")
    facts, mentions = row.get("facts"), row.get("mentions") or ()
    if not isinstance(mentions, list | tuple) or not isinstance(facts, dict | None):
        raise ReferenceDataError("bad-row", where, "mentions is a list of words, facts a table")
    return Process(
        flag,
        str(row["when"]),
        str(row["contact"]),
        str(row["send"]),
        frozenset(map(str, mentions)),
        read_triggers(path.name, {flag: facts})[0] if facts else None,
        str(row["source"]),
        kind,  # type: ignore[arg-type]  # looked up above
        area,  # type: ignore[arg-type]  # looked up above
        str(row.get("contact_unplaced") or ""),
        str(row.get("by") or ""),
        str(row.get("clock") or ""),
        str(row.get("confidence") or ""),
    )
