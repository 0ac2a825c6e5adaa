"""S11: sentenced, at home in Sheffield, dead in a young offender institution in Leeds."""

from typing import Any

from integration_engine.synthetic import coroner, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import tell

RETIRED_SHEFFIELD, SHEFFIELD, LEEDS = "E08000019", "E08000039", "E08000035"
WEST_YORKSHIRE_POLICE = "E23000010"
CORONER = "west-yorkshire-eastern"
DIED = "2026-02-01T06:40:00"

YOUNG_MAN = Child("Thackray", "Dean", "2008-09-14", "male", invented_nhs_number(19005), lines=("8 Anvil Terrace",))


def found_dead(home: str = RETIRED_SHEFFIELD, **of_the_person: Any) -> bytes:
    """The force's report: found dead in his cell, at home where the sender's own list of codes says."""
    institution = {
        "type": "young offender institution", "name": "Wetherby", "lines": ["York Road"], "postcode": "LS22 5ED",
        "lad_code": LEEDS,
    }  # fmt: skip
    person = police.deceased(
        YOUNG_MAN, "P1", life_extinct_at=DIED, custody="prison-yoi", place_of_death=institution,
        address={"lines": ["8 Anvil Terrace"], "lad_code": home, "use": "home"},
    )  # fmt: skip
    person |= of_the_person
    event = {"event_id": "E-61", "type": "other", "at": DIED, "suspicious": "no", "place": institution}
    return police.report(WEST_YORKSHIRE_POLICE, "13-2026-000061", "2026-02-01T09:15:00", [person], event=event)


def s11() -> dict[str, bytes]:
    opened = coroner.row(
        CORONER, "00088-2026", "INQUEST_OPENED", "2026-02-04", YOUNG_MAN, date_of_death="2026-02-01",
        place_of_death="Young offender institution", lad_of_death=LEEDS, notes="Death in state detention: jury",
    )  # fmt: skip
    return {"police.json": found_dead(), "coroner.csv": coroner.upload([opened])}


PLAYED = (tell("s11", "2026-02-05T09:00:00Z", s11(), senders={"coroner.csv": CORONER}),)
