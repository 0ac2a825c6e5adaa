"""``cdr decide``: people's decisions into the running engine, from the same file that ``cdr try --decisions`` takes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from integration_engine.settings import SettingsError, load_settings


def command(
    file: Annotated[Path, typer.Argument(help="A JSON list of decisions, about notice ids or case ids.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a decision.")] = False,
) -> None:
    """Record people's decisions. What they change is delivered by the running engine; a decision recorded before changes
    nothing. Exit 1 if one is about something that isn't held."""
    from integration_engine.casebook import read_decisions, unworkable
    from integration_engine.in_force import rules_in_force
    from integration_engine.pipeline import record_decision
    from integration_engine.routing.tables import ReferenceDataError
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.store.database import StoreError, open_store

    try:
        decisions = read_decisions(file)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem
    try:
        settings = load_settings()
        rules = rules_in_force(settings)
        store = open_store(settings)
    except (ReferenceDataError, SettingsError, StoreError, KeyMissing, KeyUnreadable) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    failed = False
    for sentence in unworkable(decisions, rules.reference):
        typer.echo(sentence, err=True)
        failed = True
    if failed:
        store.close()
        raise typer.Exit(1)
    try:
        for decision in decisions:
            try:
                done = record_decision(
                    store, decision, reference=rules.reference, now=datetime.now(UTC), switches=rules.switches
                )
                line = {"id": decision.id, "recorded": True, "deliveries": len(done.outbox)}
                said = f"{decision.id}: recorded, {len(done.outbox)} deliveries follow"
            except StoreError as problem:
                failed = True
                line = {"id": decision.id, "recorded": False, "code": problem.code}
                said = f"{decision.id}: not recorded. {problem}"
            typer.echo(orjson.dumps(line).decode() if as_json else said)
    finally:
        store.close()
    raise typer.Exit(1 if failed else 0)
