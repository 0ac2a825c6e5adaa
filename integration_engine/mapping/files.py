"""Where the project's data files lie: profiles, code tables, reference data."""

import json
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).resolve().parents[2]


def mappings() -> Path:
    """The folder of profiles, code tables and reference data."""
    return _PROJECT / "mappings"


def published_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas we publish, by the name of their file without its ending."""
    folder = mappings() / "schema"
    return {place.stem: json.loads(place.read_text(encoding="utf-8")) for place in sorted(folder.glob("*.json"))}
