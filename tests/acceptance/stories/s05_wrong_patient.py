"""S5: a death told of the wrong patient, taken back, and the true child's; and what an independent word changes."""

import dataclasses
from typing import Any

from integration_engine.synthetic import coroner, fhir, hl7, national, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import SOUTHAMPTON
from tests.acceptance.story import Act, Story, at, decided, tell

AVA_COLE = Child(
    "Cole", "Ava", "2017-02-03", "female", invented_nhs_number(12338), lines=("2 Mill Road",), postcode="SO23 8UJ"
)
TRUE_CHILD = Child(
    "Cole", "Eva", "2016-11-20", "female", invented_nhs_number(13709), lines=("9 Hill Road",), postcode="PO1 2AL"
)
NOW = "2026-04-14T14:00:00Z"


def _stay(child: Child) -> dict[str, Any]:
    return {"visit": f"S-{child.nhs_number}", "ward": "E1^^^RHM"}


def told_dead(child: Child = AVA_COLE) -> bytes:
    """11:00, ADT A03: died at nine."""
    return hl7.adt(
        "A03", child, SOUTHAMPTON, f"W1-{child.given}", at("2026-04-14T11:00:00"), died_at="2026-04-14T09:00",
        indicator="Y", discharge="4", **_stay(child),
    )  # fmt: skip


def cancelled(child: Child = AVA_COLE, **also: str) -> bytes:
    """13:20, A13: the discharge is cancelled. Many feeds still carry PID-30 = Y on it."""
    return hl7.adt("A13", child, SOUTHAMPTON, f"W2-{child.given}", at("2026-04-14T13:20:00"), **_stay(child), **also)


def emptied(child: Child = AVA_COLE) -> bytes:
    """13:21, A08 with an explicit null in PID-29 and PID-30: delete what was sent."""
    return hl7.adt(
        "A08", child, SOUTHAMPTON, f"W3-{child.given}", at("2026-04-14T13:21:00"), died_at='""', indicator='""'
    )


def removed(child: Child = AVA_COLE) -> bytes:
    """13:25, the national record's status U."""
    return fhir.message(
        fhir.patient(child, national_status="U"), "X26", f"pds-u-{child.given}", "2026-04-14T13:25:00+01:00",
        event="pds-death-notification-1",
    )  # fmt: skip


def removed_by_xml(child: Child = AVA_COLE) -> bytes:
    return national.death_event(child, "U", at="2026-04-14T13:25:00+01:00", message_id=f"pds-ux-{child.given}")


def formal(child: Child = AVA_COLE, told: str = "2026-04-14T13:10:00+01:00") -> bytes:
    """The national record: a formal death."""
    return fhir.message(
        fhir.patient(child, died_at="2026-04-14", national_status="2"), "X26", f"pds-2-{child.given}", told,
        event="pds-death-notification-1",
    )  # fmt: skip


def by_police(child: Child = AVA_COLE) -> bytes:
    event = {"event_id": f"E-{child.given}", "type": "sudden-death", "at": "2026-04-14T08:00:00", "suspicious": "no"}
    person = police.deceased(child, "P1", life_extinct_at="2026-04-14T09:00:00")
    return police.report("E23000030", f"44-{child.given}", "2026-04-14T10:00:00", [person], event=event)


def by_coroner(child: Child = AVA_COLE) -> bytes:
    told = coroner.row(
        "hampshire-portsmouth-and-southampton", f"0099{child.given}-2026", "REFERRED", "2026-04-14", child,
        date_of_death="2026-04-14", nhs_number=child.nhs_number or "",
    )  # fmt: skip
    return coroner.upload([told])


def true_child() -> bytes:
    """13:30, the same for the child who did die."""
    return hl7.adt(
        "A03", TRUE_CHILD, SOUTHAMPTON, "W3", at("2026-04-14T13:30:00"), died_at="2026-04-14T09:00", indicator="Y",
        discharge="4", visit="S6", ward="E1^^^RHM",
    )  # fmt: skip


def s5() -> dict[str, bytes]:
    return {
        "wrong.hl7": told_dead(),
        "cancel.hl7": cancelled(),
        "removed.json": removed(),
        "true.hl7": true_child(),
    }


INDEPENDENT = {"police.json": by_police, "coroner.csv": by_coroner}


def disputed(name: str, child: Child, ends: str) -> Story:
    """Police had reported the child dead as well: everybody is told that it is disputed, then a person decides."""
    return tell(
        name, NOW, {"wrong.hl7": told_dead(child), "police.json": by_police(child)},
        {"cancel.hl7": cancelled(child), "removed.json": removed(child)},
        Act({}, (decided(ends, "wrong.hl7#0", at="2026-04-14T13:50:00Z", role="operator", reason="rang the ward"),)),
    )  # fmt: skip


def _other(given: str, family: str, serial: int, born: str) -> Child:
    return dataclasses.replace(
        AVA_COLE, given=given, family=family, birth_date=born, nhs_number=invented_nhs_number(serial),
        lines=(f"{serial % 90} {family} Road",),
    )  # fmt: skip


def _taken_back() -> Story:
    told = s5()
    return tell("s5", NOW, {"wrong.hl7": told.pop("wrong.hl7")}, told, {"again.hl7": told_dead()})


PLAYED = (
    _taken_back(),
    disputed("s5-denied", _other("Maisie", "Ferndale", 12441, "2016-09-12"), "deny-death"),
    disputed("s5-confirmed", _other("Noor", "Quillon", 12552, "2015-03-30"), "confirm-death"),
)  # fmt: skip
