"""Instants and days as people write them on the command line."""

from datetime import UTC, date, datetime

import typer

from integration_engine.record.dates import Precision, canonical, earliest, latest, precision


def instant(text: str | None) -> datetime:
    """``--at``: the instant to take for now, UTC where it names no zone; without it, now."""
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as problem:
        raise typer.BadParameter("not an ISO 8601 date and time", param_hint="--at") from problem
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def first_day(text: str | None, option: str) -> date | None:
    """The first day of a year, a month or a day as written; None where nothing is."""
    return None if text is None else earliest(_no_finer_than_a_day(text, option)).date()


def last_day(text: str | None, option: str) -> date | None:
    """The last day of a year, a month or a day as written; None where nothing is."""
    return None if text is None else latest(_no_finer_than_a_day(text, option)).date()


def _no_finer_than_a_day(text: str, option: str) -> str:
    try:
        said = canonical(text)
        if precision(said) > Precision.DAY:
            raise ValueError("a time of day")
        latest(said)
    except (ValueError, OverflowError) as problem:
        raise typer.BadParameter("a year, a month or a day: 2020, 2020-04, 2020-04-01", param_hint=option) from problem
    return said
