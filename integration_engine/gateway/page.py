"""Writes a page: our own templates, escaped by default, with a title that never says anything about a case."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from integration_engine.gateway.answers import Refusal, title
from integration_engine.security.identity import Principal

_HERE = Path(__file__).parent / "pages"
_CONSOLE = Path(__file__).parents[1] / "console" / "pages"


@cache
def _templates() -> Environment:
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(_HERE), FileSystemLoader(_CONSOLE)]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(name: str, principal: Principal | None, form: str = "", status: int = 200, **values: Any) -> Response:
    """A page. ``form`` is the session's form value (``Entry.form_value``)."""
    text = _templates().get_template(name).render(principal=principal, form=form, **values)
    return HTMLResponse(text, status)


def refusal_page(refusal: Refusal, request: Request) -> Response:
    """A refusal as a person in a browser sees it."""
    shown = page(
        "refusal.html",
        None,
        status=refusal.status,
        heading=title(refusal.status),
        text=refusal.text,
        request_id=request.state.request_id,
    )
    shown.headers.update(refusal.headers)
    return shown


@cache
def stylesheet() -> bytes:
    """The one style sheet."""
    return (_HERE / "style.css").read_bytes()
