"""``cdr reviews``: what waits for a person who can tell two children from one, and what people decided so far."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import orjson
import typer

from integration_engine.cli.keyboard import at_the_keyboard, in_the_name_of
from integration_engine.cli.store import opened

if TYPE_CHECKING:
    from integration_engine.linkage.question import Question
    from integration_engine.security.identity import Role as SignedInAs
    from integration_engine.store.waiting import Question as Waiting

app = typer.Typer(help="Questions for a person: are these two one child?", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line each.")]
Role = Annotated[str, typer.Option(help="operator (codes only), coordinator, designated-doctor or restricted.")]
_ROLES = ("operator", "coordinator", "designated-doctor", "restricted")
_MOST = 100_000


@app.callback(invoke_without_command=True)
def list_(context: typer.Context, as_json: Json = False, role: Role = "operator") -> None:
    """List the open questions about two notices, the most pressing first: ids and codes, nothing about a child. Those about a
    restricted child only with --role restricted."""
    if context.invoked_subcommand:
        return
    from integration_engine.console.asking import pressing, readers
    from integration_engine.store.reviews import LINKAGE
    from integration_engine.store.waiting import next_due, questions

    _known(role)
    with opened(status=1) as store:
        found = [q for q in questions(store, limit=_MOST) if q.kind == LINKAGE and _theirs(q, role)]
        due = next_due(store, {case.id for question in found for case in question.cases})
    rows: list[dict[str, Any]] = []
    for question in sorted(found, key=lambda q: pressing(q, due)):
        deadlines = [due[case.id] for case in question.cases if case.id in due]
        rows.append({
            "id": question.id,
            "cases": [case.id for case in question.cases],
            "notices": [question.a, question.b],
            "why": list(question.told.get("why", ())),
            "people": 2 if question.told.get("multiple") else 1,
            "decided": len(readers(question)),
            "likelier": question.told.get("likelier"),
            "asked_elsewhere": len(question.told.get("asked", ())),
            "next_due": min(deadlines).isoformat() if deadlines else None,
            "opened_at": question.opened_at.isoformat(),
        })  # fmt: skip
    if as_json:
        for row in rows:
            typer.echo(orjson.dumps(row).decode())
    else:
        _print_list(rows)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="The question's id, as `cdr reviews` lists it.")],
    role: Role = "operator",
    weight: Annotated[bool, typer.Option("--weight", help="With what the model makes of it, bar by bar.")] = False,
    by: Annotated[str | None, typer.Option(help="Who looks; else whoever is at the keyboard.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as review/1 JSON.")] = False,
) -> None:
    """Show one question: both sides field by field, why it is asked, what would settle it. The look is audited. Exit 1 where
    there is no such open question for this role."""
    from integration_engine.console.asking import asked_of
    from integration_engine.security.identity import Principal
    from integration_engine.store import audit
    from integration_engine.store.reviews import LINKAGE
    from integration_engine.store.waiting import questions

    _known(role)
    who = Principal(by or at_the_keyboard(), cast("SignedInAs", role))
    full = role != "operator"
    with opened(status=1) as store:
        found = [q for q in questions(store, name=name) if q.kind == LINKAGE and _theirs(q, role)]
        if not found:
            typer.echo("There is no such open question.", err=True)
            raise typer.Exit(1)
        action = "review.weight-read" if weight else "review.read"
        with store.transaction() as transaction:
            entry = audit.Entry(action, name, {"role": role, "details": full}, in_the_name_of(by))
            audit.append(transaction, datetime.now(UTC), [entry])
        asked = asked_of(store, who, found[0], full=full, weight=weight).asked
    if as_json:
        typer.echo(asked.model_dump_json())
    else:
        _print(asked, full=full)


@app.command("export")
def export(to: Annotated[Path | None, typer.Option(help="Write here instead of to the terminal.")] = None) -> None:
    """Print what people decided about pairs of notices as labelled pairs, one JSON line each, for checking the model: codes,
    levels and verdict, nothing about a child and no reader's name."""
    from integration_engine.readings import labelled_pairs

    with opened(status=1) as store:
        lines = [json.dumps(asdict(pair)) for pair in labelled_pairs(store)]
    if to:
        to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        typer.echo(f"{len(lines)} labelled pairs written.", err=True)
    else:
        for line in lines:
            typer.echo(line)


def _theirs(question: "Waiting", role: str) -> bool:
    return role == "restricted" or not any(case.restricted for case in question.cases)


def _known(role: str) -> None:
    if role not in _ROLES:
        raise typer.BadParameter(f"--role is one of {', '.join(_ROLES)}")


def _print_list(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        typer.echo("Nothing waits.")
        return
    table = Table("Question", "Cases", "Why", "Decided", "Next deadline", title="Are these two one child?")
    for row in rows:
        table.add_row(
            row["id"],
            "\n".join(row["cases"]),
            "\n".join(row["why"]),
            f"{row['decided']} of {row['people']}",
            (row["next_due"] or "")[:16].replace("T", " "),
        )
    Console().print(table)


def _print(asked: "Question", *, full: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from integration_engine.console.wording import text_of

    console = Console()
    table = Table("Field", "It", *(("One side", "The other side") if full else ()), title=asked.id)
    for line in asked.fields:
        sides = ["\n".join(escape(text_of(said.value)) for said in side) for side in (line.a, line.b)]
        table.add_row(line.label, line.agreement, *(sides if full else ()))
    console.print(table)
    for why in asked.why:
        console.print(f"[bold]{why.code}[/] {why.text}", highlight=False)
    for hint in asked.settle:
        console.print(f"  - {hint}", highlight=False)
    if asked.people > 1:
        console.print("A multiple birth is known: two people decide, each for themselves.")
    if asked.weight:
        for bar in asked.weight.steps:
            console.print(f"{bar.bits:+7.1f}  {bar.comparison} {bar.level}", highlight=False)
        console.print(f"{asked.weight.bits:+7.1f}  bits, model {asked.versions['model']}", highlight=False)
