"""Everything that is fuzzed, by name: who reads a partner's bytes before anything is known of them.

A target takes any bytes and holds what we make of them to a contract, which it breaks by raising. Hypothesis thinks of
examples in every test run (``test_*``), atheris looks for new paths for as long as it is given (``guided``), and what either
found worth keeping lies in ``corpus/<name>`` and is tried again in every run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import fhir_reader, hl7_reader, offices
from tests.fuzz.words import COLUMNS, DATES, FHIR, HL7, HL7_VALUES, INVOLVEMENTS, JSON, POLICE, SHEET, TABLE, XML

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Target:
    """``hold`` raises where bytes break its contract. ``begins_with`` are the inputs a fuzzer begins with, ``words`` the
    pieces its format is made of, so that it needn't guess them letter by letter."""

    hold: Callable[[bytes], None]
    begins_with: Callable[[], Iterable[bytes]]
    words: Sequence[bytes] = ()


TARGETS: Mapping[str, Target] = {
    "er7": Target(hl7_reader.er7, hl7_reader.message_seeds, (*HL7, *HL7_VALUES)),
    "tokenizer": Target(hl7_reader.tokenizer, hl7_reader.message_seeds, HL7),
    "framer": Target(
        hl7_reader.framer, hl7_reader.stream_seeds, (b"\x0b", b"\x1c\r", b"\x1c", b"MSH|", b"GET / HTTP/1.1\r\n")
    ),
    "fhir-json": Target(fhir_reader.fhir_json, fhir_reader.json_seeds, (*JSON, *FHIR, *DATES)),
    "fhir-xml": Target(fhir_reader.fhir_xml, fhir_reader.xml_seeds, (*XML, *FHIR, *DATES)),
    "police-json": Target(offices.police, offices.report_seeds, (*JSON, *POLICE, *DATES)),
    "police-csv": Target(offices.police, offices.export_seeds, (*TABLE, *DATES, *INVOLVEMENTS)),
    "coroner-csv": Target(offices.coroner, offices.csv_seeds, (*TABLE, *COLUMNS, *DATES)),
    "coroner-xlsx": Target(offices.coroner_workbook, offices.workbook_seeds, (*XML, *COLUMNS, *DATES, *SHEET)),
    "coroner-json": Target(offices.coroner, offices.json_seeds, (*JSON, *COLUMNS, *DATES)),
    "coroner-xml": Target(offices.coroner, offices.xml_seeds, (*XML, *COLUMNS, *DATES)),
}


def seeds(name: str) -> Iterator[bytes]:
    """What a target begins with: what was kept of it, and its own examples."""
    folder = CORPUS / name
    if folder.is_dir():
        yield from (path.read_bytes() for path in sorted(folder.iterdir()))
    yield from TARGETS[name].begins_with()
