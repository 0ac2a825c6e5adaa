"""What a map would cost a year, from a planner's own unit costs. Nothing is assumed: what has no price is said.

currency: GBP
source: "Finance, 2026 plan"
panel: {fixed: 85000, per_case: 600}          # a year; a case led
panels: {EAST: {fixed: 140000}}               # this panel's own, in place of the default
team: {on_call: 120000, per_response: 900}    # a year, for each that is on call at once; a response
teams: {JAR-EAST: {on_call: 150000}}
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from integration_engine.simulation.caseload import MapFigures

_PANEL, _TEAM = ("fixed", "per_case"), ("on_call", "per_response")
_PARTS = frozenset({"currency", "source", "panel", "panels", "team", "teams"})


class CostsError(ValueError):
    """A file of unit costs that can't be used: where in it, and why."""


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Prices by what they are for: defaults and each body's own."""

    currency: str
    source: str
    panel: Mapping[str, float]
    panels: Mapping[str, Mapping[str, float]]
    team: Mapping[str, float]
    teams: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Bill:
    """What one map costs a year, by part; ``unpriced`` names what has no price ("fixed: NORFOLK")."""

    parts: Mapping[str, float]
    unpriced: tuple[str, ...]

    @property
    def total(self) -> float:
        """Everything priced, a year."""
        return math.fsum(self.parts.values())


def read_costs(path: Path) -> UnitCosts:
    """Read unit costs. Raises CostsError with a sentence that says where and why."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise CostsError(f"{path.name}: the file can't be read as YAML") from problem
    if not isinstance(read, dict) or not set(read) & {"panel", "panels", "team", "teams"}:
        raise CostsError(f"{path.name}: unit costs stand under panel, panels, team or teams")
    if unknown := sorted(map(str, set(read) - _PARTS)):
        raise CostsError(f"{path.name}: not part of unit costs: {', '.join(unknown)}")
    return UnitCosts(
        str(read.get("currency") or "GBP"),
        str(read.get("source") or ""),
        _prices(path.name, "panel", read.get("panel"), _PANEL),
        _each(path.name, "panels", read.get("panels"), _PANEL),
        _prices(path.name, "team", read.get("team"), _TEAM),
        _each(path.name, "teams", read.get("teams"), _TEAM),
    )


def _each(file: str, part: str, listed: Any, names: tuple[str, ...]) -> Mapping[str, Mapping[str, float]]:
    if not isinstance(listed or {}, dict):
        raise CostsError(f"{file}: {part} maps codes to prices")
    return {str(code): _prices(file, f"{part}.{code}", prices, names) for code, prices in (listed or {}).items()}


def _prices(file: str, where: str, prices: Any, names: tuple[str, ...]) -> Mapping[str, float]:
    if not isinstance(prices or {}, dict) or not set(prices or {}) <= set(names):
        raise CostsError(f"{file}: {where} has prices for {' and '.join(names)}")
    for name, price in (prices or {}).items():
        number = isinstance(price, int | float) and not isinstance(price, bool)
        if not number or not math.isfinite(price) or price < 0:
            raise CostsError(f"{file}: {where}.{name} is a number that isn't negative")
    return {name: float(price) for name, price in (prices or {}).items()}


def bill(found: MapFigures, costs: UnitCosts, years: float, panels: Collection[str], teams: Collection[str]) -> Bill:
    """What these panels and teams cost a year on a map. A panel costs its fixed sum and each case it leads; a team the cover
    it needs on call and each response."""
    parts = dict.fromkeys((*_PANEL, *_TEAM), 0.0)
    unpriced: dict[str, list[str]] = {}

    def add(part: str, code: str, own: Mapping[str, float], default: Mapping[str, float], times: float) -> None:
        price = own.get(part, default.get(part))
        if price is not None:
            parts[part] += price * times
        elif times:
            unpriced.setdefault(part, []).append(code)

    here = {code: panel for code, panel in found.panels.items() if code in panels}
    called = {code: team for code, team in found.teams.items() if code in teams}
    for code, panel in here.items():
        own = costs.panels.get(code, {})
        add("fixed", code, own, costs.panel, 1)
        add("per_case", code, own, costs.panel, panel.cases / years)
    for code, team in called.items():
        own = costs.teams.get(code, {})
        add("on_call", code, own, costs.team, team.load.cover)
        add("per_response", code, own, costs.team, team.responses / years)
    bodies = {"fixed": len(here), "per_case": len(here)}
    said = [
        f"{part}: {'all' if len(codes) == bodies.get(part, len(called)) else ', '.join(codes)}"
        for part, codes in unpriced.items()
    ]
    return Bill(parts, tuple(said))
