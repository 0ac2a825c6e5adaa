"""What a hospital says all day: its whole patient administration, of which one message in a thousand is a child's death.

    firehose(100_000)            the whole: of each thousand seven have to be read (see ``_feed``), the rest is passed over
    ordinary_messages(500)       HL7 v2 about the living
    ordinary_bundles(500)        FHIR about the living

Events have about the shares of an acute trust's feed, where updates and transfers are most. The same ``seed`` gives the same
messages. NHS numbers are of the test range, and given to several people here: those who are passed over are not linked.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from benchmarks.deaths import HOSPITAL, TOLD, Deaths
from benchmarks.linkage import Town
from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number

# fmt: off
_EVENTS = {
    "A08": 36, "A31": 16, "A02": 11, "A01": 9, "A03": 8, "A04": 9, "A05": 4, "A28": 3, "A11": 1, "A12": 1, "A38": 1,
}
# fmt: on
_STAYS = frozenset({"A01", "A02", "A03", "A04", "A05", "A08", "A11", "A12", "A13", "A38"})
_A_THOUSAND = 1000
_FIRST_NUMBER, _NUMBERS = 60_000, 30_000
_GROWN_UP_DAYS, _OLDEST_DAYS = 20 * 365, 95 * 365
_DIAGNOSES = ("J181", "N390", "I48X", "S7200", "K590", "R074", "E119", "J440")
# What systems add to their messages beside what this engine reads.
_MORE = (
    "PV2|||Elective admission^Planned|||||20260301|20260304||Review by the team in the morning",
    "AL1|1|DA|Penicillin^Penicillin|MO|Rash||20190412",
    "NK1|1|^^|SPO^Spouse||01234 567890||NEXT OF KIN",
    "GT1|1||||||||",
    "ROL||AD|PP^Primary care provider|G9999999^Practice^Own",
    "OBX|1|NM|3141-9^Body weight^LN||71.4|kg|||||F",
    "OBX|2|NM|8302-2^Body height^LN||168|cm|||||F",
    "ZVT|1|Transport booked|20260304",
)


class Wards:
    """An endless row of ordinary people."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._town = Town(self._chance)
        self._serial = 0
        # Some systems fill PID-30 with every message.
        self._templates = {
            (event, alive): _template(event, indicator=alive) for event in _EVENTS for alive in (None, "N")
        }
        self._died = _template("A03", died="2026-03-09T04:10", indicator="Y", discharge="4")
        self._joined = _template("A40", merged="@OLD")
        self._discharged_after_all = _template("A13")

    def ordinary(self) -> Iterator[bytes]:
        """Messages about the living, of every age."""
        events = list(_EVENTS)
        while True:
            event = self._chance.choices(events, list(_EVENTS.values()))[0]
            lived = self._chance.randint(0, _OLDEST_DAYS)
            alive = self._chance.choice((None, "N"))
            yield self._filled(self._templates[event, alive], lived, more=self._chance.randint(0, len(_MORE)))

    def grown_up_who_died(self) -> bytes:
        return self._filled(self._died, self._chance.randint(_GROWN_UP_DAYS, _OLDEST_DAYS))

    def joined(self) -> bytes:
        """Two records of one grown-up become one."""
        return self._filled(self._joined, self._chance.randint(_GROWN_UP_DAYS, _OLDEST_DAYS))

    def not_discharged(self) -> bytes:
        """A discharge of somebody is cancelled: where it was a child's it could take back a death."""
        return self._filled(self._discharged_after_all, self._chance.randint(0, _OLDEST_DAYS))

    def person(self, lived: int) -> Child:
        self._serial += 1
        home = self._town.home()
        return Child(
            self._town.name("family"), self._town.name("given"), (TOLD.date() - timedelta(days=lived)).isoformat(),
            self._chance.choice(("female", "male")), invented_nhs_number(_FIRST_NUMBER + self._serial % _NUMBERS),
            lines=(home["address_line"],), postcode=home["postcode"], gp_practice=home["gp_ods"],
        )  # fmt: skip

    def moment(self) -> datetime:
        return TOLD - timedelta(seconds=self._chance.randrange(24 * 3600))

    def _filled(self, template: str, lived: int, more: int = 0) -> bytes:
        person, chance = self.person(lived), self._chance
        values = {
            "@FAMILY": person.family, "@GIVEN": person.given, "@BORN": person.birth_date.replace("-", ""),
            "@NUMBER": person.nhs_number or "", "@LINE": person.lines[0], "@POSTCODE": person.postcode or "",
            "@GP": person.gp_practice or "", "@TOLD": f"{self.moment():%Y%m%d%H%M%S}", "@CONTROL": f"W{self._serial}",
            "@VISIT": f"{self._serial:08}", "@LOCAL": f"{chance.randrange(10**7):07}",
            "@OLD": f"{chance.randrange(10**7):07}", "@DIAGNOSIS": chance.choice(_DIAGNOSES),
        }  # fmt: skip
        for name, value in values.items():
            template = template.replace(name, value)
        return (template + "".join(f"{line}\r" for line in _MORE[:more])).encode()


def firehose(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many messages of a whole feed; in each thousand they stand where chance puts them."""
    return islice(_feed(seed), count)


def ordinary_messages(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many HL7 v2 messages that the screen can pass over."""
    return islice(Wards(seed).ordinary(), count)


def ordinary_bundles(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many FHIR message bundles that the screen can pass over: a stay, with what was observed in it."""
    wards = Wards(seed)
    for n in range(count):
        person, told = wards.person(n * 37 % _OLDEST_DAYS), f"{wards.moment():%Y-%m-%dT%H:%M:%SZ}"
        subject = fhir.patient(person, local_id=f"{n:07}")
        others = tuple(_observed(code, told) for code in ("8867-4", "9279-1", "8310-5", "59408-5"))
        yield fhir.message(
            subject, HOSPITAL.ods_code, f"w-{n}", told, event="observation-provide", encounter_site="RTH01", others=others
        )  # fmt: skip


def _feed(seed: int) -> Iterator[bytes]:
    """In each thousand, where chance puts them: a child's death, two of grown-ups, two joined records, two discharges
    cancelled. The others say nothing that could concern a death."""
    wards, chance = Wards(seed), random.Random(seed)
    deaths, ordinary = Deaths(seed).hl7(_A_THOUSAND**2), Wards(seed + 1).ordinary()
    others = (wards.grown_up_who_died, wards.joined, wards.not_discharged)
    while True:
        first, *places = chance.sample(range(_A_THOUSAND), 1 + 2 * len(others))
        special = dict(zip(places, (*others, *others), strict=True))
        for place in range(_A_THOUSAND):
            if place == first:
                yield next(deaths)
            else:
                yield special[place]() if place in special else next(ordinary)


def _template(event: str, died: str | None = None, **said: Any) -> str:
    person = Child(
        "@FAMILY", "@GIVEN", "1950-05-09", "female", "@NUMBER",
        lines=("@LINE",), postcode="@POSTCODE", gp_practice="@GP",
    )  # fmt: skip
    if event in _STAYS:
        said |= {"visit": "@VISIT", "ward": "WARD7^BAY2^4^RTH", "diagnoses": ("@DIAGNOSIS",)}
        said.setdefault("discharge", "1" if event == "A03" else None)
    made = hl7.adt(event, person, HOSPITAL, "@CONTROL", TOLD, died_at=died, local_id="@LOCAL", **said).decode()
    return made.replace("19500509", "@BORN").replace(f"{TOLD:%Y%m%d%H%M%S}", "@TOLD")


def _observed(code: str, at: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o-{code}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"},
        "effectiveDateTime": at,
        "valueQuantity": {"value": 71, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }
