"""``cdr decisions``: what people decided so far, as the file that replays it, and who may decide what."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.store import opened

app = typer.Typer(no_args_is_help=True, help="What people decided, and who may decide what.")

WITHHELD = "withheld: about a restricted case"
"""What stands for a reason that only the restricted role may read: people write names into reasons."""


@app.command("export")
def export(
    to: Annotated[Path | None, typer.Option(help="Write here instead of to the terminal.")] = None,
    role: Annotated[str | None, typer.Option(help="restricted: with the reasons about restricted cases.")] = None,
) -> None:
    """Print everything decided, in order of time, as a JSON list that `cdr try --decisions` and `cdr decide` take: with the
    same messages it gives the same state. The look is audited. Exit 1 if what is kept can't be read."""
    from integration_engine.store import audit
    from integration_engine.store.decisions import every_decision

    withheld, found = 0, []
    with opened(status=1) as store:
        for kept in every_decision(store):
            hide = kept.restricted and role != "restricted"
            withheld += hide
            decision = kept.decision.model_copy(update={"reason": WITHHELD}) if hide else kept.decision
            found.append(decision.model_dump(mode="json"))
        seen = {"decisions": len(found), "withheld": withheld}
        with store.transaction() as transaction:
            entry = audit.Entry("decisions.exported", "decisions", seen, at_the_keyboard())
            audit.append(transaction, datetime.now(UTC), [entry])
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n"
    if to:
        to.write_text(text, encoding="utf-8")
        typer.echo(f"{len(found)} decisions written.", err=True)
    else:
        typer.echo(text, nl=False)
    if withheld:
        typer.echo(f"{withheld} reasons about restricted cases are withheld; --role restricted gives them.", err=True)


@app.command("kinds")
def show_kinds(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Who may decide what, and what each kind of decision settles."""
    from integration_engine.record.authority import kinds

    rows: list[dict[str, Any]] = [
        {
            "kind": kind.kind,
            "title": kind.title,
            "value": dict(kind.value),
            "settles": list(kind.settles),
            "roles": sorted(kind.roles),
            "restricted_cases": sorted(kind.protected),
        }
        for kind in kinds().values()
    ]
    if as_json:
        typer.echo(orjson.dumps(rows).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What people decide", title_justify="left")
    for heading in ("Kind", "Means", "Value", "Settles", "About a restricted case"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        everybody = row["restricted_cases"] == row["roles"]
        table.add_row(
            row["kind"],
            row["title"],
            "\n".join(f"{name}: {sort}" for name, sort in row["value"].items()),
            "\n".join(row["settles"]),
            "any role" if everybody else ", ".join(row["restricted_cases"]),
        )
    Console().print(table)
