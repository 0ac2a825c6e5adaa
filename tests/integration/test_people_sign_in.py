"""People sign in by a provider of identities, or by password and code; and what somebody else could show opens nothing."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from integration_engine.known_browsers import KnownBrowsers
from integration_engine.register import REFUSED_AFTER_S, Register
from integration_engine.security import passwords
from integration_engine.services.private import free_ports
from integration_engine.store import audit
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from integration_engine.store.people import People
from tests.gateway_house import House, declare, house, keys
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Provider, identity_provider

ROLES: list[dict[str, Any]] = [
    {"claim": ["realm", "roles"], "value": "cdr-restricted", "role": "restricted"},
    {"claim": ["realm", "roles"], "value": "cdr-coordinator", "role": "coordinator"},
    {"claim": "job", "value": "R1981", "role": "operator"},
]
PANELS = {"E54000044": "BERKS", "E54000010": "OXON"}
JANE = {"preferred_username": "jane", "realm": {"roles": ["staff", "cdr-coordinator"]}, "boards": ["E54000044", "E99"]}
ANOTHER = ECKey.generate_key("P-256")
PASSWORD = "a long enough one"


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


def now_code(codes: passwords.CodeKey, steps: int = 0) -> str:
    return codes.code(int(datetime.now(UTC).timestamp()) // passwords.STEP_SECONDS + steps)


def test_password_and_code_open_the_console_and_the_same_code_not_twice(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path, password_sign_in=True) as doors:
        codes = People(doors.store).add("jane", "coordinator", PASSWORD, ["BERKS"]).codes
        form = {"name": "jane", "password": PASSWORD, "code": now_code(codes)}
        with httpx.Client(base_url=doors.client.base_url, timeout=30) as browser:
            assert browser.post("/sign-in/password", data=form | {"password": "another one here"}).status_code == 403
            assert browser.post("/sign-in/password", data=form | {"code": "000000x"}).status_code == 403
            assert (
                browser.post("/sign-in/password", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code
                == 403
            )
            entered = browser.post("/sign-in/password", data=form)
            assert (entered.status_code, entered.headers["location"]) == (303, "/console/work")
            assert browser.get("/console/work").status_code == 200
        with httpx.Client(base_url=doors.client.base_url, timeout=30) as shoulder:
            again = shoulder.post("/sign-in/password", data=form)
            assert (again.status_code, "set-cookie" in again.headers) == (403, False)
        said = str([line.detail for line in audit.lines(doors.store, limit=500)])
        assert PASSWORD not in said
        assert codes.text not in said


def test_where_passwords_are_off_there_is_no_such_door(world: World) -> None:
    answer = world.doors.client.post("/sign-in/password", data={"name": "x", "password": "y", "code": "1"})
    assert answer.status_code in (404, 405)
    assert 'name="password"' not in world.doors.client.get("/sign-in").text


@dataclass
class Kept:
    """People on one database, at a time that the test sets."""

    people: People
    store: Store
    now: datetime = datetime(2026, 3, 9, 9, tzinfo=UTC)

    def code(self, codes: passwords.CodeKey) -> str:
        return codes.code(int(self.now.timestamp()) // passwords.STEP_SECONDS)


@pytest.fixture
def kept(database_url: str) -> Iterator[Kept]:
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    made = Kept(People(store), store)
    made.people = People(store, lambda: made.now)
    yield made
    store.close()


def test_wrong_attempts_lock_an_account_for_longer_each_time(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    for _ in range(5):
        assert kept.people.sign_in("jane", "not the password", kept.code(codes)) is None
    assert [each.state for each in kept.people.everybody()] == ["locked"]
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None, "right, but locked"
    kept.now += timedelta(seconds=61)
    assert kept.people.sign_in("jane", "not the password", kept.code(codes)) is None
    kept.now += timedelta(seconds=61)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None, "the second lock lasts two minutes"
    kept.now += timedelta(seconds=60)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is not None
    refused = [line.detail["locked"] for line in audit.lines(kept.store) if line.action == "sign-in.refused"]
    assert refused == [False, False, False, False, True, True]
    assert audit.verify(kept.store).broken is None


def test_a_code_is_good_for_a_minute_and_a_half_and_never_after_a_later_one(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    early, late = kept.code(codes), codes.code(int(kept.now.timestamp()) // 30 + 1)
    assert kept.people.sign_in("jane", PASSWORD, late) is not None
    assert kept.people.sign_in("jane", PASSWORD, early) is None, "an earlier one than was used"
    kept.now += timedelta(minutes=5)
    assert kept.people.sign_in("jane", PASSWORD, late) is None
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is not None


def test_who_is_ended_or_never_was_opens_nothing(kept: Kept) -> None:
    codes = kept.people.add("jane", "restricted", PASSWORD).codes
    principal = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert principal is not None
    secret = kept.people.open_session(principal, 600)
    assert kept.people.session(secret) == principal
    assert kept.people.end("jane")
    assert kept.people.session(secret) is None
    kept.now += timedelta(minutes=1)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None
    assert kept.people.sign_in("nobody", PASSWORD, "123456") is None


def test_a_session_ends_by_itself_and_when_it_is_closed(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    principal = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert principal is not None
    closed, left = (kept.people.open_session(principal, 600) for _ in range(2))
    kept.people.close_session(closed)
    assert (kept.people.session(closed), kept.people.session(left)) == (None, principal)
    kept.now += timedelta(seconds=600)
    assert kept.people.session(left) is None


def test_a_password_is_long_is_not_the_name_and_is_never_kept(kept: Kept) -> None:
    for password in ("", "short", "x" * 129, "JANE-OF-BERKSHIRE"):
        with pytest.raises(passwords.NotAllowed):
            kept.people.add("jane-of-berkshire", "operator", password)
    with pytest.raises(passwords.NotAllowed):
        kept.people.add("jane", "coordinator", PASSWORD)
    with pytest.raises(passwords.NotAllowed):
        kept.people.add("jane", "operator", PASSWORD, ["BERKS"])
    assert kept.people.everybody() == []


def lock(kept: Kept, codes: passwords.CodeKey) -> None:
    """Somebody guesses until the account is locked."""
    for _ in range(5):
        assert kept.people.sign_in("jane", "not the password", kept.code(codes)) is None


def test_a_stranger_who_locks_an_account_does_not_lock_its_person_out_of_their_own_browser(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    lock(kept, codes)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes), known=True) is not None
    lock(kept, codes)
    before = kept.people.everybody()
    for _ in range(9):
        assert kept.people.sign_in("jane", "mistyped here", kept.code(codes), known=True) is None
    assert kept.people.everybody() == before, "nor does what they mistype make it longer"
    assert audit.verify(kept.store).broken is None


def test_a_browser_is_known_for_its_own_person_by_any_of_our_keys_and_not_for_long_where_it_guesses(kept: Kept) -> None:
    time = [100.0]
    browsers = KnownBrowsers(kept.people, lambda: time[0])
    cookie = browsers.mark("jane")
    assert browsers.knows("jane", cookie)
    assert cookie != browsers.mark("jane")
    seed, _, mark = cookie.partition(".")
    for wrong in ("", ".", seed, f"{seed}.", f".{mark}", f"{seed}x.{mark}", f"{seed}.{mark[:-1]}", cookie + "x" * 300):
        assert not browsers.knows("jane", wrong)
    assert not browsers.knows("john", cookie)
    for _ in range(5):
        browsers.failed(cookie)
    assert not browsers.knows("jane", cookie)
    time[0] += 60
    assert browsers.knows("jane", cookie)


def test_a_refusal_tells_by_its_time_nothing_of_what_was_wrong(kept: Kept) -> None:
    """No clock is measured: each way of being refused is made to take a time of its own, and all end at the same moment."""
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    ended = kept.people.add("gone", "operator", PASSWORD).codes
    kept.people.end("gone")
    now, takes = [0.0], iter((0.05, 0.07, 0.11, 0.02, 0.3))
    asked = kept.people.sign_in

    def slow(*what: Any, **how: Any) -> Any:
        now[0] += next(takes)
        return asked(*what, **how)

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    identities = Identities(kept.store)
    identities.people = kept.people
    register = Register(identities, lambda: now[0], sleep)
    register._people.sign_in = slow  # type: ignore[method-assign]

    async def story() -> list[float]:
        took = []
        for name, password, code in (
            ("nobody", PASSWORD, "123456"),
            ("jane", "not the password", kept.code(codes)),
            ("jane", PASSWORD, "000000x"),
            ("gone", PASSWORD, kept.code(ended)),
            ("jane", "", ""),
        ):
            began = now[0]
            assert await register.sign_in(name, password, code) is None
            took.append(round(now[0] - began, 6))
        return took

    assert set(asyncio.run(story())) == {REFUSED_AFTER_S}


def test_who_is_ended_in_the_moment_of_signing_in_has_no_session(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    principal = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert principal is not None
    kept.people.end("jane")
    assert kept.people.session(kept.people.open_session(principal, 600)) is None


def test_a_person_locked_out_by_a_stranger_signs_in_where_they_did_before(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path, password_sign_in=True) as doors:
        codes = People(doors.store).add("jane", "coordinator", PASSWORD, ["BERKS"]).codes
        wrong = {"name": "jane", "password": "not the password", "code": "000000"}
        with (
            httpx.Client(base_url=doors.client.base_url, timeout=30) as own,
            httpx.Client(base_url=doors.client.base_url, timeout=30) as elsewhere,
        ):
            right = {"name": "jane", "password": PASSWORD, "code": now_code(codes, -1)}
            assert own.post("/sign-in/password", data=right).status_code == 303
            cookie = next(each for each in own.cookies.jar if each.name == "cdr-known")
            assert cookie.has_nonstandard_attr("HttpOnly")
            assert "jane" not in (cookie.value or "")
            for _ in range(5):
                assert elsewhere.post("/sign-in/password", data=wrong).status_code == 403
            right["code"] = now_code(codes)
            assert elsewhere.post("/sign-in/password", data=right).status_code == 403, "locked"
            right["code"] = now_code(codes, 1)
            assert own.post("/sign-in/password", data=right).status_code == 303
