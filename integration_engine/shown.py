"""What a recipient is shown of a case.

Whoever leads, starts the joint agency response or keeps the national record sees the record in full. A copy is a limited
notification, not ownership: who the child was, when and where they died, who leads. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from integration_engine.core import Case
from integration_engine.envelope import Part
from integration_engine.record.codes import SourceKind
from integration_engine.record.fields import at_path, dictionary, nested
from integration_engine.record.plain import plain_json
from integration_engine.record.steps import STATED
from integration_engine.routing.answer import Routing, explanation_json

LIMITED_FIELDS = (
    "child.nhs_number",
    "child.family_name",
    "child.given_names",
    "child.name_is_placeholder",
    "child.birth_date",
    "child.age_at_death",
    "child.sex",
    "death.died_at",
    "death.died_at_basis",
    "death.place",
    "death.event.type",
    "death.event.at",
    "death.event.place",
)
"""What a copy needs to recognise the child and its own part in the story; everything else is the lead's."""

_LIMITED: tuple[Part, ...] = ("copy", "unassigned")

# Fields of the child that would tell an earlier identity: a restricted case shows the current one only.
_FORMER_IDENTITY = ("child.former_names", "child.known_as", "child.other_identifiers")
# Parts of the record that an envelope has places of its own for.
_TOLD_APART = frozenset({"provenance", "conflicts"})
_NAMED_BY = ("child.nhs_number", "child.family_name", "child.given_names")


@dataclass(frozen=True)
class Shown:
    """A case as its recipients see it, in plain JSON values. Worked out once a case, however many recipients it has."""

    case: Case

    @cached_property
    def full(self) -> dict[str, Any]:
        """For the lead, the JAR team and the national record; also what makes a new version of the case."""
        return {
            **self._standing,
            "record": self._record,
            "differing": self._differing,
            "routing": _routing_json(self.case.routing),
            "clocks": {name: due.isoformat() for name, due in sorted(self.case.routing.clocks.items())},
            "flags": list(self.case.routing.flags),
            "related": [{"case": r.case, "why": r.why} for r in self.case.related],
        }

    @cached_property
    def limited(self) -> dict[str, Any]:
        """For copies."""
        record = self.full["record"]
        told = {path: value for path in LIMITED_FIELDS if (value := at_path(record, path)) is not None}
        routing = self.full["routing"]
        return {
            **self._standing,
            "record": nested(told),
            "routing": {"lead": routing["lead"], "copies": [], "notify": [], "jar": routing["jar"]},
        }

    def to(self, part: Part) -> dict[str, Any]:
        """What a recipient with this part is shown."""
        return self.limited if part in _LIMITED else self.full

    def explained(self, part: Part) -> dict[str, Any]:
        """What explains the case to a recipient that sees it in full. An explanation in other words is no new version."""
        return {} if part in _LIMITED else self._explanation

    def provenance(self, part: Part) -> dict[str, Any]:
        """Where the values that a recipient with this part is shown came from."""
        found = self._provenance
        return {path: found[path] for path in LIMITED_FIELDS if path in found} if part in _LIMITED else found

    @cached_property
    def _explanation(self) -> dict[str, Any]:
        told = explanation_json(self.case.routing)
        return {
            "clock_notes": {name: dict(clock.json()) for name, clock in self.case.routing.deadlines.items()},
            **{name: told[name] for name in ("consider", "ladder", "because")},
        }

    @cached_property
    def _provenance(self) -> dict[str, Any]:
        kinds, record = self._kinds, self.full["record"]
        return {
            path: {"source": kinds[won.notice], "path": won.path, "rule": won.rule}
            for path, won in self.case.record.provenance.items()
            if won.notice in kinds and path in dictionary() and at_path(record, path) is not None
        }

    @cached_property
    def _kinds(self) -> dict[str, SourceKind]:
        """The kind of source by notice; what a panel stated by decision is the panel's."""
        told = {won.notice: won.profile for won in self.case.record.provenance.values()}
        panels: dict[str, SourceKind] = {name: "cdop" for name, profile in told.items() if profile == STATED}
        return panels | {notice.id: notice.source.kind for notice in self.case.notices}

    @property
    def restricted(self) -> bool:
        """Whether only the current identity may be shown: a release lets the case go out, not what came before it."""
        return self.case.protected or self.case.routing.restricted

    def otherwise(self, envelope: Mapping[str, Any]) -> bool:
        """Whether an envelope names the child of this restricted case otherwise than it is named now: who holds it knows a
        former identity, and must not learn what became of it."""
        if not self.restricted:
            return False
        now, then = self.full["record"], envelope.get("record") or {}
        pairs = [(at_path(now, path), at_path(then, path)) for path in _NAMED_BY]
        return any(old is not None and old != new for new, old in pairs)

    def hides_home_from(self, envelope: Mapping[str, Any]) -> bool:
        """Whether the child of this restricted case lives elsewhere than an envelope says, or than can be told from it. Who
        holds it may be whom the child is hidden from: which panel leads now would tell where to look."""
        return self.restricted and not (_homes(self.full) and _homes(self.full) <= _homes(envelope))

    @property
    def _standing(self) -> dict[str, Any]:
        return {"state": self.case.routing.state, "rule": self.case.routing.rule}

    @property
    def _record(self) -> dict[str, Any]:
        plain = plain_json(self.case.record, without=_TOLD_APART)
        if self.restricted and "child" in plain:
            hidden = {path.split(".")[1] for path in _FORMER_IDENTITY}
            plain["child"] = {key: value for key, value in plain["child"].items() if key not in hidden}
        return plain

    @property
    def _differing(self) -> list[dict[str, Any]]:
        """Each value once for each kind of source: that one says it again tells a recipient nothing."""
        kinds = self._kinds
        found: dict[bytes, dict[str, Any]] = {}
        for conflict in self.case.record.conflicts:
            source = kinds.get(conflict.notice)
            if source is None or (self.restricted and conflict.field.startswith("child.")):
                continue
            told = {"field": conflict.field, "value": plain_json(conflict)["value"], "source": source}
            found.setdefault(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), told)
        return list(found.values())


def _homes(told: Mapping[str, Any]) -> frozenset[str]:
    """Where a child lived, as far as an envelope says: postcodes, and first lines where there is none."""
    addresses = at_path(told.get("record") or {}, "child.addresses") or ()
    texts = (address.get("postcode") or next(iter(address.get("lines") or ()), "") for address in addresses)
    return frozenset(compact for text in texts if (compact := re.sub(r"[\W_]+", "", text.casefold())))


def _routing_json(routing: Routing) -> dict[str, Any]:
    lead, jar = routing.lead, routing.jar
    return {
        "lead": None if lead is None else {"cdop": lead.cdop, "rule": lead.rule, "why": lead.why, "then": lead.then},
        "copies": [{"cdop": copy.cdop, "rule": copy.rule, "why": copy.why} for copy in routing.copies],
        "notify": list(routing.notify),
        "jar": {
            "required": jar.required,
            "reasons": list(jar.reasons),
            "team": jar.team,
            "rule": jar.rule,
            "told": list(jar.told),
            "police_force": jar.police_force,
            "mode": jar.mode,
        },
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, tell_before: bool = True) -> list[dict[str, Any]]:
    """What differs between two views, field by field: record fields by their paths, then state, routing, clocks ..."""
    found = []
    for field, old, new in _pairs(before, after):
        if old == new:
            continue
        change = {"field": field}
        if old is not None and tell_before:
            change["from"] = old
        if new is not None:
            change["to"] = new
        found.append(change)
    return found


def _pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in ("state", "rule"):
        yield name, before.get(name), after.get(name)
    old, new = before.get("record") or {}, after.get("record") or {}
    if old != new:
        for path in dictionary():
            yield path, at_path(old, path), at_path(new, path)
    for group in ("routing", "clocks"):
        old, new = before.get(group) or {}, after.get(group) or {}
        for name in sorted(old.keys() | new.keys()):
            yield f"{group}.{name}", old.get(name) or None, new.get(name) or None
    for name in ("flags", "differing", "related"):
        yield name, before.get(name) or None, after.get(name) or None
