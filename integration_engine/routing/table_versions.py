"""Writing an operator's own tables: each version a folder of its own, put in force by one stroke, the old ones kept."""

import csv
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from integration_engine.routing.footprints import Footprint, Layers
from integration_engine.routing.geography import Geography
from integration_engine.routing.table_folder import CURRENT, SCHEMA, TableFolder, open_folder
from integration_engine.routing.tables import DAWN, DUSK, ReferenceDataError, Span, rows

Row = Sequence[str]
Written = tuple[Row, Iterable[Row]]

_FOOTPRINT = ("valid_from", "valid_to", "confidence", "source")


@contextmanager
def drafted(directory: Path | None, before: Layers, after: Layers) -> Iterator[Path]:
    """A folder with the tables of ``directory`` (an operator's own, None for none) as the layers have become, for as long as
    the block lasts. Nothing is in force yet."""
    folder = open_folder(directory) if directory and directory.is_dir() else TableFolder()
    with tempfile.TemporaryDirectory(prefix="cdr-tables-") as made:
        draft = Path(made) / "tables"
        _copy(folder, draft)
        for name, (heading, written) in _tables(folder, before, after).items():
            with (draft / name).open("w", encoding="utf-8", newline="") as file:
                write = csv.writer(file, lineterminator="\n")
                write.writerow(heading)
                write.writerows(written)
        yield draft


def put_in_force(draft: Path, directory: Path, now: datetime) -> Path:
    """Keep a draft as the newest version in an operator's folder and put it in force; what was in force stays beside it.

    Readers see the old version or the new one, never parts of both. Raises ReferenceDataError where it can't be written.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        name, number = stamp, 2
        while (directory / name).exists():
            name, number = f"{stamp}-{number}", number + 1
        shutil.copytree(draft, directory / name)
        for path in (directory / name).iterdir():
            _sync(path)
        waiting = directory / f"{CURRENT}.new"
        waiting.write_text(name + "\n", encoding="utf-8")
        _sync(waiting)
        waiting.replace(directory / CURRENT)
        _sync(directory)
    except OSError as cause:
        raise ReferenceDataError("unwritable", directory.name, "the folder can't be written to") from cause
    return directory / name


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(folder: TableFolder, draft: Path) -> None:
    draft.mkdir()
    if folder.own is None:
        return
    for path in folder.own.iterdir():
        if path.is_file() and (
            path.suffix == ".csv" or (path.suffix == ".yaml" and (folder.whole or path.name != SCHEMA))
        ):
            shutil.copy(path, draft / path.name)


def _tables(folder: TableFolder, before: Layers, after: Layers) -> Mapping[str, Written]:
    """The tables that have changed, as they are written."""
    found = {
        "cdops.csv": _panels(after.cdops),
        "cdop-footprints.csv": _areas(
            folder, "cdop-footprints.csv", ("cdop", "authority", "authority_name"), after.cdops
        ),
    }
    if after.geography is before.geography:
        return found
    jar = _areas(folder, "jar-footprints.csv", ("team", "area", "area_name"), after.jar_teams)
    police = _areas(folder, "police-areas.csv", ("force", "area", "area_name"), after.police)
    return found | {
        "authorities.csv": _authorities(after.geography),
        "jar-footprints.csv": jar,
        "police-areas.csv": police,
        "coroner-areas.csv": _coroners(folder, after.coroners),
    }


def _panels(footprint: Footprint) -> Written:
    heading = ("code", "name", "nhs_region", "valid_from", "valid_to", "successors", "confidence", "source", "note")
    return heading, (
        (
            body.code,
            body.name,
            body.region,
            *_days(body.span),
            ";".join(body.successors),
            body.confidence,
            body.source,
            body.note,
        )
        for body in footprint.bodies.values()
    )


def _areas(folder: TableFolder, table: str, heading: tuple[str, str, str], footprint: Footprint) -> Written:
    name = _names(folder, table, heading[1:], footprint.geography)
    return (*heading, *_FOOTPRINT), (
        (one.owner, one.area, name(one.area), *_days(one.span), one.confidence, one.source) for one in footprint.covers
    )


def _coroners(folder: TableFolder, footprint: Footprint) -> Written:
    name = _names(folder, "coroner-areas.csv", ("area", "area_name"), footprint.geography)
    heading = ("slug", "name", "area", "area_name", "part", "valid_from", "valid_to", "confidence", "source")
    return heading, (
        (
            one.owner,
            footprint.bodies[one.owner].name,
            one.area,
            name(one.area),
            "yes" if one.part else "",
            *_days(one.span),
            one.confidence,
            one.source,
        )
        for one in footprint.covers
    )


def _authorities(geography: Geography) -> Written:
    heading = ("code", "name", "kind", "upper_tier", "valid_from", "valid_to", "successors", "renumbered")
    return (*heading, "confidence", "source"), (
        (
            one.code,
            one.name,
            one.kind,
            "" if one.upper_tier == one.code else one.upper_tier,
            *_days(one.span),
            ";".join(one.successors),
            "yes" if one.renumbered else "",
            one.confidence,
            one.source,
        )
        for one in geography.authorities.values()
    )


def _names(folder: TableFolder, table: str, columns: tuple[str, ...], geography: Geography) -> Callable[[str], str]:
    """Names of areas: those the table gives (it may hold Wales's too), else the authority's own."""
    code, name = columns
    written = {row[code]: row[name] for _, row in rows(folder.find(table), (code, name))}

    def named(area: str) -> str:
        known = geography.authorities.get(area)
        return written.get(area) or (known.name if known else area)

    return named


def _days(span: Span) -> tuple[str, str]:
    return "" if span.first == DAWN else span.first.isoformat(), "" if span.last == DUSK else span.last.isoformat()
