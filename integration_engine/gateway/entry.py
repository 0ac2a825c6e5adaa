"""Who is at the door: a bearer token or a client certificate from a machine, a session cookie from a browser.

Tokens travel in the Authorization header only, never in an address. A browser's session is a random secret in an HttpOnly,
SameSite=Strict cookie; every form carries a second value made from that secret, so another site can't post in its name.
"""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.certificates import shown_certificate
from integration_engine.gateway.pace import Buckets, Failures, held_up
from integration_engine.gateway.ports import People
from integration_engine.monitoring.counters import COUNTERS, SIGN_INS
from integration_engine.security.identity import Principal

_LONGEST_TOKEN = 200
# Who mistypes a token a few times is let be; who tries tokens all day is held up.
_WRONG, _WRONG_A_MINUTE = 60, 60.0
_KNOWN_SECONDS = 90 * 24 * 3600


class Entry:
    """Finds out who a request comes from. ``secure`` cookies travel over TLS only; ``seconds`` is how long they last.
    ``failures`` counts what machines show wrong, ``guesses`` what people do at the pages. ``a_second``: so many requests of
    one partner are let in a second, ten times as many at once; None: any number."""

    def __init__(self, people: People, *, secure: bool, seconds: int, a_second: float | None = None) -> None:
        self._people = people
        self._secure = secure
        self._seconds = seconds
        self._pace = Buckets(10 * a_second, a_second) if a_second else None
        # Apart: a program that goes on showing an ended token must not keep the people behind its address from signing in.
        self.failures, self.guesses = (Failures(_WRONG, _WRONG_A_MINUTE) for _ in range(2))
        # The __Host- prefix makes the browser refuse a cookie that another host or path tries to plant.
        self.cookie = "__Host-cdr" if secure else "cdr"
        self._known_cookie = f"{self.cookie}-known"

    async def bearer(self, request: Request) -> Principal:
        """Whose token or client certificate it is; who shows both is the same by both. Refuses 401 without one, or with one
        that opens nothing (the answer doesn't say which), 429 who guesses too often or sends too fast."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        certificate = shown_certificate(request)
        by_certificate = await self._people.by_certificate(certificate) if certificate else None
        if by_certificate is not None and not scheme:
            COUNTERS.add(SIGN_INS, outcome="certificate", role=by_certificate.role)
            return self.in_time(by_certificate)
        if scheme.lower() != "bearer" or not token.strip():
            raise self._unknown("missing")
        try:
            principal = await self.known(token.strip())
        except Refusal:
            # Counted after the look, not before: behind one address a guesser keeps nobody out who shows a good token.
            self.failures.require(request)
            self.failures.count(request)
            raise
        if by_certificate is not None and by_certificate.name != principal.name:
            raise self._unknown("other-certificate")
        return self.in_time(principal)

    def in_time(self, principal: Principal) -> Principal:
        """The same, where it doesn't send faster than is taken; else refuses 429."""
        wait = self._pace.take(principal.name) if self._pace else 0.0
        if wait:
            raise held_up(
                "pace", wait, "More requests came from you than are taken in a second. Wait, then send it again."
            )
        return principal

    async def known(self, token: str) -> Principal:
        """Whose token this text is; 401 where it is nobody's."""
        principal = None
        if len(token) <= _LONGEST_TOKEN:
            principal = await self._people.authenticate(token)
        if principal is None:
            raise self._unknown("unknown")
        COUNTERS.add(SIGN_INS, outcome="known", role=principal.role)
        return principal

    async def by_password(self, request: Request, name: str, password: str, code: str) -> Principal | None:
        """Who that is by password and code; None where anything of it is wrong."""
        fits = max(map(len, (name, password, code))) <= _LONGEST_TOKEN
        browser = request.cookies.get(self._known_cookie, "")
        asked = self._people.sign_in
        principal = await asked(name.strip(), password, code.strip(), browser) if fits else None
        role = principal.role if principal else "none"
        COUNTERS.add(SIGN_INS, outcome="password" if principal else "wrong-password", role=role)
        return principal

    async def session(self, request: Request) -> Principal | None:
        """Whose browser it is, None where nobody has signed in."""
        secret = request.cookies.get(self.cookie)
        if not secret or len(secret) > _LONGEST_TOKEN:
            return None
        return await self._people.session(secret)

    async def sign_in(self, principal: Principal, response: Response) -> None:
        """Open a session and give its cookie."""
        secret = await self._people.open_session(principal, self._seconds)
        response.set_cookie(
            self.cookie,
            secret,
            max_age=self._seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    async def is_known(self, request: Request, name: str) -> bool:
        """Whether this person has signed in by password and code in this browser before."""
        return await self._people.knows(name.strip(), request.cookies.get(self._known_cookie, ""))

    async def remember(self, principal: Principal, response: Response) -> None:
        """Give the browser of a person who proved themselves by password and code the cookie that it is known by: no lock
        that strangers' guesses bring about keeps them out there. It proves nothing by itself."""
        response.set_cookie(
            self._known_cookie,
            await self._people.browser_mark(principal.name),
            max_age=_KNOWN_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    async def sign_out(self, request: Request, response: Response) -> None:
        secret = request.cookies.get(self.cookie)
        if secret:
            await self._people.close_session(secret)
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="strict")

    def form_value(self, request: Request) -> str:
        """What every form of this session carries."""
        secret = request.cookies.get(self.cookie, "")
        return hashlib.sha256(b"cdr-form\x00" + secret.encode()).hexdigest()

    def check_form(self, request: Request, value: str) -> None:
        """Refuses 403 a form that this session's own page didn't make."""
        if not hmac.compare_digest(self.form_value(request).encode(), value.encode("utf-8", "replace")):
            raise Refusal(403, "form", "The form is out of date. Open the page again and send it once more.")

    @staticmethod
    def _unknown(outcome: str) -> Refusal:
        COUNTERS.add(SIGN_INS, outcome=outcome, role="none")
        return Refusal(
            401, "token", "Send a live token as Authorization: Bearer.", headers={"WWW-Authenticate": "Bearer"}
        )
