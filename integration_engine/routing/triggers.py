"""The facts that call for a joint agency response, as a table: reason by reason, which codes and words meet it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.tables import ReferenceDataError, document

Part = ChildDeathRecord | DeathNotice
"""What states facts: one notice alone, or the record they add up to."""

_ICD_10 = re.compile(r"([A-Z])(\d\d)")
_RANGE = re.compile(r"([A-Z]\d\d)(?:-([A-Z]\d\d))?")
_FACTS = frozenset(
    {
        "icd10",
        "event_types",
        "conclusions",
        "suspicious",
        "custody",
        "place_types",
        "categories",
        "scope",
        "abuse_or_neglect",
        "unexpected_without_certificate",
    }
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One reason and what meets it: any one of its facts does. ICD-10 blocks are pairs of three-character categories,
    both inclusive."""

    reason: str
    icd10: tuple[tuple[str, str], ...] = ()
    event_types: frozenset[str] = frozenset()
    conclusions: frozenset[str] = frozenset()
    suspicious: frozenset[str] = frozenset()
    custody: frozenset[str] = frozenset()
    place_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    scope: frozenset[str] = frozenset()
    abuse_or_neglect: bool = False
    unexpected_without_certificate: bool = False

    def met_by(self, part: Part, scope_rule: str = "") -> bool:
        """Whether a notice or record states one of the facts; ``scope_rule`` is why the case is in scope."""
        death, coroner, police = part.death, part.coroner, part.police
        return (
            scope_rule in self.scope
            or bool(death.event and death.event.type in self.event_types)
            or bool(police and police.suspicious in self.suspicious)
            or bool(coroner and not self.conclusions.isdisjoint(coroner.conclusions))
            or part.child.custody in self.custody
            or bool(death.place and death.place.type in self.place_types)
            or death.suspected_category in self.categories
            or (self.abuse_or_neglect and bool(death.abuse_or_neglect))
            or (self.unexpected_without_certificate and death.expected == "unexpected" and not _certified(part))
            or (bool(self.icd10) and any(self._names(category) for category in _categories(part)))
        )

    def facts_in(self, part: Part, scope_rule: str = "") -> tuple[str, ...]:
        """The facts that meet it, in words: for the explanation of an answer."""
        death, coroner, police = part.death, part.coroner, part.police
        found = [f"ICD-10 {one}" for one in dict.fromkeys(_categories(part)) if self._names(one)]
        if death.event and death.event.type in self.event_types:
            found.append(f"the event is {death.event.type}")
        if police and police.suspicious in self.suspicious:
            found.append(f"the police say suspicious: {police.suspicious}")
        found += [
            f"the coroner concluded {one}"
            for one in (coroner.conclusions if coroner else ())
            if one in self.conclusions
        ]
        if part.child.custody in self.custody:
            found.append(f"custody is {part.child.custody}")
        if death.place and death.place.type in self.place_types:
            found.append(f"the place of death is {death.place.type}")
        if death.suspected_category in self.categories:
            found.append(f"the suspected category is {death.suspected_category}")
        if self.abuse_or_neglect and death.abuse_or_neglect:
            found.append("abuse or neglect is stated")
        if self.unexpected_without_certificate and death.expected == "unexpected" and not _certified(part):
            found.append("unexpected, with no medical certificate of cause of death")
        if scope_rule in self.scope:
            found.append("a suspected stillbirth with no professional attending")
        return tuple(found)

    def _names(self, category: str) -> bool:
        return any(first <= category <= last for first, last in self.icd10)


def _certified(part: Part) -> bool:
    mccd = part.death.mccd
    return bool(mccd and (mccd.issued or (mccd.issued is None and mccd.cause_1a)))


def _categories(part: Part) -> Iterator[str]:
    """The three-character ICD-10 category of every coded diagnosis, in any position."""
    for diagnosis in part.death.diagnoses:
        code = (diagnosis.code or "").strip().upper()
        other_system = diagnosis.system and "10" not in diagnosis.system
        if not other_system and (found := _ICD_10.match(code)):
            yield found[1] + found[2]


def read_triggers(where: str, listed: Mapping[str, Any]) -> tuple[Trigger, ...]:
    """Triggers from a mapping of reasons to facts. Raises ReferenceDataError for a fact that isn't one."""
    return tuple(_trigger(f"{where}:{reason}", reason, facts or {}) for reason, facts in listed.items())


def _trigger(where: str, reason: str, facts: Mapping[str, Any]) -> Trigger:
    if unknown := sorted(set(facts) - _FACTS):
        raise ReferenceDataError("unknown-fact", where, f"no such fact: {', '.join(unknown)}")
    blocks = []
    for text in facts.get("icd10", ()):
        found = _RANGE.fullmatch(str(text))
        if not found:
            raise ReferenceDataError("bad-block", where, "an ICD-10 block is written V01-Y98 or R95")
        blocks.append((found[1], found[2] or found[1]))

    def words(name: str) -> frozenset[str]:
        if not all(isinstance(word, str) for word in facts.get(name, ())):
            raise ReferenceDataError("bad-word", where, f"{name} is a list of words; quote yes and no")
        return frozenset(facts.get(name, ()))

    return Trigger(
        reason,
        tuple(blocks),
        words("event_types"),
        words("conclusions"),
        words("suspicious"),
        words("custody"),
        words("place_types"),
        words("categories"),
        words("scope"),
        facts.get("abuse_or_neglect") is True,
        facts.get("unexpected_without_certificate") is True,
    )


def load_triggers(path: Path) -> tuple[Trigger, ...]:
    """Read ``jar-triggers.yaml``. Raises ReferenceDataError."""
    listed = document(path)
    if not isinstance(listed, dict) or not isinstance(listed.get("reasons"), dict):
        raise ReferenceDataError("bad-triggers", path.name, "the file lists its triggers under 'reasons'")
    return read_triggers(path.name, listed["reasons"])
