"""Other processes that the lead is told to consider: when, whom to contact, what to send. The table behind the flags."""

from dataclasses import dataclass
from pathlib import Path

from integration_engine.routing.tables import ReferenceDataError, document
from integration_engine.routing.triggers import Trigger, read_triggers


@dataclass(frozen=True, slots=True)
class Process:
    """Another process: its flag, in words when it applies, whom to contact and what to send, and which mention of it among a
    partner's ``other_reviews`` means the same. ``facts`` raise the flag by themselves; None where only code can tell."""

    flag: str
    when: str
    contact: str
    send: str
    mentions: frozenset[str]
    facts: Trigger | None
    source: str


def load_processes(path: Path) -> tuple[Process, ...]:
    """Read ``processes.yaml``. Raises ReferenceDataError."""
    listed = document(path)
    try:
        return tuple(
            Process(
                flag,
                str(row["when"]),
                str(row["contact"]),
                str(row["send"]),
                frozenset(row.get("mentions") or ()),
                read_triggers(path.name, {flag: row["facts"]})[0] if row.get("facts") else None,
                str(row["source"]),
            )
            for flag, row in listed["processes"].items()
        )
    except (AttributeError, KeyError, TypeError) as cause:
        raise ReferenceDataError("bad-row", path.name, "each process has when, contact, send and source") from cause
