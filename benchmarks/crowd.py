"""What one more notice costs where very many are held about the same child, and where the time goes.

    python -m benchmarks crowd [--notices 10 100 400 1600]

A system that sends one death again and again, twenty partners that all do, and one that tells the home in other words each
time, so that no two notices say the very same. First linkage alone, all notices at once. Then the next message about the
child through the whole transaction on PostgreSQL, one message a batch, the median of several: what it takes of the worker's
processor by part, how long the database is waited for, and how many bytes go out. The floor of each figure is the same where
the fewest are held, so the ratio is growth.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event

from adapters import registry
from adapters.adapter import Submission
from benchmarks.deaths import TOLD, Deaths
from benchmarks.figures import Figure, Report
from benchmarks.house import database_version
from integration_engine import candidates, core, pipeline, settlement, told_apart
from integration_engine.linkage import blocking
from integration_engine.linkage import resolve as linkage
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.resolve import resolve
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.security.keys import Keyring, keyring
from integration_engine.services import Database, postgres
from integration_engine.store import cases, inbox, neighbourhood
from integration_engine.store.database import Store, upgrade_schema

_PARTNERS = tuple(f"R{letter}{other}" for letter in "ABCD" for other in "TUVWX")
_LOADED_AT_ONCE = 200
_MEASURED = 5

# What is timed, by the part it belongs to; what one of these calls of another counts for the other alone.
_PARTS: tuple[tuple[str, Any, str], ...] = (
    ("linkage", linkage, "bonded"),
    ("linkage", candidates, "bonded"),
    ("linkage", core, "resolve"),
    ("linkage", candidates, "evidence_of"),
    ("linkage", core, "evidence_of"),
    ("linkage", blocking, "keys"),
    ("merge", core, "fold"),
    ("merge", told_apart, "standing"),
    ("routing", core, "route"),
    ("history and diff", settlement.Settlement, "_turn"),
    ("history and diff", settlement.Settlement, "_dispatches"),
    ("history and diff", settlement.Settlement, "_state"),
    ("history and diff", settlement.Settlement, "_settle_reviews"),
    ("history and diff", settlement, "continue_cases"),
    ("sealing", neighbourhood, "unseal_notice"),
    ("sealing", inbox, "seal_notice"),
    ("sealing", cases, "seal_json"),
    ("sealing", Keyring, "seal"),
    ("sealing", Keyring, "unseal"),
    ("sealing", Keyring, "blind"),
)


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--notices", type=int, nargs="+", default=[10, 100, 400, 1600])
    ask.add_argument(
        "--words", type=int, nargs="+", default=[10, 100, 400], help="for the one with other words each time"
    )


def measure(said: argparse.Namespace, report: Report) -> Iterator[Figure]:
    stories = (
        ("one partner", said.notices, again),
        ("twenty partners", said.notices, by_everybody),
        ("in other words", said.words, in_other_words),
    )
    for name, counts, story in stories:
        yield from _linked(name, sorted(counts), story)
    with tempfile.TemporaryDirectory() as folder, postgres(own=True, durable=True) as server:
        report.servers(postgresql=database_version(server))
        keys = keyring({}, Path(folder) / "keys.json", create=True)
        for name, counts, story in stories:
            yield from _taken(name, sorted(counts), story, server, keys)


def again(count: int) -> list[Submission]:
    """One hospital's word, as often as asked for."""
    return [_told(n) for n in range(count)]


def by_everybody(count: int) -> list[Submission]:
    """The same from twenty hospitals in turn."""
    return [_told(n, partner=_PARTNERS[n % len(_PARTNERS)]) for n in range(count)]


def in_other_words(count: int) -> list[Submission]:
    """One hospital's word with the home written otherwise each time."""
    return [_told(n, home=f"House {n} of {n + 1}, Quay Road") for n in range(count)]


def _told(number: int, partner: str = "RTH", home: str = "12 Quay Road") -> Submission:
    at = TOLD + timedelta(seconds=number)
    segments = [segment.split("|") for segment in next(Deaths().hl7(1)).decode().split("\r")]
    for fields in segments:
        if fields[0] == "MSH":
            fields[6], fields[9] = f"{at:%Y%m%d%H%M%S}", f"C{number}"
        if fields[0] == "PID":
            _, mark, rest = fields[11].partition("^")
            fields[11] = home.replace(",", "") + mark + rest
    return Submission("\r".join("|".join(fields) for fields in segments).encode(), at, partner=partner)


def _linked(name: str, counts: Sequence[int], story: Callable[[int], list[Submission]]) -> Iterator[Figure]:
    """Linkage alone, of all notices at once."""
    said = [evidence_of(n) for one in story(counts[-1]) for r in registry.read(one, None) for n in r.notices]
    resolve(said[: counts[0]])
    least = None
    for count in counts:
        spent = statistics.median(_resolving(said[:count]) for _ in range(3))
        least = least or spent
        yield Figure(f"{name}, {count:,}: linkage alone", 1000 * spent, "ms", 1000 * least)


def _resolving(said: Sequence[Evidence]) -> float:
    started = time.process_time()
    resolve(said)
    return time.process_time() - started


@dataclass
class _Spent:
    """Seconds by part, and bytes published, of one message."""

    wall: float = 0.0
    worker: float = 0.0
    parts: Counter[str] = field(default_factory=Counter)
    published: int = 0


def _taken(
    name: str, counts: Sequence[int], story: Callable[[int], list[Submission]], server: Database, keys: Keyring
) -> Iterator[Figure]:
    """One more through the whole transaction, where so many are held."""
    with psycopg.connect(server.plain_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = server.named(name)
    upgrade_schema(url)
    messages = iter(story(counts[-1] + _MEASURED * len(counts)))
    held, least = 0, None
    with closing(Store(url, keys)) as store:
        for count in counts:
            while held < count - 1:
                some = [next(messages) for _ in range(min(_LOADED_AT_ONCE, count - 1 - held))]
                _take(store, some)
                held += len(some)
            gc.collect()
            each = [_one(store, next(messages)) for _ in range(_MEASURED)]
            held += _MEASURED
            middle = sorted(each, key=lambda spent: spent.wall)[_MEASURED // 2]
            least = least or middle
            yield from _figures(f"{name}, {count:,}", middle, least)


def _figures(what: str, spent: _Spent, least: _Spent) -> Iterator[Figure]:
    yield Figure(f"{what}: one more message, by the clock", 1000 * spent.wall, "ms", 1000 * least.wall)
    yield Figure(f"{what}: processor of the worker", 1000 * spent.worker, "ms", 1000 * least.worker)
    for part in (*dict.fromkeys(part for part, _, _ in _PARTS), "SQL"):
        yield Figure(f"{what}: {part}", 1000 * spent.parts[part], "ms", 1000 * least.parts[part])
    yield Figure(f"{what}: published", spent.published, "bytes", least.published)


def _take(store: Store, messages: Sequence[Submission]) -> int:
    done = pipeline.process(store, messages, reference=bundled(), now=TOLD + timedelta(hours=9), switches=Switches())
    return sum(len(row.body) for row in done.outbox)


def _one(store: Store, message: Submission) -> _Spent:
    spent = _Spent()
    with _timed(store, spent.parts):
        started, worked = time.perf_counter(), time.process_time()
        spent.published = _take(store, [message])
        spent.worker, spent.wall = time.process_time() - worked, time.perf_counter() - started
    return spent


@contextmanager
def _timed(store: Store, parts: Counter[str]) -> Iterator[None]:
    """Count seconds of the processor by part, of SQL those on the clock; of parts within one another each its own."""
    inside = [0.0]

    def began(*_: object) -> None:
        inside.append(0.0)
        starts.append(time.process_time())

    def ended(part: str) -> None:
        spent = time.process_time() - starts.pop()
        parts[part] += spent - inside.pop()
        inside[-1] += spent

    def around(part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began()
            try:
                return work(*args, **kwargs)
            finally:
                ended(part)

        return timed

    def asked(*_: object) -> None:
        began()
        waits.append(time.perf_counter())

    def answered(*_: object) -> None:
        ended("")
        parts["SQL"] += time.perf_counter() - waits.pop()

    starts: list[float] = []
    waits: list[float] = []
    with ExitStack() as back:
        for part, where, called in _PARTS:
            work = getattr(where, called)
            setattr(where, called, around(part, work))
            back.callback(setattr, where, called, work)
        event.listen(store.engine, "before_cursor_execute", asked)
        event.listen(store.engine, "after_cursor_execute", answered)
        back.callback(event.remove, store.engine, "before_cursor_execute", asked)
        back.callback(event.remove, store.engine, "after_cursor_execute", answered)
        yield
