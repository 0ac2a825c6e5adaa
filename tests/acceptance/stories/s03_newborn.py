"""S3: a newborn without a name or number, named later by the hospital and then by the registrar."""

import dataclasses

from integration_engine.synthetic import fhir, hl7, national
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import MANCHESTER
from tests.acceptance.story import at, tell

UNNAMED = Child(
    "OKAFOR", "BABY", "2026-08-12", "female", None, "08", lines=("7 Hope Street",), postcode="M13 9WL",
    mother="Ada Bello", mother_nhs_number=invented_nhs_number(6850),
)  # fmt: skip
"""The number is postponed (status 08): NOT_CURRENTLY_AVAILABLE."""
NAMED = dataclasses.replace(
    UNNAMED, family="BELLO", given="Grace", nhs_number=invented_nhs_number(8225), nhs_status="01"
)
DIED = "2026-08-12T09:30"


def unnamed() -> bytes:
    stay = {"died_at": DIED, "indicator": "Y", "discharge": "4", "visit": "N1"}
    return hl7.adt("A03", UNNAMED, MANCHESTER, "M1", at("2026-08-12T10:05:00"), **stay)


def unnamed_by_fhir() -> bytes:
    told = fhir.patient(UNNAMED, died_at=f"{DIED}:00+01:00")
    return fhir.message(
        told, "R0A", "M-1", "2026-08-12T10:05:00+01:00", encounter_site="R0A", others=(fhir.mother_of(UNNAMED),)
    )


def named() -> bytes:
    return hl7.adt("A08", NAMED, MANCHESTER, "M2", at("2026-08-12T14:00:00"), died_at=DIED, indicator="Y")


def registered(on: str = "2026-08-19", told: str = "2026-08-20T10:00:00+01:00") -> bytes:
    """The registrar's word by the national record: a formal death, in force since ``on``."""
    formal = fhir.patient(
        dataclasses.replace(NAMED, mother=None), died_at="2026-08-12", national_status="2", effective_from=on
    )
    return fhir.message(formal, "X26", f"reg-{on}", told, event="pds-death-notification-1")


def registered_by_xml() -> bytes:
    return national.death_event(
        NAMED,
        "2",
        at="2026-08-20T10:00:00+01:00",
        message_id="reg-x",
        died_at="2026-08-12",
        effective_from="2026-08-19",
    )


def s3() -> dict[str, bytes]:
    return {"a.hl7": unnamed(), "b.hl7": named(), "c.json": registered()}


PLAYED = (
    tell("s3", "2026-08-21T09:00:00Z", *({name: body} for name, body in s3().items())),
)  # fmt: skip
