"""What alerting knows of each clock: ``mappings/reference/clocks.yaml``."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from integration_engine.record.clock_event import ClockRule
from integration_engine.routing.table_folder import TableFolder
from integration_engine.routing.tables import ReferenceDataError, document

FILE = "clocks.yaml"
_DURATION = re.compile(r"(\d+)(m|h|d)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def load_clock_rules(
    folder: TableFolder = TableFolder(), soon_hours: Mapping[str, float] = {}
) -> Mapping[str, ClockRule]:
    """Read ``clocks.yaml``; ``soon_hours`` overrides single lead times. Raises ReferenceDataError."""
    path = folder.find(FILE)
    return _overridden(_read(path), soon_hours, path)


def _read(path: Path) -> dict[str, ClockRule]:
    try:
        listed = document(path)["clocks"].items()
        return {
            name: ClockRule(name, duration(str(row["soon"])), str(row["what"]), row.get("told_by"))
            for name, row in listed
        }
    except (AttributeError, KeyError, TypeError, ValueError) as cause:
        raise ReferenceDataError(
            "bad-row", path.name, "each clock is written as name: {soon: 6h, what: ...}"
        ) from cause


def _overridden(rules: dict[str, ClockRule], soon_hours: Mapping[str, float], path: Path) -> Mapping[str, ClockRule]:
    for name, hours in soon_hours.items():
        if name not in rules:
            known = ", ".join(sorted(rules))
            raise ReferenceDataError("unknown-clock", path.name, f"soon_hours names no clock; these are known: {known}")
        rule = rules[name]
        rules[name] = ClockRule(name, timedelta(hours=hours), rule.what, rule.told_by)
    return rules


def duration(text: str) -> timedelta:
    """``90m``, ``6h`` or ``14d``. Raises ValueError."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError("a duration is written 90m, 6h or 14d")
    return int(found[1]) * _UNITS[found[2]]
