"""``cdr cdop``: a recipient's own side, for panels, response teams and the national record."""

import json
import logging
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from integration_engine.receiving.inbox import Inbox
    from integration_engine.receiving.kept import Kept

log = logging.getLogger(__name__)
app = typer.Typer(no_args_is_help=True, help="A recipient's own side: take deliveries, each once.")

_TOKEN, _BROKER = "CDR_CDOP_TOKEN", "CDR_CDOP_AMQP_URL"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


@app.callback()
def cdop() -> None:
    """A recipient's own side."""


@app.command("receive")
def receive(
    recipient: Annotated[str, typer.Argument(help="Who you are: cdop.BERKS, jar.JAR-OXON, national.ncmd.")],
    to: Annotated[Path, typer.Option("--to", help="The folder that deliveries are kept in.")],
    inbox: Annotated[
        str | None, typer.Option("--inbox", help=f"The engine's address, https://HOST; {_TOKEN} holds your token.")
    ] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help=f"Read your queue; {_BROKER} holds the broker's address and your account.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the inbox.")] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="End when everything that is there is taken.")] = False,
    leave_withdrawals: Annotated[
        bool, typer.Option("--leave-withdrawals", help="Don't acknowledge withdrawals: a person does.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: what was taken, as JSON.")] = False,
) -> None:
    """Take deliveries into a folder, each once, cases in the order of their versions; acknowledge what is on the disk."""
    from integration_engine.monitoring.logs import set_up_logs
    from integration_engine.receiving.inbox import Inbox, InboxRefused
    from integration_engine.receiving.kept import Kept

    if not inbox and not queue:
        _usage("Say where from: --inbox https://HOST, or --queue, or both: then the queue is read and the inbox told.")
    if (inbox and not os.environ.get(_TOKEN)) or (queue and not os.environ.get(_BROKER)):
        _usage(f"Set {_TOKEN if inbox and not os.environ.get(_TOKEN) else _BROKER}.")
    set_up_logs("INFO")
    try:
        known = None
        if inbox:
            known = Inbox(inbox, recipient, os.environ[_TOKEN], leave_withdrawals=leave_withdrawals)
        with Kept(to) as kept:
            took = _receive(recipient, kept, known, queue=queue, every=every, once=once)
    except ValueError as problem:
        _usage(str(problem))
    except InboxRefused as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(took))
    else:
        typer.echo(f"{took['new']} taken, {took['older']} older than what is held, {took['again']} came before.")


def _receive(
    recipient: str, kept: "Kept", inbox: "Inbox | None", *, queue: bool, every: float, once: bool
) -> Counter[str]:
    """Until it is ended, or ``once`` through. Whoever is away is asked again, less and less often."""
    from integration_engine.receiving.inbox import InboxAway
    from integration_engine.receiving.queue import QueueAway, read

    total: Counter[str] = Counter()
    pause = _FIRST_PAUSE_S
    while True:
        try:
            if queue:
                told = (lambda: inbox.acknowledge(kept)) if inbox else (lambda: None)
                took = read(os.environ[_BROKER], recipient, kept, taken=told, go_on=lambda: not once)
            else:
                took = inbox.read(kept) if inbox else Counter()
        except (InboxAway, QueueAway) as problem:
            log.warning("deliveries can't be had now", extra={"code": type(problem).__name__})
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_S, pause * 2)
            continue
        pause = _FIRST_PAUSE_S
        total += took
        if took:
            log.info("deliveries taken", extra={"count": sum(took.values())})
        if once:
            return total
        time.sleep(every)


def _usage(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
