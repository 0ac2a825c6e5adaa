"""Invented death messages by the hundred thousand: one child each, as a patient administration system tells of it.

Built once with hl7apy and filled in for each child, because building takes longer than all that is measured. The same
``seed`` gives the same messages.
"""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.linkage import Town
from integration_engine.mapping.files import mappings
from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number

HOSPITAL = hl7.Hospital("RTH")
TOLD = datetime(2026, 3, 10, 9, tzinfo=UTC)
"""When the latest of these messages was sent; nothing here depends on the day it is run."""
_STREETS = ("Quay", "Mill", "Church", "Station", "Park", "Victoria", "Chapel", "Grange", "Windsor", "Albert")
_DAYS, _OLDEST_DAYS = 300, 17 * 365


class Deaths:
    """An endless row of children, one message each: of many homes, born and dead on many days, under ordinary names."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._town = Town(self._chance)
        with (mappings() / "reference" / "postcodes.csv").open(encoding="utf-8") as file:
            self._homes = [row["postcode"] for row in csv.DictReader(file) if row["district"].startswith("E")]
        self._serial = 0
        self._hl7 = _hl7_template()

    def children(self) -> Iterator[tuple[Child, datetime]]:
        """Each with the minute it died."""
        chance = self._chance
        while True:
            self._serial += 1
            died = TOLD - timedelta(minutes=chance.randrange(60, _DAYS * 24 * 60))
            lived = chance.randint(0, 27) if chance.random() < 0.4 else chance.randint(28, _OLDEST_DAYS)
            yield Child(
                self._town.name("family"), self._town.name("given"), (died.date() - timedelta(days=lived)).isoformat(),
                chance.choice(("female", "male")), invented_nhs_number(self._serial),
                lines=(f"{chance.randint(1, 180)} {chance.choice(_STREETS)} Road",), postcode=chance.choice(self._homes),
            ), died  # fmt: skip

    def hl7(self, count: int) -> Iterator[bytes]:
        """So many A03 messages."""
        for (child, died), _ in zip(self.children(), range(count), strict=False):
            values = {
                "@FAMILY": child.family, "@GIVEN": child.given, "@BORN": child.birth_date.replace("-", ""),
                "@SEX": "2" if child.sex == "female" else "1", "@NUMBER": child.nhs_number or "",
                "@LINE": child.lines[0], "@POSTCODE": child.postcode or "", "@DIED": f"{died:%Y%m%d%H%M}",
                "@TOLD": f"{died + timedelta(minutes=50):%Y%m%d%H%M%S}", "@CONTROL": f"D{self._serial}",
                "@VISIT": f"V{self._serial}",
            }  # fmt: skip
            text = self._hl7
            for name, value in values.items():
                text = text.replace(name, value)
            yield text.encode()

    def fhir(self, count: int) -> Iterator[bytes]:
        """So many message bundles."""
        for (child, died), _ in zip(self.children(), range(count), strict=False):
            subject = fhir.patient(child, died_at=f"{died:%Y-%m-%dT%H:%M:00Z}")
            told = died + timedelta(minutes=50)
            yield fhir.message(subject, HOSPITAL.ods_code, f"b-{self._serial}", f"{told:%Y-%m-%dT%H:%M:%SZ}")


def _hl7_template() -> str:
    child = Child("@FAMILY", "@GIVEN", "2015-05-09", "female", "@NUMBER", lines=("@LINE",), postcode="@POSTCODE")
    made = hl7.adt(
        "A03", child, HOSPITAL, "@CONTROL", TOLD, died_at="2026-03-09T04:10", indicator="Y", discharge="4", visit="@VISIT"
    ).decode()  # fmt: skip
    for written, name in (("20150509", "@BORN"), ("|2|||@LINE", "|@SEX|||@LINE"), ("202603090410", "@DIED")):
        made = made.replace(written, name)
    return made.replace(f"{TOLD:%Y%m%d%H%M%S}", "@TOLD")
