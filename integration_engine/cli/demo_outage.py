"""``cdr demo --cluster``: a load of deaths through the front doors while one broker node after another is killed, and the
account of it: what partners were told is safe, against what the panel was sent.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import typer
from rich.console import Console

from integration_engine.record.dates import LONDON
from integration_engine.services import ServiceUnavailable, postgres
from integration_engine.services.cluster import Cluster, rabbitmq_cluster
from integration_engine.settings import load_settings
from integration_engine.store import audit
from integration_engine.store.database import Store, open_store
from integration_engine.synthetic.engine import Engine, EngineFailed, engine, running_engine
from integration_engine.synthetic.load import PANEL, PARTNERS, Load, arrived, number

_A_SECOND = 15.0
_APART_S = 4.0
_ARRIVAL_S = 120.0
_LOOK_S = 1.0
_INTAKE = ("intake.hospital-hl7", "intake.police")

Say = Callable[[str], None]
Breaking = Callable[[Say], None]


def show(running_already: bool, seconds: float) -> bool:
    """Whether every death that a partner was told is safe became one case, once, and the audit log is whole.

    ``running_already``: the load goes for so many ``seconds`` to the engine that the settings name, and whoever called breaks
    its broker meanwhile. Otherwise a cluster, a database and an engine of their own are started and broken here.
    """
    console = Console()
    if running_already:
        store = open_store(load_settings())
        with running_engine(PARTNERS, (PANEL,)) as running:
            return _account(console, running, store, lambda _: time.sleep(seconds))
    console.print("Starting three brokers that are one, a database and an engine of their own ...")
    with _own() as (running, cluster, store):
        return _account(console, running, store, lambda say: _break(cluster, say))


@contextmanager
def _own() -> Iterator[tuple[Engine, Cluster, Store]]:
    with (
        postgres(own=True, durable=True) as database,
        rabbitmq_cluster() as cluster,
        engine(PARTNERS, (PANEL,), amqp_url=cluster.url, database_url=database.url) as running,
    ):
        settings = load_settings(database_url=database.url, keys_file=running.folder / "keys.json")
        yield running, cluster, open_store(settings)


def _break(cluster: Cluster, say: Say) -> None:
    """Kill the node that leads an intake queue, then each of the others, and bring each back."""
    leader = cluster.leader(_INTAKE[0])
    time.sleep(_APART_S)
    for node in (leader, *(other for other in cluster.nodes if other is not leader)):
        led = [queue for queue in _INTAKE if cluster.leader(queue) is node]
        name = f"node {cluster.nodes.index(node) + 1}" + (f", which leads {' and '.join(led)}," if led else "")
        node.kill()
        say(f"{name} is killed")
        time.sleep(_APART_S)
        cluster.start(node)
        say(f"{name.partition(',')[0]} is back")
        time.sleep(_APART_S)


def _account(console: Console, running: Engine, store: Store, breaking: Breaking) -> bool:
    began = time.monotonic()
    load = Load(running.http, running.mllp_port, running.tokens, datetime.now(LONDON).date(), a_second=_A_SECOND)

    def say(what: str) -> None:
        at = time.monotonic() - began
        console.print(f"  {at:6.1f} s  {len(load.taken):5} deaths taken   {what}", highlight=False, soft_wrap=True)

    with load:
        say("partners send, and send again what isn't acknowledged")
        breaking(say)
        running.require_running()
    say("the last one is taken")
    wanted = set(map(number, load.taken))
    found = _await(running, wanted)
    say(f"{len(found)} children's cases are in the inbox of {PANEL}")
    verified = audit.verify(store)
    store.close()
    missing, twice = wanted - found.keys(), [child for child, times in found.items() if times > 1]
    console.print("The doors answered: " + ", ".join(f"{told} {count}" for told, count in sorted(load.answers.items())))
    console.print(
        f"{len(wanted)} deaths were acknowledged; {len(wanted) - len(missing)} arrived, {len(missing)} are missing, "
        f"{len(twice)} came twice, {len(found.keys() - wanted)} were never sent."
    )
    console.print(f"The audit log is {'whole' if verified.broken is None else 'BROKEN'}: {verified.lines} lines.")
    whole = not missing and not twice and wanted == found.keys() and verified.broken is None
    console.print(
        "[bold green]Nothing lost, nothing twice.[/]" if whole else "[bold red]Not everything is accounted for.[/]"
    )
    return whole


def _await(running: Engine, wanted: set[str]) -> Counter[str]:
    """What the panel's inbox holds once everything is in it, or at the end of our patience."""
    until = time.monotonic() + _ARRIVAL_S
    while True:
        try:
            found = arrived(running.http, running.tokens[PANEL])
        except OSError:
            found = Counter()
        if wanted <= found.keys() or time.monotonic() > until:
            return found
        running.require_running()
        time.sleep(_LOOK_S)


def ended(running_already: bool, seconds: float) -> int:
    """``show`` as a command's exit status."""
    try:
        return 0 if show(running_already, seconds) else 1
    except (ServiceUnavailable, EngineFailed) as problem:
        typer.echo(str(problem), err=True)
        return 1
