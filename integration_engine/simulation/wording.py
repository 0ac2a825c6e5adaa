"""How a simulation's figures are written, and which bodies stand side by side."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

_LONGEST_LABEL = 34

Answer: TypeAlias = Mapping[str, Any]
Pair: TypeAlias = tuple[str, str, Any, Any]
"""A body's code, its name, and its figures before and after (None where it isn't there on that map)."""


def pairs(found: Answer, kind: str, key: str, touched: str) -> list[Pair]:
    """The bodies the footprint touches: code, name, before, after. What comes first, then what goes, each panel that goes
    beside the one that takes most of its cases."""
    was, is_now = ({one[key]: one for one in found[side][kind]} for side in ("before", "after"))
    heir = _heirs(found) if kind == "panels" else {}
    codes = sorted(found["touched"][touched], key=lambda code: (heir.get(code, code), code not in is_now, code))
    both = [(code, was.get(code), is_now.get(code)) for code in codes]
    return [(code, short(one["name"]), old, new) for code, old, new in both if (one := new or old) is not None]


def _heirs(found: Answer) -> dict[str, str]:
    """For each panel that loses cases, the one that gets most of them."""
    most: dict[str, tuple[int, str]] = {}
    for move in found["changes"]["from_to"]:
        number = move["cases"] if isinstance(move["cases"], int) else 0
        most[move["from"]] = max(most.get(move["from"], (-1, "")), (number, move["to"]))
    gone = {one["cdop"] for one in found["before"]["panels"]} - {one["cdop"] for one in found["after"]["panels"]}
    return {was: heir for was, (_, heir) in most.items() if was in gone}


def short(name: str) -> str:
    """A body's name as it fits beside a bar."""
    name = name.split(" (", maxsplit=1)[0].removeprefix("Joint agency response, ")
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"


def drawn(touched: Sequence[Pair], measure: str) -> dict[str, list[float | None]]:
    """One measure of both maps, as bars take it."""
    return {
        "before": [old and old[measure] for _, _, old, _ in touched],
        "after": [new and new[measure] for _, _, _, new in touched],
    }


def figure(shown: int | str) -> str:
    """A count as it is shown: thousands parted, or the mark of a hidden one."""
    return f"{shown:,}" if isinstance(shown, int) else shown


def percent(share: float | None, places: int = 1) -> str:
    """A share as a percentage; a dash where there is none to show."""
    return "–" if share is None else f"{100 * share:.{places}f}%"


def span(window: Mapping[str, Any]) -> str:
    """The window in words: 1 January 2016 to 31 December 2025."""
    first, last = (date.fromisoformat(window[end]) for end in ("first", "last"))
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def week(found: Mapping[str, Any] | None, when: str) -> str:
    """A busiest week or month: its count and its date."""
    if found is None:
        return "–"
    return f"{found['count']} ({found[when]})" if found[when] else str(found["count"])


def money(amount: float, currency: str = "", *, sign: bool = False) -> str:
    """An amount in whole units."""
    text = f"{amount:+,.0f}" if sign else f"{amount:,.0f}"
    return f"{currency} {text}".strip()
