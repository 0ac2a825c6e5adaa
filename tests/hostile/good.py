"""The partners that do nothing wrong: each sends one child's death after another by every way in, all the while."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from integration_engine.record.codes import PartnerKind
from tests.fhir_samples import ODS, bundle, header
from tests.hl7_samples import death
from tests.hostile.roads import GOOD_HOSPITAL, Answer, Roads
from tests.hostile.samples import HL7_TYPE, ROADS, Sample
from tests.hostile_coroner import CSV, case
from tests.hostile_fhir import child
from tests.hostile_police import report
from tests.hostile_sample import Invented

FORCE, AREA = "E23000029", "avon"
GOOD: Mapping[str, tuple[PartnerKind, ...]] = {
    GOOD_HOSPITAL: ("hospital-hl7", "hospital-fhir"),
    FORCE: ("police",),
    AREA: ("coroner",),
}
# Beyond every serial number of the hostile, and of a round of the good.
_FROM, _ROUND = 400_000, 20_000
_PAUSE_S = 2.5


def _hl7(serial: int) -> bytes:
    who = Invented(serial)
    whole = death(
        f3=f"{who.number}^^^NHS^NH", f5=f"{who.surname}^{who.given}", f7=who.born.replace("-", ""),
        f11=f"{serial} Reed Lane^^READING^^{who.postcode}",
    )  # fmt: skip
    return whole.replace(b"|RTH|", b"|RXH|").replace(b"|M1|", f"|G{serial}|".encode())


def _fhir(serial: int) -> bytes:
    sender = {"identifier": {"system": ODS, "value": GOOD_HOSPITAL}}
    first = header(id=f"h{serial}", focus=[{"reference": f"Patient/p{serial}"}], sender=sender)
    return json.dumps(bundle(first, child(serial), type_="message")).encode()


def _police(serial: int) -> bytes:
    return json.dumps(report(serial, force=FORCE)).encode()


def _coroner(serial: int) -> bytes:
    row = case(serial, area=AREA, nhs_number=Invented(serial).number)
    return "\r\n".join([",".join(row), ",".join(row.values())]).encode()


_MADE: Mapping[PartnerKind, tuple[str, str, Callable[[int], bytes]]] = {
    "hospital-hl7": (GOOD_HOSPITAL, HL7_TYPE, _hl7),
    "hospital-fhir": (GOOD_HOSPITAL, "application/fhir+json", _fhir),
    "police": (FORCE, "application/json", _police),
    "coroner": (AREA, CSV, _coroner),
}


class GoodTraffic:
    """Sends by every way in of every kind until the block ends, each way one after another, in each ``turn`` of other
    children. ``sent`` are the children, by way; ``slowest_s`` how long the longest answer took; ``harmed`` are sentences
    about anything that should not be."""

    def __init__(self, roads: Roads, turn: int = 0) -> None:
        self.sent: dict[str, list[int]] = defaultdict(list)
        self.slowest_s: dict[str, float] = defaultdict(float)
        self.harmed: list[str] = []
        self._roads = roads
        self._serial = _FROM + turn * _ROUND
        self._lock, self._stop = threading.Lock(), threading.Event()
        self.threads = [
            threading.Thread(target=self._run, args=(kind, road), name=f"good {kind} {road}", daemon=True)
            for kind, roads_of_kind in ROADS.items()
            for road in roads_of_kind
        ]

    def __enter__(self) -> "GoodTraffic":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                self.harmed.append(f"{thread.name} hangs")

    @property
    def children(self) -> set[int]:
        return {serial for serials in self.sent.values() for serial in serials}

    def _run(self, kind: PartnerKind, road: str) -> None:
        way = f"{kind} by {road}"
        try:
            while not self._stop.wait(_PAUSE_S):
                with self._lock:
                    self._serial += 1
                    serial = self._serial
                partner, content_type, made = _MADE[kind]
                one = Sample(str(serial), road, kind, partner, made(serial), content_type, ("taken",))
                began = time.monotonic()
                answer: Answer | None = self._roads.send(one)
                self.slowest_s[way] = max(self.slowest_s[way], time.monotonic() - began)
                if answer is not None and answer.heard not in ("taken", "acknowledged", "unanswered"):
                    self.harmed.append(f"{way}: {answer.heard} {answer.said}")
                self.sent[way].append(serial)
        except Exception as problem:
            self.harmed.append(f"{way}: {type(problem).__name__} {problem}")

    def later(self, seconds: float) -> None:
        """Hear what came of what was sent by MESH and folder."""
        for sample, answer in self._roads.later(seconds):
            if answer.heard != "taken":
                self.harmed.append(f"{sample.kind} by {sample.road}: {answer.heard} {answer.said}")


def told_of(envelopes: list[Any]) -> dict[str, set[str]]:
    """The cases that were told of as new, by the child's NHS number."""
    found: dict[str, set[str]] = defaultdict(set)
    for envelope in envelopes:
        if envelope.get("kind") == "new":
            number = ((envelope.get("record") or {}).get("child") or {}).get("nhs_number")
            if number:
                found[number].add(envelope["case"])
    return found
