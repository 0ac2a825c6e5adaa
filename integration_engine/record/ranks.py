"""Which source is believed for which field: ``mappings/survivorship.yaml`` and the classes of source it names."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from integration_engine.record.fields import dictionary
from integration_engine.record.notice import DeathNotice

RANKS_FILE = Path(__file__).resolve().parents[2] / "mappings" / "survivorship.yaml"


@dataclass(frozen=True)
class Ranks:
    """Which source class is believed for which field, best first. ``rank_of[path]`` lists classes; see the data file."""

    version: int
    group_of: Mapping[str, str]
    classes: Mapping[str, Mapping[str, int]]
    stage_weight: Mapping[str, int]


@cache
def load_ranks(path: Path = RANKS_FILE) -> Ranks:
    """Read the ranks. Raises ValueError naming a field that the dictionary doesn't have."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    prefixes = {prefix: name for name, group in document["groups"].items() for prefix in group["fields"]}
    group_of: dict[str, str] = {}
    for field in dictionary():
        parts = field.split(".")
        names = [prefixes[p] for n in range(len(parts), 0, -1) if (p := ".".join(parts[:n])) in prefixes]
        group_of[field] = names[0] if names else "other"
    for prefix in prefixes:
        if not any(field == prefix or field.startswith(prefix + ".") for field in dictionary()):
            raise ValueError(f"{path.name}: no such field: {prefix}")
    return Ranks(
        version=document["version"],
        group_of=group_of,
        classes={
            name: {source: place for place, source in enumerate(group["rank"])}
            for name, group in document["groups"].items()
        },
        stage_weight={stage: weight for weight, row in enumerate(document["coroner_stages"]) for stage in row},
    )


def classes_of(notice: DeathNotice) -> set[str]:
    """Every class this notice's source belongs to."""
    kind = notice.source.kind
    found: set[str] = {"hospital" if kind.startswith("hospital") else kind}
    if kind == "national" and notice.death.status == "formal":
        found.add("national-formal")
    if "hospital" in found and notice.child.nhs_number and notice.child.nhs_number_status == "01":
        found.add("hospital-verified")
    if notice.coroner and (notice.coroner.concluded_at or notice.coroner.conclusions) and kind == "coroner":
        found.add("coroner-concluded")
    if notice.death.mccd:
        found.add("mccd-examined" if notice.death.mccd.medical_examiner else "mccd")
    return found


def place_of(path: str, classes: Set[str], ranks: Ranks) -> tuple[int, str]:
    """How a source of these classes ranks for a field (0 is best) and the class that gives it that rank."""
    places = ranks.classes[ranks.group_of[path]]
    return min([(places.get(name, len(places)), name) for name in classes], default=(len(places), "other"))
