"""Path languages: how a profile points into a partner's message. One module a language; this one names them all.

| language   | message        | looks like                                         | module        |
|------------|----------------|----------------------------------------------------|---------------|
| `hl7`      | HL7 v2         | `PID-3[5=NH].1`, `OBX[3.1=8339-4]-5`               | `er7_syntax`  |
| `fhirpath` | FHIR           | `Patient.name.where(use='official').family`        | `fhir_paths`  |
| `json`     | JSON           | `$.person.family_name`                             | `json_paths`  |
| `xpath`    | XML            | `/cases/case/area`                                 | `xml_paths`   |
| `columns`  | CSV, XLSX      | `date_of_birth` (a canonical column's name)        | `columns`     |
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from integration_engine.mapping import columns, er7_syntax, fhir_paths, json_paths, xml_paths
from integration_engine.mapping.columns import RowSource
from integration_engine.mapping.er7_paths import Er7Source
from integration_engine.mapping.fhir_paths import FhirSource
from integration_engine.mapping.found import Found, PathError
from integration_engine.mapping.json_paths import JsonSource
from integration_engine.mapping.xml_paths import XmlSource

__all__ = [
    "CHECKS",
    "Er7Source",
    "FhirSource",
    "Found",
    "JsonSource",
    "PathError",
    "RowSource",
    "Source",
    "XmlSource",
]


class Source(Protocol):
    """A partner's message, or one part of it, that paths of its own language can be asked of."""

    def find(self, path: str) -> Sequence[Found]:
        """Every value the path finds, in the message's order; empty values are not found."""
        ...

    def parts(self, path: str) -> Sequence[tuple[str, "Source"]]:
        """The structures a path finds (for ``each``), each with its exact place and as a source of its own for relative
        paths."""
        ...


CHECKS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {
        "hl7": er7_syntax.check,
        "fhirpath": fhir_paths.check,
        "json": json_paths.check,
        "xpath": xml_paths.check,
        "columns": columns.check,
    }
)
"""For each language, what raises PathError for a path that isn't of it."""
