"""How a command that can't do what it was asked ends: with one sentence on standard error, or, where JSON was asked for, with
``{"error": code, "text": sentence}`` on standard output, where its reader looks."""

import json
from typing import NoReturn

import typer

NOT_SO, USAGE = 1, 2
"""The thing asked about is not so; the command, the settings or the store it needs are not as they have to be."""


def give_up(code: str, sentence: str, as_json: bool = False, status: int = NOT_SO) -> NoReturn:
    """End the command, saying why."""
    typer.echo(json.dumps({"error": code, "text": sentence}) if as_json else sentence, err=not as_json)
    raise typer.Exit(status)
