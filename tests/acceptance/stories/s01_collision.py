"""S1: hurt in Swindon, dead in Oxford, at home in Reading."""

import csv
import io

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import OXFORD, SWINDON, WILTSHIRE_POLICE
from tests.acceptance.story import Story, at, tell

READING_GIRL = Child(
    "Harrow", "Ava", "2014-05-09", "female", invented_nhs_number(1), lines=("1 Quay Street",), postcode="RG1 1LZ"
)


def collision(role: str, version: int, **also: str) -> bytes:
    person = police.deceased(READING_GIRL, "P1", **also) | {"role": role, "nhs_number": None}
    event = {
        "event_id": "54-26-77",
        "type": "road-traffic-collision",
        "at": "2026-03-07T18:20:00",
        "place": {"lines": ["Station Road"], "lad_code": "E06000030"},
        "suspicious": "no",
    }
    return police.report(
        WILTSHIRE_POLICE,
        "54-2026-000123",
        f"2026-03-{6 + version:02}T20:00:00",
        [{k: v for k, v in person.items() if v}],
        event=event,
        version=version,
    )


def s1() -> dict[str, bytes]:
    died = "2026-03-09T04:10"
    stay = {"visit": "V77", "ward": "PICU^1^3^RTH"}
    referral = coroner.row(
        "oxfordshire",
        "00412-2026",
        "REFERRED",
        "2026-03-09",
        READING_GIRL,
        date_of_death="2026-03-09",
        place_of_death="John Radcliffe Hospital",
    )
    return {
        "police-1.json": collision("injured", 1),
        "gwh.hl7": hl7.adt("A02", READING_GIRL, SWINDON, "G1", at("2026-03-07T19:30:00"), visit="G9"),
        "gwh-left.hl7": hl7.adt(
            "A03", READING_GIRL, SWINDON, "G2", at("2026-03-07T21:00:00"), visit="G9", discharge="1"
        ),
        "oxford.hl7": hl7.adt(
            "A03",
            READING_GIRL,
            OXFORD,
            "O1",
            at("2026-03-09T04:40:00"),
            died_at=died,
            indicator="Y",
            discharge="4",
            **stay,
        ),
        "oxford.json": fhir.message(
            fhir.patient(READING_GIRL, died_at=f"{died}:00Z"),
            "RTH",
            "O-2",
            "2026-03-09T06:00:00Z",
            encounter_site="RTH",
        ),
        "police-2.json": collision("deceased", 3, life_extinct_at=f"{died}:00"),
        "coroner.csv": coroner.upload([referral]),
    }


def transferred() -> bytes:
    """The other coroner's word that the case has come to them."""
    moved = coroner.row(
        "wiltshire-and-swindon", "00077-2026", "TRANSFERRED_IN", "2026-03-16", READING_GIRL,
        date_of_death="2026-03-09", transferred_from="oxfordshire",
    )  # fmt: skip
    return coroner.upload([moved])


def by_force_export() -> bytes:
    """The fatal update as the force's records system exports it: its own column names, day-first dates, pick lists."""
    told = {
        "Sudden Death No": "54/26/0123", "Revision": "3", "Record Status": "Live", "Reported Date Time": "09/03/2026 20:00",
        "Occurrence No": "54-26-77", "Occurrence Classification": "RTC Fatal", "Occurrence Date Time": "07/03/2026 18:20",
        "Occurrence Location": "Station Road, Swindon", "Occurrence LA Code": "E06000030", "Involvement": "Victim - Fatal",
        "Nominal No": "N1", "Surname": "HARROW", "Forenames": "AVA", "DOB": "09/05/2014", "Gender": "Female",
        "Home Address": "1 Quay Street, Reading, RG1 1LZ", "Life Pronounced Extinct": "09/03/2026 04:10",
        "Suspicious": "No", "OIC": "DC EXAMPLE", "OIC Collar": "2210",
    }  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, list(told))
    writer.writeheader()
    writer.writerow(told)
    return out.getvalue().encode()


def _played() -> Story:
    """The six messages, the transfer between coroners, and then every one of them once more."""
    told, moved = s1(), {"moved.csv": transferred()}
    again = {f"z-{name}": body for name, body in (told | moved).items()}
    senders = {"coroner.csv": "oxfordshire", "moved.csv": "wiltshire-and-swindon"}
    return tell(
        "s1", "2026-03-17T09:00:00Z", told, moved, again, senders=senders | {f"z-{n}": who for n, who in senders.items()}
    )  # fmt: skip


PLAYED = (_played(),)
