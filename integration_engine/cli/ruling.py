"""The options by which a command lays footprints, tables and switches over the ones in force."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from integration_engine.in_force import Rules, rules_in_force
from integration_engine.routing.tables import ReferenceDataError
from integration_engine.settings import Settings, SettingsError

FOOTPRINTS = Annotated[
    list[Path] | None, typer.Option("--footprint", help="A local footprint (YAML) to lay over; may be given again.")
]
TABLES = Annotated[Path | None, typer.Option("--reference", help="A folder of tables, instead of the one in force.")]
SWITCHED = Annotated[
    list[str] | None,
    typer.Option("--switch", help="A switch for this once, name=value; may be given again.", metavar="NAME=VALUE"),
]


def ruling(
    settings: Settings,
    tables: Path | None = None,
    footprints: Sequence[Path] | None = None,
    switched: Sequence[str] | None = None,
) -> Rules:
    """The rules in force with these laid over. A table, footprint or switch that can't be is a usage error, told in full."""
    try:
        return rules_in_force(settings, tables=tables, footprints=footprints or (), switched=switched or ())
    except (ReferenceDataError, SettingsError) as problem:
        raise typer.BadParameter(str(problem)) from problem
