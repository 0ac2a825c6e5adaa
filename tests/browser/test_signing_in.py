"""People come in: by password and code, by their organisation's own sign-in, by a token; and out again. In a real browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from integration_engine.broker.management import Management
from integration_engine.security.passwords import STEP_SECONDS, CodeKey
from integration_engine.services import Broker
from integration_engine.services.private import free_ports
from integration_engine.store.people import People
from tests.browser.screen import DESKTOP, PHONE, Screen, window
from tests.gateway_house import House, house, own_vhost
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.integration.test_sign_in_by_provider import JANE, PANELS, ROLES

PASSWORD = "a long enough one"


@pytest.fixture(scope="module")
def reception(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Doors with every way in for people."""
    folder: Path = tmp_path_factory.mktemp("reception")
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    with identity_provider(f"{address}/sign-in/back") as provider, own_vhost(broker, management) as url:
        provider.claims["p-1"] = JANE
        oidc = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "roles": ROLES}
        oidc |= {"areas_claim": "boards", "areas": PANELS}
        ways = {"oidc": oidc, "public_url": address, "http_port": port, "password_sign_in": True}
        with house(url, f"sqlite:///{folder / 'e.db'}", folder, **ways) as doors:
            yield doors


@pytest.fixture
def entrance(browser: Browser, reception: House) -> Iterator[Screen]:
    with window(browser, reception) as screen:
        screen.go("/sign-in")
        yield screen


def code_of(codes: CodeKey) -> str:
    return codes.code(int(time.time()) // STEP_SECONDS)


def test_each_way_in_is_named_and_can_be_read_by_everybody(entrance: Screen) -> None:
    for name in (
        "Sign in with your organisation’s account",
        "Sign in with a password and a code",
        "Sign in with an access token",
    ):
        expect(entrance.page.get_by_text(name, exact=True).first).to_be_visible()
    for width in (PHONE, DESKTOP):
        entrance.resized(width)
        assert entrance.faults() == []
        assert entrance.overhang <= 0
        entrance.drawn(f"sign-in-every-way-{width}")


def test_a_person_comes_in_by_password_and_code_with_the_keyboard_alone(entrance: Screen) -> None:
    codes = People(entrance.doors.store).add("joan", "coordinator", PASSWORD, ["BERKS"]).codes
    keyboard = entrance.page.keyboard
    entrance.page.get_by_label("Name").focus()
    for wrong, typed in ((True, "another one than that"), (False, PASSWORD)):
        for text in ("joan", typed):
            keyboard.type(text)
            keyboard.press("Tab")
        keyboard.type(code_of(codes))
        keyboard.press("Enter")
        if wrong:
            expect(entrance.page.get_by_role("alert")).to_contain_text("Name, password or code are not right")
            assert entrance.faults() == []
            entrance.drawn("sign-in-wrong")
            assert entrance.page.evaluate("document.activeElement.id") == "name", "ready to be typed again"
    expect(entrance.page.get_by_role("heading", name="What waits for a person")).to_be_visible()
    entrance.sign_out()
    expect(entrance.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    entrance.go("/console/work")
    expect(entrance.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_a_person_comes_in_by_their_organisations_own_sign_in(entrance: Screen) -> None:
    entrance.page.get_by_role("link", name="Sign in with your organisation’s account").click()
    expect(entrance.page.get_by_role("heading", name="What waits for a person")).to_be_visible()
    expect(entrance.page.get_by_text("jane", exact=True)).to_be_visible()


def test_a_token_that_opens_nothing_is_told_so(entrance: Screen) -> None:
    entrance.page.get_by_label("Access token").fill("cdr_nothing")
    entrance.page.get_by_label("Access token").press("Enter")
    expect(entrance.page.get_by_role("alert")).to_contain_text("That token opens nothing")
    assert entrance.faults() == []
