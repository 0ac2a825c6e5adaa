"""How fast messages are screened and read, on one core.

    python -m benchmarks reading

Floors in the same run: for the screen, looking through the same bytes once for one needle; for HL7 v2, tokenizing the
message; for FHIR, parsing its JSON.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
from rich.console import Console
from rich.table import Table

from adapters.adapter import Submission
from adapters.registry import ADAPTERS, read
from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number

SECONDS = 1.5
CHILD = Child(
    "Harrow",
    "Ava",
    "2015-05-09",
    "female",
    invented_nhs_number(1),
    lines=("1 Quay Street", "Reading"),
    postcode="RG1 1LZ",
)
AT = datetime(2026, 3, 9, 5, tzinfo=UTC)


def rate(work: Callable[[], object]) -> float:
    """Times a second, by processor time, over at least a second and a half."""
    work()
    times, started = 0, time.process_time()
    while (spent := time.process_time() - started) < SECONDS:
        for _ in range(50):
            work()
        times += 50
    return times / spent


def main() -> None:
    ward = hl7.Hospital("RTH")
    death = hl7.adt("A03", CHILD, ward, "B1", AT, died_at="2026-03-09T04:10", indicator="Y", discharge="4", visit="V1")
    ordinary = hl7.adt("A03", CHILD, ward, "B2", AT, discharge="1", visit="V1")
    bundle = fhir.message(fhir.patient(CHILD, died_at="2026-03-09T04:10:00Z"), "RTH", "b-3", "2026-03-09T05:00:00Z")
    seven, eight = ADAPTERS["hospital-hl7"], ADAPTERS["hospital-fhir"]

    def reading(kind: str, body: bytes) -> Callable[[], object]:
        submission = Submission(body=body, received_at=AT)
        return lambda: list(read(submission, kind=kind))

    from adapters.hospital_hl7 import er7

    rows = [
        ("screen, ordinary ADT", rate(lambda: seven.screen(ordinary)), rate(lambda: ordinary.find(b"\rZZZ|"))),
        ("screen, FHIR death", rate(lambda: eight.screen(bundle)), rate(lambda: bundle.find(b'"zzz"'))),
        ("read HL7 v2 death", rate(reading("hospital-hl7", death)), rate(lambda: er7.parse(death))),
        ("read FHIR death", rate(reading("hospital-fhir", bundle)), rate(lambda: orjson.loads(bundle))),
    ]
    table = Table("what", "a second", "floor a second", "of the floor")
    for what, got, floor in rows:
        table.add_row(what, f"{got:,.0f}", f"{floor:,.0f}", f"{got / floor:.3f}")
    Console().print(table)
