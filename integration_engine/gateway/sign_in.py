"""Signing in to the pages: by a token, or by password and code; a session cookie, and the page that belongs to one's role.
The way by a provider of identities is ``gateway.openid``."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page, stylesheet
from integration_engine.security.identity import DECIDING, Principal, Role

_FORM_LIMIT_BYTES = 8 * 1024
_FORM = frozenset({"application/x-www-form-urlencoded"})
SIGN_IN = "/sign-in"
_HOME: dict[Role, str] = {
    "operator": "/console",
    "coordinator": "/console/work",
    "designated-doctor": "/console/work",
    "restricted": "/console",
    "cdop": "/console/cdop",
    "jar": "/console/cdop",
    "national": "/console/cdop",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in that the sign-in page offers. ``bearers``, who may do it by a token: where people have a better way,
    ``organisations`` alone (a panel's inbox, a coroner's office), because a token is no second factor."""

    provider: bool = False
    password: bool = False
    bearers: Literal["everybody", "organisations", "nobody"] = "everybody"


def home(principal: Principal) -> str:
    """The page that belongs to somebody's role."""
    return _HOME.get(principal.role, "/coroner/upload" if "coroner" in principal.kinds else "/partner")


async def signed_in(entry: Entry, request: Request) -> Principal:
    """Whose browser it is. Sends the browser to the sign-in page where nobody has signed in."""
    principal = await entry.session(request)
    if principal is None:
        raise Refusal(303, "sign-in", "Sign in first.", headers={"Location": SIGN_IN})
    return entry.in_time(principal)


async def form_of(request: Request) -> dict[str, str]:
    """A small form's fields, the first value of each."""
    media_type(request, _FORM)
    body = await read_body(request, _FORM_LIMIT_BYTES)
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refusal(400, "form", "The form can't be read.") from None
    return {name: values[0] for name, values in fields.items()}


def sign_in_pages(entry: Entry, ways: Ways = Ways()) -> APIRouter:
    """The routes of signing in and out, and the style sheet. A way that isn't offered isn't there."""
    router = APIRouter(include_in_schema=False)

    @router.get(SIGN_IN)
    async def ask(request: Request) -> Response:
        principal = await entry.session(request)
        if principal:
            return RedirectResponse(home(principal), 303)
        return page("sign_in.html", None, wrong="", ways=ways)

    async def entered(principal: Principal) -> Response:
        answer = RedirectResponse(home(principal), 303)
        await entry.sign_in(principal, answer)
        return answer

    async def by_token(request: Request) -> Response:
        _same_site(request)
        fields = await form_of(request)
        try:
            principal = await entry.known(fields.get("token", "").strip())
            if ways.bearers == "organisations" and principal.role in DECIDING:
                raise Refusal(403, "sign-in", "Sign in as a person.")
        except Refusal:
            entry.guesses.require(request)
            entry.guesses.count(request)
            return page("sign_in.html", None, status=403, wrong="token", ways=ways)
        return await entered(principal)

    async def by_password(request: Request) -> Response:
        _same_site(request)
        fields = await form_of(request)
        name, password, code = (fields.get(name, "") for name in ("name", "password", "code"))
        if await entry.is_known(request, name):
            principal = await entry.by_password(request, name, password, code)
            if principal is None:
                entry.guesses.count(request)
        else:
            with entry.guesses.guess(request) as right:
                principal = await entry.by_password(request, name, password, code)
                if principal is not None:
                    right()
        if principal is None:
            return page("sign_in.html", None, status=403, wrong="password", ways=ways)
        answer = await entered(principal)
        await entry.remember(principal, answer)
        return answer

    if ways.bearers != "nobody":
        router.add_api_route(SIGN_IN, by_token, methods=["POST"])
    if ways.password:
        router.add_api_route(f"{SIGN_IN}/password", by_password, methods=["POST"])

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        fields = await form_of(request)
        entry.check_form(request, fields.get("form", ""))
        answer = RedirectResponse(SIGN_IN, 303)
        await entry.sign_out(request, answer)
        return answer

    @router.get("/style.css")
    async def style() -> Response:
        return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": "max-age=300"})

    return router


def _same_site(request: Request) -> None:
    # Browsers say where a form came from; a page elsewhere must not sign somebody in under another's name.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "form", "Sign in on this service's own page.")
