"""Where the project's data files lie: profiles, code tables, reference data, topology."""

from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


def mappings() -> Path:
    """The folder of profiles, code tables and reference data."""
    return _PROJECT / "mappings"


def queue_config() -> Path:
    """The folder of the broker's topology."""
    return _PROJECT / "queue_config"
