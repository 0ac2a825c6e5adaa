"""S12: homes under codes that are retired, of panels that merged, and under a code nobody knows."""

import dataclasses
from typing import Any

from integration_engine.synthetic import fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import at, tell

COPELAND, POOLE, GATESHEAD, NOWHERE = "E07000029", "E06000029", "E08000037", "E07009999"
NORTHUMBRIA_POLICE = "E23000007"

CHILDREN = {
    "copeland": (Child("Moss", "Tom", "2011-01-01", "male", invented_nhs_number(20001), lines=("1 Fell Lane",)), COPELAND),
    "poole": (Child("Gale", "Isla", "2012-02-02", "female", invented_nhs_number(20002), lines=("2 Quay Row",)), POOLE),
    "gateshead": (Child("Dodds", "Ned", "2014-04-04", "male", invented_nhs_number(20003), lines=("3 Tyne Bank",)), GATESHEAD),
    "nowhere": (Child("Orchard", "Wynn", "2015-05-05", "male", invented_nhs_number(20004), lines=("4 Far Lane",)), NOWHERE),
}  # fmt: skip
DIED = {
    "copeland": "2026-01-05T10:00:00", "poole": "2019-03-15T10:00:00", "gateshead": "2020-03-10T10:00:00",
    "nowhere": "2026-01-05T11:00:00",
}  # fmt: skip


def sudden(who: str, **of_the_person: Any) -> bytes:
    """One of the four as a force reports it, the home by the district code of the force's own list."""
    child, code = CHILDREN[who]
    event = {"event_id": f"E-{who}", "type": "sudden-death", "at": DIED[who], "suspicious": "no"}
    home = {"lines": list(child.lines), "lad_code": code, "use": "home"}
    person = police.deceased(child, "P1", life_extinct_at=DIED[who], **({"address": home} | of_the_person))
    return police.report(NORTHUMBRIA_POLICE, f"10-{who}", "2026-01-06T09:00:00", [person], event=event)


def by_hospital(who: str) -> bytes:
    """The same as a hospital's HL7, the district code in the address (PID-11.9)."""
    child, code = CHILDREN[who]
    died = DIED[who][:16]
    message = hl7.adt(
        "A03", dataclasses.replace(child, postcode=None), hl7.Hospital("RTD"), f"H-{who}", at("2026-01-06T10:00:00"),
        died_at=died, indicator="Y", discharge="4", visit=f"V-{who}",
    )  # fmt: skip
    return message.replace(b"^^^^^^H", b"^^^^^^H^^" + code.encode())


def by_notification(who: str) -> bytes:
    """The same as a FHIR message, the district code as the address's district."""
    child, code = CHILDREN[who]
    patient = fhir.patient(child, died_at=f"{DIED[who]}Z")
    patient["address"] = [{"use": "home", "line": list(child.lines), "district": code}]
    return fhir.message(patient, "RTD", f"F-{who}", "2026-01-06T11:00:00Z", encounter_site="RTD")


def s12() -> dict[str, bytes]:
    died_in = {"type": "hospital", "lad_code": "E08000035"}
    return {f"{who}.json": sudden(who) for who in ("copeland", "poole", "gateshead")} | {
        "nowhere.json": sudden("nowhere", place_of_death=died_in)
    }


PLAYED = (tell("s12", "2026-01-07T09:00:00Z", s12()),)
