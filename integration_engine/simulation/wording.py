"""How a simulation's figures are written, and which bodies stand side by side."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

_LONGEST_LABEL = 34
_KINDS = {"cdop": "panels", "team": "jar_teams"}

Answer: TypeAlias = Mapping[str, Any]
Pair: TypeAlias = tuple[str, str, Any, Any]
"""A body's code, its name, and its figures before and after (None where it isn't there on that map)."""


def pairs(found: Answer, key: str) -> list[Pair]:
    """The bodies the footprint touches: code, name, before, after. What comes first, then what goes, each panel that goes
    beside the one that takes most of its cases."""
    was, is_now = ({one[key]: one for one in found[side][_KINDS[key]]} for side in ("before", "after"))
    heir = _heirs(found, key)
    codes = sorted(found["touched"][_KINDS[key]], key=lambda code: (heir.get(code, code), code not in is_now, code))
    both = [(code, was.get(code), is_now.get(code)) for code in codes]
    return [(code, short(one["name"]), old, new) for code, old, new in both if (one := new or old) is not None]


def _heirs(found: Answer, key: str) -> dict[str, str]:
    """For each panel or team that goes, the one that takes most of its work."""
    most: dict[str, tuple[int, str]] = {}
    for move in found["changes"]["from_to" if key == "cdop" else "jar_from_to"]:
        number = move["cases"] if isinstance(move["cases"], int) else 0
        most[move["from"]] = max(most.get(move["from"], (-1, "")), (number, move["to"]))
    was, is_now = ({one[key] for one in found[side][_KINDS[key]]} for side in ("before", "after"))
    return {gone: heir for gone, (_, heir) in most.items() if gone in was - is_now}


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
    """A busiest week or month: its count and its date, which don't come apart."""
    if found is None:
        return "–"
    if not found[when]:
        return str(found["count"])
    text = f"{date.fromisoformat(found[when]):%d %b %Y}" if when == "week_of" else f"{_month(found[when]):%b %Y}"
    return f"{found['count']} ({text.lstrip('0')})".replace(" ", "\u00a0")


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def named(name: str, code: str) -> str:
    """A body by name and code; the code doesn't come apart."""
    return f"{name} ({code})".replace("-", "\u2011")


def money(amount: float, currency: str = "", *, sign: bool = False) -> str:
    """An amount in whole units."""
    text = f"{amount:+,.0f}" if sign else f"{amount:,.0f}"
    return f"{currency} {text}".strip()
