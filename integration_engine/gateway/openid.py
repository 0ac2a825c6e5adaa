"""Signing in by a provider of identities: OpenID Connect, authorization code with PKCE.

A browser that sets out carries one secret in a cookie of its own; state, nonce and the PKCE verifier are each made from it,
so nothing is kept here meanwhile, any of several gateways may hear the answer, and an answer that another browser set out
for, or that comes a second time, opens nothing.
"""

import base64
import hashlib
import hmac
import logging
import secrets

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.provider import Provider, ProviderAway
from integration_engine.gateway.sign_in import home
from integration_engine.monitoring.counters import COUNTERS, SIGN_INS
from integration_engine.security.claims import Claims, Mapped, person
from integration_engine.security.identity import NotAllowed

log = logging.getLogger(__name__)

SET_OUT, BACK = "/sign-in/provider", "/sign-in/back"
_UNDER_WAY_SECONDS = 600
_LONGEST = 4096


def provider_pages(entry: Entry, provider: Provider, mapped: Mapped, *, secure: bool) -> APIRouter:
    """The way to the provider and back."""
    router = APIRouter(include_in_schema=False)
    cookie = "__Host-cdr-way" if secure else "cdr-way"

    @router.get(SET_OUT)
    async def set_out() -> Response:
        secret = secrets.token_urlsafe(32)
        try:
            to = await provider.address(
                state=_made(secret, "state"),
                nonce=_made(secret, "nonce"),
                challenge=_challenge(_made(secret, "verifier")),
            )
        except ProviderAway as error:
            raise _away(error) from None
        answer = RedirectResponse(to, 303)
        # Lax, because it has to come along when the provider sends the browser back.
        answer.set_cookie(
            cookie, secret, max_age=_UNDER_WAY_SECONDS, path="/", secure=secure, httponly=True, samesite="lax"
        )
        return answer

    @router.get(BACK)
    async def back(request: Request) -> Response:
        try:
            principal = person(await _claims(request), mapped)
        except NotAllowed as error:
            entry.guesses.require(request)
            entry.guesses.count(request)
            COUNTERS.add(SIGN_INS, outcome=error.code, role="none")
            log.warning("a sign-in by the provider was refused", extra={"code": error.code})
            refused = page("refusal.html", None, status=403, **_told(request, str(error)))
            refused.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="lax")
            return refused
        COUNTERS.add(SIGN_INS, outcome="provider", role=principal.role)
        # A page of ours that goes on by itself: a browser doesn't show a SameSite=Strict cookie on a way that began
        # elsewhere.
        answer = page("signed_in.html", None, to=home(principal))
        await entry.sign_in(principal, answer)
        answer.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    async def _claims(request: Request) -> Claims:
        secret = request.cookies.get(cookie, "")
        said = request.query_params
        state, code = said.get("state", ""), said.get("code", "")
        if not secret or not hmac.compare_digest(_made(secret, "state").encode(), state.encode()):
            raise NotAllowed("state", "this sign-in did not begin in this browser, or too long ago: begin again")
        if "error" in said or not 0 < len(code) <= _LONGEST:
            raise NotAllowed("denied", "the provider did not let you in")
        try:
            # Whoever makes codes up has us ask the provider: no oftener than they may guess.
            with entry.guesses.guess(request) as right:
                found = await provider.claims(code, verifier=_made(secret, "verifier"), nonce=_made(secret, "nonce"))
                right()
                return found
        except ProviderAway as error:
            raise _away(error) from None

    return router


def _told(request: Request, text: str) -> dict[str, str]:
    sentence = text[:1].upper() + text[1:] + "."
    return {"heading": "You are not signed in", "text": sentence, "request_id": request.state.request_id}


def _away(error: ProviderAway) -> Refusal:
    COUNTERS.add(SIGN_INS, outcome="provider-away", role="none")
    log.warning("the provider of identities could not be asked", extra={"code": error.code})
    return Refusal(503, "provider-away", "The service that knows who you are doesn’t answer. Try again in a minute.")


def _made(secret: str, use: str) -> str:
    """One of the values that a sign-in under way needs: 256 bits, each for one use."""
    return _written(hmac.digest(secret.encode(), b"cdr-way " + use.encode(), "sha256"))


def _challenge(verifier: str) -> str:
    """RFC 7636 4.2."""
    return _written(hashlib.sha256(verifier.encode()).digest())


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
