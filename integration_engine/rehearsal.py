"""What a gateway does before it opens: it reads an invented day's messages of every kind, and tells nobody of them.

Profiles, FHIR's classes and HL7's shapes are loaded as they are first needed, and the first FHIR message would wait half a
second for them, with every other partner behind it in the same event loop.
"""

from datetime import UTC, datetime

from adapters.adapter import Submission
from adapters.hospital_hl7.acknowledge import acknowledge
from adapters.registry import read
from integration_engine.synthetic.day import PARTNERS, Day


def rehearse(now: datetime | None = None) -> int:
    """Read each message of the day and answer HL7's; how many were read."""
    at = now or datetime.now(UTC)
    kinds = {partner.code: partner.kind for partner in PARTNERS}
    count = 0
    for sending in Day(at.date(), bystanders=0).sendings():
        kind = kinds[sending.partner]
        readings = tuple(read(Submission(sending.body, at, partner=sending.partner), kind))
        if kind == "hospital-hl7":
            acknowledge(readings, sending.body, control_id="REHEARSAL", now=at)
        count += 1
    return count
