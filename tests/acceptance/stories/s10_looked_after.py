"""S10: looked after by Liverpool, placed in Shropshire, dead of a seizure in Stoke."""

from typing import Any

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import at, tell

LIVERPOOL, SHROPSHIRE, STOKE = "E08000012", "E06000051", "E06000021"
STAFFORDSHIRE_POLICE, WEST_MERCIA_POLICE = "E23000015", "E23000016"
ROYAL_STOKE = hl7.Hospital("RJE01")
DIED = "2026-04-01T10:00"

PLACED_BOY = Child(
    "Merridew",
    "Callum",
    "2013-08-19",
    "male",
    invented_nhs_number(17822),
    lines=("2 Sabrina Court",),
    postcode="SY2 6ND",
)
"""As the hospital and the force write him: his home address is the foster home's."""


def force_report(**of_the_person: Any) -> bytes:
    """The force's report of the sudden death, with what social care told the officer."""
    person = police.deceased(
        PLACED_BOY, "P1", life_extinct_at=f"{DIED}:00",
        place_of_death={"type": "hospital", "name": "Royal Stoke", "lad_code": STOKE},
        **({"looked_after": {"is": True, "local_authority": LIVERPOOL}} | of_the_person),
    )  # fmt: skip
    event = {
        "event_id": "E-40", "type": "sudden-death", "at": "2026-04-01T08:50:00", "suspicious": "no",
        "place": {"lines": ["2 Sabrina Court"], "lad_code": SHROPSHIRE},
    }  # fmt: skip
    return police.report(STAFFORDSHIRE_POLICE, "21-2026-000040", "2026-04-01T12:00:00", [person], event=event)


def placed() -> bytes:
    """The same report where the address is said to be a placement."""
    return force_report(address={"lines": ["2 Sabrina Court"], "postcode": "SY2 6ND", "use": "placement"})


def s10() -> dict[str, bytes]:
    referral = coroner.row(
        "staffordshire-and-stoke-on-trent", "00231-2026", "REFERRED", "2026-04-01", PLACED_BOY,
        date_of_death="2026-04-01", place_of_death="Royal Stoke University Hospital",
    )  # fmt: skip
    return {
        "adt.hl7": hl7.adt(
            "A03", PLACED_BOY, ROYAL_STOKE, "ST1", at("2026-04-01T10:30:00"), died_at=DIED, indicator="Y", discharge="4",
            visit="ST9", ward="ED^^^RJE01", diagnoses=("G40.9",),
        ),
        "police.json": force_report(),
        "notice.json": fhir.message(
            fhir.patient(PLACED_BOY, died_at=f"{DIED}:00+01:00"), "RJE", "ST-2", "2026-04-01T13:00:00+01:00",
            encounter_site="RJE01",
        ),
        "coroner.csv": coroner.upload([referral]),
    }  # fmt: skip


PLAYED = (
    tell("s10", "2026-04-02T09:00:00Z", s10(), senders={"coroner.csv": "staffordshire-and-stoke-on-trent"}),
)  # fmt: skip
