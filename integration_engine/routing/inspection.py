"""A folder of tables and the footprints over it, looked at whole: does each table keep its schema, do they load, do they make
sense together? Everything that is wrong is found at once, as far as what is wrong lets one look."""

from collections.abc import Sequence
from pathlib import Path

from integration_engine.routing.checks import validate
from integration_engine.routing.findings import Finding
from integration_engine.routing.reference import load_reference
from integration_engine.routing.table_folder import CURRENT, SCHEMA, TableFolder, open_folder
from integration_engine.routing.table_schema import check_tables
from integration_engine.routing.tables import ReferenceDataError, document


def inspect(
    directory: Path | None, footprints: Sequence[Path] = (), postcodes: Path | None = None, sites: Path | None = None
) -> tuple[Finding, ...]:
    """Every finding about a folder of tables (the shipped one for None) with these footprints laid over, errors first."""
    found: list[Finding] = []
    try:
        folder = open_folder(directory)
        found += check_tables(folder)
        found += _strangers(folder, directory)
    except ReferenceDataError as refused:
        found += _of(refused)
    try:
        found += validate(load_reference(directory, postcodes, sites, footprints))
    except ReferenceDataError as refused:
        # What the schema's check has found already is not told again as what stopped the loading.
        found += [] if any(one.severity == "error" for one in found) else _of(refused)
    once = dict.fromkeys(found)
    return tuple(sorted(once, key=lambda one: (one.severity != "error", one.table, one.subject, one.code, one.text)))


def _of(refused: ReferenceDataError) -> list[Finding]:
    return [
        Finding("error", one.code, one.where.rpartition(":")[0] or one.where, one.where, one.text)
        for one in refused.problems
    ]


def _strangers(folder: TableFolder, directory: Path | None) -> list[Finding]:
    """Files in an operator's own folder that are no table: a misspelt name would else be a table that isn't there."""
    if folder.own is None or folder.whole:
        return []
    known = set(document(folder.find(SCHEMA))["tables"]) | {path.name for path in _shipped()}
    found = [
        Finding("error", "unknown-table", path.name, path.name, "no table has this name")
        for path in sorted(folder.own.glob("*.csv"))
        if path.name not in known
    ]
    if directory and folder.own != directory:
        found += [
            Finding("error", "not-in-force", path.name, path.name, f"{CURRENT} names {folder.own.name}: put it there")
            for path in sorted(directory.glob("*.csv"))
        ]
    return found


def _shipped() -> list[Path]:
    return [path for path in open_folder(None).find(SCHEMA).parent.iterdir() if path.suffix in (".csv", ".yaml")]
