"""Invented notices in the tabular form, for tests of linkage."""

from collections.abc import Iterable
from typing import Any

from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.resolve import Resolution, resolve
from integration_engine.synthetic.person import invented_nhs_number as number

ROWAN: dict[str, Any] = {
    "source": "hospital_hl7",
    "sender": "RXA",
    "given": "Rowan",
    "family": "Fairclough",
    "sex": "M",
    "birth_date": "2018-05-14",
    "death_datetime": "2026-02-03T04:10",
    "postcode": "LS6 2AB",
    "address_line": "14 Elder Road",
    "place_of_death": "Leeds Example Infirmary",
}
"""A boy of seven, told by a hospital, without any identifier."""

BABY: dict[str, Any] = ROWAN | {
    "given": "Baby",
    "family": "Nkemelu",
    "birth_date": "2026-02-01",
    "postcode": "LS9 7TF",
    "address_line": "Flat 2, 40 Beech Grove",
}
"""A boy of two days, not named yet."""


def said(id: str, *parts: dict[str, Any], **also: Any) -> Evidence:
    """Evidence of one row: the parts laid over one another, then the keyword columns."""
    row: dict[str, Any] = {"id": id, "notified_at": "2026-02-03T09:00:00"}
    for part in parts:
        row |= part
    return evidence_of_row(row | also)


def together(resolution: Resolution, *ids: str) -> bool:
    return any(set(ids) <= cluster for cluster in resolution.clusters)


def asked(resolution: Resolution, a: str, b: str) -> bool:
    return any({review.a, review.b} == {a, b} for review in resolution.reviews)


def outcome(evidence: Iterable[Evidence]) -> str:
    """What becomes of two notices: ``one`` child, ``person``, or ``two`` children."""
    pair = list(evidence)
    found = resolve(pair)
    a, b = (e.id for e in pair)
    return "one" if together(found, a, b) else "person" if asked(found, a, b) else "two"


__all__ = ["BABY", "ROWAN", "asked", "number", "outcome", "said", "together"]
