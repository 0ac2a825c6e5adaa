"""Numbers of what this process has done, by name and labels, written as Prometheus reads them.

The counting is ``prometheus_client``'s. Ours is what stands before it: every number is described once, with the labels it
may carry; labels are codes from closed lists (kind, verdict, reason, partner code, status), never anything a message says
about a person. A label value that doesn't look like a code is counted as ``other``, so a careless caller can't leak a name.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client import disable_created_metrics as leave_out_when_each_began

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[tuple[str, str], ...]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of a histogram of how long something took that ought to take milliseconds."""
WAITS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""Bounds of a histogram of how long something lay in a queue."""
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,63}|\d{3}")
_NAME = re.compile(r"cdr_[a-z0-9_]+")
_MAKERS: Mapping[Kind, Any] = {"counter": Counter, "gauge": Gauge}

leave_out_when_each_began()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number is: its HELP, its kind, the labels it carries; ``bounds`` are those of a histogram's buckets."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = SECONDS


METRICS: dict[str, Metric] = {}
"""Every number that the modules loaded so far describe, by name."""


def describe(name: str, kind: Kind, about: str, *labels: str, bounds: tuple[float, ...] = SECONDS) -> str:
    """Say what a number is; returns its name. Each is described once, where the one who counts it stands."""
    if not _NAME.fullmatch(name):
        raise ValueError("a metric's name is cdr_ and small letters, digits and underscores")
    METRICS[name] = Metric(name, kind, about, labels, bounds)
    return name


class Counters:
    """Thread-safe counters, gauges and histograms. One object a process, shared by all its threads.

    ``process``: also what the process itself uses (memory, processor time, open files).
    """

    def __init__(self, *, process: bool = False) -> None:
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        # prometheus_client looks at every label again for each number; what was looked at once is kept here
        self._series: dict[tuple[Any, ...], Any] = {}
        if process:
            ProcessCollector(registry=self._registry)

    def add(self, name: str, by: float = 1, /, **labels: str) -> None:
        """Count ``by`` more of it."""
        key = (name, *labels.items())
        (self._series.get(key) or self._find(key, name, labels)).inc(by)

    def put(self, name: str, value: float, /, **labels: str) -> None:
        """How much there is of it now."""
        key = (name, *labels.items())
        (self._series.get(key) or self._find(key, name, labels)).set(value)

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """One more of a histogram, so long or so big."""
        key = (name, *labels.items())
        (self._series.get(key) or self._find(key, name, labels)).observe(value)

    def forget(self, name: str) -> None:
        """Drop every labelled number of a gauge, before it is put anew: what is gone must not be told for ever."""
        with self._lock:
            made = self._made.get(name)
            for key in [key for key in self._series if key[0] == name]:
                del self._series[key]
        if made is not None:
            made.clear()

    def value(self, name: str, /, **labels: str) -> float:
        """One number, 0 where nothing was counted; of a histogram ``<name>_count`` and ``<name>_sum``."""
        return self._registry.get_sample_value(name, _cleaned(labels)) or 0

    def series(self, name: str) -> Mapping[Labels, float]:
        """Every labelled number of one name."""
        samples = (sample for metric in self._registry.collect() for sample in metric.samples)
        return {tuple(sorted(each.labels.items())): each.value for each in samples if each.name == name}

    def text(self) -> str:
        """All of it in the Prometheus text format 0.0.4. What has no labels and was never counted stands there as 0, but for
        gauges: nobody has looked yet."""
        for metric in list(METRICS.values()):
            if metric.labels or metric.kind != "gauge":
                self._metric(metric.name)
        return generate_latest(self._registry).decode()

    def _find(self, key: tuple[Any, ...], name: str, labels: Mapping[str, str]) -> Any:
        metric, clean = self._metric(name), _cleaned(labels)
        one = metric.labels(**clean) if clean else metric
        if clean == labels:
            self._series[key] = one
        return one

    def _metric(self, name: str) -> Any:
        with self._lock:
            if name not in self._made:
                told = METRICS[name]
                make = (
                    Histogram(name, told.about, told.labels, registry=self._registry, buckets=told.bounds)
                    if told.kind == "histogram"
                    else _MAKERS[told.kind](name, told.about, told.labels, registry=self._registry)
                )
                self._made[name] = make
            return self._made[name]


def _cleaned(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: value if _CODE.fullmatch(value) else "other" for key, value in labels.items()}


COUNTERS = Counters(process=True)
"""This process's numbers."""

MESSAGES = describe(
    "cdr_messages_total", "counter", "Messages that came in, by kind, partner, verdict and reason.",
    "kind", "partner", "verdict", "reason",
)  # fmt: skip
ITEMS = describe(
    "cdr_items_total", "counter", "Persons or rows that messages spoke of, by kind, verdict and reason.",
    "kind", "verdict", "reason",
)  # fmt: skip
HTTP_ANSWERS = describe("cdr_http_answers_total", "counter", "HTTP answers by door and status.", "door", "status")
SIGN_INS = describe("cdr_sign_ins_total", "counter", "Tokens shown at a door, by outcome.", "outcome", "role")
NOT_DURABLE = describe(
    "cdr_not_durable_total", "counter", "Messages refused because the broker did not confirm them.", "kind", "reason"
)
