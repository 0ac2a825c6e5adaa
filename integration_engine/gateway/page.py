"""Writes a page: our own templates, escaped by default, with a title that never says anything about a case."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from integration_engine.record.dates import day_in_words, in_words, london, time_in_words
from integration_engine.security.identity import Principal

_HERE = Path(__file__).parent / "pages"
_CONSOLE = Path(__file__).parents[1] / "console" / "pages"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(_HERE), FileSystemLoader(_CONSOLE)]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "day": day, "partial": in_words}
    return made


def moment(at: datetime | str) -> Markup:
    """An instant (ISO text or zone-aware) as every page shows it: ``Sat 28 Mar 2026 23:30 GMT``, England's clocks and their
    zone's name; for machines to the second, with its offset."""
    exactly = datetime.fromisoformat(at) if isinstance(at, str) else at
    machine = exactly.isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(machine, time_in_words(london(exactly)))


def day(on: date | str) -> Markup:
    """A day (ISO text or a date) as every page shows it: ``Sat 28 Mar 2026``."""
    found = date.fromisoformat(on) if isinstance(on, str) else on
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), day_in_words(found))


def page(name: str, principal: Principal | None, form: str = "", status: int = 200, **values: Any) -> Response:
    """A page. ``form`` is the session's form value (``Entry.form_value``)."""
    text = _templates().get_template(name).render(principal=principal, form=form, **values)
    return HTMLResponse(text, status)


@cache
def stylesheet() -> bytes:
    """The one style sheet."""
    return (_HERE / "style.css").read_bytes()
