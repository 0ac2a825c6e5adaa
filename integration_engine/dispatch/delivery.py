"""One delivery to make, and what it tells of cases that came together or apart."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_engine.dispatch.holding import Delivered, Standing
from integration_engine.envelope import ENVELOPE_SCHEMA, Kind, Part
from integration_engine.recipients import reason
from integration_engine.routing.answer import State


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One delivery to make. ``recipient`` is the routing key; ``envelope`` is a ``case-delivery/1`` in plain JSON values;
    ``leaves`` is what the recipient holds afterwards."""

    id: str
    recipient: str
    kind: Kind
    case: str
    version: int
    leaves: Standing
    envelope: Mapping[str, Any]

    @property
    def retracts(self) -> bool:
        """Whether it takes the death back. A withdrawal from one that the case doesn't concern any more doesn't."""
        return self.kind == "withdraw" and self.envelope["state"] in ("withdrawn", "out-of-scope")


@dataclass(frozen=True, slots=True)
class Moves:
    """Case ids that came or went with this version: cases merged into this one, cases split off it, the case it was split
    from."""

    absorbed: tuple[str, ...] = ()
    split_off: tuple[str, ...] = ()
    split_from: str | None = None

    def __bool__(self) -> bool:
        return bool(self.absorbed or self.split_off or self.split_from)

    def without(self, names: Collection[str]) -> "Moves":
        """Less these cases: that there is another, restricted one would tell who a child was."""
        return Moves(
            tuple(name for name in self.absorbed if name not in names),
            tuple(name for name in self.split_off if name not in names),
            None if self.split_from in names else self.split_from,
        )

    def json(self) -> dict[str, list[str]] | None:
        """As the envelope writes it."""
        out_of = [*self.absorbed, *([self.split_from] if self.split_from else [])]
        return {"into": list(self.split_off), "out_of": out_of} if self else None


@dataclass(frozen=True, slots=True)
class Telling:
    """One version of one case, being told: whoever is told of it is told under these."""

    case: str
    version: int
    at: datetime

    def dispatch(
        self, recipient: str, kind: Kind, part: Part, leaves: Standing, content: Mapping[str, Any]
    ) -> Dispatch:
        """The delivery of ``content`` to a recipient that has this part in the case."""
        name = delivery_id(self.case, recipient, self.version, kind)
        heading = {
            "schema": ENVELOPE_SCHEMA,
            "delivery": name,
            "case": self.case,
            "version": self.version,
            "kind": kind,
            "part": part,
            "at": self.at.isoformat(),
        }
        # What is told again from an earlier envelope has that one's heading; the order of its members is the heading's.
        told = {**heading, **content, **heading}
        return Dispatch(name, recipient, kind, self.case, self.version, leaves, told)

    def take_back(
        self, previous: Delivered | None, state: State, rule: str, moved: Mapping[str, list[str]] | None = None
    ) -> tuple[Dispatch, ...]:
        """Take the case back from everybody who ever got it. Nothing about the child is in it."""
        content = {"state": state, "rule": rule, "reasons": [reason(rule)]} | ({"moved": moved} if moved else {})
        return tuple(
            self.dispatch(recipient, "withdraw", held.part, "withdrawn", content)
            for recipient, held in sorted((previous or {}).items())
            if not held.gone
        )


def turn_of(dispatch: Dispatch) -> tuple[bool, bool, str]:
    """The order of publishing: whatever goes to a JAR team first, then withdrawals: neither waits behind ordinary cases."""
    return (not dispatch.recipient.startswith("jar."), dispatch.kind != "withdraw", dispatch.recipient)


def delivery_id(case: str, recipient: str, version: int, kind: str) -> str:
    """The stable id of a delivery: made again, it is the same."""
    return "d-" + hashlib.sha256("\x1f".join((case, recipient, str(version), kind)).encode()).hexdigest()[:24]
