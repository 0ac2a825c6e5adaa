"""Who died, and who stands beside them: one view of a report for each deceased person, as the profile's paths see it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_engine.mapping.paths import JsonSource, Source
from integration_engine.record.account import UNSTATED

CARERS = frozenset({"father", "carer"})
_MOTHER, _SIBLING = "mother", "sibling"


@dataclass(frozen=True, slots=True)
class Subject:
    """One person a report is about, in what every form of report has in common: a deceased, or (``alive``) somebody whom a
    later version calls injured, after them.

    ``position`` is their place among the persons the report is about, ``index`` that in the file: the same in JSON, the row
    of an export. ``place`` says where they stand in the message; ``signs`` that this may be a child.
    """

    position: int
    index: int
    person_id: str
    source: Source
    place: str
    report: "Envelope"
    signs: tuple[str, ...] = ()
    alive: bool = False

    @property
    def has_id(self) -> bool:
        """Whether the person's id means the same person in every version of the report."""
        return not self.person_id.startswith(UNSTATED)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a report says of itself."""

    force: str
    report_id: str
    version: int = 1
    withdrawn: bool = False
    reported_at: str | None = None
    event_id: str | None = None

    @property
    def replaces(self) -> bool:
        """Whether it takes the place of an earlier version, which may have told of other deaths."""
        return self.version > 1


@dataclass(frozen=True, slots=True)
class _Around:
    """The people around one deceased person, each with their place in the report."""

    mother: tuple[Mapping[str, Any], str] | None = None
    carers: tuple[tuple[Mapping[str, Any], str], ...] = ()
    siblings: tuple[tuple[Mapping[str, Any], str], ...] = ()
    signs: tuple[str, ...] = field(default=())


def subjects(report: Mapping[str, Any]) -> Iterator[Subject]:
    """The persons that a JSON report which has passed its check is about: the deceased in order, then in a later version the
    injured."""
    persons: Sequence[Mapping[str, Any]] = report["persons"]
    places = {id(person): f"$.persons[{number}]" for number, person in enumerate(persons)}
    event = report.get("event") or {}
    envelope = envelope_of(report)
    dead = [person for person in persons if person["role"] == "deceased"]
    hurt = [person for person in persons if person["role"] == "injured"] if envelope.replaces else []
    for index, person in enumerate([*dead, *hurt]):
        alive = index >= len(dead)
        around = _around(person, report, len(dead) + len(hurt) if alive else len(dead), places)
        document = {
            "report": report,
            "event": event,
            "person": person,
            "mother": around.mother[0] if around.mother else None,
            "carers": [carer for carer, _ in around.carers],
            "siblings": [sibling for sibling, _ in around.siblings],
        }
        members: dict[str, str | Sequence[str]] = {
            "report": "$",
            "event": "$.event",
            "person": places[id(person)],
            "mother": around.mother[1] if around.mother else "$",
            "carers": [place for _, place in around.carers],
            "siblings": [place for _, place in around.siblings],
        }
        source = JsonSource(document, members=members)
        signs = _signs(person) + around.signs
        yield Subject(index, index, person["person_id"], source, places[id(person)], envelope, signs, alive)


def envelope_of(report: Mapping[str, Any]) -> Envelope:
    """What a JSON report says of itself."""
    event = report.get("event") or {}
    return Envelope(
        force=report["force"],
        report_id=report["report_id"],
        version=report.get("version") or 1,
        withdrawn=report.get("status") == "withdrawn",
        reported_at=report.get("reported_at"),
        event_id=event.get("event_id") or event.get("incident_ref"),
    )


def _around(person: Mapping[str, Any], report: Mapping[str, Any], like: int, places: Mapping[int, str]) -> _Around:
    """The people around somebody: by the relationships stated; where none are, and only one such (``like``) is, by role."""
    by_id = {one["person_id"]: one for one in report["persons"]}
    relationships = report.get("relationships") or []
    kin: list[tuple[str, Mapping[str, Any]]] = []
    for link in relationships:
        source, target, kind = by_id.get(link["from"]), by_id.get(link["to"]), link["type"].strip().casefold()
        if target is person and source is not None and source is not person:
            kin.append((kind, source))
        elif source is person and target is not None and target is not person and kind == _SIBLING:
            kin.append((kind, target))
    if not relationships and like == 1:
        kin = [(one["role"], one) for one in report["persons"] if one["role"] in (*CARERS, _MOTHER, _SIBLING)]
    placed = [(kind, ({**one, "relationship": kind}, places[id(one)])) for kind, one in kin]
    mother = next((one for kind, one in placed if kind == _MOTHER), None)
    siblings = tuple(one for kind, one in placed if kind == _SIBLING)
    carers = tuple(one for kind, one in placed if kind not in (_MOTHER, _SIBLING, "other", "witness"))
    signs = (("parent-named",) if mother or carers else ()) + (("sibling-named",) if siblings else ())
    return _Around(mother, carers, siblings, signs)


def _signs(person: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person's own entry says about being a child."""
    told = []
    if person.get("school"):
        told.append("school")
    if (person.get("looked_after") or {}).get("is"):
        told.append("looked-after")
    if any(value is not None for value in (person.get("birth") or {}).values()):
        told.append("birth-described")
    names = " ".join(str(person.get(name) or "") for name in ("given_names", "family_name", "known_as", "age"))
    if described_as_child(names):
        told.append("described-as-child")
    return tuple(told)


_WORDS = frozenset(
    {"child", "baby", "infant", "newborn", "boy", "girl", "toddler", "neonate", "schoolboy", "schoolgirl", "teenager"}
)


def described_as_child(text: str) -> bool:
    """Whether words that only fit a child stand where a name or an age should."""
    return not _WORDS.isdisjoint(text.casefold().replace("/", " ").replace("-", " ").split())
