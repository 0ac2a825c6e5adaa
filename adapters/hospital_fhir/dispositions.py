"""How a stay in hospital ended, where it ended in death: an Encounter's discharge disposition in every system's codes."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from adapters.hospital_fhir.shape import Tree, child, children, codings, extensions, text
from integration_engine.mapping import codes


@cache
def _disposition_rows() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (row["system"].lower(), row["code"].lower(), row["meaning"]) for row in codes.rows("fhir-death-disposition")
    )


def dispositions(stay: Tree) -> Iterator[tuple[str, str]]:
    """(died or stillbirth, where) for each disposition of an Encounter that means one of them."""
    for concept, at in _concepts(stay):
        if meaning := _meaning(concept):
            yield meaning, at


def ended_alive(stay: Tree) -> bool:
    """Whether an Encounter has a disposition, and none that means a death."""
    return any(isinstance(concept, dict) for concept, _ in _concepts(stay)) and not any(dispositions(stay))


def _concepts(stay: Tree) -> Iterator[tuple[Any, str]]:
    for holder in ("hospitalization", "admission"):
        part = child(stay, holder)
        yield part.get("dischargeDisposition"), f"{holder}.dischargeDisposition"
        for source, at in ((part, f"{holder}.extension"), (stay, "extension")):
            yield from ((one.get("valueCodeableConcept"), at) for one in extensions(source, "DischargeMethod"))


def _meaning(concept: Any) -> str | None:
    """``died`` or ``stillbirth`` by the code table, which knows each system's own codes (4 is a death in one, a transfer in
    another); None for anything else."""
    if not isinstance(concept, dict):
        return None
    said = [(system.lower(), code.lower()) for system, code in codings(concept)]
    words = [text(concept, "text") or "", *(text(coding, "display") or "" for coding in children(concept, "coding"))]
    said += [("", word.lower()) for word in words if word]
    for system, code in said:
        for known_system, known_code, meaning in _disposition_rows():
            if code == known_code and (fnmatchcase(system, known_system) if known_system else True):
                return meaning
    return None
