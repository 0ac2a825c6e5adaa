"""A scenario told once: what partners send, what people decide, and when. Played by ``cdr try`` and by the real engine.

A story's own module (``stories/``) tells it in the partners' formats; what has to come of it stands in the tests beside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Decided = dict[str, Any]
"""One entry of a decisions file, about ``name#index`` of the messages."""


@dataclass(frozen=True)
class Act:
    """Messages by file name in order of arrival, then decisions. Before the next act everybody has been told of this one."""

    messages: Mapping[str, bytes]
    decisions: tuple[Decided, ...] = ()


@dataclass(frozen=True)
class Story:
    """One scenario or variant. File names are unlike any other story's (they begin with the story's own name), and so are
    its children: all stories share one engine.

    ``at`` is the instant for ``cdr try --at``. ``senders`` says who sends a message that doesn't say so itself (an office's
    or a force's file), by file name.
    """

    name: str
    at: str
    acts: tuple[Act, ...]
    senders: Mapping[str, str] | None = None

    def until(self, act: int) -> tuple[dict[str, bytes], list[Decided]]:
        """Every message and decision up to and with this act."""
        acts = self.acts[: act + 1]
        messages = {name: body for each in acts for name, body in each.messages.items()}
        return messages, [decision for each in acts for decision in each.decisions]

    @property
    def messages(self) -> dict[str, bytes]:
        return self.until(len(self.acts))[0]


def tell(name: str, at: str, *acts: Mapping[str, bytes] | Act, senders: Mapping[str, str] | None = None) -> Story:
    """A story of these acts, its file names made its own: ``s1`` and ``police.json`` make ``s1.police.json``."""
    own: list[Act] = []
    for act in acts:
        told = act if isinstance(act, Act) else Act(act)
        decisions = tuple(
            {**d, "id": f"{name}-{d['id']}", "about": [f"{name}.{about}" for about in d["about"]]}
            for d in told.decisions
        )
        own.append(Act({f"{name}.{file}": body for file, body in told.messages.items()}, decisions))
    return Story(name, at, tuple(own), {f"{name}.{file}": who for file, who in (senders or {}).items()})


def decided(
    kind: str, *about: str, at: str, role: str = "coordinator", reason: str = "asked and written down", **value: Any
) -> Decided:
    """One person's decision about messages (``name#index``)."""
    return {
        "id": f"d-{kind}-{at}-{'-'.join(about)}", "at": at, "by": "A Coordinator", "role": role, "kind": kind,
        "about": list(about), "value": value, "reason": reason,
    }  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def only(found: list[Any]) -> Any:
    assert len(found) == 1, found
    return found[0]


def leads(case: dict[str, Any]) -> tuple[str | None, list[str]]:
    """The panel that leads and those that get a copy."""
    return (case["lead"] or {}).get("cdop"), sorted(copy["cdop"] for copy in case["copies"])


def by_ref(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Cases by each reference they come from."""
    return {ref: case for case in answer["cases"] for ref in case["from"]}


def every_text(value: Any) -> Iterator[str]:
    """Every word of an answer, keys left out."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from every_text(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from every_text(inner)
    elif value is not None:
        yield str(value)
