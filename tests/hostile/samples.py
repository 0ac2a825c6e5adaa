"""What is sent to the engine to harm it: files with a manifest, and the project's own tables."""

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from adapters import registry
from integration_engine.record.codes import PartnerKind
from tests import hostile_coroner, hostile_fhir, hostile_hl7, hostile_police
from tests.hl7_samples import NUMBER
from tests.hostile_sample import Hostile, Invented, Outcome
from tests.mllp_client import END, START

ROADS: Mapping[PartnerKind, tuple[str, ...]] = {
    "hospital-hl7": ("mllp", "queue", "mesh", "folder"),
    "hospital-fhir": ("http", "queue", "mesh", "folder"),
    "police": ("http", "queue", "mesh", "folder"),
    "coroner": ("http", "page", "queue", "mesh", "folder"),
}
"""The ways in of each kind."""
HOSPITAL = "RTH"
HL7_TYPE = "application/hl7-v2+er7"
_TABLES: Mapping[PartnerKind, tuple[str, Mapping[str, Hostile]]] = {
    "hospital-fhir": (hostile_fhir.SENDER, hostile_fhir.HOSTILE),
    "police": (hostile_police.FORCE, hostile_police.HOSTILE),
    "coroner": (hostile_coroner.AREA, hostile_coroner.HOSTILE),
}
_EXPECTED: Mapping[str, Outcome] = {"accept": "taken", "ignore": "passed-over", "reject": "refused"}
_CODE = re.compile(r"[A-Za-z0-9-]{2,30}")
# A file without content is given a minute to be written; MESH carries none.
_NEED_CONTENT = ("mesh", "folder")


@dataclass(frozen=True)
class Sample:
    """One thing sent by one way in. ``wire`` says that ``body`` is what goes over an MLLP connection, frames and all;
    ``may_be`` are the outcomes that are right, the best first, ``status`` the HTTP door's word where it is told."""

    name: str
    road: str
    kind: PartnerKind
    partner: str
    body: bytes = field(repr=False)
    content_type: str
    may_be: tuple[Outcome, ...]
    detail: str = ""
    status: int | None = None
    wire: bool = False


def of_manifest(folder: Path) -> list[Sample]:
    """The files of a folder, by its ``manifest.csv``: file, channel (mllp, mllp-wire, http, page, queue, mesh, folder),
    content_type, what, expected (accept, reject, ignore), expected_detail; kind too, where the content doesn't say it."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        return [_of_row(folder, row) for row in csv.DictReader(manifest)]


def _of_row(folder: Path, row: Mapping[str, str]) -> Sample:
    body, channel = (folder / row["file"]).read_bytes(), row["channel"]
    kind = cast(PartnerKind, row.get("kind") or _kind(channel, row["content_type"], body))
    expected, detail = _EXPECTED[row["expected"]], row["expected_detail"]
    # "422, or accept and flag": the manifest leaves it to us.
    also: tuple[Outcome, ...] = ("taken",) if re.search(r"\bor accept\b", detail) and expected != "taken" else ()
    return Sample(
        row["file"], "mllp" if channel == "mllp-wire" else channel, kind, _partner(kind, body), body, row["content_type"],
        (expected, *also), detail, wire=channel == "mllp-wire",
    )  # fmt: skip


def _kind(channel: str, content_type: str, body: bytes) -> str:
    if channel.startswith("mllp"):
        return "hospital-hl7"
    if channel == "page":
        return "coroner"
    if "fhir" in content_type:
        return "hospital-fhir"
    return registry.detect(body) or ("hospital-fhir" if channel == "http" else "police")


def _partner(kind: PartnerKind, body: bytes) -> str:
    """Whom a message names as its sender, where it can be somebody; else one of the kind that hostile things come from."""
    named = registry.ADAPTERS[kind].sender(body.removeprefix(START))[0]
    if named and _CODE.fullmatch(named):
        return named
    return _TABLES[kind][0] if kind in _TABLES else HOSPITAL


def own() -> Iterator[Sample]:
    """The project's own tables, by every way in of their kind; each way another child."""
    serials = itertools.count(1)
    for kind, (partner, table) in _TABLES.items():
        for name, hostile in table.items():
            for road in ROADS[kind]:
                body = hostile.body(next(serials))
                if (not hostile.by or road in hostile.by) and (body or road not in _NEED_CONTENT):
                    status = hostile.status if road == "http" else None
                    yield Sample(
                        name, road, kind, partner, body, hostile.content_type, (hostile.outcome,), status=status
                    )
    yield from _own_hl7(serials)


def _own_hl7(serials: Iterator[int]) -> Iterator[Sample]:
    """Of the messages of hospitals, whose answers over MLLP have tests of their own, those that travel by other ways too."""
    for name, hostile in hostile_hl7.HOSTILE.items():
        said = hostile.wire.removeprefix(START).removesuffix(END)
        if START in said or END in said or not said.startswith(b"MSH") or hostile.closes:
            continue
        for road in ROADS["hospital-hl7"][1:]:
            body = said.replace(NUMBER.encode(), Invented(next(serials)).number.encode())
            yield Sample(name, road, "hospital-hl7", HOSPITAL, body, HL7_TYPE, (_outcome(hostile),))


def _outcome(hostile: hostile_hl7.Hostile) -> Outcome:
    """What its answer over MLLP comes to where nothing is acknowledged."""
    if hostile.queued:
        return "taken"
    return "refused" if set(hostile.codes) & {"AE", "AR"} else "passed-over"
