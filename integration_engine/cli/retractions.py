"""``cdr retractions``: what was taken back, from whom, and who has yet to say that they know."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.ending import USAGE, give_up
from integration_engine.cli.keyboard import in_the_name_of
from integration_engine.cli.store import opened
from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from integration_engine.store.retractions import Retraction

app = typer.Typer(help="Retractions: to whom, when, acknowledged or not.", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON line a retraction.")]
_WHY = {"not-published": "not sent", "not-acknowledged": "no answer"}


@app.callback(invoke_without_command=True)
def list_(
    context: typer.Context,
    outstanding: Annotated[bool, typer.Option("--outstanding", help="Only those not acknowledged yet.")] = False,
    as_json: Json = False,
) -> None:
    """Every retraction by recipient. Exit 1 if one was not sent within five minutes, or not acknowledged within the limit
    (CDR_RETRACTION_LIMIT_MINUTES)."""
    if context.invoked_subcommand:
        return
    from integration_engine.store.retractions import retractions

    now, limit = datetime.now(UTC), _limit(as_json)
    with opened(as_json) as store:
        found = retractions(store, outstanding=outstanding)
    if as_json:
        for each in found:
            typer.echo(json.dumps(_line(each, now, limit)))
    else:
        _print(found, now, limit)
    raise typer.Exit(1 if any(each.late(now, limit) for each in found) else 0)


@app.command("told")
def told(
    delivery: Annotated[str, typer.Argument(help="The retraction's delivery id, as `cdr retractions` shows it.")],
    how: Annotated[str, typer.Option(help="telephone, email, in-person, letter or other-system.")],
    to: Annotated[str, typer.Option(help="Who was told: a name or a post.")],
    reason: Annotated[str, typer.Option(help="Why this way and not by the inbox.")],
    at: Annotated[
        str | None, typer.Option(help="When, with its zone, such as 2026-03-09T14:05:00+00:00; else now.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who told them; else whoever is at the keyboard.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Record that a recipient was told of a retraction another way, and said that it knows. It counts as acknowledged.
    Exit 1 where there is no such retraction or it needs no answer any more."""
    from integration_engine.store.database import StoreError
    from integration_engine.store.retractions import HOW, NoRetraction
    from integration_engine.store.retractions import told as record

    way = next((known for known in HOW if known == how), None)
    if way is None:
        raise typer.BadParameter(f"--how is one of {', '.join(HOW)}")
    if not to.strip() or not reason.strip():
        raise typer.BadParameter("--to and --reason are needed: say whom, and why this way")
    now = datetime.now(UTC)
    moment = _moment(at, now)
    who, limit = in_the_name_of(by), _limit(as_json)
    with opened(as_json) as store:
        try:
            done = record(store, delivery, by=who, how=way, to=to, reason=reason, at=moment, now=now)
        except (NoRetraction, StoreError) as problem:
            give_up(problem.code, str(problem), as_json)
    said = f"Recorded: {done.recipient} knows of {done.delivery}, told by {done.how}."
    typer.echo(json.dumps(_line(done, now, limit)) if as_json else said)


def _moment(at: str | None, now: datetime) -> datetime:
    if at is None:
        return now
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment > now:
        raise typer.BadParameter("--at is a time that has been, with its zone")
    return moment


def _limit(as_json: bool) -> timedelta:
    """How long an acknowledgement may take."""
    try:
        return timedelta(minutes=load_settings().retraction_limit_minutes)
    except SettingsError as problem:
        give_up(problem.code, str(problem), as_json, USAGE)


def _line(each: "Retraction", now: datetime, limit: timedelta) -> dict[str, Any]:
    def written(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat()

    return {
        "delivery": each.delivery,
        "recipient": each.recipient,
        "case": each.case,
        "version": each.version,
        "rule": each.rule,
        "state": each.state,
        "sent_at": written(each.sent_at),
        "published_at": written(each.published_at),
        "acknowledged_at": written(each.acknowledged_at),
        "declined_at": written(each.declined_at),
        "by": each.by,
        "how": each.how,
        "minutes": round(each.waited(now).total_seconds() / 60, 1),
        "late": each.late(now, limit),
    }


def _print(found: "tuple[Retraction, ...]", now: datetime, limit: timedelta) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not found:
        typer.echo("No retractions.")
        return
    table = Table(title="Retractions")
    for heading in ("Sent", "To", "Case", "Why", "Sent out", "Answer", "Minutes", "Delivery"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "Minutes" else "left")
    for each in found:
        late = each.late(now, limit)
        answer = escape(f"{each.state} ({each.how}, {each.by})" if each.how else each.state)
        table.add_row(
            f"{each.sent_at:%d %b %H:%M}",
            each.recipient,
            each.case,
            each.rule,
            "yes" if each.published_at else "no",
            f"[bold red]{answer}: {_WHY[late]}[/]" if late else answer,
            f"{each.waited(now).total_seconds() / 60:.0f}",
            each.delivery,
        )
    Console().print(table)
