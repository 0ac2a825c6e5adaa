"""How long a hospital waits for its acknowledgement, and a panel for its delivery after that.

    python -m benchmarks latency [--seconds 15] [--rates 1 50 100]

Gateway and worker are processes as an operator runs them, on a broker and a PostgreSQL of their own that wait for the disk;
every message is a child's death of its own. The floor of an acknowledgement is one publish that the broker confirms, by bare
pika at the same pace. The floor of a delivery is ``benchmarks.bare`` in the worker's place: the same rows committed, the
same deliveries published, nothing decided.
"""

import argparse
import itertools
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.arrivals import Arrivals, arrivals
from benchmarks.deaths import Deaths
from benchmarks.durable import KIND, QUEUE, published
from benchmarks.figures import Figure, Report, Target
from benchmarks.house import HL7, PARTNER, House, house
from benchmarks.partners import Answered, BrokerPartner, HttpPartner, MllpPartner, Partner, steadily
from benchmarks.processes import spent
from benchmarks.written import without_links, written
from integration_engine.broker.connection import user_of
from integration_engine.broker.message import Message
from integration_engine.broker.topology import INTAKE
from integration_engine.security.keys import keyring
from integration_engine.services.private import free_ports
from integration_engine.store.database import Store
from integration_engine.store.identities import Identities
from integration_engine.synthetic.doors import Http

CONFIRMS, MOST_MS, HELD_AT = 3, 20, 100
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_FEWEST = 15
_WARM = 30
_PATIENCE_S = 120.0
_WORKER = ("integration_engine.cli", "run", "worker")


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--seconds", type=int, default=15)
    ask.add_argument("--rates", type=int, nargs="+", default=[1, 50, 100])


def measure(said: argparse.Namespace, report: Report) -> Iterator[Figure]:
    with house(report) as home:
        url = home.new_database("PostgreSQL", "latency")
        token, deaths = registered(home, url), Deaths()
        counts = {rate: max(_FEWEST, rate * said.seconds) for rate in said.rates}
        with arrivals(home.broker.url) as arrived:
            confirms, delivered = _floors(home, deaths, counts, arrived)
            with gateway(home, url) as (opened, http, mllp), home.running(_WORKER, home.environment(url)):
                doors: dict[str, Callable[[], Partner]] = {
                    "MLLP": lambda: MllpPartner(mllp),
                    "HTTP": lambda: HttpPartner(http, token),
                }
                for door, connect in doors.items():
                    made = deaths.hl7 if door == "MLLP" else deaths.fhir
                    _sent(home, connect, list(made(_WARM)), _WARM, arrived)
                    for rate, count in counts.items():
                        bodies, before = list(made(count)), spent([opened.pid])
                        answers, waits = _sent(home, connect, bodies, rate, arrived)
                        used, what = spent([opened.pid]).since(before), f"{door} at {rate}/s"
                        yield Figure(f"{what}, processor of the gateway", 1000 * used.workers / count, "ms/message")
                        yield from _acknowledged(what, rate, answers, confirms[rate])
                        yield from _shares(f"{what}, acknowledgement to panel", waits, delivered[rate])


def _floors(
    home: House, deaths: Deaths, counts: dict[int, int], arrived: Arrivals
) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Seconds of one confirm, and from there to the panel's queue, where nothing is decided, by pace."""
    bodies = list(deaths.hl7(sum(counts.values())))
    url = home.new_database("PostgreSQL", "rows")
    home.fill(KIND, bodies)
    with home.running(_WORKER, home.environment(url)) as processes, home.counting(url) as counted:
        home.wait_for("the rows of a floor", lambda: counted() == (len(bodies), False), _PATIENCE_S, processes)
    bare = home.new_database("PostgreSQL", "bare")
    without_links(bare)
    # As a panel sees them: what came before this run was of the same ids.
    deliveries = [replace(each, id=f"bare-{each.id}") for each in published(url, home.folder)]
    work, file = written(url, len(bodies), deliveries), home.folder / "work"
    work.save(file)
    first = [next((d.id for d in work.delivered(n) if d.key.startswith("cdop.")), None) for n in range(len(bodies))]
    user = user_of(home.broker.url)
    messages = [Message(INTAKE, f"{KIND}.{PARTNER}", body, HL7, f"m{n}", user_id=user) for n, body in enumerate(bodies)]
    names = dict(zip(bodies, first, strict=True))
    confirms, delivered = {}, {}
    with home.running(["benchmarks.bare", str(file), QUEUE], home.environment(bare)):
        home.wait_for("the floor's loop", lambda: home.consumers(QUEUE) == 1, _PATIENCE_S)
        left = iter(bodies)
        for rate, count in counts.items():
            some = list(itertools.islice(left, count))
            answers = steadily(lambda: BrokerPartner(home.broker.url, messages), some, rate)
            confirms[rate] = [each.seconds for each in answers]
            delivered[rate] = _waits(home, answers, lambda body: names[body], arrived)
    return confirms, delivered


def _sent(
    home: House, connect: Callable[[], Partner], bodies: Sequence[bytes], rate: float, arrived: Arrivals
) -> tuple[list[float], list[float]]:
    answers = steadily(connect, bodies, rate)
    return [each.seconds for each in answers], _waits(home, answers, nhs_number, arrived)


def _waits(
    home: House, answers: Sequence[Answered], name: Callable[[bytes], str | None], arrived: Arrivals
) -> list[float]:
    """Seconds from each acknowledgement to its delivery's arrival; a delivery may be there before its sender knows."""
    expected = [(found, each.answered) for each in answers if (found := name(each.body)) is not None]
    home.wait_for("a delivery", lambda: all(arrived.of(found) for found, _ in expected), _PATIENCE_S)
    return [max(0.0, (arrived.of(found) or 0.0) - answered) for found, answered in expected]


def _acknowledged(what: str, rate: int, seconds: Sequence[float], confirms: Sequence[float]) -> Iterator[Figure]:
    targets = {"p50": [Target(CONFIRMS, "at most")], "p99": [Target(MOST_MS, "at most", "measured")]}
    asked = targets if rate == HELD_AT else {}
    return _shares(f"{what}, acknowledgement", seconds, confirms, asked)


def _shares(
    what: str, seconds: Sequence[float], floor: Sequence[float], targets: dict[str, list[Target]] = {}
) -> Iterator[Figure]:
    for name, share in SHARES.items():
        least = 1000 * percentile(floor, share)
        yield Figure(f"{what}, {name}", 1000 * percentile(seconds, share), "ms", least, targets.get(name, ()))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them doesn't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def nhs_number(body: bytes) -> str | None:
    """The child's, as invented: of the 999 range."""
    at = body.find(b"999")
    while at >= 0:
        if body[at : at + 10].isdigit():
            return body[at : at + 10].decode()
        at = body.find(b"999", at + 1)
    return None


def registered(home: House, url: str) -> str:
    """The token of the partner, registered by now."""
    store = Store(url, keyring({}, home.folder / "keys.json", create=True))
    try:
        return Identities(store).add(PARTNER, "partner", kinds=("hospital-hl7", "hospital-fhir")).text
    finally:
        store.close()


@contextmanager
def gateway(home: House, database_url: str) -> Iterator[tuple["subprocess.Popen[bytes]", int, int]]:
    """A gateway process that takes messages by now, and its ports for HTTP and MLLP."""
    http, mllp = free_ports(2)
    environment = home.environment(
        database_url, CDR_HTTP_PORT=str(http), CDR_MLLP=json.dumps([{"port": mllp}]), CDR_COOKIE_SECURE="false"
    )

    def ready() -> bool:
        try:
            return Http("127.0.0.1", http).call("GET", "/health/ready")[0] == 200
        except OSError:
            return False

    with home.running(["integration_engine.cli", "run", "gateway"], environment) as processes:
        home.wait_for("the gateway", ready, _PATIENCE_S, processes)
        yield processes[0], http, mllp
