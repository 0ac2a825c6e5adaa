"""Asking a provider of identities (OpenID Connect): where people sign in, and what an authorization code is worth.

The provider is the one that settings name, its addresses those of its own discovery document, over TLS; redirects are not
followed, answers are read up to a limit. Whatever it answers is checked before it is believed (``security.claims``).
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import orjson

from integration_engine.security.assertion import ASSERTION_TYPE, signed
from integration_engine.security.claims import Claims, NotProved, checked
from integration_engine.security.identity import NotAllowed
from integration_engine.settings.identity import OidcSettings
from integration_engine.settings.part import tls_or_here

_TIMEOUT_S = 10.0
_MOST_BYTES = 1024 * 1024
_KEPT_S = 3600.0
# A key that we don't know may be new; an attacker who makes keys up has us ask for them no more often than this.
_ASK_KEYS_AGAIN_S = 60.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderAway(Exception):
    """The provider didn't answer, or not as one does. ``code`` says what went wrong; its own text is never passed on."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the provider of identities could not be asked ({code})")


class Provider:
    """One provider, for one event loop."""

    def __init__(self, settings: OidcSettings, redirect_uri: str) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._about: tuple[Mapping[str, Any], float] | None = None
        self._keys: tuple[Sequence[Claims], float] | None = None
        self._asked_again = -_ASK_KEYS_AGAIN_S

    async def address(self, *, state: str, nonce: str, challenge: str) -> str:
        """Where a browser goes to sign in. Raises ProviderAway."""
        about = await self._discovered()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if self._settings.strengths:
            asked["acr_values"] = " ".join(self._settings.strengths)
        begins = str(about["authorization_endpoint"])
        return begins + ("&" if "?" in begins else "?") + urlencode(asked)

    async def claims(self, code: str, *, verifier: str, nonce: str) -> Claims:
        """What the provider says of whoever signed in. Raises NotProved or ProviderAway."""
        about = await self._discovered()
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        endpoint = str(about["token_endpoint"])
        ours, basic = self._proof(endpoint)
        given = await self._asked("POST", endpoint, data=said | ours, auth=basic, refused="code")
        text = given.get("id_token")
        if not isinstance(text, str):
            raise ProviderAway("no-id-token")
        found = await self._checked(text, nonce)
        if self._settings.userinfo:
            found = {**await self._told(about, given, found), **found}
        return found

    def _proof(self, endpoint: str) -> tuple[dict[str, str], httpx.BasicAuth | None]:
        """By what we prove to be its client: fields of the form, and the header's."""
        chosen, name = self._settings, self._settings.client_id
        if chosen.client_key:
            try:
                private = chosen.client_key.read_text()
                text = signed(name, endpoint, private, chosen.client_algorithm, datetime.now(UTC))
            except (OSError, ValueError, NotAllowed) as error:
                raise ProviderAway("client-key") from error
            return {"client_id": name, "client_assertion_type": ASSERTION_TYPE, "client_assertion": text}, None
        if chosen.client_secret:
            # Written as a form is, before it is put together (RFC 6749 2.3.1).
            return {}, httpx.BasicAuth(quote_plus(name), quote_plus(chosen.client_secret.get_secret_value()))
        return {"client_id": name}, None

    async def _checked(self, text: str, nonce: str) -> Claims:
        """The identity token's claims; with keys asked for anew where those we have don't fit."""
        for again in (False, True):
            keys = await self._signing_keys(again=again)
            try:
                return checked(
                    text,
                    keys,
                    issuer=self._settings.issuer,
                    client=self._settings.client_id,
                    nonce=nonce,
                    now=datetime.now(UTC),
                    strengths=self._settings.strengths,
                )
            except NotProved as refused:
                if again or refused.code != "signature":
                    raise
        raise AssertionError

    async def _told(self, about: Mapping[str, Any], given: Mapping[str, Any], proved: Claims) -> Claims:
        """What is told of them beside the identity token, which has to be about the same person."""
        address, token = about.get("userinfo_endpoint"), given.get("access_token")
        if not isinstance(address, str) or not isinstance(token, str) or not tls_or_here(address):
            raise ProviderAway("no-userinfo")
        told = await self._asked("GET", address, headers={"Authorization": f"Bearer {token}"})
        if told.get("sub") != proved.get("sub"):
            raise NotProved("signature", "the provider told of another person")
        return told

    async def _discovered(self) -> Mapping[str, Any]:
        if self._about and time.monotonic() < self._about[1]:
            return self._about[0]
        address = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        about = await self._asked("GET", address)
        if about.get("issuer") != self._settings.issuer:
            raise ProviderAway("other-issuer")
        if not all(isinstance(about.get(name), str) and tls_or_here(about[name]) for name in _ENDPOINTS):
            raise ProviderAway("no-endpoints")
        self._about = (about, time.monotonic() + _KEPT_S)
        return about

    async def _signing_keys(self, *, again: bool) -> Sequence[Claims]:
        now = time.monotonic()
        if self._keys and (now < self._asked_again + _ASK_KEYS_AGAIN_S if again else now < self._keys[1] + _KEPT_S):
            return self._keys[0]
        if again:
            self._asked_again = now
        about = await self._discovered()
        found = (await self._asked("GET", str(about["jwks_uri"]))).get("keys")
        keys = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
        self._keys = (keys, now)
        return keys

    async def _asked(self, method: str, address: str, *, refused: str = "refused", **how: Any) -> Mapping[str, Any]:
        """The JSON object that an address answers. Raises NotProved where it refuses a code, else ProviderAway."""
        verify = ssl.create_default_context(cafile=self._settings.ca) if self._settings.ca else True
        body = bytearray()
        try:
            async with (
                httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, verify=verify) as client,
                client.stream(method, address, **how) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise ProviderAway("too-large")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ProviderAway("unreachable") from error
        if refused == "code" and answer.status_code in (400, 401):
            raise NotProved("code", "the provider doesn't know this sign-in any more")
        if answer.status_code != 200:
            raise ProviderAway("refused")
        try:
            said = orjson.loads(bytes(body))
        except orjson.JSONDecodeError as error:
            raise ProviderAway("not-json") from error
        if not isinstance(said, dict):
            raise ProviderAway("not-json")
        return said
