"""S3: a newborn without a name or number, named later by the hospital and then by the registrar."""

import dataclasses

from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import at, tell


def s3() -> dict[str, bytes]:
    mother = invented_nhs_number(6850)
    unnamed = Child(
        "OKAFOR", "BABY", "2026-08-12", "female", lines=("7 Hope Street",), postcode="M13 9WL",
        mother="Ada Bello", mother_nhs_number=mother,
    )  # fmt: skip
    named = dataclasses.replace(unnamed, family="BELLO", given="Grace", nhs_number=invented_nhs_number(8225))
    manchester = hl7.Hospital("R0A")
    died = {"died_at": "2026-08-12T09:30", "indicator": "Y"}
    formal = fhir.patient(dataclasses.replace(named, mother=None), died_at="2026-08-12", national_status="2")
    return {
        "a.hl7": hl7.adt(
            "A03", unnamed, manchester, "M1", at("2026-08-12T10:05:00"), discharge="4", visit="N1", **died
        ),
        "b.hl7": hl7.adt("A08", named, manchester, "M2", at("2026-08-12T14:00:00"), **died),
        "c.json": fhir.message(formal, "X26", "reg-1", "2026-08-20T10:00:00+01:00", event="pds-death-notification-1"),
    }


def _s3() -> tuple[dict[str, bytes], ...]:
    return tuple({name: body} for name, body in s3().items())


PLAYED = (tell("s3", "2026-08-21T09:00:00Z", *_s3()),)
