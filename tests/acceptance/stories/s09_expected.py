"""S9: an expected death in a specialist hospital, told by many."""

import dataclasses

from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.certificates import certificate
from tests.acceptance.stories.places import GOSH
from tests.acceptance.story import at, tell

NEWHAM_BOY = Child(
    "Whitaker", "Jonah", "2019-11-04", "male", invented_nhs_number(16449), lines=("5 High Street",), postcode="E13 8SL"
)


def s9() -> dict[str, bytes]:
    died = "2026-02-11T15:05"
    stay = {"died_at": died, "indicator": "Y", "discharge": "4", "visit": "K1", "ward": "LION^^^RP4"}
    misspelt = dataclasses.replace(NEWHAM_BOY, family="Whittaker", birth_date="2019-04-11", nhs_number=None)
    practice = hl7.Hospital("F84004", "GP")
    informal = fhir.patient(NEWHAM_BOY, died_at="2026-02-11", national_status="1")
    formal = fhir.patient(NEWHAM_BOY, died_at="2026-02-11", national_status="2")
    return {
        "adt.hl7": hl7.adt("A03", NEWHAM_BOY, GOSH, "K1", at("2026-02-11T15:30:00"), diagnoses=("C91.0",), **stay),
        "notice.json": fhir.message(
            fhir.patient(NEWHAM_BOY, died_at=f"{died}:00Z"), "RP4", "K-2", "2026-02-11T16:00:00Z", encounter_site="RP4"
        ),
        "gp.hl7": hl7.adt("A31", NEWHAM_BOY, practice, "P1", at("2026-02-12T09:00:00"), died_at="2026-02-11", indicator="Y"),
        "hospice.json": fhir.message(
            fhir.patient(misspelt, died_at="2026-02-11"), "8DX53", "H-1", "2026-02-12T10:00:00Z"
        ),
        "informal.json": fhir.message(informal, "X26", "n-1", "2026-02-11T18:00:00Z", event="pds-death-notification-1"),
        "formal.json": fhir.message(formal, "X26", "n-2", "2026-02-16T18:00:00Z", event="pds-death-notification-1"),
    }  # fmt: skip


def registrar() -> bytes:
    """The death as it was registered: the causes as certified, and the medical examiner who scrutinised them."""
    causes = ("Neutropenic sepsis", "Acute lymphoblastic leukaemia")
    return certificate(NEWHAM_BOY, "2026-02-11", "2026-02-16T10:00:00Z", "2026NE000123", causes, "Dr R Scrutineer")


def s9_by_seven() -> dict[str, bytes]:
    """All seven senders' messages."""
    return s9() | {"registrar.json": registrar()}


PLAYED = (
    tell("s9", "2026-02-17T09:00:00Z", s9_by_seven(), {f"again-{name}": body for name, body in s9_by_seven().items()},
         senders={"registrar.json": "GRO", "again-registrar.json": "GRO"}),
)  # fmt: skip
