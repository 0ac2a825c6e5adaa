"""S6: stillbirths, a termination and a live birth before viability, in every partner's format."""

from typing import Any

import orjson

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import BIRMINGHAM_WOMENS
from tests.acceptance.story import at, tell

BABY = Child(
    "Shaw", "BABY", "2026-05-04", "female", lines=("3 Park View",), postcode="B4 6NH", mother="Ann Shaw",
    mother_nhs_number=invented_nhs_number(610),
)  # fmt: skip
BORN = "2026-05-04T10:40"
FORCE = "E23000014"
# Attended stillbirth at 31 weeks; nobody attended at 36; termination with signs of life; live birth at 22+1; late loss.
ATTENDED = {"GESTATION": "31+0", "STILLBIRTH": "Y", "ATTENDED": "Y"}
ALONE = {"GESTATION": "36+0", "STILLBIRTH": "Y", "ATTENDED": "N", "STILLBIRTH_AT_HOME": "Y"}
TERMINATED = {"GESTATION": "21+4", "TERMINATION": "Y", "SIGNS_OF_LIFE": "Y"}
LIVE = {"GESTATION": "22+1", "LIVEBIRTH": "Y", "SIGNS_OF_LIFE": "Y"}
LATE_LOSS = {"GESTATION": "23+0", "STILLBIRTH": "Y", "ATTENDED": "Y", "SIGNS_OF_LIFE": "N"}


def birth(control: str, died_at: str = BORN, child: Child = BABY, **observations: str) -> bytes:
    """An ADT with OBX by the plain local codes."""
    stillborn = "STILLBIRTH" in observations
    return hl7.adt(
        "A03" if not stillborn else "A08", child, BIRMINGHAM_WOMENS, control, at(f"{died_at}:30"), died_at=died_at,
        indicator="Y", discharge="5" if stillborn else "4", visit=control,
        observations=tuple((code.replace("_", "-"), value) for code, value in observations.items()),
    )  # fmt: skip


def birth_by_fhir(message_id: str, child: Child = BABY, **observations: str) -> bytes:
    """The same with an Observation for each."""
    bundle = orjson.loads(
        fhir.message(
            fhir.patient(child, died_at=f"{BORN}:00+01:00"), "RQ3", message_id, f"{BORN}:30+01:00", encounter_site="RQ3",
            others=(fhir.mother_of(child),),
        )
    )  # fmt: skip
    subject = {"reference": bundle["entry"][1]["fullUrl"]}
    for n, (code, value) in enumerate(observations.items()):
        seen: dict[str, Any] = {
            "resourceType": "Observation", "id": f"o{n}", "status": "final", "subject": subject,
            "code": {"coding": [{"code": code.replace("_", "-")}]}, "valueString": value,
        }  # fmt: skip
        bundle["entry"].append({"fullUrl": f"urn:uuid:00000000-0000-4000-8000-0000000001{n:02}", "resource": seen})
    return orjson.dumps(bundle)


def birth_by_police(report_id: str, child: Child = BABY, **said: Any) -> bytes:
    """A force's report with its birth block."""
    person = police.deceased(child, "P1", life_extinct_at=f"{BORN}:00", birth=said) | {"role": "deceased"}
    place = {"lines": list(child.lines), "postcode": child.postcode, "type": "home"}
    event = {"event_id": f"E-{report_id}", "type": "other", "at": f"{BORN}:00", "suspicious": "no", "place": place}
    return police.report(FORCE, report_id, "2026-05-04T13:00:00", [person], event=event)


def concluded(reference: str, child: Child = BABY, conclusion: str = "stillbirth") -> bytes:
    """The coroner's word at the end."""
    told = coroner.row(
        "birmingham-and-solihull", reference, "CONCLUDED", "2026-06-20", child, date_of_death="2026-05-04",
        conclusion=conclusion, conclusion_at="2026-06-20", nhs_number=child.nhs_number or "",
    )  # fmt: skip
    return coroner.upload([told])


# Their homes are far apart: babies of one day and one street might be twins.
UNATTENDED = Child(
    "Ferrers", "BABY", "2026-05-04", "female", invented_nhs_number(66123), lines=("15 Fern Way",), postcode="B15 2GW",
    mother="Una Ferrers", mother_nhs_number=invented_nhs_number(66124),
)  # fmt: skip
TOLD_LATE = Child(
    "Gaskell", "BABY", "2026-05-04", "male", invented_nhs_number(66231), lines=("21 Gale Road",), postcode="B1 1BB",
    mother="Ivy Gaskell", mother_nhs_number=invented_nhs_number(66232),
)  # fmt: skip
PASSED = Child(
    "Norwood", "BABY", "2026-05-04", "male", invented_nhs_number(66341), lines=("5 Norton Close",), postcode="B31 2AP"
)
EARLY = Child(
    "Ollerton", "BABY", "2026-05-04", "male", invented_nhs_number(66451), lines=("6 Oldbury Row",), postcode="B18 7QH"
)
NOW = "2026-06-21T09:00:00Z"

PLAYED = (
    tell(
        "s6-alone", NOW, {"birth.hl7": birth("BA1", child=UNATTENDED, **ALONE)},
        {"coroner.csv": concluded("00661-2026", UNATTENDED)}, senders={"coroner.csv": "birmingham-and-solihull"},
    ),
    tell(
        "s6-terminated", NOW, {"birth.hl7": birth("BT1", child=TOLD_LATE)},
        {"ended.hl7": birth("BT2", child=TOLD_LATE, **TERMINATED)},
    ),
    tell("s6-attended", NOW, {"birth.hl7": birth("BS1", child=PASSED, **ATTENDED)}),
    tell("s6-live", NOW, {"birth.hl7": birth("BL1", child=EARLY, **LIVE)}),
)  # fmt: skip
