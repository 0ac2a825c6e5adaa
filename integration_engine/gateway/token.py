"""The token endpoint: a partner's machine signs a short statement with its private key and gets an access token for minutes
(OAuth 2 client credentials with ``private_key_jwt``: RFC 6749 4.4, RFC 7523). The metadata of RFC 8414 say where and how.

There is no secret that could be stolen from us, or read from a partner's configuration by who may read that alone.
"""

import asyncio
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Request, Response

from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.described import OPEN, Answers, answers, header, such_as, takes
from integration_engine.gateway.pace import Failures
from integration_engine.gateway.ports import Grants
from integration_engine.gateway.shapes import AccessToken, AuthorizationServer, NoAccessToken, TokenError
from integration_engine.monitoring.counters import COUNTERS, SIGN_INS
from integration_engine.security.assertion import ALGORITHMS, ASSERTION_TYPE, GRANT, AssertionRefused, named

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
_LIMIT_BYTES = 16 * 1024
_FORM = frozenset({"application/x-www-form-urlencoded"})
_BODY = {
    "type": "object",
    "required": ["grant_type", "client_assertion_type", "client_assertion"],
    "properties": {
        "grant_type": {"type": "string", "enum": [GRANT]},
        "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
        "client_assertion": {
            "type": "string",
            "description": "A JWT with iss, sub, aud, exp and jti, signed by your key",
        },
        "client_id": {"type": "string", "description": "Your code, where you send it: the same as iss"},
    },
}
_GIVEN: Answers = {
    200: such_as("access-token", answers("An access token")) | {"model": AccessToken},
    400: answers("It isn't asked for as RFC 6749 has it") | {"model": NoAccessToken},
    401: answers("The statement proves nothing here") | {"model": NoAccessToken},
    429: answers("Too many wrong attempts") | {"headers": {"Retry-After": header("In how many seconds to come again")}},
    503: answers("The store is away: come again"),
}


class _Refused(Exception):
    """An answer as RFC 6749 5.2 has it. ``detail`` is our own sentence."""

    def __init__(self, error: TokenError, detail: str, status: int = 400) -> None:
        self.body: NoAccessToken = {"error": error, "error_description": detail}
        self.status = status
        super().__init__(error)


def token_door(grants: Grants, public_url: str, failures: Failures) -> APIRouter:
    """The endpoint and its metadata. ``public_url`` is our address as partners know it: a statement has to be meant for it,
    whatever name a request came under."""
    router = APIRouter(tags=["token"])
    issuer = public_url.rstrip("/")
    endpoint = issuer + TOKEN_PATH
    audiences = frozenset({endpoint, issuer})
    metadata: AuthorizationServer = {
        "issuer": issuer,
        "token_endpoint": endpoint,
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
    }

    @router.get(
        "/.well-known/oauth-authorization-server",
        summary="Where and how to get an access token (RFC 8414)",
        openapi_extra=OPEN,
        responses={200: answers("Where and how") | {"model": AuthorizationServer}},
    )
    async def about() -> Response:
        return _json(metadata)

    @router.post(
        TOKEN_PATH,
        summary="An access token for a signed statement",
        openapi_extra=OPEN | takes(dict.fromkeys(_FORM, _BODY), examples=dict.fromkeys(_FORM, "access-token-form")),
        responses=_GIVEN,
    )
    async def give(request: Request) -> Response:
        try:
            asked = await _assertion(request)
            granted = await asyncio.to_thread(grants.exchange, asked, audiences)
        except AssertionRefused as error:
            failures.require(request)
            failures.count(request)
            COUNTERS.add(SIGN_INS, outcome=error.code, role="none")
            refused = _Refused("invalid_client", f"{error.code}: {error}", 401)
            return _json(refused.body, refused.status)
        except _Refused as refused:
            return _json(refused.body, refused.status)
        COUNTERS.add(SIGN_INS, outcome="signed", role="partner")
        given: AccessToken = {"access_token": granted.text, "token_type": "Bearer", "expires_in": granted.seconds}
        return _json(given)

    return router


async def _assertion(request: Request) -> str:
    """The signed statement of a request that asks as it should."""
    media_type(request, _FORM)
    body = await read_body(request, _LIMIT_BYTES)
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise _Refused("invalid_request", "the form can't be read") from None
    if any(len(values) > 1 for values in fields.values()):
        raise _Refused("invalid_request", "a parameter stands there twice")
    said = {name: values[0] for name, values in fields.items()}
    if said.get("grant_type") != GRANT:
        raise _Refused("unsupported_grant_type", f"grant_type has to be {GRANT}")
    shown = said.get("client_assertion", "")
    if said.get("client_assertion_type") != ASSERTION_TYPE or not shown:
        raise _Refused("invalid_client", "a signed client_assertion is the one proof taken here", 401)
    if said.get("client_id") not in (None, "", named(shown)):
        raise _Refused("invalid_client", "client_id is another than the client assertion's", 401)
    return shown


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, "application/json")
