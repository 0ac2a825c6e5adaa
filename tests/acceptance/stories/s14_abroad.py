"""S14: at home in Bristol, drowned in Spain; only the school and, days later, the coroner tell of it."""

from typing import Any

from integration_engine.synthetic import coroner, fhir, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import tell

BRISTOL = "E06000023"
AVON_POLICE = "E23000036"
SCHOOL = "EE137093"
CORONER = "avon"

GIRL = Child(
    "Larkham", "Posy", "2022-03-30", "female", invented_nhs_number(24414), lines=("12 Dock Street",), postcode="BS1 5TR"
)


def school(**parts: Any) -> bytes:
    """What the head teacher's form says, nine days after: the day alone, and the drowning as a diagnosis nobody coded."""
    patient = fhir.patient(GIRL, died_at="2026-08-02") | parts
    return fhir.message(patient, SCHOOL, "school-1", "2026-08-11T09:30:00+01:00", event="notification")


def referral(**columns: str) -> bytes:
    """The body came back and lies in the coroner's area."""
    told = {
        "date_of_death": "2026-08-02", "place_of_death": "Playa Grande, Alicante, Spain", "cause_1a": "Drowning",
        "notes": "Body repatriated 11/08/2026",
    }  # fmt: skip
    return coroner.upload([coroner.row(CORONER, "01203-2026", "REFERRED", "2026-08-12", GIRL, **(told | columns))])


def concluded() -> bytes:
    return coroner.upload(
        [
            coroner.row(
                CORONER, "01203-2026", "CONCLUDED", "2027-02-01", GIRL, date_of_death="2026-08-02",
                place_of_death="Playa Grande, Alicante, Spain", conclusion="accident", conclusion_at="2027-02-01",
            )
        ]
    )  # fmt: skip


def force() -> bytes:
    """Officers of the home force take statements from the family: event and death lie in Spain."""
    spain = {"type": "abroad", "name": "Playa Grande", "country": "ESP"}
    event = {
        "event_id": "E-14",
        "type": "drowning",
        "at": "2026-08-02T16:20:00+02:00",
        "suspicious": "no",
        "place": spain,
    }
    person = police.deceased(GIRL, "P1", life_extinct_at="2026-08-02T17:05:00+02:00", place_of_death=spain)
    return police.report(AVON_POLICE, "52-2026-000814", "2026-08-12T10:00:00", [person], event=event)


PLAYED = (
    tell(
        "s14", "2026-08-13T09:00:00Z", {"school.json": school()}, {"coroner.csv": referral(), "police.json": force()},
        senders={"coroner.csv": CORONER},
    ),
)  # fmt: skip
