"""The forms by which people decide: which fit a case and a role, and what comes back of one as what was decided."""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from integration_engine.console.wording import LABELS
from integration_engine.gateway.ports import Asked, DeskRefusal
from integration_engine.record.authority import KindOfDecision, kinds
from integration_engine.record.codes import Role
from integration_engine.record.decision import Decision

_ONCE = re.compile(r"[0-9a-f]{32}")
_ANSWERS = {"yes": True, "no": False, "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of decision as a form. ``once`` makes it one decision however often it is sent; ``typed`` is what was typed
    where it has to be sent again, ``wrong`` why."""

    kind: KindOfDecision
    once: str
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""

    @property
    def fields(self) -> Sequence[tuple[str, str, str]]:
        """(name, label, type) of each field of the value."""
        return [(name, LABELS[name], sort) for name, sort in self.kind.value.items()]


def forms(
    role: Role,
    *,
    protected: bool,
    asks: set[str],
    again: Form | None = None,
    leave_out: Collection[str] = (),
) -> tuple[list[Form], list[Form]]:
    """The forms for a role: those that answer what is asked, and the others. ``again`` is one to be filled in again."""
    answering: list[Form] = []
    others: list[Form] = []
    for kind in kinds().values():
        if kind.kind in leave_out or role not in (kind.protected if protected else kind.roles):
            continue
        made = again if again and again.kind is kind else Form(kind, uuid.uuid4().hex)
        (answering if asks.intersection(kind.settles) else others).append(made)
    return answering, others


def may_link(role: Role, *, protected: bool) -> bool:
    """Whether a role may say of two notices that they are or aren't about one child, and take it back."""
    kind = kinds()["link"]
    return role in (kind.protected if protected else kind.roles)


def to_take_back(decisions: Sequence[Decision]) -> dict[str, str]:
    """What people said of two notices and nobody has taken back since, by the decision's id, each with what makes its form
    one decision. They come in order of time."""
    standing: dict[tuple[str, frozenset[str]], list[str]] = {}
    for decision in decisions:
        if decision.kind in ("link", "unlink"):
            same = standing.setdefault((decision.kind, frozenset(decision.about)), [])
            same[:] = [] if decision.withdraws else [*same, decision.id]
    return {name: uuid.uuid4().hex for names in standing.values() for name in names}


def taken_back(fields: Mapping[str, str], decisions: Sequence[Decision]) -> Asked:
    """What a form takes back that was decided about two notices. Raises DeskRefusal ``form`` where there is no such decision
    or it isn't one of our forms."""
    found = next((d for d in decisions if d.id == fields.get("decision")), None)
    once = fields.get("once", "")
    if found is None or found.id not in to_take_back(decisions) or not _ONCE.fullmatch(once):
        raise DeskRefusal("form", "The form can't be read. Open the page again.", 400)
    return Asked(f"console-{once}", found.kind, found.about, {"withdraw": True}, fields.get("reason", "").strip())


def asked(fields: Mapping[str, str], about: tuple[str, ...]) -> tuple[Form, Asked]:
    """What a form that came back decides. Raises DeskRefusal ``form`` where it isn't one of ours."""
    kind = kinds().get(cast(Any, fields.get("kind", "")))
    once = fields.get("once", "")
    if kind is None or not _ONCE.fullmatch(once):
        raise DeskRefusal("form", "The form can't be read. Open the page again.", 400)
    form = Form(kind, once, dict(fields))
    value: dict[str, Any] = {}
    for name, sort in kind.value.items():
        text = fields.get(f"value.{name}", "").strip()
        if text and sort == "which":
            value[name] = True
        elif text:
            value[name] = _ANSWERS.get(text, text) if sort in ("yes-no", "yes-no-unknown") else text
    if fields.get("withdraw"):
        value = {"withdraw": True}
    other = fields.get("other", "").strip()
    named = (*about, other) if kind.needs > 1 and other else about
    if fields.get("value.adoption") == "other":
        named = tuple(reversed(named))
    return form, Asked(f"console-{once}", kind.kind, named, value, fields.get("reason", "").strip())
