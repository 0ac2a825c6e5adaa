"""Local authorities through time: districts and upper tiers, what became of each, and which nation a code belongs to.

A child's address may carry a code that was retired years before the death, or one that didn't exist yet. Both still name
a place, so a code is carried forward to its successors or back to its predecessors until it is one in force on the day.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from integration_engine.record.codes import Residency
from integration_engine.routing.tables import ReferenceDataError, Span, listed, rows, span

Kind = Literal["unitary", "district", "metropolitan", "london-borough", "county"]

GSS_CODE = re.compile(r"[EWSNLMJK]\d{8}")
"""The shape of an ONS area code; anything else in a district field is another code system's."""

# Answers remembered, by code and day: a year's worth, so that a process that runs for years doesn't grow.
_MOST_KNOWN = 50_000

_NATIONS: Mapping[str, Residency] = {
    "E": "england",
    "W": "wales",
    "S": "scotland",
    "N": "northern-ireland",
    "L": "channel-islands",
    "M": "isle-of-man",
}


def nation_of_code(code: str) -> Residency | None:
    """The nation an ONS area code lies in, by its first letter; None where the text is no ONS code."""
    return _NATIONS.get(code[:1]) if GSS_CODE.fullmatch(code) else None


@dataclass(frozen=True, slots=True)
class Authority:
    """A district, a unitary or an upper-tier authority. ``upper_tier`` is the county's code for a district, else its own.

    ``successors`` took over its area; ``renumbered`` says that the one successor is the same authority under a new code.
    """

    code: str
    name: str
    kind: Kind
    upper_tier: str
    span: Span
    successors: tuple[str, ...] = ()
    renumbered: bool = False
    confidence: str = ""
    source: str = ""


@dataclass(frozen=True, eq=False)
class Geography:
    """Every authority by its code."""

    authorities: Mapping[str, Authority]
    _known: dict[tuple[str, date], tuple[Authority, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def predecessors(self) -> Mapping[str, tuple[str, ...]]:
        """Which codes each code took over from."""
        found: dict[str, list[str]] = defaultdict(list)
        for authority in self.authorities.values():
            for successor in authority.successors:
                found[successor].append(authority.code)
        return {code: tuple(sorted(before)) for code, before in found.items()}

    @cached_property
    def districts_of(self) -> Mapping[str, tuple[str, ...]]:
        """The districts of each county."""
        found: dict[str, list[str]] = defaultdict(list)
        for authority in self.authorities.values():
            if authority.upper_tier != authority.code:
                found[authority.upper_tier].append(authority.code)
        return {code: tuple(sorted(inside)) for code, inside in found.items()}

    @cached_property
    def turning_days(self) -> frozenset[date]:
        """The first day of each new state of the map."""
        spans = [authority.span for authority in self.authorities.values()]
        return frozenset(one.first for one in spans) | frozenset(
            date.fromordinal(one.last.toordinal() + 1) for one in spans if one.last != date.max
        )

    def on(self, code: str, day: date) -> tuple[Authority, ...]:
        """The authorities that this code's area belonged to on a day, in the order of their codes; none if unknown.

        More than one where the code names an area that was, or has since been, divided.
        """
        if code not in self.authorities:
            return ()
        known = self._known.get((code, day))
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._walk(code, day, frozenset())
            known = self._known[code, day] = tuple(self.authorities[one] for one in sorted(found))
        return known

    def _walk(self, code: str, day: date, seen: frozenset[str]) -> frozenset[str]:
        authority = self.authorities.get(code)
        if authority is None or code in seen:
            return frozenset()
        if authority.span.holds(day):
            return frozenset({code})
        step = authority.successors if day > authority.span.last else self.predecessors.get(code, ())
        found: frozenset[str] = frozenset()
        for other in step:
            found |= self._walk(other, day, seen | {code})
        # Before the first code we know of, an area is taken to be what it was when we first knew it.
        return found or (frozenset({code}) if day < authority.span.first else frozenset())

    def same(self, one: str, other: str) -> bool:
        """Whether two codes are one authority, renumbered or not (Barnsley E08000016 and E08000038)."""
        return self.newest(one) == self.newest(other)

    def newest(self, code: str) -> str:
        """The code an authority carries today, if all that happened to it is a new number."""
        seen = {code}
        while (found := self.authorities.get(code)) and found.renumbered and found.successors[0] not in seen:
            code = found.successors[0]
            seen.add(code)
        return code


_COLUMNS = (
    "code",
    "name",
    "kind",
    "upper_tier",
    "valid_from",
    "valid_to",
    "successors",
    "renumbered",
    "confidence",
    "source",
)
KINDS: Mapping[str, Kind] = {
    "unitary": "unitary",
    "district": "district",
    "metropolitan": "metropolitan",
    "london-borough": "london-borough",
    "county": "county",
}


def load_geography(path: Path) -> Geography:
    """Read ``authorities.csv``. Raises ReferenceDataError."""
    found: dict[str, Authority] = {}
    for where, row in rows(path, _COLUMNS):
        kind = KINDS.get(row["kind"])
        if kind is None:
            raise ReferenceDataError("unknown-kind", where, f"kind is one of {', '.join(KINDS)}")
        if row["code"] in found:
            raise ReferenceDataError("twice", where, "this code has a row already")
        found[row["code"]] = Authority(
            row["code"],
            row["name"],
            kind,
            row["upper_tier"] or row["code"],
            span(where, row),
            listed(row["successors"]),
            bool(row["renumbered"]),
            row["confidence"],
            row["source"],
        )
    return Geography(found)
