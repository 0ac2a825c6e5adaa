"""The command line: one module a command group. Only the group that is called is imported, so that each starts fast; the
list of all of them imports none."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import typer

_COMMANDS = {
    "demo": ("integration_engine.cli.demo", "command", "The main job, shown: partners send, cases arrive at CDOPs."),
    "run": ("integration_engine.cli.run", "command", "Run the engine: gateway, worker, console or all."),
    "read": ("integration_engine.cli.read", "command", "What messages say: verdict, notices, provenance, problems."),
    "try": ("integration_engine.cli.trial", "command", "The whole core on files: cases, who gets what and why."),
    "decide": ("integration_engine.cli.decide", "command", "Record people's decisions in the running engine."),
    "decisions": ("integration_engine.cli.decisions", "app", "What people decided, and who may decide what."),
    "reviews": ("integration_engine.cli.reviews", "app", "Questions for a person: one child or two."),
    "link": ("integration_engine.cli.link", "command", "Linkage alone, on tabular notices."),
    "route": ("integration_engine.cli.route", "command", "Routing alone, on tabular records."),
    "simulate": ("integration_engine.cli.simulate", "command", "Past cases under another footprint: what if?"),
    "trends": ("integration_engine.cli.trends", "command", "How many children died, by area, age, category, time."),
    "map": ("integration_engine.cli.map", "app", "Mapping profiles: check them, run their tests."),
    "clocks": ("integration_engine.cli.clocks", "command", "Deadlines: soon due, overdue, by case."),
    "revisit": ("integration_engine.cli.revisit", "command", "Decide cases again as time and rules move on."),
    "watch": ("integration_engine.cli.watch", "command", "Drop folders: files taken, each answered beside it."),
    "partner": ("integration_engine.cli.partner", "app", "Partners and CDOPs: identities, tokens, feeds."),
    "person": ("integration_engine.cli.person", "app", "People with a password and codes: add, end, list."),
    "cdop": ("integration_engine.cli.cdop", "app", "A recipient's own side: take deliveries, each once."),
    "webhook": ("integration_engine.cli.webhook", "app", "Recipients' webhooks: a secret, and are they reached."),
    "retractions": ("integration_engine.cli.retractions", "app", "Retractions: to whom, when, acknowledged or not."),
    "pointers": ("integration_engine.cli.pointers", "app", "Events that point to a record: what waits, and why."),
    "retention": ("integration_engine.cli.retention", "app", "What is kept for how long, and what is due to go."),
    "resend": ("integration_engine.cli.resend", "command", "Deliveries that a lost broker took with it, again."),
    "queues": ("integration_engine.cli.queues", "command", "Queues: depth, consumers, age."),
    "dead": ("integration_engine.cli.laid_aside", "dead", "Messages that kept failing: look, send again, discard."),
    "refused": ("integration_engine.cli.laid_aside", "refused", "Wrong input that lies in a queue: look, discard."),
    "broker": ("integration_engine.cli.broker", "app", "The broker's topology: apply, check, definitions."),
    "db": ("integration_engine.cli.db", "app", "The store: schema, backup, restore."),
    "keys": ("integration_engine.cli.keys", "app", "Keys: which are held, rotate, retire."),
    "audit": ("integration_engine.cli.audit", "app", "The audit chain."),
    "reference": ("integration_engine.cli.reference", "app", "Reference data: check, show, import, load lookups."),
}


def _build(names: Sequence[str]) -> typer.Typer:
    """The program with these commands only."""
    app = _empty()
    for name in names:
        module, attribute, purpose = _COMMANDS[name]
        part: Any = getattr(importlib.import_module(module), attribute)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=name, help=purpose)
        else:
            app.command(name=name, help=part.__doc__ or purpose)(part)
    return app


def _listed() -> typer.Typer:
    """The program with every command's name and purpose and nothing behind them: what ``--help`` and a misspelt name need."""
    app = _empty()
    for name, (_, _, purpose) in _COMMANDS.items():
        app.command(name=name, help=purpose)(_nothing)
    return app


def _empty() -> typer.Typer:
    app = typer.Typer(
        name="cdr",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
        help="Interoperability integration engine for England's child death review.",
    )
    # With a callback, a program of one command is still called by that command's name.
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    pass


def main() -> None:
    """Entry point of ``cdr``."""
    asked = [word for word in sys.argv[1:2] if word in _COMMANDS]
    if asked:
        _call(asked)
    else:
        _listed()()


def _call(asked: Sequence[str]) -> None:
    from integration_engine.routing.tables import ReferenceDataError
    from integration_engine.settings import SettingsError

    try:
        _build(asked)()
    except (ReferenceDataError, SettingsError) as problem:
        # Nothing runs on settings or tables that can't be; a person reads the sentence, not where we found out.
        typer.echo(str(problem), err=True)
        sys.exit(2)
