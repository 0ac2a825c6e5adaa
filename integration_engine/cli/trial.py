"""``cdr try``: the whole core on files. No broker, nothing stored."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, get_args

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from integration_engine.casebook import Casebook, read_decisions, unworkable
from integration_engine.cli.clocks import CLOCK_COLOURS
from integration_engine.cli.files import choose, every_file, readings
from integration_engine.cli.ruling import FOOTPRINTS, SWITCHED, TABLES, ruling
from integration_engine.record.codes import Role
from integration_engine.record.decision import Decision
from integration_engine.settings import load_settings


def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    files: Annotated[list[Path], typer.Argument(help="Messages: files or folders.", metavar="FILE...")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: cases, reviews, waiting ...")] = False,
    kind: Annotated[str | None, typer.Option(help="Partner kind, instead of what the content looks like.")] = None,
    profile: Annotated[str | None, typer.Option(help="A shipped profile's name, or a profile file.")] = None,
    feed: Annotated[str | None, typer.Option(help="A registered feed: its profile and settings.")] = None,
    at: Annotated[str | None, typer.Option(help="The instant to take for now, ISO 8601.")] = None,
    decisions: Annotated[Path | None, typer.Option(help="People's decisions: a JSON list.")] = None,
    role: Annotated[str | None, typer.Option(help="restricted: show what lies behind restricted cases.")] = None,
    footprint: FOOTPRINTS = None,
    tables: TABLES = None,
    switch: SWITCHED = None,
) -> None:
    """The whole core on files: cases, who gets what and why. No broker, nothing stored."""
    if role not in (None, *get_args(Role)):
        raise typer.BadParameter(f"not one of {', '.join(get_args(Role))}", param_hint="--role")
    people = _decisions(decisions)
    asked = choose(kind, profile, feed, at)
    rules = ruling(load_settings(), tables, footprint, switch)
    choice = replace(asked, age_rules=rules.age_rules)
    book = Casebook()
    paths = list(every_file(files))
    for path in track(paths, "reading", transient=True, disable=as_json or len(paths) < 50):
        for found in readings([path], choice):
            book.add(found.file, found.reading)
    for sentence in unworkable(people, rules.reference):
        typer.echo(sentence, err=True)
    if unknown := book.unknown_subjects(people):
        for name in unknown:
            typer.echo(f"a decision is about {name}, which is neither a reference nor a case here", err=True)
        raise typer.Exit(2)
    outcome = book.decide(people, rules.reference, choice.at, rules.switches)
    for aside in outcome.aside:
        typer.echo(f"decision {aside.decision} changes nothing: {aside.text}", err=True)
    answer = book.to_json(outcome, restricted_role=role == "restricted", now=choice.at)
    if as_json:
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    else:
        _show(Console(), answer)


def _decisions(path: Path | None) -> tuple[Decision, ...]:
    if path is None:
        return ()
    try:
        return read_decisions(path)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--decisions") from problem


_STATES = {"open": "bold green", "held": "bold yellow", "withdrawn": "bold red", "out-of-scope": "dim"}


def _show(console: Console, answer: dict[str, Any]) -> None:
    for case in answer["cases"]:
        _show_case(console, case)
    for review in answer["reviews"]:
        console.print(f"[yellow]for a person[/] {review['a']} and {review['b']}: {', '.join(review['why'])}")
    for name in ("waiting", "passed_over", "refused", "alarms"):
        if answer[name]:
            console.print(f"[bold]{name.replace('_', ' ')}[/] {len(answer[name])}")
            for row in answer[name][:20]:
                console.print(
                    "  " + escape(row if isinstance(row, str) else f"{row['ref']}: {_why(row)}"), highlight=False
                )


def _why(row: dict[str, Any]) -> str:
    problems = "; ".join(f"{p['path'] or ''} {p['text']}".strip() for p in row.get("problems", []))
    return f"{row.get('reason') or row.get('code')}{' - ' + problems if problems else ''}"


def _show_case(console: Console, case: dict[str, Any]) -> None:
    table = Table(
        title=f"{case['case']}  [{_STATES[case['state']]}]{case['state']}[/] {case['rule']}",
        title_justify="left",
        show_header=False,
        min_width=72,
    )
    table.add_row("from", "\n".join(escape(ref) for ref in case["from"]))
    child, death = case["record"].get("child", {}), case["record"].get("death", {})
    name = " ".join((*child.get("given_names", []), child.get("family_name", ""))).strip()
    table.add_row("child", escape(f"{name}, born {child.get('birth_date', 'not known')}"))
    table.add_row("died", death.get("died_at", "not known"))
    if case["lead"]:
        table.add_row(
            "lead", f"[bold]{case['lead']['cdop']}[/] by {case['lead']['rule']}\n{escape(case['lead']['why'])}"
        )
    for copy in case["copies"]:
        table.add_row("copy", f"{copy['cdop']} by {copy['rule']}")
    if case["notify"]:
        table.add_row("notify", ", ".join(case["notify"]))
    if case["jar"]["required"]:
        table.add_row("joint agency response", f"{case['jar']['team']}: {', '.join(case['jar']['reasons'])}")
    for clock, note in case["clock_notes"].items():
        colour = CLOCK_COLOURS[note["state"]]
        table.add_row(clock, f"[{colour}]{note['state']}[/] {escape(note['why'])}")
    if case["flags"]:
        table.add_row("flags", ", ".join(case["flags"]))
    for conflict in case["conflicts"]:
        table.add_row("differs", escape(f"{conflict['field']} in {conflict['from']}"))
    for other in case["related"]:
        table.add_row("related", f"{other['case']} ({other['why']})")
    console.print(table)
