"""S15: on which side of the eighteenth birthday a death lies, as four kinds of partner write it."""

import dataclasses

from integration_engine.record.dates import canonical
from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import OXFORD
from tests.acceptance.story import at

YOUNGSTER = Child(
    "Ashgrove", "Nell", "2008-05-10", "female", invented_nhs_number(25525), lines=("1 Quay Street",), postcode="RG1 1LZ"
)
LEAP_DAY = "2008-02-29"


def born(day: str) -> Child:
    return dataclasses.replace(YOUNGSTER, birth_date=day)


def by_ward(birth: str, died: str) -> dict[str, bytes]:
    """A local time to the minute."""
    told = hl7.adt(
        "A03", born(birth), OXFORD, "A1", at(f"{died}:30"), died_at=died, indicator="Y", discharge="4", visit="V1"
    )
    return {"m.hl7": told}


def by_notification(birth: str, died: str) -> dict[str, bytes]:
    """The same instant with London's offset."""
    patient = fhir.patient(born(birth), died_at=f"{died}:00{canonical(died)[-6:]}")
    return {"m.json": fhir.message(patient, "RTH", "A-1", "2026-05-11T09:00:00Z", encounter_site="RTH")}


def by_force(birth: str, died: str, happened: str | None = None) -> dict[str, bytes]:
    event = {"event_id": "E15", "type": "sudden-death", "at": f"{happened or died}:00", "suspicious": "no"}
    person = police.deceased(born(birth), "P1", life_extinct_at=f"{died}:00")
    return {"m.json": police.report("E23000029", "43-15", "2026-05-11T09:00:00", [person], event=event)}


def by_coroner(birth: str, died: str) -> dict[str, bytes]:
    day, _, time = died.partition("T")
    row = coroner.row(
        "oxfordshire", "00600-2026", "REFERRED", "2026-05-11", born(birth), date_of_death=day, time_of_death=time
    )
    return {"m.csv": coroner.upload([row])}


TELLINGS = {"ward": by_ward, "notification": by_notification, "force": by_force, "coroner": by_coroner}
