"""Where the project's data files lie: profiles, code tables, reference data."""

from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


def mappings() -> Path:
    """The folder of profiles, code tables and reference data."""
    return _PROJECT / "mappings"
