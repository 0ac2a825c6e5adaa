"""``cdr resend``: deliveries that a lost broker took with it, sent again under the ids they had."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.store import opened

_KINDS = ("cdop.", "jar.", "national.", "alerts.")


def command(
    since: Annotated[
        str, typer.Option(help="What went out since then, ISO 8601: a time when you know the queues were read.")
    ],
    recipients: Annotated[
        list[str] | None, typer.Argument(help="Whose: cdop.BERKS, jar.JAR-OXON, national.ncmd, alerts.clocks.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every recipient's.")] = False,
    answered_too: Annotated[
        bool, typer.Option("--answered-too", help="Also what its recipient has acknowledged or declined.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many, and send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: how many, by recipient.")] = False,
) -> None:
    """Send deliveries again, each under the id it had: after a broker was lost with its data. Recipients pass over what they
    have. The running workers send them, within half a minute. Exit 1 if the store can't do it now; then do it again."""
    from integration_engine.store.resending import resend

    if everybody == bool(recipients):
        raise typer.BadParameter("name recipients, or --all", param_hint="RECIPIENTS")
    if strange := [name for name in recipients or () if not name.startswith(_KINDS)]:
        raise typer.BadParameter(f"{strange[0]} is no recipient", param_hint="RECIPIENTS")
    moment = _moment(since)
    with opened(as_json, status=1) as store:
        found = resend(
            store,
            None if everybody else recipients,
            moment,
            now=datetime.now(UTC),
            by=at_the_keyboard(),
            answered_too=answered_too,
            dry_run=dry_run,
        )
    if as_json:
        typer.echo(json.dumps(dict(sorted(found.items()))))
        return
    for name, count in sorted(found.items()):
        typer.echo(f"{name:24} {count:6}")
    typer.echo(f"{found.total()} deliveries {'would go' if dry_run else 'go'} out again.")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as problem:
        raise typer.BadParameter("not an ISO 8601 date and time", param_hint="--since") from problem
    return found if found.tzinfo else found.replace(tzinfo=UTC)
