"""``cdr clocks``: which deadlines run, which are soon due, which are overdue."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.store import opened
from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration_engine.record.clock_event import ClockRule
    from integration_engine.store.pressing import DueClock

CLOCK_COLOURS = {"running": "green", "met": "dim", "paused": "yellow", "overdue": "bold red", "stopped": "dim"}
"""How a clock's state is shown in a terminal."""

_COLOURS = {"overdue": "bold red", "soon": "yellow", "running": "green", "told": "dim"}


def command(
    due: Annotated[bool, typer.Option("--due", help="Only what is soon due or overdue.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
    lead: Annotated[str | None, typer.Option(help="Only cases that this panel leads.", metavar="CDOP")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the most pressing first.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a clock.")] = False,
) -> None:
    """Clocks of the cases held, the most pressing first: when each is due, and what has to be done by then. Exit 1 if one
    is overdue."""
    from integration_engine.clockwork import clock_rules
    from integration_engine.routing.tables import ReferenceDataError
    from integration_engine.store.pressing import due_clocks

    try:
        rules = clock_rules(load_settings())
    except (SettingsError, ReferenceDataError) as problem:
        raise typer.BadParameter(str(problem)) from None
    now = datetime.now(UTC)
    wanted = ("overdue",) if overdue else ("overdue", "soon") if due else None
    with opened(as_json, status=1) as store:
        found = due_clocks(store, now, rules, stages=wanted, leads=[lead] if lead else None, limit=limit)
    if as_json:
        for each in found:
            typer.echo(json.dumps(_line(each, rules)))
    else:
        _print(found, rules, now)
    raise typer.Exit(1 if any(each.stage == "overdue" for each in found) else 0)


def _stage(clock: "DueClock") -> str:
    return clock.stage or ("told" if clock.told else "running")


def _line(clock: "DueClock", rules: "Mapping[str, ClockRule]") -> dict[str, Any]:
    """Of a restricted case its id, the clock and the stage alone, as in what is published."""
    told: dict[str, Any] = {"case": clock.case, "clock": clock.clock, "stage": _stage(clock)}
    if clock.restricted:
        return told | {"restricted": True}
    what = rules[clock.clock].what if clock.clock in rules else None
    return told | {"restricted": False, "due": clock.due.isoformat(), "lead": clock.lead, "what": what}


def _print(found: "Sequence[DueClock]", rules: "Mapping[str, ClockRule]", now: datetime) -> None:
    from rich.console import Console
    from rich.table import Table

    from integration_engine.record.dates import london
    from integration_engine.routing.periods import between, in_words

    console = Console()
    if not found:
        console.print("No clock is running, or none of those asked for.", highlight=False)
        return
    table = Table("stage", "due", "", "clock", "case", "lead", "what has to be done", box=None)
    for clock in found:
        stage = _stage(clock)
        late = in_words(between(clock.due, now)) + (" ago" if clock.due < now else " left")
        line = _line(clock, rules)
        hidden = clock.restricted
        table.add_row(
            f"[{_COLOURS[stage]}]{stage}[/]",
            "restricted" if hidden else f"{london(clock.due):%a %-d %b %Y %H:%M}",
            "" if hidden else late,
            clock.clock,
            clock.case,
            "" if hidden else clock.lead or "nobody's yet",
            line.get("what") or "",
        )
    console.print(table)
