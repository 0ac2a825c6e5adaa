"""``cdr revisit``: decide cases again as time, reference data and switches move on, or say what that would change."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.ending import give_up
from integration_engine.cli.when import instant
from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration_engine.in_force import Rules
    from integration_engine.revisit import Difference, Revisited
    from integration_engine.store.database import Store


def command(
    every: Annotated[
        bool, typer.Option("--all", help="Every case, not only those that may come out otherwise.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    at: Annotated[str | None, typer.Option(help="The instant to take for now, ISO 8601; only with --dry-run.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON line a case that changes, then one of totals.")
    ] = False,
) -> None:
    """Decide again the cases that other tables or switches decided, or whose answer time may have changed. What differs is
    delivered by the running engine; a case that comes out as it was costs nothing. Exit 1 if the store can't do it now: what
    was done stays done, and the rest is done by calling again."""
    from rich.console import Console

    from integration_engine.cli.ruling import ruling
    from integration_engine.security.keys import KeyMissing, KeyUnreadable, SealBroken
    from integration_engine.store.database import StoreError, open_store

    if at and not dry_run:
        raise typer.BadParameter("another instant than now can be tried only: add --dry-run", param_hint="--at")
    now = instant(at)
    try:
        settings = load_settings()
    except SettingsError as problem:
        raise typer.BadParameter(str(problem)) from None
    rules = ruling(settings)
    console = Console()
    looked_at = changed = deliveries = 0
    try:
        store = open_store(settings)
        try:
            for done in _batches(store, rules, now, every, dry_run):
                looked_at += len(done.cases)
                changed += len(done.differences)
                deliveries += len(done.outbox)
                for one in done.differences:
                    _tell(console, one, as_json)
        finally:
            store.close()
    except (StoreError, KeyMissing, KeyUnreadable, SealBroken) as problem:
        give_up(problem.code, str(problem), as_json)
    total = {"looked_at": looked_at, "changed": changed, "deliveries": deliveries, "dry_run": dry_run}
    if as_json:
        typer.echo(json.dumps(total))
    else:
        would = "would change" if dry_run else "changed"
        console.print(f"{looked_at} cases looked at, {changed} {would}, {deliveries} deliveries.", highlight=False)


def _batches(store: "Store", rules: "Rules", now: datetime, every: bool, dry_run: bool) -> "Iterator[Revisited]":
    """Batch after batch, each a transaction of its own. What was decided as a neighbour isn't again."""
    from dataclasses import replace

    from integration_engine.revisit import AT_ONCE, revisit
    from integration_engine.routing.fingerprint import fingerprint
    from integration_engine.store.watch import come_into_force, to_look_at

    version = fingerprint(rules.reference, rules.switches)
    if not dry_run:
        come_into_force(store, version, now)
    after, seen = "", set[str]()
    while cases := to_look_at(store, version, now, limit=AT_ONCE, after=after, every=every):
        after = cases[-1]
        wanted = [case for case in cases if case not in seen]
        if not wanted:
            continue
        done = revisit(store, wanted, reference=rules.reference, now=now, switches=rules.switches, trial=dry_run)
        yield replace(
            done,
            cases=tuple(case for case in done.cases if case not in seen),
            differences=tuple(one for one in done.differences if one.case not in seen),
            outbox=tuple(row for row in done.outbox if row.case not in seen),
        )
        seen.update(done.cases)


def _tell(console: Any, one: "Difference", as_json: bool) -> None:
    if as_json:
        line = {
            "case": one.case,
            "version": one.version,
            "state": one.state,
            "state_before": one.state_before,
            "rule": one.rule,
            "lead": one.lead,
            "lead_before": one.lead_before,
            "deliveries": [{"to": recipient, "kind": kind} for recipient, kind in one.deliveries],
        }
        typer.echo(json.dumps(line))
        return
    moved = f"{one.lead_before or 'nobody'} to {one.lead or 'nobody'}" if one.lead != one.lead_before else "same lead"
    stood = f"{one.state_before} to {one.state}" if one.state != one.state_before else one.state
    sent = ", ".join(f"{kind} to {recipient}" for recipient, kind in one.deliveries) or "nothing to send"
    console.print(f"{one.case}  {stood} ({one.rule})  {moved}  {sent}", highlight=False)
