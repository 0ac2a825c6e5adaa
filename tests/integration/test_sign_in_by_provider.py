"""People sign in by a provider of identities; and what somebody else could show in their place opens nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from integration_engine.services.private import free_ports
from integration_engine.store import audit
from integration_engine.store.people import People
from tests.gateway_house import House, declare, house
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Provider, identity_provider

ROLES: list[dict[str, Any]] = [
    {"claim": ["realm", "roles"], "value": "cdr-restricted", "role": "restricted"},
    {"claim": ["realm", "roles"], "value": "cdr-coordinator", "role": "coordinator"},
    {"claim": "job", "value": "R1981", "role": "operator"},
]
PANELS = {"E54000044": "BERKS", "E54000010": "OXON"}
JANE = {"preferred_username": "jane", "realm": {"roles": ["staff", "cdr-coordinator"]}, "boards": ["E54000044", "E99"]}
ANOTHER = ECKey.generate_key("P-256")


@dataclass
class World:
    """A gateway and the provider it asks."""

    doors: House
    provider: Provider

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.doors.client.base_url, timeout=30)

    def sent_back(self, browser: httpx.Client, who: str) -> str:
        """Set out from the sign-in page, sign in at the provider; where it sends the browser back to."""
        page = browser.get("/sign-in")
        assert 'href="/sign-in/provider"' in page.text
        out = browser.get("/sign-in/provider")
        assert out.status_code == 303
        answer = httpx.get(out.headers["location"], headers={"X-Test-Person": who})
        assert answer.status_code == 302
        return answer.headers["location"]

    def sign_in(self, browser: httpx.Client, who: str = "p-1") -> httpx.Response:
        return browser.get(self.sent_back(browser, who))


@pytest.fixture(params=["by a secret"])
def world(request: pytest.FixtureRequest, amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[World]:
    declare(amqp_url)
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    with identity_provider(f"{address}/sign-in/back") as provider:
        provider.claims["p-1"] = JANE
        oidc: dict[str, Any] = {"issuer": provider.issuer, "client_id": CLIENT_ID, "roles": ROLES}
        if request.param == "by a secret":
            oidc["client_secret"] = CLIENT_SECRET
        else:
            key = tmp_path / "client.pem"
            key.write_bytes((provider.client_key if request.param == "by a key" else ANOTHER).as_pem(private=True))
            oidc |= {"client_key": key, "client_algorithm": "ES256"}
        oidc |= {"areas_claim": "boards", "areas": PANELS}
        changes: dict[str, Any] = {"oidc": oidc, "public_url": address, "http_port": port}
        with house(amqp_url, database_url, tmp_path, bearers_sign_in="organisations", **changes) as doors:
            yield World(doors, provider)


def test_a_coordinator_signs_in_at_the_provider_and_sees_their_own_panels_work(world: World) -> None:
    with world.browser() as browser:
        answer = world.sign_in(browser)
        assert answer.status_code == 200
        assert "url=/console/work" in answer.text
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert browser.get("/console/work").status_code == 200
        assert browser.get("/console").status_code == 403
    (asked,) = world.provider.asked
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    lines = [line for line in audit.lines(world.doors.store, limit=500) if line.action == "signed-in"]
    assert [(line.actor, dict(line.detail)) for line in lines] == [
        ("jane", {"by": "provider", "role": "coordinator", "areas": ["BERKS"]})
    ]


@pytest.mark.parametrize("world", ["by a key"], indirect=True)
def test_we_prove_to_be_the_providers_client_by_a_key_that_it_never_had(world: World) -> None:
    with world.browser() as browser:
        assert world.sign_in(browser).status_code == 200


@pytest.mark.parametrize("world", ["by another key"], indirect=True)
def test_whom_the_provider_does_not_know_for_its_client_gets_nobody_in(world: World) -> None:
    with world.browser() as browser:
        assert world.sign_in(browser).status_code == 403


def test_the_first_rule_that_fits_gives_the_role(world: World) -> None:
    world.provider.claims["p-2"] = {
        "preferred_username": "guard",
        "realm": {"roles": ["cdr-coordinator", "cdr-restricted"]},
    }
    world.provider.claims["p-3"] = {"job": "R1981"}
    with world.browser() as browser:
        assert "url=/console" in world.sign_in(browser, "p-2").text
        assert "guard" in browser.get("/console").text
    with world.browser() as browser:
        world.sign_in(browser, "p-3")
        assert "p-3" in browser.get("/console").text, "who has no name of their own is known by sub"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"preferred_username": "eve", "realm": {"roles": ["staff"]}},
        {"preferred_username": "eve", "realm": "cdr-restricted"},
        {"preferred_username": "eve", "realm": {"roles": ["cdr-coordinator"]}},
        {"preferred_username": "eve", "realm": {"roles": ["cdr-coordinator"]}, "boards": ["BERKS"]},
        {"preferred_username": "eve", "cdr-coordinator": True, "boards": ["E54000044"]},
    ],
)
def test_whom_the_provider_proves_but_no_rule_fits_is_nobody_here(world: World, claims: dict[str, Any]) -> None:
    world.provider.claims["p-9"] = claims
    with world.browser() as browser:
        answer = world.sign_in(browser, "p-9")
        assert (answer.status_code, "__session" in answer.cookies) == (403, False)
        assert browser.get("/console/work").status_code == 303


@pytest.mark.parametrize(
    "spoil",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"exp": 1_000_000_000},
        {"nbf": 4_000_000_000},
        {"nonce": "another-sign-in's"},
        {"nonce": None},
    ],
)
def test_a_token_that_is_anothers_ended_or_answers_another_question_opens_nothing(
    world: World, spoil: dict[str, Any]
) -> None:
    world.provider.spoil = spoil
    with world.browser() as browser:
        assert world.sign_in(browser).status_code == 403
        assert browser.get("/console/work").status_code == 303


def test_an_answer_opens_only_the_browser_that_set_out_and_only_once(world: World) -> None:
    with world.browser() as victim, world.browser() as attacker:
        address = world.sent_back(attacker, "p-1")
        assert victim.get(address).status_code == 403, "it never set out"
        victim.get("/sign-in/provider")
        assert victim.get(address).status_code == 403, "it set out for another answer"
        assert attacker.get(re.sub("state=[^&]+", "state=x", address)).status_code == 403
    with world.browser() as browser:
        address = world.sent_back(browser, "p-1")
        assert browser.get(address).status_code == 200
        assert browser.get(address).status_code == 403


def test_who_makes_codes_up_has_us_ask_the_provider_for_a_while_and_no_longer(world: World) -> None:
    with world.browser() as stranger:
        state = httpx.URL(stranger.get("/sign-in/provider").headers["location"]).params["state"]
        back = stranger.get("/sign-in/back", params={"state": state, "code": "made-up"})
        assert (back.status_code, world.provider.redeemed) == (403, 1)
        for _ in range(60):
            stranger.post("/sign-in", data={"token": "cdr_nobodys"})
        state = httpx.URL(stranger.get("/sign-in/provider").headers["location"]).params["state"]
        back = stranger.get("/sign-in/back", params={"state": state, "code": "made-up"})
        assert (back.status_code, world.provider.redeemed) == (429, 1)
        assert "Too many" in back.text


def test_a_code_without_its_verifier_is_worth_nothing(world: World) -> None:
    with world.browser() as browser:
        code = httpx.URL(world.sent_back(browser, "p-1")).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": world.provider.redirect_uri}
    answer = httpx.post(f"{world.provider.issuer}/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET))
    assert answer.status_code == 400


def test_a_provider_that_says_no_lets_nobody_in(world: World) -> None:
    with world.browser() as browser:
        state = httpx.URL(browser.get("/sign-in/provider").headers["location"]).params["state"]
        answer = browser.get(
            "/sign-in/back", params={"error": "access_denied", "state": state, "error_description": "<b>x"}
        )
        assert answer.status_code == 403
        assert "<b>x" not in answer.text


def test_a_provider_that_changes_its_key_is_believed(world: World) -> None:
    for _ in range(2):
        with world.browser() as browser:
            assert world.sign_in(browser).status_code == 200
        world.provider.new_key()


def test_a_stranger_who_signs_for_the_provider_is_not_believed(world: World) -> None:
    world.provider.published = [RSAKey.generate_key(2048, auto_kid=True)]
    world.provider.publishes_own = False
    with world.browser() as browser:
        assert world.sign_in(browser).status_code == 403
        assert browser.get("/console/work").status_code == 303


def test_a_provider_that_is_away_is_told_as_that(amqp_url: str, database_url: str, tmp_path: Path) -> None:
    declare(amqp_url)
    (nobody,) = free_ports(1)
    oidc = {"issuer": f"http://127.0.0.1:{nobody}", "client_id": "x", "roles": ROLES}
    with (
        house(amqp_url, database_url, tmp_path, oidc=oidc, public_url="https://cdr.example.org") as doors,
        httpx.Client(base_url=doors.client.base_url) as browser,
    ):
        answer = browser.get("/sign-in/provider")
        assert (answer.status_code, "set-cookie" in answer.headers) == (503, False)
        assert browser.get("/sign-in").status_code == 200


def test_with_a_provider_a_persons_token_opens_no_page_and_an_organisations_does(world: World) -> None:
    with world.browser() as browser:
        assert browser.post("/sign-in", data={"token": world.doors.tokens["op"]}).status_code == 403
        assert browser.post("/sign-in", data={"token": world.doors.tokens["BERKS"]}).status_code == 303
    assert world.doors.get("op", "/metrics").status_code == 200


def test_a_session_by_the_provider_ends_when_an_operator_ends_it(world: World) -> None:
    with world.browser() as browser:
        world.sign_in(browser)
        assert browser.get("/console/work").status_code == 200
        people = People(world.doors.store)
        assert people.end("jane", by="night-desk")
        assert browser.get("/console/work").status_code == 303
        assert not people.end("jane")


def test_where_passwords_are_off_there_is_no_such_door(world: World) -> None:
    answer = world.doors.client.post("/sign-in/password", data={"name": "x", "password": "y", "code": "1"})
    assert answer.status_code in (404, 405)
    assert 'name="password"' not in world.doors.client.get("/sign-in").text
