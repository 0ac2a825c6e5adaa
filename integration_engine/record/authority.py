"""Who may decide what: the kinds of decision, their roles, and what each settles, read from ``mappings/decisions.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from integration_engine.record.codes import Role
from integration_engine.record.decision import Decision, DecisionKind

KINDS_FILE = Path(__file__).resolve().parents[2] / "mappings" / "decisions.yaml"

FieldType = Literal["panel", "authority", "yes-no", "yes-no-unknown", "moment", "which"]
AREA_ROLES: frozenset[Role] = frozenset({"coordinator", "designated-doctor"})
"""Roles that belong to a panel: they decide about the cases it leads."""


@dataclass(frozen=True, slots=True)
class KindOfDecision:
    """One kind. ``settles`` are rules of held cases, flags and kinds of review it answers; ``value`` its fields by type;
    ``protected`` who may decide it about a restricted case; ``taken_back`` who may take it back; ``needs`` the least number
    of subjects."""

    kind: DecisionKind
    title: str
    settles: tuple[str, ...]
    roles: frozenset[Role]
    protected: frozenset[Role]
    taken_back: frozenset[Role]
    value: Mapping[str, FieldType]
    needs: int = 1


@dataclass(frozen=True, slots=True)
class NotTheirs:
    """A decision that its role may not take: it changes nothing. ``code`` for machines, ``text`` for people."""

    decision: str
    code: str
    text: str


@cache
def kinds(path: Path = KINDS_FILE) -> Mapping[DecisionKind, KindOfDecision]:
    """Every kind of decision, in the order forms offer them. Raises ValueError where the file and the code disagree."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = {name: _kind(name, entry) for name, entry in document["kinds"].items()}
    if found.keys() != set(get_args(DecisionKind)):
        raise ValueError(f"{path.name}: its kinds are not those of a decision")
    return found


@cache
def waits(path: Path = KINDS_FILE) -> Mapping[str, str]:
    """What waits for a person, by rule of a held case or kind of question: a sentence each."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))["waits"])


def settled_by(rule: str) -> tuple[KindOfDecision, ...]:
    """The kinds of decision that answer a rule of a held case, a flag or a kind of question."""
    return tuple(kind for kind in kinds().values() if rule in kind.settles)


def _kind(name: Any, entry: Mapping[str, Any]) -> KindOfDecision:
    roles = frozenset(entry["roles"])
    protected, taken_back = (frozenset(entry.get(name, roles)) for name in ("protected", "taken_back"))
    value = dict(entry.get("value", {}))
    if not roles | protected | taken_back <= set(get_args(Role)) or not set(value.values()) <= set(get_args(FieldType)):
        raise ValueError(f"{KINDS_FILE.name}: {name} has a role or type of field that isn't known")
    return KindOfDecision(
        name, entry["title"], tuple(entry["settles"]), roles, protected, taken_back, value, int(entry.get("needs", 1))
    )


def not_theirs(decision: Decision, *, protected: bool) -> NotTheirs | None:
    """Why this decision doesn't count, None where it does. ``protected``: it is about a restricted case."""
    kind = kinds()[decision.kind]
    if decision.role not in kind.roles:
        return NotTheirs(decision.id, "role", f"A {decision.role} may not take a decision of kind {decision.kind}.")
    if decision.withdraws and decision.role not in kind.taken_back:
        text = f"Only the restricted role may take a decision of kind {decision.kind} back."
        return NotTheirs(decision.id, "restricted-role", text)
    if protected and decision.role not in kind.protected:
        text = f"About a restricted case only the restricted role may take a decision of kind {decision.kind}."
        return NotTheirs(decision.id, "restricted-role", text)
    return None
