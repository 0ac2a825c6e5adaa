"""A provider of identities on a free port: OpenID Connect as Authlib has it, another implementation than ours of the same
standard.

It knows one client, keeps to the code's one use, its redirect address, nonce and PKCE, and signs with a key that can be
changed. Who signs in is whom the browser names in a header, else ``whoever``; what is said of them is the test's.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "cdr", "a-secret-of-the-test"


@dataclass
class Provider:
    """What it says and how. ``claims`` are those of each person by ``sub``; ``spoil`` are claims put over a right token's;
    ``redeemed`` counts the codes that it was shown."""

    redirect_uri: str
    claims: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    spoil: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    published: list[RSAKey] = field(default_factory=list)
    publishes_own: bool = True
    whoever: str = "p-1"
    client_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    issuer: str = ""
    codes: dict[str, "_Code"] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    redeemed: int = 0

    def new_key(self) -> None:
        """Sign with another key from now on; both are published."""
        self.published.append(self.key)
        self.key = RSAKey.generate_key(2048, auto_kid=True)


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self._provider.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._provider.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_assertion_jwt")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class _Code:
    code: str
    user: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


def _grant(provider: Provider) -> type[grants.AuthorizationCodeGrant]:
    class Grant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_assertion_jwt"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            said = request.payload.data
            provider.codes[code] = _Code(
                code,
                request.user,
                request.payload.redirect_uri,
                request.payload.scope,
                said.get("nonce"),
                said.get("code_challenge"),
                said.get("code_challenge_method"),
            )

        def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: _Code) -> None:
            provider.codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code: _Code) -> str:
            return authorization_code.user

    return Grant


def _signing(provider: Provider) -> OpenIDCode:
    class Signing(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def resolve_client_private_key(self, client: _Client) -> RSAKey:
            return provider.key

        def get_client_algorithm(self, client: _Client) -> str:
            return "RS256"

        def get_encode_header(self, client: _Client) -> dict[str, Any]:
            return {"alg": "RS256", "kid": provider.key.kid}

        def get_client_claims(self, client: _Client) -> dict[str, Any]:
            return {"iss": provider.issuer, "aud": [CLIENT_ID]}

        def generate_user_info(self, user: str, scope: str) -> UserInfo:
            return UserInfo({"sub": user, **provider.claims.get(user, {}), **provider.spoil})

    return Signing(require_nonce=True)


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider
        self._used: set[str] = set()

    def get_audiences(self) -> list[str]:
        return [f"{self._provider.issuer}/token"]

    def resolve_client_public_key(self, client: _Client) -> dict[str, Any]:
        return self._provider.client_key.as_dict(private=False)

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        new = jti not in self._used
        self._used.add(jti)
        return new


def _application(provider: Provider) -> Flask:
    app = Flask("provider")
    client = _Client(provider)
    server = AuthorizationServer(
        app, query_client=lambda name: client if name == CLIENT_ID else None, save_token=lambda token, request: None
    )
    server.register_client_auth_method(_Assertion.CLIENT_AUTH_METHOD, _Assertion(provider))
    server.register_grant(_grant(provider), [_signing(provider), CodeChallenge(required=True)])

    @app.get("/.well-known/openid-configuration")
    def about() -> Response:
        return jsonify(
            issuer=provider.issuer,
            authorization_endpoint=f"{provider.issuer}/authorize",
            token_endpoint=f"{provider.issuer}/token",
            jwks_uri=f"{provider.issuer}/keys",
        )

    @app.get("/keys")
    def keys() -> Response:
        own = [provider.key] if provider.publishes_own else []
        return jsonify(keys=[key.as_dict(private=False) for key in (*own, *provider.published)])

    @app.get("/authorize")
    def authorize() -> Any:
        provider.asked.append(dict(request.args))
        who = request.headers.get("X-Test-Person", provider.whoever)
        return server.create_authorization_response(grant_user=who, grant=server.get_consent_grant(end_user=who))

    @app.post("/token")
    def token() -> Any:
        provider.redeemed += 1
        return server.create_token_response()

    return app


@contextlib.contextmanager
def identity_provider(redirect_uri: str) -> Iterator[Provider]:
    """A provider for the length of the block, by plain HTTP on this machine."""
    provider = Provider(redirect_uri)
    served = make_server("127.0.0.1", 0, _application(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{served.server_port}"
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        served.shutdown()
        thread.join()
