"""What a benchmark says: one shape of figure, one table, one JSON.

A figure stands beside its floor, measured in the same run: the least work that anything doing the job must do. Targets are
held against the ratio of the two, or against the figure itself where that is what was asked for.
"""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

_WIDTH = 200
_LIBRARIES = ("pika", "psycopg", "sqlalchemy")


@dataclass(frozen=True)
class Target:
    """What was asked for. ``of``: the ratio to the floor, or the measured figure itself."""

    limit: float
    way: Literal["at least", "at most"] = "at least"
    of: Literal["ratio", "measured"] = "ratio"

    def holds(self, figure: "Figure") -> bool:
        """A ratio without a floor holds nothing."""
        value = figure.ratio if self.of == "ratio" else figure.measured
        if value is None:
            return False
        return value >= self.limit if self.way == "at least" else value <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.way == "at least" else "<="
        return f"{sign} {_number(self.limit)}" + (" x" if self.of == "ratio" else "")


@dataclass(frozen=True)
class Figure:
    """One line: what was measured, in which unit, beside its floor in the same unit (None where nothing is the least).

    ``targets`` hold together or not at all.
    """

    what: str
    measured: float
    unit: str
    floor: float | None = None
    targets: Sequence[Target] = ()

    @property
    def ratio(self) -> float | None:
        """Measured by floor: a rate's share of its floor, how many times its floor a time takes."""
        return self.measured / self.floor if self.floor else None

    @property
    def holds(self) -> bool | None:
        """Whether it is what was asked for; None where nothing was."""
        met = [target.holds(self) for target in self.targets]
        return all(met) if met else None

    def json(self, benchmark: str) -> dict[str, Any]:
        ratio = self.ratio
        return {
            "benchmark": benchmark,
            "what": self.what,
            "measured": self.measured,
            "unit": self.unit,
            "floor": self.floor,
            "ratio": None if ratio is None else round(ratio, 4),
            "target": " and ".join(map(str, self.targets)) or None,
            "holds": self.holds,
        }


class Report:
    """All figures of one run, and the machine they were taken on."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC)
        self._load = os.getloadavg()
        self._servers: dict[str, str] = {}
        self._figures: list[tuple[str, Figure]] = []

    def servers(self, **versions: str) -> None:
        """What broker and database were measured with."""
        self._servers |= versions

    def add(self, benchmark: str, figures: Iterable[Figure]) -> None:
        """Take figures, and show each as it comes: some benchmarks take minutes."""
        for figure in figures:
            self._figures.append((benchmark, figure))
            print(f"   {figure.what}: {_number(figure.measured)} {figure.unit}", flush=True)

    def json(self) -> dict[str, Any]:
        return {"machine": self._machine(), "figures": [figure.json(name) for name, figure in self._figures]}

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(self.json(), indent=1) + "\n", encoding="utf-8")

    def show(self) -> None:
        table = Table()
        table.add_column("what", min_width=40)
        for name in ("measured", "floor", "ratio"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("unit", no_wrap=True)
        table.add_column("target")
        table.add_column("holds")
        before = ""
        for name, figure in self._figures:
            if name != before:
                table.add_section()
                table.add_row(f"[bold]{name}")
            before = name
            said = figure.json(name)
            holds = {None: "", True: "yes", False: "NO"}[figure.holds]
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            floor = "" if figure.floor is None else _number(figure.floor)
            table.add_row(figure.what, _number(figure.measured), floor, ratio, figure.unit, said["target"] or "", holds)
        Console(width=None if Console().is_terminal else _WIDTH).print(table)
        for name, value in self._machine().items():
            print(f"{name.replace('_', ' ')}: {value}")

    def _machine(self) -> dict[str, Any]:
        versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
        return {
            "at": self._started.isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "load_before": [round(each, 2) for each in self._load],
            "load_after": [round(each, 2) for each in os.getloadavg()],
            "python": platform.python_version(),
            **versions,
            **self._servers,
        }


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
