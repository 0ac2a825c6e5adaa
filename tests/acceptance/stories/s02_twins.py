"""S2: twins of 23 weeks, told apart by order and number alone."""

import dataclasses

from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import ROYAL_LONDON
from tests.acceptance.story import at, tell

FIRST_NUMBER = invented_nhs_number(4114)
MOTHER_NUMBER = invented_nhs_number(1379)
DIED = {1: "2026-06-01T05:40", 2: "2026-06-04T22:15"}


def one_of_two(order: int | None, number: str | None = None) -> Child:
    """A twin as every sender writes it: everything but order and number is the same."""
    given = f"TWIN {order}" if order else "BABY"
    return Child(
        "Begum", given, "2026-06-01", "male", number, lines=("4 Green Lane",), postcode="E13 8SL", birth_order=order,
        mother="Nasima Begum", mother_nhs_number=MOTHER_NUMBER,
    )  # fmt: skip


def twin(order: int, number: str | None, died_at: str, control: str) -> bytes:
    return hl7.adt(
        "A03", one_of_two(order, number), ROYAL_LONDON, control, at(f"{died_at}:00"), died_at=died_at, indicator="Y",
        discharge="4", visit=f"V{order}", ward="NNU^^^R1H", observations=(("GESTATION", "23+2"), ("LIVEBIRTH", "Y")),
    )  # fmt: skip


def s2() -> dict[str, bytes]:
    return {"one.hl7": twin(1, FIRST_NUMBER, DIED[1], "T1"), "two.hl7": twin(2, None, DIED[2], "T2")}


def by_fhir() -> dict[str, bytes]:
    """The same two as FHIR notifications (``multipleBirthInteger``)."""
    return {
        f"{name}.json": fhir.message(
            fhir.patient(one_of_two(order, number), died_at=f"{DIED[order]}:00+01:00"),
            "R1H", f"T-{order}", f"{DIED[order]}:30+01:00", encounter_site="R1H",
        )
        for name, order, number in (("one", 1, FIRST_NUMBER), ("two", 2, None))
    }  # fmt: skip


def vague_copy(died_at: str | None) -> bytes:
    """A correction without birth order or number of its own; without a date of death nothing says which twin it is."""
    child = dataclasses.replace(one_of_two(None), mother=None, mother_nhs_number=None)
    return hl7.adt("A08", child, ROYAL_LONDON, "T3", at("2026-06-05T10:00:00"), indicator="Y", died_at=died_at)


PLAYED = (
    tell("s2", "2026-06-06T09:00:00Z", s2(), {"vague.hl7": vague_copy("2026-06-04")}),
)  # fmt: skip
