"""S16: two sisters and their cousin of the same name, one fire, three deaths on two dates; one child at first unnamed."""

import dataclasses
from typing import Any

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import at, tell

LEEDS_POLICE = "E23000010"
LEEDS_INFIRMARY = hl7.Hospital("RR8")
CORONER = "west-yorkshire-eastern"
HOME = {"lines": ("31 Ember Lane",), "postcode": "LS1 1UR"}

YOUNGER = Child("Mistry", "Anika", "2023-02-11", "female", invented_nhs_number(26611), **HOME)  # type: ignore[arg-type]
OLDER = Child("Mistry", "Priya", "2020-10-05", "female", invented_nhs_number(26622), **HOME)  # type: ignore[arg-type]
COUSIN = Child("Mistry", "Priya", "2020-06-19", "female", invented_nhs_number(26633), **HOME)  # type: ignore[arg-type]
"""The cousin stayed with them: the same first and family name, the same postcode, another birth date."""

DIED = {"P1": "2026-01-17T02:40:00", "P2": "2026-01-17T02:40:00", "P3": "2026-01-18T13:15:00"}


def fire(version: int, **persons: dict[str, Any]) -> bytes:
    """One report of the one event; ``persons`` by the force's id."""
    event = {
        "event_id": "E-16", "type": "fire", "at": "2026-01-17T01:30:00", "suspicious": "unexplained",
        "place": {"lines": ["31 Ember Lane"], "postcode": "LS1 1UR", "lad_code": "E08000035"},
        "incident_ref": "13260117-0099",
    }  # fmt: skip
    people = [{**person, "person_id": name} for name, person in persons.items()]
    reported = f"2026-01-{17 + version}T09:00:00"
    return police.report(LEEDS_POLICE, "13-2026-000016", reported, people, event=event, version=version)


def known(child: Child, person_id: str, **also: Any) -> dict[str, Any]:
    """A child as the force writes them: without a number."""
    told = police.deceased(child, person_id, life_extinct_at=DIED[person_id], **also)
    return {key: value for key, value in told.items() if key != "nhs_number"}


def unknown(person_id: str = "P2") -> dict[str, Any]:
    """A girl found in the house whom nobody could name on the night."""
    return {
        "person_id": person_id, "role": "deceased", "family_name": "UNKNOWN CHILD 2", "age": "5 years", "sex": "F",
        "life_extinct_at": DIED[person_id],
        "place_of_death": {"type": "home", "lines": ["31 Ember Lane"], "postcode": "LS1 1UR"},
    }  # fmt: skip


def injured(child: Child, person_id: str) -> dict[str, Any]:
    person = known(child, person_id) | {"role": "injured"}
    del person["life_extinct_at"]
    return person


def on_the_night() -> bytes:
    """Anika is dead and named, a girl of five is dead and unnamed, Priya the cousin is in hospital."""
    return fire(1, P1=known(YOUNGER, "P1"), P2=unknown(), P3=injured(COUSIN, "P3"))


def all_three_dead() -> bytes:
    """The cousin has died the next day; the second child is still unnamed."""
    return fire(2, P1=known(YOUNGER, "P1"), P2=unknown(), P3=known(COUSIN, "P3"))


def named() -> bytes:
    """The force knows by now who its second person was: Priya, the sister."""
    return fire(3, P1=known(YOUNGER, "P1"), P2=known(OLDER, "P2"), P3=known(COUSIN, "P3"))


def cousins_ward() -> bytes:
    return hl7.adt(
        "A03", COUSIN, LEEDS_INFIRMARY, "LGI16", at("2026-01-18T13:40:00"), died_at="2026-01-18T13:15", indicator="Y",
        discharge="4", visit="LG1", ward="PICU^^^RR8", diagnoses=("X00.0", "T29.3"),
    )  # fmt: skip


def sisters_notification(**change: Any) -> bytes:
    """The practice's notification of Priya the sister: her number and birth date."""
    child = dataclasses.replace(OLDER, **change)
    return fhir.message(fhir.patient(child, died_at="2026-01-17"), "B86001", "gp-16", "2026-01-20T10:00:00Z")


def referrals() -> bytes:
    rows = [
        coroner.row(
            CORONER, f"0010{n}-2026", "REFERRED", "2026-01-19", child, date_of_death=died[:10],
            place_of_death_postcode="LS1 1UR" if n < 3 else "LS1 3EX",
        )
        for n, (child, died) in enumerate(
            ((YOUNGER, DIED["P1"]), (OLDER, DIED["P2"]), (COUSIN, DIED["P3"])), 1
        )
    ]  # fmt: skip
    return coroner.upload(rows)


def s16() -> dict[str, bytes]:
    return {
        "night.json": on_the_night(), "dead.json": all_three_dead(), "ward.hl7": cousins_ward(), "named.json": named(),
        "practice.json": sisters_notification(), "coroner.csv": referrals(),
    }  # fmt: skip


def _as_acts() -> tuple[dict[str, bytes], ...]:
    told = s16()
    return (
        {"night.json": told["night.json"]},
        {name: told[name] for name in ("dead.json", "ward.hl7")},
        {name: told[name] for name in ("named.json", "practice.json", "coroner.csv")},
    )


PLAYED = (tell("s16", "2026-01-21T09:00:00Z", *_as_acts(), senders={"coroner.csv": CORONER}),)
