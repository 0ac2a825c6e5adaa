"""``cdr demo``: the main job, shown from end to end."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import track
from rich.table import Table

from integration_engine.broker.depth import depths
from integration_engine.broker.topology import load_topology
from integration_engine.record.dates import LONDON
from integration_engine.services import ServiceUnavailable
from integration_engine.synthetic.day import EXPECTED, PANELS, PARTNERS, Day
from integration_engine.synthetic.doors import Doors, Mllp
from integration_engine.synthetic.engine import Engine, EngineFailed, engine, running_engine

_ARRIVAL_SECONDS = 60.0
_LOOK_SECONDS = 0.5


@dataclass
class Seen:
    """What the partners were answered and what the panels found in their inboxes."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    deliveries: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {panel: [] for panel in PANELS})
    cursors: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every panel holds what this day must bring it."""
        return all(_holds(self, panel, kinds) for panel, kinds in EXPECTED.items())


def command(
    once: Annotated[bool, typer.Option("--once", help="End with the summary; exit 1 if a case is missing.")] = False,
    running_already: Annotated[
        bool, typer.Option("--running", help="Play against the engine that runs on this host by the settings.")
    ] = False,
    cluster: Annotated[
        bool,
        typer.Option("--cluster", help="Instead: a load of deaths while one of three brokers after another is killed."),
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="With --cluster --running: how long the load goes on; you break the broker.")
    ] = 60,
) -> None:
    """The main job, shown: partners send through the real front doors, cases arrive at CDOPs."""
    if cluster:
        from integration_engine.cli.demo_outage import ended

        raise typer.Exit(ended(running_already, seconds))
    console = Console()
    if not running_already:
        console.print("Starting a broker and an engine of their own ...")
    try:
        with running_engine(PARTNERS, PANELS) if running_already else engine(PARTNERS, PANELS) as running:
            complete = _show(console, running)
            if not once:
                _stay(console, running)
    except (ServiceUnavailable, EngineFailed) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from problem
    raise typer.Exit(0 if complete else 1)


def _show(console: Console, running: Engine) -> bool:
    seen = Seen()
    sendings = list(Day(datetime.now(LONDON).date()).sendings())
    with Mllp("127.0.0.1", running.mllp_port) as mllp:
        doors = Doors(running.http, mllp, running.tokens)
        for sending in track(sendings, "partners are sending", console=console, transient=True):
            if sending.after:
                _await_delivery(running, seen, *sending.after)
            answer = doors.send(sending)
            seen.answers[sending.door, answer.outcome] += 1
            if not sending.what.startswith("an ordinary"):
                console.print(
                    f"  {sending.partner:<10} {sending.door:<8} {answer.told:<4} {sending.what}", highlight=False
                )
    with Live(_arrivals(seen), console=console, transient=True) as live:
        deadline = time.monotonic() + _ARRIVAL_SECONDS
        while not seen.complete and time.monotonic() < deadline:
            running.require_running()
            _look(running, seen)
            live.update(_arrivals(seen))
            time.sleep(_LOOK_SECONDS)
        _look(running, seen)
    console.print(_arrivals(seen))
    _summary(console, running, seen, len(sendings))
    return seen.complete


def _await_delivery(running: Engine, seen: Seen, panel: str, kind: str) -> None:
    """Wait, for a while at most, until a panel has found a delivery of this kind."""
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while not _holds(seen, panel, (kind,)) and time.monotonic() < deadline:
        running.require_running()
        time.sleep(_LOOK_SECONDS)
        _look(running, seen)


def _look(running: Engine, seen: Seen) -> None:
    """Read each panel's inbox on from where it was last read, and acknowledge what is there."""
    for panel, found in seen.deliveries.items():
        token, cursor = running.tokens[panel], seen.cursors.get(panel)
        path = f"/cdop/{panel}/deliveries" + (f"?after={cursor}" if cursor else "")
        status, page = running.http.call("GET", path, token)
        if status != 200:
            continue
        seen.cursors[panel] = page.get("next") or cursor or ""
        for delivery in page["deliveries"]:
            found.append(delivery)
            running.http.call("POST", f"{path.partition('?')[0]}/{delivery['delivery']}/acknowledge", token)


def _arrivals(seen: Seen) -> Table:
    table = Table(title="What arrived at the panels", title_justify="left")
    for heading in ("CDOP", "delivery", "case", "version", "by rule"):
        table.add_column(heading)
    for panel, found in seen.deliveries.items():
        for delivery in found:
            body = delivery["body"]
            rule = body["reasons"][0]["rule"] if body.get("reasons") else body["rule"]
            table.add_row(panel, delivery["kind"], delivery["case"], str(delivery["version"]), rule)
    return table


def _summary(console: Console, running: Engine, seen: Seen, sent: int) -> None:
    doors = Table(title="What the doors answered", title_justify="left")
    for heading in ("door", "answer", "messages"):
        doors.add_column(heading)
    for (door, outcome), count in sorted(seen.answers.items()):
        doors.add_row(door, outcome, str(count))
    console.print(doors)
    read = _read_by_verdict(running)
    told = read["notice"] + read["retraction"] + read["rekey"]
    cases = {d["case"] for found in seen.deliveries.values() for d in found}
    console.print(
        f"{sent} messages came in (a table's rows are read one by one): {read['passed-over']} passed over and not kept, "
        f"{read['refused']} refused, {told} about a child's death, [bold]linked to {len(cases)} children[/]."
    )
    for panel, found in seen.deliveries.items():
        kinds = Counter(d["kind"] for d in found)
        console.print(f"  {panel:<8} " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    others = [q.name for q in load_topology().queues if q.name.startswith(("jar.", "national."))]
    waiting = [d for d in depths(running.amqp_url, others) if d.ready]
    console.print("Queued beside: " + ", ".join(f"{d.queue} {d.ready}" for d in waiting))
    missing = [panel for panel, kinds in EXPECTED.items() if not _holds(seen, panel, kinds)]
    if missing:
        console.print(f"[bold red]Not everything arrived:[/] {', '.join(missing)} wait for more.")
    else:
        console.print("[bold green]Every case reached the panels that must know of it.[/]")


def _holds(seen: Seen, panel: str, kinds: tuple[str, ...]) -> bool:
    return Counter(d["kind"] for d in seen.deliveries[panel]) >= Counter(kinds)


def _read_by_verdict(running: Engine) -> Counter[str]:
    """How many messages the gateway read, by verdict: from the counters it shows to operators."""
    _, text = running.http.call("GET", "/metrics", running.operator_token)
    found: Counter[str] = Counter()
    for verdict, count in re.findall(
        r'^cdr_messages_total\{.*verdict="([a-z-]+)"\} (\d+)', text.decode(), re.MULTILINE
    ):
        found[verdict] += int(count)
    return found


def _stay(console: Console, running: Engine) -> None:
    console.print(f"\nThe console stays open: http://127.0.0.1:{running.http_port}/console")
    console.print(f"Sign in with this token: {running.operator_token}")
    person = running.coordinator
    if person:
        console.print(
            f"Or, to see a panel’s cases in full, as {person.name} with password {person.password} and this code:"
        )
    console.print("Ctrl-C ends everything.")
    try:
        # A code is good for half a minute: it stands in the last line, where it can change.
        with Live("", console=console, transient=True) as live:
            while True:
                running.require_running()
                live.update(f"code {person.code(time.time())}" if person else "")
                time.sleep(1)
    except KeyboardInterrupt:
        console.print("ending")
