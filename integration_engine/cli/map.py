"""``cdr map``: mapping profiles for integrators - check them, run their tests, print the language and the schemas."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration_engine.mapping import check as checking
from integration_engine.mapping.documents import ProfileError
from integration_engine.mapping.profile import Profile, find_profile, load_profile, shipped_profiles
from integration_engine.mapping.testing import Result, Seen, run_tests

app = typer.Typer(no_args_is_help=True, help="Mapping profiles: check them, run their tests.")

_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def _chosen(names: list[str] | None) -> list[Path]:
    """The profiles asked for, by name or file; all shipped ones where none is. Exits with 2 for one that isn't there."""
    if not names:
        return list(shipped_profiles())
    paths = []
    for name in names:
        try:
            path = find_profile(Path(name) if Path(name).is_file() else name)
        except ProfileError as error:
            raise typer.BadParameter(str(error)) from error
        if not path.is_file():
            raise typer.BadParameter(f"no such file: {name}")
        paths.append(path)
    return paths


@app.command("check")
def profile_check(
    files: Annotated[
        list[str] | None, typer.Argument(help="Profiles by name or file; all shipped ones if left out.")
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """Check profiles and code tables; exit 1 if anything is wrong."""
    paths = _chosen(files)
    findings = [*_all_faults(paths), *(() if files else checking.check_tables())]
    if as_json:
        told = [{"file": one.file, "place": one.place, "why": one.why} for one in findings]
        typer.echo(json.dumps({"checked": [path.stem for path in paths], "findings": told}))
    else:
        console = Console()
        for one in findings:
            console.print(f"[red]{escape(one.file)}[/] [bold]{escape(one.place)}[/] {escape(one.why)}", highlight=False)
        colour = "red" if findings else "green"
        console.print(f"[{colour}]{len(paths)} profiles checked, {len(findings)} findings[/]")
    raise typer.Exit(1 if findings else 0)


def _all_faults(paths: list[Path]) -> Iterator[checking.Finding]:
    """What the language finds wrong; of a profile that it can read, what the kind's adapter does."""
    from adapters.profile_checks import faults

    for path in paths:
        findings = checking.check_profile(path)
        yield from findings
        if not findings:
            yield from (checking.Finding(path.name, place, why) for place, why in faults(load_profile(path)))


@app.command("test")
def profile_tests(
    names: Annotated[
        list[str] | None, typer.Argument(help="Profiles by name or file; all shipped ones if left out.")
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """Run profiles' own tests; exit 1 if any fails."""
    results: list[Result] = []
    for path in _chosen(names):
        try:
            results += run_tests(path, read_by_adapter)
        except ProfileError as error:
            results.append(Result(path.stem, "(profile)", (str(error),)))
    failed = [one for one in results if not one.passed]
    if as_json:
        told = [
            {"profile": one.profile, "test": one.name, "passed": one.passed, "failures": list(one.failures)}
            for one in results
        ]
        typer.echo(json.dumps({"tests": told, "failed": len(failed)}))
    else:
        _show(results, failed)
    raise typer.Exit(1 if failed else 0)


def _show(results: list[Result], failed: list[Result]) -> None:
    console = Console()
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for heading in ("profile", "tests", "failed"):
        table.add_column(heading)
    for profile in dict.fromkeys(one.profile for one in results):
        own = [one for one in results if one.profile == profile]
        wrong = sum(not one.passed for one in own)
        table.add_row(profile, str(len(own)), f"[red]{wrong}[/]" if wrong else "[green]0[/]")
    console.print(table)
    for one in failed:
        console.print(f"[red]{escape(one.profile)}[/]: {escape(one.name)}", highlight=False)
        for failure in one.failures:
            console.print(f"    {escape(failure)}", highlight=False)
    colour = "red" if failed else "green"
    console.print(f"[{colour}]{len(results)} tests, {len(failed)} failed[/]")


def read_by_adapter(body: bytes, profile: Profile, received_at: datetime) -> list[Seen]:
    """What the profile's kind of adapter makes of a message: every item, the deciding one of each reading first."""
    from adapters.adapter import Submission
    from adapters.registry import ADAPTERS

    seen = []
    for reading in ADAPTERS[profile.kind].read(Submission(body, received_at), profile):
        items = sorted(reading.items, key=lambda item: item is not reading.deciding)
        for item in items:
            notice: dict[str, Any] | None = item.notice.model_dump(mode="json") if item.notice else None
            codes = dict.fromkeys(problem.code for problem in (*reading.problems, *item.problems))
            seen.append(Seen(item.index, item.verdict, item.reason, tuple(codes), notice))
    return seen


@app.command("docs")
def language(
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/mapping-language.md instead of printing it.")
    ] = False,
) -> None:
    """The mapping language's reference, made from the code."""
    from integration_engine.mapping.reference import document, document_path

    if write:
        document_path().write_text(document(), encoding="utf-8")
    else:
        typer.echo(document(), nl=False)


@app.command("schema")
def published_schemas(
    write: Annotated[bool, typer.Option("--write", help="Write mappings/schema/ instead of checking it.")] = False,
    as_json: _AsJson = False,
) -> None:
    """The JSON Schemas we publish, made from the models; exit 1 if a shipped one is not current."""
    from integration_engine.cli.schemas import schemas, stale, write_all

    if write:
        write_all()
    old = stale()
    if as_json:
        typer.echo(json.dumps({"schemas": sorted(schemas()), "stale": old}))
    else:
        for name in sorted(schemas()):
            typer.echo(f"{name}: {'not current' if name in old else 'current'}")
    raise typer.Exit(1 if old else 0)
