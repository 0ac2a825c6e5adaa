"""Numbers of what this process has done, by name and labels, written as Prometheus text.

Labels are codes from closed lists (kind, verdict, reason, partner code, status): never anything a message says about a
person. A label value that doesn't look like a code is counted as ``other``, so a careless caller can't leak a name here.
"""

import re
import threading
from collections.abc import Mapping
from typing import Literal

Kind = Literal["counter", "gauge"]
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,63}|\d{3}")
_NAME = re.compile(r"cdr_[a-z0-9_]+")

Labels = tuple[tuple[str, str], ...]


class Counters:
    """Thread-safe counters and gauges. One object a process; the gateway, worker and console share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {}
        self._about: dict[str, tuple[Kind, str]] = {}

    def describe(self, name: str, kind: Kind, about: str) -> None:
        """Say what a number is; shown as HELP and TYPE."""
        if not _NAME.fullmatch(name):
            raise ValueError("a metric's name is cdr_ and small letters, digits and underscores")
        with self._lock:
            self._about[name] = (kind, about)

    def add(self, name: str, by: float = 1, /, **labels: str) -> None:
        """Count ``by`` more of it."""
        key = _labels(labels)
        with self._lock:
            series = self._values.setdefault(name, {})
            series[key] = series.get(key, 0) + by

    def put(self, name: str, value: float, /, **labels: str) -> None:
        """How much there is of it now."""
        with self._lock:
            self._values.setdefault(name, {})[_labels(labels)] = value

    def value(self, name: str, /, **labels: str) -> float:
        """One number, 0 where nothing was counted."""
        with self._lock:
            return self._values.get(name, {}).get(_labels(labels), 0)

    def series(self, name: str) -> Mapping[Labels, float]:
        """Every labelled number of one name."""
        with self._lock:
            return dict(self._values.get(name, {}))

    def text(self) -> str:
        """All of it in the Prometheus text format 0.0.4, in a stable order."""
        with self._lock:
            values = {name: dict(series) for name, series in self._values.items()}
            about = dict(self._about)
        lines: list[str] = []
        for name in sorted(values):
            kind, words = about.get(name, ("counter", ""))
            if words:
                lines.append(f"# HELP {name} {words}")
            lines.append(f"# TYPE {name} {kind}")
            lines += [f"{name}{_braces(labels)} {value:g}" for labels, value in sorted(values[name].items())]
        return "\n".join(lines) + "\n" if lines else ""


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted((key, value if _CODE.fullmatch(value) else "other") for key, value in labels.items()))


def _braces(labels: Labels) -> str:
    return "{" + ",".join(f'{key}="{value}"' for key, value in labels) + "}" if labels else ""


COUNTERS = Counters()
"""This process's numbers."""

MESSAGES = "cdr_messages_total"
ITEMS = "cdr_items_total"
HTTP_ANSWERS = "cdr_http_answers_total"
SIGN_INS = "cdr_sign_ins_total"
NOT_DURABLE = "cdr_not_durable_total"

COUNTERS.describe(MESSAGES, "counter", "Messages that came in, by kind, verdict and reason.")
COUNTERS.describe(ITEMS, "counter", "Persons or rows that messages spoke of, by kind, verdict and reason.")
COUNTERS.describe(HTTP_ANSWERS, "counter", "HTTP answers by door and status.")
COUNTERS.describe(SIGN_INS, "counter", "Tokens shown at a door, by outcome.")
COUNTERS.describe(NOT_DURABLE, "counter", "Messages refused because the broker did not confirm them.")
