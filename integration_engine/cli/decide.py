"""``cdr decide``: people's decisions into the running engine, from the file that ``cdr try --decisions`` takes too, or one by
its parts."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import ValidationError

from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.record.decision import Decision
from integration_engine.settings import SettingsError, load_settings


def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    file: Annotated[
        Path | None, typer.Argument(help="A JSON list of decisions, about notice ids or case ids.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="One decision instead of a file: its kind.")] = None,
    about: Annotated[list[str] | None, typer.Option(help="The case or notice it is about; may be given again.")] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(help="A part of what is decided; may be given again.", metavar="NAME=VALUE"),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decides.")] = None,
    role: Annotated[str | None, typer.Option(help="operator, coordinator, designated-doctor or restricted.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    name: Annotated[str | None, typer.Option("--id", help="Its id; the same id again changes nothing.")] = None,
    at: Annotated[str | None, typer.Option(help="When it was decided, ISO 8601; now where not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a decision.")] = False,
) -> None:
    """Record people's decisions. What they change is delivered by the running engine; a decision recorded before changes
    nothing. Exit 1 if one is about something that isn't held, or not its role's to take."""
    from integration_engine.casebook import read_decisions, unworkable
    from integration_engine.in_force import rules_in_force
    from integration_engine.pipeline import record_decision
    from integration_engine.routing.tables import ReferenceDataError
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.store.database import StoreError, open_store

    parts = {"kind": kind, "about": about, "value": value, "by": by, "role": role, "reason": reason}
    if (file is None) == (kind is None) or (file and any(parts.values())):
        raise typer.BadParameter("give a FILE, or one decision by --kind, --about, --value, --by, --role and --reason")
    try:
        decisions = read_decisions(file) if file else (_one(parts, name, at),)
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
                    store,
                    decision,
                    reference=rules.reference,
                    now=datetime.now(UTC),
                    switches=rules.switches,
                    typed_by=at_the_keyboard(),
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


def _one(parts: dict[str, Any], name: str | None, at: str | None) -> Decision:
    """The decision that options tell. Raises ValueError naming the option that is wrong, never its value."""
    told = {key: part for key, part in parts.items() if part}
    told |= {"id": name or f"cli-{uuid.uuid4()}", "at": at or datetime.now(UTC).isoformat()}
    told["value"] = _value(parts["value"] or ())
    try:
        return Decision.model_validate(told)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        where = ".".join(f"--{part}" if n == 0 else str(part) for n, part in enumerate(first["loc"]))
        raise ValueError(f"{where}: {first['msg']}".removeprefix(": ")) from problem


def _value(parts: Sequence[str]) -> dict[str, Any]:
    """``name=value`` to the value of a decision; true, false and null are what they say."""
    found: dict[str, Any] = {}
    for part in parts:
        name, equals, text = part.partition("=")
        if not equals:
            raise ValueError("--value is written name=value")
        found[name] = {"true": True, "false": False, "null": None}.get(text, text)
    return found
