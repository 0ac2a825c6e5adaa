"""What partners send in one round: invented children, each told of by several partners, and all that goes wrong with it.

Made from a seed alone: the same seed, the same bytes.
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number

Way = Literal["mllp", "fhir", "police", "coroner", "amqp"]
Fate = Literal["taken", "refused", "passed-over", "dead"]

POISON = b"makes-the-worker-raise"
"""In a body: reading it raises, each time (``launched`` sees to that)."""

HOSPITALS, FHIR_HOSPITALS, NATIONAL = ("RTH", "R1H", "RHM"), ("RP4", "RN3"), "X26"
FORCE, AREA = "E23000038", "oxfordshire"
PARTNERS: dict[str, str] = {
    **dict.fromkeys(HOSPITALS, "hospital-hl7"),
    **dict.fromkeys((*FHIR_HOSPITALS, NATIONAL), "hospital-fhir"),
    FORCE: "police",
    AREA: "coroner",
}
"""Every partner with the kind of what it sends."""
CONTENT_TYPES = {
    "hospital-hl7": "application/hl7-v2+er7",
    "hospital-fhir": "application/fhir+json",
    "police": "application/json",
    "coroner": "text/csv",
}
_DAY = datetime(2026, 3, 9, 4, 10)
_HOMES = (("RG1 1LZ", "Quay Street"), ("E13 8SL", "High Street"), ("SO16 6YD", "Mill Road"), ("PO6 3LY", "Hill Road"))
_FIRST = ("Bar", "Cot", "Den", "Far", "Gil", "Hol", "Kel", "Mar", "Pen", "Thorn")
_LAST = ("bridge", "combe", "field", "grave", "mouth", "stead", "worth", "lock")
# fmt: off
_GIVEN = (
    "Aspen", "Briony", "Cuthbert", "Dorothea", "Edmund", "Felicity", "Gideon", "Hortense", "Isidore", "Jemima", "Kelvin",
    "Lavinia", "Magnus", "Nerys", "Osric", "Petronella", "Quentin", "Rosalind", "Silas", "Thora", "Ulric", "Verity",
)
# fmt: on


@dataclass(frozen=True)
class Told:
    """One message. ``again`` is how often its sender repeats it though it was acknowledged; ``message_id`` and ``sent_at``
    go into the envelope of one that is published straight to the broker. ``after`` is the body of the message it takes back:
    it is sent once that is acknowledged, which is as much order as a hospital can keep. Engines hear a cancelled discharge
    again for a time that a whole round would outlast."""

    way: Way
    partner: str
    body: bytes
    fate: Fate = "taken"
    again: int = 0
    message_id: str | None = None
    sent_at: datetime | None = None
    after: bytes | None = None

    def __str__(self) -> str:
        return f"{self.kind} of {self.partner} by {self.way}, {hashlib.sha256(self.body).hexdigest()[:8]}"

    @property
    def kind(self) -> str:
        return PARTNERS[self.partner]

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.kind]


def stream(seed: str, number: int) -> list[Told]:
    """So many messages, give or take a child's, in the order they are sent."""
    chance = random.Random(f"{seed}/stream")
    found: list[Told] = []
    serial = chance.randrange(20_000)
    while len(found) < number:
        serial += 1
        found += _about(_child(chance, serial), serial, chance)
        if chance.random() < 0.4:
            found.append(_nothing_to_take(chance, serial))
    found += [_poison(chance, serial)]
    chance.shuffle(found)
    _put_in_order(found)
    return [replace(told, again=chance.choice((0, 0, 0, 1, 2))) for told in found]


def _put_in_order(found: list[Told]) -> None:
    """What is taken back stands before what takes it back, or its sender would wait for itself."""
    places = {told.body: place for place, told in enumerate(found)}
    for place, told in enumerate(found):
        if told.after is not None and (its := places[told.after]) > place:
            found[place], found[its] = found[its], told


def _child(chance: random.Random, serial: int) -> Child:
    postcode, street = chance.choice(_HOMES)
    return Child(
        f"{chance.choice(_FIRST)}{chance.choice(_LAST)}",
        chance.choice(_GIVEN),
        f"{chance.randrange(2010, 2024)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        chance.choice(("male", "female")),
        invented_nhs_number(serial),
        lines=(f"{chance.randrange(1, 400)} {street}",),
        postcode=postcode,
    )


def _about(child: Child, serial: int, chance: random.Random) -> Iterator[Told]:
    """All that is told of one child: by one to four partners, and now and then corrected, taken back or renamed."""
    tellers: list[Callable[..., Iterator[Told]]] = [_hospital, _fhir_hospital, _police, _coroner]
    for teller in chance.sample(tellers, chance.randrange(1, 5)):
        for told in teller(child, serial, chance):
            yield _straight(told, chance) if told.way != "coroner" and chance.random() < 0.3 else told


def _straight(told: Told, chance: random.Random) -> Told:
    """The same message published by the partner itself, whose clock may be years off."""
    off = chance.choice((0, 0, 3600, 86_400 * 400, -86_400 * 4000))
    return replace(
        told,
        way="amqp",
        message_id=f"M{chance.randrange(10**9)}",
        sent_at=_DAY.replace(tzinfo=UTC) + timedelta(seconds=off),
    )


def _hospital(child: Child, serial: int, chance: random.Random) -> Iterator[Told]:
    code = chance.choice(HOSPITALS)
    ward = hl7.Hospital(code)
    stay: dict[str, Any] = {"visit": f"V{serial}", "ward": f"W1^^^{code}", "local_id": f"L{serial}"}
    died = {"died_at": "2026-03-09T04:10", "indicator": "Y", "discharge": "4"}
    death = hl7.adt("A03", child, ward, f"C{serial}", _DAY, **died, **stay)
    yield Told("mllp", code, death)
    turn = chance.random()
    if turn < 0.2:
        # the same control id for other content: taken all the same, with an alarm
        moved = replace(child, lines=("1 Elsewhere Lane",))
        again = hl7.adt("A03", moved, ward, f"C{serial}", _DAY + timedelta(minutes=5), **died, **stay)
        yield Told("mllp", code, again)
    elif turn < 0.4:
        back = hl7.adt(
            "A13", child, ward, f"R{serial}", _DAY + timedelta(hours=2), visit=f"V{serial}", ward=f"W1^^^{code}"
        )
        yield Told("mllp", code, back, after=death)
    elif turn < 0.55:
        renamed = hl7.adt(
            "A40", child, ward, f"K{serial}", _DAY + timedelta(hours=3), local_id=f"N{serial}", merged=f"L{serial}"
        )
        yield Told("mllp", code, renamed)


def _fhir_hospital(child: Child, serial: int, chance: random.Random) -> Iterator[Told]:
    code = chance.choice(FHIR_HOSPITALS)
    dead = fhir.patient(child, died_at="2026-03-09T04:10:00Z")
    yield Told("fhir", code, fhir.message(dead, code, f"f-{serial}", "2026-03-09T06:00:00Z", encounter_site=code))
    if chance.random() < 0.2:
        removed = fhir.patient(child, national_status="U")
        event = "pds-death-notification-1"
        yield Told(
            "fhir", NATIONAL, fhir.message(removed, NATIONAL, f"p-{serial}", "2026-03-09T13:25:00Z", event=event)
        )


def _police(child: Child, serial: int, chance: random.Random) -> Iterator[Told]:
    person = police.deceased(child, "P1", life_extinct_at="2026-03-09T04:10:00Z")
    event = {"event_id": f"E{serial}", "type": "sudden-death", "at": "2026-03-09T03:00:00Z"}
    for version in range(1, chance.choice((2, 2, 3))):
        at = f"2026-03-09T0{5 + version}:00:00Z"
        body = police.report(FORCE, f"54-{serial}", at, [person], event=event, version=version)
        yield Told("police", FORCE, body)


def _coroner(child: Child, serial: int, chance: random.Random) -> Iterator[Told]:
    row = coroner.row(
        AREA, f"{serial:05}-26", "REFERRED", "2026-03-09", child,
        date_of_death="2026-03-09", place_of_death="John Radcliffe Hospital",
    )  # fmt: skip
    rows = [row]
    if chance.random() < 0.3:
        rows.append(row | {"reference": f"{serial:05}-27", "date_of_death": "32/13/2026"})
    yield Told("coroner", AREA, coroner.upload(rows))


def _nothing_to_take(chance: random.Random, serial: int) -> Told:
    """Noise of the whole feed, and what can't be read: at a door its sender is told, on a queue it is refused."""
    grown_up = Child("Ordinary", "Patient", "1970-05-09", "male", invented_nhs_number(serial + 40_000))
    code = chance.choice(HOSPITALS)
    noise = hl7.adt("A01", grown_up, hl7.Hospital(code), f"B{serial}", _DAY)
    broken = b'{"schema": "police-sudden-death/1", "report_id": "%d", "persons": [' % serial
    garbled = fhir.message({"resourceType": "Patient", "deceasedBoolean": True}, "RP4", f"g-{serial}", "never")
    return chance.choice(
        (
            Told("mllp", code, noise, "passed-over"),
            Told("amqp", code, noise, "passed-over", message_id=f"B{serial}"),
            Told("police", FORCE, broken, "refused"),
            Told("amqp", FORCE, broken, "refused", message_id=f"X{serial}"),
            Told("amqp", "RP4", garbled[:-40], "refused", message_id=f"G{serial}"),
        )
    )


def _poison(chance: random.Random, serial: int) -> Told:
    child = _child(chance, serial + 50_000)
    event = {"event_id": POISON.decode(), "type": "sudden-death", "at": "2026-03-09T03:00:00Z"}
    person = police.deceased(child, "P1", life_extinct_at="2026-03-09T04:10:00Z")
    body = police.report(FORCE, f"99-{serial}", "2026-03-09T06:00:00Z", [person], event=event)
    return Told("amqp", FORCE, body, "dead", message_id=f"Z{serial}")
