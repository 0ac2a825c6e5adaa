"""Which file a reference table is read from: the shipped folder, or an operator's own tables laid over it.

A folder with a ``tables.yaml`` is a whole set and stands alone. A folder without one holds only the tables that an operator
has of their own; every other table is the shipped one, so that an update still reaches it. ``cdr reference import`` keeps
each version in a folder of its own and names the one in force in the file ``CURRENT``, which is replaced in one stroke.
"""

from dataclasses import dataclass
from pathlib import Path

from integration_engine.routing.tables import ReferenceDataError

BUNDLED = Path(__file__).resolve().parents[2] / "mappings" / "reference"
"""The shipped tables."""
SCHEMA = "tables.yaml"
CURRENT = "CURRENT"
"""The file in an operator's folder that names the version in force."""


@dataclass(frozen=True, slots=True)
class TableFolder:
    """Where tables are read from. ``own`` is the folder of the operator's own tables, None for the shipped ones alone;
    ``whole`` where it stands alone."""

    own: Path | None = None
    whole: bool = False

    def find(self, name: str) -> Path:
        """The file of a table: the own one, else the shipped one."""
        if self.own and (self.whole or (self.own / name).exists()):
            return self.own / name
        return BUNDLED / name


def open_folder(directory: Path | None) -> TableFolder:
    """The tables of a folder, by the version that its ``CURRENT`` names; the shipped ones for None.

    Raises ReferenceDataError where there is no such folder, or no such version in it.
    """
    if directory is None:
        return TableFolder()
    if not directory.is_dir():
        raise ReferenceDataError("no-such-folder", directory.name, "there is no such folder of reference tables")
    own = directory
    if (directory / CURRENT).exists():
        version = (directory / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
        own = directory / version
        if not version or Path(version).name != version or not own.is_dir():
            raise ReferenceDataError("no-such-version", f"{directory.name}/{CURRENT}", "it names no folder beside it")
    return TableFolder(own, (own / SCHEMA).exists())
