"""What has to exist on the broker: exchanges, queues and bindings, read from ``queue_config/topology.yaml``.

Every queue is a durable quorum queue, says so by ``x-queue-type`` (a virtual host's default is ignored by RabbitMQ 3.10),
and dead-letters ``at-least-once``: a message on its way to a dead-letter queue is then as safe as in any other.
"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

INTAKE, CASES, REFUSED, DELAY = "cdr.intake", "cdr.cases", "cdr.refused", "cdr.delay"

Value = str | int
_PROJECT = Path(__file__).resolve().parents[2]
_BRACES = re.compile(r"\{(\w+)\}")
# libyaml reads the same ten times as fast, and every process reads the topology several times; PyYAML may be built without.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


class TopologyError(ValueError):
    """A topology file that doesn't say what it has to. The text names the place."""


@dataclass(frozen=True, slots=True)
class Exchange:
    name: str
    type: str


@dataclass(frozen=True)
class Queue:
    """A durable quorum queue and the arguments it is declared with."""

    name: str
    arguments: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Binding:
    """What brings messages of ``exchange`` to ``queue``: a topic ``key``, or ``arguments`` for a headers exchange."""

    exchange: str
    queue: str
    key: str = ""
    arguments: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """A kind of user: the names it may write to and read from, and its routing keys by exchange (regular expressions).

    ``user`` is the user's name; names may still hold ``{partner}``, ``{cdop}`` or ``{team}``.
    """

    user: str
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    topics: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Topology:
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    delays: tuple[str, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)

    def only(self, *names: str) -> "Topology":
        """The same with these queues alone (names or prefixes that end in a dot)."""
        kept = tuple(
            q for q in self.queues if any(q.name == n or (n.endswith(".") and q.name.startswith(n)) for n in names)
        )
        keep = {queue.name for queue in kept}
        delays = tuple(delay for delay in self.delays if f"delay.{delay}" in keep)
        return Topology(self.exchanges, kept, tuple(b for b in self.bindings if b.queue in keep), delays, self.roles)


def topology_file() -> Path:
    """The shipped topology."""
    return _PROJECT / "queue_config" / "topology.yaml"


def load_topology(
    path: Path | None = None, reference: Path | None = None, more: Mapping[str, Iterable[str]] | None = None
) -> Topology:
    """The topology of a file (the shipped one by default). ``reference`` is the folder its CSV lists are under
    (``mappings/``); ``more`` are further values of its lists: panels and teams that only this place has. Raises
    TopologyError."""
    place = path or topology_file()
    content = yaml.load(place.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    if not isinstance(content, dict) or content.get("schema") != "topology/1":
        raise TopologyError(f"{place.name}: is not a topology/1 file")
    folder = reference or _PROJECT / "mappings"
    try:
        lists = {name: _values(value, folder) for name, value in content.get("lists", {}).items()}
        lists |= {name: list(dict.fromkeys((*lists[name], *added))) for name, added in (more or {}).items()}
        exchanges = tuple(Exchange(e["name"], e["type"]) for e in content["exchanges"])
        queues, bindings = _queues(content["queues"], lists)
        roles = {name: _role(value, lists) for name, value in content.get("roles", {}).items()}
    except (KeyError, TypeError, AttributeError) as problem:
        raise TopologyError(f"{place.name}: {type(problem).__name__} at {problem}") from problem
    topology = Topology(exchanges, queues, bindings, tuple(lists.get("delay", ())), roles)
    _check(topology, place.name)
    return topology


def milliseconds(delay: str) -> int:
    """``250ms``, ``5s``, ``10m`` or ``1h`` in milliseconds."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", delay)
    if found is None:
        raise TopologyError(f"{delay!r} is no delay: write 5s, 10m or 1h")
    return int(found[1]) * _UNITS_MS[found[2]]


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its ``{names}`` filled in; a name without a value stays as it stands."""
    return _BRACES.sub(lambda found: values.get(found[1], found[0]), text)


def _values(described: Any, folder: Path) -> list[str]:
    if isinstance(described, list):
        return [str(value) for value in described]
    with (folder / described["file"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ends, earliest = described.get("ends"), described.get("not_ended_before")
    return [row[described["column"]] for row in rows if not _ended(row.get(ends) if ends else None, earliest)]


def _ended(end: str | None, earliest: date | None) -> bool:
    return bool(end and earliest and date.fromisoformat(end) < earliest)


def _fillings(text: str, lists: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    names = [name for name in dict.fromkeys(_BRACES.findall(text)) if name in lists]
    for values in itertools.product(*(lists[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _queues(described: Iterable[Any], lists: Mapping[str, list[str]]) -> tuple[tuple[Queue, ...], tuple[Binding, ...]]:
    queues, bindings = [], []
    for one in described:
        for values in _fillings(one["name"], lists):
            name = fill(one["name"], values)
            queues.append(Queue(name, _arguments(one, values)))
            bound = one["bound_to"]
            headers = {header: fill(value, values) for header, value in bound.get("headers", {}).items()}
            arguments: dict[str, Value] = {"x-match": "all", **headers} if headers else {}
            bindings.append(Binding(bound["exchange"], name, fill(bound.get("key", ""), values), arguments))
    return tuple(queues), tuple(bindings)


def _arguments(one: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Value]:
    arguments: dict[str, Value] = {"x-queue-type": "quorum"}
    if "gives_up" in one:
        arguments["x-delivery-limit"] = one["gives_up"]["after"]
    if "expires" in one:
        arguments["x-message-ttl"] = milliseconds(fill(one["expires"]["after"], values))
    target = one.get("gives_up", one.get("expires", {}))
    if "to" in target:
        arguments["x-dead-letter-exchange"] = target["to"]
        arguments["x-dead-letter-strategy"] = "at-least-once"
        arguments["x-overflow"] = "reject-publish"  # without it the strategy falls back to at-most-once
    if "key" in target:
        arguments["x-dead-letter-routing-key"] = fill(target["key"], values)
    return arguments


def _role(described: Mapping[str, Any], lists: Mapping[str, list[str]]) -> Role:
    own = set(_BRACES.findall(described["user"]))

    def names(key: str) -> tuple[str, ...]:
        spread = {name: values for name, values in lists.items() if name not in own}
        return tuple(fill(text, v) for text in described.get(key, ()) for v in _fillings(text, spread))

    topics, limits = dict(described.get("topics", {})), dict(described.get("limits", {}))
    return Role(described["user"], names("write"), names("read"), topics, limits)


def _check(topology: Topology, place: str) -> None:
    """Everything a queue or binding names has to be there: a dead-letter target that isn't loses the message."""
    exchanges = {exchange.name for exchange in topology.exchanges}
    names = [queue.name for queue in topology.queues]
    for name in {name for name in names if names.count(name) > 1}:
        raise TopologyError(f"{place}: queue {name} is there twice")
    keys = {(binding.exchange, binding.key) for binding in topology.bindings}
    for binding in topology.bindings:
        if binding.exchange not in exchanges:
            raise TopologyError(f"{place}: queue {binding.queue} is bound to {binding.exchange}, which isn't there")
    for queue in topology.queues:
        target = queue.arguments.get("x-dead-letter-exchange")
        key = queue.arguments.get("x-dead-letter-routing-key")
        if target is not None and (target not in exchanges or (key is not None and (target, key) not in keys)):
            raise TopologyError(f"{place}: what queue {queue.name} gives up would go nowhere")
