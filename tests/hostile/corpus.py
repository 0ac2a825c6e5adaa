"""Files with a manifest that says of each by which way it comes and what has to become of it.

Where a manifest leaves a choice, or the engine's own rules say otherwise, ``judged.toml`` says what is right here and why.
Each such judgement is of one file, and has to be needed.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from adapters import registry
from integration_engine.record.codes import PartnerKind
from tests.hostile.samples import HOSPITAL, TABLES, Road, Sample
from tests.hostile_sample import Outcome
from tests.mllp_client import START

JUDGED = Path(__file__).with_name("judged.toml")
_EXPECTED: Mapping[str, Outcome] = {"accept": "taken", "ignore": "passed-over", "reject": "refused"}
_CODE = re.compile(r"[A-Za-z0-9-]{2,30}")
# "400/422", "AE or human review": the words of a refusal that a manifest names.
_STATUS, _ACKNOWLEDGED = re.compile(r"\b4\d\d\b"), re.compile(r"\bA[ER]\b")


@dataclass(frozen=True)
class Judgement:
    """``outcome`` instead of the manifest's ``manifest``, told with the code ``problem``, ``because``. ``where``: it is sent
    a second time, by an organisation whose feed has this profile, and then as the manifest says."""

    file: str
    manifest: Outcome
    outcome: Outcome
    problem: str
    because: str
    where: str = ""

    def __post_init__(self) -> None:
        if not (self.problem and self.because) or self.outcome == self.manifest:
            raise ValueError(f"the judgement of {self.file} says nothing")


def judgements(file: Path = JUDGED) -> dict[str, Judgement]:
    """By the name of the file each is about. Raises ValueError for one that says nothing, or a second one of a file."""
    listed = [Judgement(**each) for each in tomllib.loads(file.read_text(encoding="utf-8"))["judged"]]
    by_file = {each.file: each for each in listed}
    if len(by_file) < len(listed):
        raise ValueError("a file is judged twice")
    return by_file


def of_manifest(folder: Path, judged: Mapping[str, Judgement]) -> list[Sample]:
    """The files of a folder, by its ``manifest.csv``: file, channel (mllp, mllp-wire, http, page, queue, mesh, folder),
    content_type, what, expected (accept, reject, ignore), expected_detail; kind too, where the content doesn't say it."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        return [each for row in csv.DictReader(manifest) for each in _of_row(folder, row, judged.get(row["file"]))]


def _of_row(folder: Path, row: Mapping[str, str], judgement: Judgement | None) -> Iterator[Sample]:
    sample = _as_it_says(folder, row)
    if judgement is None:
        yield sample
        return
    if judgement.manifest != sample.may_be[0]:
        raise ValueError(f"the judgement of {sample.name} is of another manifest")
    yield replace(
        sample, may_be=(judgement.outcome,), manifest=sample.may_be, problem=judgement.problem, why=judgement.because
    )
    if judgement.where:
        elsewhere = _code_of_profile(judgement.where)
        body = sample.body.replace(sample.partner.encode(), elsewhere.encode())
        yield replace(
            sample, name=f"{sample.name}, {judgement.where}", partner=elsewhere, body=body, profile=judgement.where
        )


def _as_it_says(folder: Path, row: Mapping[str, str]) -> Sample:
    body, channel, detail = (folder / row["file"]).read_bytes(), row["channel"], row["expected_detail"]
    kind = cast(PartnerKind, row.get("kind") or _kind(channel, row["content_type"], body))
    expected = _EXPECTED[row["expected"]]
    # "422, or accept and flag": the manifest leaves it to us.
    also: tuple[Outcome, ...] = ("taken",) if re.search(r"\bor accept\b", detail) and expected != "taken" else ()
    words = {"http": _STATUS, "mllp": _ACKNOWLEDGED}.get(channel)
    told = frozenset(words.findall(detail)) if words and expected == "refused" else frozenset[str]()
    return Sample(
        row["file"], cast(Road, channel.removesuffix("-wire")), kind, _partner(kind, body), body, row["content_type"],
        (expected, *also), detail, told, wire=channel == "mllp-wire",
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
    return TABLES[kind][0] if kind in TABLES else HOSPITAL


def _code_of_profile(profile: str) -> str:
    """A hospital of its own for each profile: an organisation's only feed reads all that it sends."""
    return "X" + profile.upper().replace("-", "")[:5]
