"""The pages of the reference data in force: every panel with how surely it is known, what to confirm with whom, the switches,
and what is known of one panel, team, force, coroner area or authority. Nothing about a child."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.sign_in import signed_in
from integration_engine.in_force import Rules
from integration_engine.record.dates import london
from integration_engine.routing.particulars import panels, particulars
from integration_engine.routing.switches import listed
from integration_engine.routing.weak_rows import in_words, weak_rows
from integration_engine.security.identity import Role, require_role

_MAY_LOOK: tuple[Role, ...] = ("operator", "restricted", "coordinator", "designated-doctor", "cdop")
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=80)]
Day = Annotated[date | None, Query()]


def reference_pages(entry: Entry, rules: Rules) -> APIRouter:
    """The routes, to be put into the gateway's application beside the console's."""
    router = APIRouter(include_in_schema=False)
    # The rules in force don't change while the process runs, and neither does what is weakly known of them.
    to_confirm = tuple(weak_rows(rules.reference))

    @router.get("/console/reference")
    async def overview(request: Request, on: Day = None) -> Response:
        principal = await signed_in(entry, request)
        require_role(principal, _MAY_LOOK)
        day = on or london(datetime.now(UTC)).date()
        return page(
            "reference.html",
            principal,
            entry.form_value(request),
            day=day,
            panels=panels(rules.reference, day),
            to_confirm=to_confirm,
            switches=listed(rules.switches),
            in_words=in_words,
        )

    @router.get("/console/reference/{code}")
    async def one(request: Request, code: Code, on: Day = None) -> Response:
        principal = await signed_in(entry, request)
        require_role(principal, _MAY_LOOK)
        day = on or london(datetime.now(UTC)).date()
        # Codes only: an address never stands in an address line.
        known = [each for each in particulars(rules.reference, code, day) if each["code"].lower() == code.lower()]
        if not known:
            raise Refusal(404, "unknown-code", "The tables hold no such code.")
        return page(
            "reference_code.html", principal, entry.form_value(request), day=day, known=known, in_words=in_words
        )

    return router
