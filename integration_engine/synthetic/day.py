"""A day of invented partners: what each sends, through which door, in what order.

The story has what a real day has: one child known to four partners in three areas, twins, a wrong patient taken back, an
expected death told twice, a stillbirth, a re-sent message, a misfiled adult, a bad row - among hundreds of messages that
have nothing to do with any of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number

Door = Literal["mllp", "fhir", "police", "coroner"]


@dataclass(frozen=True, slots=True)
class Partner:
    """An invented account of a real organisation's code: who sends, and in which format."""

    code: str
    kind: Literal["hospital-hl7", "hospital-fhir", "police", "coroner"]
    name: str


@dataclass(frozen=True, slots=True)
class Sending:
    """One message on its way to one door. ``what`` says in a few words, without a name, what it tells.

    ``after`` (panel, kind of delivery): hours lie before this one, so it is sent when that delivery has arrived.
    """

    door: Door
    partner: str
    body: bytes
    what: str
    after: tuple[str, str] | None = None


OXFORD = Partner("RTH", "hospital-hl7", "Oxford hospitals")
LONDON = Partner("R1H", "hospital-hl7", "East London hospitals")
SOUTHAMPTON = Partner("RHM", "hospital-hl7", "Southampton hospitals")
CHILDRENS = Partner("RP4", "hospital-fhir", "London children's hospital")
SWINDON = Partner("RN3", "hospital-fhir", "Swindon hospital")
NATIONAL = Partner("X26", "hospital-fhir", "National demographics events")
WILTSHIRE = Partner("E23000038", "police", "Wiltshire Police")
CORONER = Partner("oxfordshire", "coroner", "Oxfordshire coroner")
PARTNERS = (OXFORD, LONDON, SOUTHAMPTON, CHILDRENS, SWINDON, NATIONAL, WILTSHIRE, CORONER)

PANELS = ("BERKS", "OXON", "WILTSW", "WELC", "NCL", "HIPS")
"""The panels that something of this day concerns."""

EXPECTED: Mapping[str, tuple[str, ...]] = {
    "BERKS": ("new",),
    "OXON": ("copy",),
    "WILTSW": ("copy",),
    "WELC": ("new", "new", "new"),
    "NCL": ("copy",),
    "HIPS": ("new", "new", "withdraw"),
}
"""The kinds of delivery that each panel must have found by the end of the day, whatever else comes."""


class Day:
    """The messages of one day. ``today`` is the day they are sent; everybody dies within the two days before it."""

    def __init__(self, today: date, bystanders: int = 200) -> None:
        self._today = today
        self._bystanders = bystanders

    def _at(self, days_ago: int, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(self._today - timedelta(days=days_ago), time(hour, minute))

    def _born(self, years: int, days: int = 40) -> str:
        born = self._today.replace(day=1) - timedelta(days=days)
        return born.replace(year=born.year - years, day=min(born.day, 28)).isoformat()

    def sendings(self) -> Iterator[Sending]:
        """Everything, in the order it is sent: each story's parts apart, bystanders between them."""
        stories = [self._collision(), self._twins(), self._wrong_patient(), self._expected(), self._not_for_us()]
        parts = [sending for turn in _in_turn(stories) for sending in turn]
        crowd = self._crowd()
        between = max(1, self._bystanders // len(parts))
        for part in parts:
            yield part
            yield from (found for _, found in zip(range(between), crowd, strict=False))
        yield from crowd

    def _collision(self) -> list[Sending]:
        child = Child(
            "Harrow",
            "Ava",
            self._born(11),
            "female",
            invented_nhs_number(1),
            lines=("1 Quay Street",),
            postcode="RG1 1LZ",
        )
        died = self._at(1, 4, 10)
        event: dict[str, Any] = {
            "event_id": "54-77",
            "type": "road-traffic-collision",
            "at": self._at(2, 18, 20).isoformat(),
            "place": {"lines": ["Station Road"], "lad_code": "E06000030"},
            "suspicious": "no",
        }
        hurt = police.deceased(replace(child, nhs_number=None), "P1")
        dead = hurt | {"life_extinct_at": died.isoformat()}
        force, report = WILTSHIRE.code, "54-000123"
        stay: dict[str, Any] = {"visit": "V77", "ward": "PICU^1^3^RTH"}
        moved = coroner.row(
            CORONER.code,
            "00412-26",
            "REFERRED",
            self._at(1, 0).date().isoformat(),
            child,
            date_of_death=died.date().isoformat(),
            place_of_death="John Radcliffe Hospital",
        )
        unreadable = moved | {"reference": "00413-26", "date_of_death": "32/13/2026"}
        discharge = hl7.adt(
            "A03",
            child,
            hl7.Hospital("RTH"),
            "OX1",
            self._at(1, 4, 40),
            died_at=_minute(died),
            indicator="Y",
            discharge="4",
            **stay,
        )
        swindon = fhir.patient(child, died_at=_minute(died) + ":00Z")
        return [
            Sending(
                "police",
                force,
                police.report(force, report, self._at(2, 20).isoformat(), [hurt | {"role": "injured"}], event=event),
                "a child hurt on the road",
            ),
            Sending(
                "mllp",
                "RTH",
                hl7.adt("A02", child, hl7.Hospital("RTH"), "OX0", self._at(2, 21), **stay),
                "a transfer to intensive care",
            ),
            Sending("mllp", "RTH", discharge, "the same child's death on the ward"),
            Sending(
                "fhir",
                "RN3",
                fhir.message(swindon, "RN3", "sw-1", self._at(1, 6).isoformat() + "Z"),
                "the first hospital's notice of it",
            ),
            Sending("mllp", "RTH", discharge, "the ward's message once more"),
            Sending(
                "police",
                force,
                police.report(force, report, self._at(1, 8).isoformat(), [dead], event=event, version=2),
                "the police report, now fatal",
            ),
            Sending(
                "coroner",
                CORONER.code,
                coroner.upload([moved, unreadable]),
                "a referral, and a row with an impossible date",
            ),
        ]

    def _twins(self) -> list[Sending]:
        born = self._at(2, 3).date().isoformat()
        shared: dict[str, Any] = {"birth_date": born, "sex": "male", "lines": ("4 Green Lane",), "postcode": "E13 8SL"}
        mother: dict[str, Any] = {"mother": "Nasima Begum", "mother_nhs_number": invented_nhs_number(5)}
        first = Child("Begum", "TWIN 1", nhs_number=invented_nhs_number(3), birth_order=1, **shared, **mother)
        second = Child("Begum", "TWIN 2", birth_order=2, **shared, **mother)
        told = (("OBX", first, "T1", self._at(2, 5, 40)), ("OBX", second, "T2", self._at(1, 22, 15)))
        return [
            Sending(
                "mllp",
                "R1H",
                hl7.adt(
                    "A03",
                    child,
                    hl7.Hospital("R1H"),
                    control,
                    died + timedelta(minutes=20),
                    died_at=_minute(died),
                    indicator="Y",
                    discharge="4",
                    visit=control,
                    ward="NNU^^^R1H",
                    observations=(("GESTATION", "23+2"), ("LIVEBIRTH", "Y")),
                ),
                f"twin {child.birth_order}'s death",
            )
            for _, child, control, died in told
        ]

    def _wrong_patient(self) -> list[Sending]:
        wrong = Child(
            "Cole", "Eva", self._born(9), "female", invented_nhs_number(7), lines=("2 Mill Road",), postcode="SO16 6YD"
        )
        true = replace(
            wrong,
            family="Cowle",
            given="Isla",
            birth_date=self._born(8),
            nhs_number=invented_nhs_number(9),
            lines=("9 Hill Road",),
            postcode="PO6 3LY",
        )
        died = _minute(self._at(1, 9))
        ward = hl7.Hospital("RHM")
        stay: dict[str, Any] = {"died_at": died, "indicator": "Y", "discharge": "4", "ward": "E1^^^RHM"}
        removed = fhir.message(
            fhir.patient(wrong, national_status="U"),
            "X26",
            "pds-7",
            self._at(1, 13, 25).isoformat() + "Z",
            event="pds-death-notification-1",
        )
        return [
            Sending(
                "mllp",
                "RHM",
                hl7.adt("A03", wrong, ward, "SO1", self._at(1, 11), visit="S5", **stay),
                "a death, of the wrong patient",
            ),
            Sending(
                "mllp",
                "RHM",
                hl7.adt("A13", wrong, ward, "SO2", self._at(1, 13, 20), visit="S5", ward="E1^^^RHM"),
                "the discharge cancelled",
                after=("HIPS", "new"),
            ),
            Sending("fhir", "X26", removed, "the national record: not dead"),
            Sending(
                "mllp",
                "RHM",
                hl7.adt("A03", true, ward, "SO3", self._at(1, 13, 30), visit="S6", **stay),
                "the true child's death",
            ),
        ]

    def _expected(self) -> list[Sending]:
        child = Child(
            "Whitaker",
            "Jonah",
            self._born(6),
            "male",
            invented_nhs_number(11),
            lines=("5 High Street",),
            postcode="E13 8SL",
        )
        died = _minute(self._at(1, 15, 5)) + ":00Z"
        sent = self._at(1, 16).isoformat() + "Z"
        formal = fhir.patient(child, died_at=died[:10], national_status="2")
        return [
            Sending(
                "fhir",
                "RP4",
                fhir.message(fhir.patient(child, died_at=died), "RP4", "ch-1", sent, encounter_site="RP4"),
                "an expected death",
            ),
            Sending(
                "fhir",
                "X26",
                fhir.message(
                    formal, "X26", "pds-9", self._at(0, 1).isoformat() + "Z", event="pds-death-notification-1"
                ),
                "its registration",
            ),
        ]

    def _not_for_us(self) -> list[Sending]:
        ward = hl7.Hospital("R1H")
        died = _minute(self._at(1, 3))
        adult = Child("Pell", "Rowan", self._born(46), "male", invented_nhs_number(13))
        stillborn = Child(
            "Shaw", "BABY", self._at(1, 2).date().isoformat(), "female", lines=("3 Park View",), postcode="E13 8SL"
        )
        attended = (("GESTATION", "31+0"), ("STILLBIRTH", "Y"), ("ATTENDED", "Y"))
        at = self._at(1, 4)
        return [
            Sending(
                "mllp",
                "R1H",
                hl7.adt("A03", adult, ward, "N1", at, died_at=died, indicator="Y", discharge="4"),
                "an adult's death",
            ),
            Sending(
                "mllp",
                "R1H",
                hl7.adt("A03", stillborn, ward, "N2", at, died_at=died, discharge="5", observations=attended),
                "a stillbirth with a midwife present",
            ),
            Sending("fhir", "RP4", b'{"resourceType": "Bundle", "type": "message", "entry": [', "a message cut short"),
        ]

    def _crowd(self) -> Iterator[Sending]:
        """Patients nobody died of: admissions, transfers, discharges home."""
        child = Child("Other", "Sam", self._born(10), "male", lines=("8 Elm Close",), postcode="E13 8SL")
        for n in range(self._bystanders):
            trigger = ("A01", "A02", "A03", "A08")[n % 4]
            patient = replace(child, nhs_number=invented_nhs_number(1000 + n), birth_date=self._born(1 + n % 80))
            body = hl7.adt(
                trigger,
                patient,
                hl7.Hospital("R1H"),
                f"B{n}",
                self._at(0, 1),
                discharge="1" if trigger == "A03" else None,
            )
            yield Sending("mllp", "R1H", body, "an ordinary admission message")


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _in_turn(stories: list[list[Sending]]) -> Iterator[list[Sending]]:
    """The n-th part of every story, then the next: so that no child's messages come together."""
    for n in range(max(len(story) for story in stories)):
        yield [story[n] for story in stories if n < len(story)]
