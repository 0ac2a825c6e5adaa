"""S6, told late: a death that its sender corrects to an attended stillbirth or late fetal loss; and the twins who must not be
mixed up over it."""

import dataclasses
from typing import Any

from integration_engine.synthetic import coroner, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import BIRMINGHAM_WOMENS
from tests.acceptance.stories.s06_births import ATTENDED, BORN, FORCE, TOLD_LATE, birth, birth_by_fhir
from tests.acceptance.story import at, tell

NOW = "2026-06-21T09:00:00Z"
# Named by nothing of its own: what its twin is called, where it lives, when it was born and of whom.
NAMELESS = dataclasses.replace(TOLD_LATE, nhs_number=None)
WRITTEN = "2026-05-04T12:00:00"


def told(control: str, child: Child, when: str = WRITTEN, local_id: str | None = None, **observations: str) -> bytes:
    """The hospital's word at an instant, under its own number for the baby where one is given."""
    stillborn = "STILLBIRTH" in observations
    seen = tuple((code.replace("_", "-"), value) for code, value in observations.items())
    return hl7.adt(
        "A08" if stillborn else "A03", child, BIRMINGHAM_WOMENS, control, at(when), died_at=BORN, indicator="Y",
        discharge="5" if stillborn else "4", visit=control, local_id=local_id, observations=seen,
    )  # fmt: skip


def by_police(version: int, child: Child = TOLD_LATE, person_id: str = "P1", **said: Any) -> bytes:
    """One version of a force's report; ``said`` is its birth block."""
    block = {"birth": said} if said else {}
    person = police.deceased(child, person_id, life_extinct_at=f"{BORN}:00", **block)
    place = {"lines": list(child.lines), "postcode": child.postcode, "type": "home"}
    event = {"event_id": "E-66", "type": "other", "at": f"{BORN}:00", "suspicious": "no", "place": place}
    reported = f"2026-05-04T{12 + version}:00:00"
    return police.report(FORCE, "66-1", reported, [person], event=event, version=version)


def by_coroner(
    event: str, day: str, conclusion: str = "", child: Child = TOLD_LATE, reference: str = "00668-2026"
) -> bytes:
    """One row of the coroner's."""
    ended = {"conclusion": conclusion, "conclusion_at": day} if conclusion else {}
    row = coroner.row(
        "birmingham-and-solihull", reference, event, day, child, date_of_death="2026-05-04",
        nhs_number=child.nhs_number or "", **ended,
    )  # fmt: skip
    return coroner.upload([row])


def by_fhir(message_id: str, when: str = WRITTEN, child: Child = TOLD_LATE, **observations: str) -> bytes:
    """The hospital's word as FHIR, at an instant."""
    return birth_by_fhir(message_id, child, **observations).replace(
        f"{BORN}:30+01:00".encode(), f"{when}+01:00".encode()
    )


CORRECTED = Child(
    "Quernmore", "BABY", "2026-05-04", "male", invented_nhs_number(66561), lines=("8 Quarry Lane",), postcode="B4 6NH",
    mother="Opal Quernmore", mother_nhs_number=invented_nhs_number(66562),
)  # fmt: skip

PLAYED = (
    tell(
        "s6-corrected", NOW, {"birth.hl7": birth("BC1", child=CORRECTED)},
        {"corrected.hl7": birth("BC2", child=CORRECTED, **ATTENDED)},
    ),
)  # fmt: skip
