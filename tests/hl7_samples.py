"""Builds invented HL7 v2 messages field by field, so that a test says which field it is about and never miscounts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.adapter import Feed, Reading, Submission
from adapters.hospital_hl7.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile

NUMBER = "9991000003"
OTHER_NUMBER = "9991001379"
RECEIVED = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
DIED = "20260309041000"


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment with these fields at these positions."""
    last = max(fields, default=0)
    return "|".join([name, *(fields.get(place, "") for place in range(1, last + 1))])


def msh(event: str = "ADT^A03^ADT_A03", **changes: str) -> str:
    """An MSH; ``changes`` by field number as ``f11="T"``."""
    fields = {3: "PAS", 4: "RTH", 5: "CDR", 6: "CDR", 7: "20260309063000", 9: event, 10: "M1", 11: "P", 12: "2.4"}
    fields |= {int(name[1:]): value for name, value in changes.items()}
    last = max(fields)
    return "|".join(["MSH", "^~\\&", *(fields.get(place, "") for place in range(3, last + 1))])


def pid(**changes: str) -> str:
    """A girl of eleven without anything in her death fields."""
    fields = {1: "1", 3: f"{NUMBER}^^^NHS^NH~H100200^^^RTH^PI", 5: "HARROWGATE^Ava", 7: "20140509", 8: "2"}
    fields |= {int(name[1:]): value for name, value in changes.items()}
    return segment("PID", fields)


def pv1(**changes: str) -> str:
    fields = {1: "1", 2: "I", 3: "PICU^^^RTH01", 19: "V1"} | {int(name[1:]): value for name, value in changes.items()}
    return segment("PV1", fields)


def obx(code: str, value: str, unit: str = "") -> str:
    return segment("OBX", {1: "1", 2: "ST", 3: code, 5: value, 6: unit})


def message(*segments: str) -> bytes:
    return ("\r".join(segments) + "\r").encode()


def death(event: str = "ADT^A03^ADT_A03", *more: str, **changes: str) -> bytes:
    """A death told by PID-29 and PID-30; ``changes`` are PID's."""
    return message(msh(event), pid(**({"f29": DIED, "f30": "Y"} | changes)), pv1(), *more)


def feed(**changes: Any) -> Feed:
    return Feed(**({"name": "rth-adt", "partner": "RTH", "kind": "hospital-hl7", "profile": "nhs-adt"} | changes))


def read(body: bytes, profile: str = "nhs-adt", of: Feed | None = None, at: datetime = RECEIVED) -> Sequence[Reading]:
    return list(ADAPTER.read(Submission(body, at, feed=of), load_profile(profile)))


def one(body: bytes, profile: str = "nhs-adt", of: Feed | None = None, at: datetime = RECEIVED) -> Reading:
    [reading] = read(body, profile, of, at)
    return reading


def verdict(body: bytes, profile: str = "nhs-adt", of: Feed | None = None) -> tuple[str, str]:
    reading = one(body, profile, of)
    return reading.verdict, reading.reason


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.all_problems}
