"""One round: an engine of its own, a stream of messages, so many kills, then rest, and the account. A seed says it all."""

import contextlib
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from pika.exceptions import AMQPError
from sqlalchemy import func, select

from integration_engine.broker.management import ManagementError
from integration_engine.store import outbox, overview
from integration_engine.store.clocks import ClockEventRow
from integration_engine.store.database import StoreError, table
from integration_engine.store.watch import in_force, waiting
from tests.chaos import plan
from tests.chaos.accounts import accounted
from tests.chaos.house import Ground, House, Kept, Toll, house, stopped_all
from tests.chaos.partners import Post, start
from tests.chaos.proxy import Proxy
from tests.chaos.stream import stream

_FIRST_SHARE = 30
_PER_KILL = 2
_STUCK_S, _REST_S = 60.0, 90.0
_PAUSE_S = 1.0
# The broker counts every five seconds what its consumers have in hand.
_COUNTED_S = 6.0
# RabbitMQ 3.10 writes new queues' names down some seconds late; killed before that it forgets what is in them.
_NAMES_WRITTEN_S = 5.0


@dataclass
class Outcome:
    """What came of one round."""

    seed: str
    store: str
    kills: Counter[str] = field(default_factory=Counter)
    disturbed: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    sent: int = 0
    cases: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        return self.kills.total()


def play(ground: Ground, seed: str, kills: int) -> Outcome:
    """Play one round. Nothing is raised for what goes wrong in the engine: it stands in the outcome's ``problems``."""
    began = time.monotonic()
    kind = "sqlite" if random.Random(f"{seed}/store").random() < 0.25 else "postgresql"
    outcome = Outcome(seed, kind)
    post = Post(stream(seed, _FIRST_SHARE + _PER_KILL * kills))
    with house(ground, _named(seed), kind) as engine:
        crashes = plan.crashes(seed, kills) if ground.ours else {}
        if "broker" in crashes.values():
            time.sleep(_NAMES_WRITTEN_S)
        toll = Toll(kills)
        kept = [Kept(engine, role, seed, toll) for role in plan.roles(kind)]
        threads = start(post, engine.addresses, seed)
        try:
            _kill(engine, post, toll, outcome, crashes)
            _come_to_rest(engine, post, kept, outcome)
        finally:
            post.give_up()
            for wire in engine.wires.values():
                wire.go_on()
            outcome.problems += stopped_all(kept)
        for thread in threads:
            thread.join(5)
        outcome.kills = toll.where
        outcome.problems += toll.unasked + post.wrongly
        if not outcome.problems or post.done:
            outcome.problems += accounted(engine, post.acknowledged)
        outcome.cases = len(overview.recent_cases(engine.store, limit=10_000))
    outcome.messages, outcome.sent = len(post.messages), post.attempts
    outcome.seconds = time.monotonic() - began
    return outcome


def _named(seed: str) -> str:
    """A name for the round's folder and virtual host, another one each time it is played."""
    return "".join(letter if letter.isalnum() else "-" for letter in seed) + f"-{secrets.token_hex(2)}"


def _kill(engine: House, post: Post, toll: Toll, outcome: Outcome, crashes: Mapping[int, plan.Crash]) -> None:
    """Let processes die and partners send, a few messages a death; break other things in between."""
    seed, kills = outcome.seed, toll.wanted
    disturbances = plan.disturbances(seed, kills)
    switched = random.Random(f"{seed}/switch").randrange(1, kills + 1)
    post.release(_FIRST_SHARE)
    for number in range(kills):
        if not toll.await_more(number, _STUCK_S):
            outcome.problems.append(f"nobody died for {_STUCK_S:.0f} s after kill {number}")
            break
        post.release(_PER_KILL)
        if number == switched:
            # From here on processes start with another rule: cases are decided again while everything dies.
            engine.switches = {"cdop_due": "48h"}
        if what := disturbances.get(number):
            outcome.disturbed[what] += 1
            _disturb(engine, what)
        if server := crashes.get(number):
            outcome.disturbed[f"{server}-killed"] += 1
            _crash(engine, server)
    post.release(len(post.messages))


def _disturb(engine: House, what: plan.Disturbance) -> None:
    wires = engine.wires
    database = wires.get("database", wires["broker"])
    match what:
        case "broker-connections":
            wires["broker"].cut_in_the_middle()
        case "database-connections":
            database.cut_in_the_middle()
        case "door-connections":
            wires["mllp"].cut_in_the_middle()
            wires["http"].cut()
        case "database-pause":
            _hold_up(database)
        case "broker-pause":
            _hold_up(wires["broker"])
        case "terminated":
            _terminate(engine)


def _hold_up(wire: Proxy) -> None:
    wire.pause()
    threading.Timer(_PAUSE_S, wire.go_on).start()


def _terminate(engine: House) -> None:
    """The database ends every connection of the engine, as an operator's restart or a failover does."""
    if not engine.on_postgresql:
        engine.wires["broker"].cut()
        return
    name = engine.store.engine.url.database
    with psycopg.connect(engine.ground.database.plain_url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))


def _crash(engine: House, server: plan.Crash) -> None:
    ground = engine.ground
    one = ground.broker if server == "broker" else ground.database
    one.kill()
    time.sleep(0.3)
    one.start()


def _come_to_rest(engine: House, post: Post, kept: Sequence[Kept], outcome: Outcome) -> None:
    """Until everything is sent and nothing is left to do, as long as the management pages may be behind; or time is up."""
    until = time.monotonic() + _REST_S
    busy, busy_at = ["not looked yet"], time.monotonic()
    while time.monotonic() < until:
        now = time.monotonic()
        if busy := list(_busy(engine, post, kept)):
            busy_at = now
        elif now - busy_at > _COUNTED_S:
            return
        time.sleep(0.3)
    outcome.problems.append(f"it never came to rest: {'; '.join(busy)}")


def _busy(engine: House, post: Post, kept: Sequence[Kept]) -> Iterator[str]:
    if not post.done:
        yield f"{len(post.messages) - post.sent} messages are not acknowledged"
    for one in kept:
        if not one.unharmed:
            yield f"{one.role} has yet to die"
    with contextlib.suppress(ManagementError, AMQPError):
        for queue in engine.ground.topology.queues:
            if queue.name.startswith(("intake.", "delay.")) and (left := engine.left(queue.name)):
                yield f"{left} messages in {queue.name}"
    try:
        if depth := outbox.depth(engine.store).waiting:
            yield f"{depth} deliveries in the outbox"
        event = table(ClockEventRow)
        with engine.store.reading() as transaction:
            query = select(func.count()).select_from(event).where(event.c.published_at.is_(None))
            if unsent := transaction.connection.execute(query).scalar_one():
                yield f"{unsent} clock events to publish"
        ruling = in_force(engine.store)
        if ruling and (left := waiting(engine.store, ruling, datetime.now(UTC) + timedelta(seconds=1))):
            yield f"{left} cases to decide again"
    except StoreError:
        yield "the store is away"
