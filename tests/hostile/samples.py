"""What is sent to the engine to harm it: the project's own tables, by every way in. (Files with a manifest: ``corpus``.)"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from integration_engine.record.codes import PartnerKind
from tests import hostile_coroner, hostile_fhir, hostile_hl7, hostile_police
from tests.hostile_sample import Hostile, Outcome
from tests.mllp_client import END, START

Road = Literal["mllp", "http", "page", "queue", "mesh", "folder"]
ROADS: Mapping[PartnerKind, tuple[Road, ...]] = {
    "hospital-hl7": ("mllp", "queue", "mesh", "folder"),
    "hospital-fhir": ("http", "queue", "mesh", "folder"),
    "police": ("http", "queue", "mesh", "folder"),
    "coroner": ("http", "page", "queue", "mesh", "folder"),
}
"""The ways in of each kind."""
HOSPITAL = "RTH"
HL7_TYPE = "application/hl7-v2+er7"
TABLES: Mapping[PartnerKind, tuple[str, Mapping[str, Hostile]]] = {
    "hospital-fhir": (hostile_fhir.SENDER, hostile_fhir.HOSTILE),
    "police": (hostile_police.FORCE, hostile_police.HOSTILE),
    "coroner": (hostile_coroner.AREA, hostile_coroner.HOSTILE),
}
"""By kind who sends, and what."""
ROUND = 8_000
"""More serial numbers than one round of everything takes."""
# A file without content is given a minute to be written; MESH carries none.
_NEED_CONTENT = ("mesh", "folder")


@dataclass(frozen=True)
class Sample:
    """One thing sent by one way in. ``wire`` says that ``body`` is what goes over an MLLP connection, frames and all.

    ``may_be`` are the outcomes that are right, the best first. ``said``: the words that a refusal may be told in, a status of
    HTTP or codes of MSA-1, any where it is empty; with ``exactly`` the answer has to be just that, whatever the outcome.
    ``problem``: a code that has to be told of it. ``profile``: how its partner's feed is read, the kind's own way where it
    says nothing. ``why``: why another outcome than its manifest's is right.
    """

    name: str
    road: Road
    kind: PartnerKind
    partner: str
    body: bytes = field(repr=False)
    content_type: str
    may_be: tuple[Outcome, ...]
    detail: str = ""
    said: frozenset[str] = frozenset()
    exactly: bool = False
    wire: bool = False
    problem: str = ""
    profile: str | None = None
    why: str = ""
    manifest: tuple[Outcome, ...] = ()


def own(turn: int = 0) -> list[Sample]:
    """The project's own tables, by every way in of their kind; each way and each turn another child."""
    serials = itertools.count(turn * ROUND + 1)
    samples = [*_documents(serials), *_hl7(serials)]
    assert next(serials) <= (turn + 1) * ROUND
    _require_unlike(samples)
    return samples


def _documents(serials: Iterator[int]) -> Iterator[Sample]:
    for kind, (partner, table) in TABLES.items():
        for name, hostile in table.items():
            for road in ROADS[kind]:
                body = hostile.body(next(serials))
                if (hostile.by and road not in hostile.by) or not (body or road not in _NEED_CONTENT):
                    continue
                told = frozenset({str(hostile.status)}) if hostile.status and road == "http" else frozenset[str]()
                yield Sample(name, road, kind, partner, body, hostile.content_type, (hostile.outcome,), said=told)


def _hl7(serials: Iterator[int]) -> Iterator[Sample]:
    for name, hostile in hostile_hl7.HOSTILE.items():
        for road in ROADS["hospital-hl7"]:
            body = hostile_hl7.own(hostile.wire, next(serials))
            if road == "mllp":
                outcome: Outcome = (
                    "taken" if hostile.queued else "passed-over" if set(hostile.codes) == {"AA"} else "refused"
                )
                said = frozenset({" ".join(hostile.codes)})
                yield Sample(
                    name, road, "hospital-hl7", HOSPITAL, body, HL7_TYPE, (outcome,), said=said, exactly=True, wire=True
                )  # fmt: skip
            elif hostile.content is not None and (hostile.content or road not in _NEED_CONTENT):
                inside = body.removeprefix(START).removesuffix(END)
                yield Sample(name, road, "hospital-hl7", HOSPITAL, inside, HL7_TYPE, (hostile.outcome,))


def _require_unlike(samples: list[Sample]) -> None:
    """What is to be taken must be unlike all else: by its content the store tells whether it was."""
    taken: set[tuple[str, bytes]] = set()
    for sample in samples:
        if "taken" in sample.may_be:
            assert (sample.partner, sample.body) not in taken, f"{sample.name} by {sample.road} is sent twice"
            taken.add((sample.partner, sample.body))
