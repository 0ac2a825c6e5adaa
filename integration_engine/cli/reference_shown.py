"""``cdr reference show`` and ``cdr reference switches``: what the tables know, and which rules are switched how."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration_engine.cli.ruling import FOOTPRINTS, SWITCHED, TABLES, ruling
from integration_engine.routing.particulars import panels, particulars
from integration_engine.routing.switches import listed
from integration_engine.routing.weak_rows import in_words
from integration_engine.settings import load_settings

_SERVES = (("panels", "panel"), ("teams", "team"), ("forces", "force"), ("coroner-areas", "coroner area"))


def show(
    asked: Annotated[
        str | None,
        typer.Argument(
            help="A panel, team, force, coroner area or authority by code or name, or a postcode.", metavar="WHAT"
        ),
    ] = None,
    on: Annotated[str | None, typer.Option(help="The day to ask about; else today.", metavar="DATE")] = None,
    footprint: FOOTPRINTS = None,
    tables: TABLES = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """What the tables know of a panel or an authority: from when to when, how sure, from where, who came before and after.
    Without a name every panel in short. Exit 1 where it isn't known."""
    try:
        day = date.fromisoformat(on) if on else datetime.now(UTC).date()
    except ValueError as problem:
        raise typer.BadParameter("a day is written 2027-04-01", param_hint="--on") from problem
    reference = ruling(load_settings(), tables, footprint).reference
    found = panels(reference, day) if asked is None else particulars(reference, asked, day)
    console = Console()
    if as_json:
        typer.echo(orjson.dumps(found).decode())
    elif asked is None:
        _show_panels(console, found)
    elif not found:
        console.print("nothing in the tables has this code, name or postcode", highlight=False)
    else:
        for one in found:
            _show(console, one)
    raise typer.Exit(0 if found else 1)


def _show_panels(console: Console, found: list[dict[str, Any]]) -> None:
    table = Table("panel", "name", "region", "areas", "", box=None, padding=(0, 2))
    for one in found:
        mark = f"[yellow]confirm: {in_words(one['confirm'])}[/]" if one["confirm"] else ""
        table.add_row(one["code"], escape(one["name"]), one["region"], str(one["areas"]), mark)
    console.print(table)
    weak = sum(bool(one["confirm"]) for one in found)
    console.print(f"{len(found)} panels, {weak} to confirm", highlight=False)


def _show(console: Console, one: dict[str, Any]) -> None:
    console.print(f"[bold]{one['code']}[/] {escape(one['name'])} ({one['kind']})", highlight=False)
    console.print(f"  {_days(one)}  {_footing(one)}", highlight=False)
    for word in ("before", "after"):
        if one[word]:
            names = ", ".join(f"{each['code']} {each['name']}" for each in one[word])
            console.print(f"  {word}: {escape(names)}", highlight=False)
    if one.get("upper_tier"):
        console.print(f"  in {one['upper_tier']['code']} {escape(one['upper_tier']['name'])}", highlight=False)
    if one.get("panel"):
        then, now = one["panel"]["then"], one["panel"]["now"]
        console.print(f"  on {one['on']}: panel {now}{f', then {then}' if then != now else ''}", highlight=False)
    if one.get("note"):
        console.print(f"  {escape(one['note'])}", highlight=False)
    if one.get("areas"):
        console.print(_rows(one["areas"], "area"))
    for key, word in _SERVES:
        served = one.get(key)
        if served and isinstance(served[0], str):
            console.print(f"  {word}: {', '.join(served)}", highlight=False)
        elif served:
            console.print(_rows(served, word))


def _rows(rows: list[dict[str, Any]], word: str) -> Table:
    table = Table(word, "", "days", "how sure, from where", box=None, padding=(0, 2))
    for row in rows:
        part = " (part of it)" if row.get("part") else ""
        table.add_row(row["code"], escape(row["name"] + part), _days(row), _footing(row))
    return table


def _days(row: dict[str, Any]) -> str:
    return f"{row['from'] or 'as long as known'} to {row['to'] or 'now'}"


def _footing(row: dict[str, Any]) -> str:
    sure = f"[yellow]confirm with the panel: {in_words(row['confidence'])}[/]" if row["confirm"] else row["confidence"]
    return "; ".join(filter(None, (sure, escape(row["source"]))))


def switches(
    switch: SWITCHED = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """The rules that may vary: what each is set to, its default, the rule it varies and what it means."""
    found = listed(ruling(load_settings(), switched=switch).switches)
    if as_json:
        rows = [
            {
                "name": one.name,
                "value": one.value,
                "default": one.default,
                "changed": one.value != one.default,
                "rule": one.rule,
                "means": one.means,
            }
            for one in found
        ]
        typer.echo(orjson.dumps(rows).decode())
        return
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for one in found:
        value = _plain(one.value)
        changed = "" if one.value == one.default else f" [yellow](default {escape(_plain(one.default))})[/]"
        table.add_row(f"[bold]{one.name}[/] = {escape(value)}", f"[cyan]{one.rule}[/]: {one.means}{changed}")
    Console().print(table)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
