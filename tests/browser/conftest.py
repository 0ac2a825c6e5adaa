"""A real browser before a real gateway: the system's Chromium, driven by playwright."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from integration_engine.services.browser import chromium
from tests.browser.screen import Screen, window
from tests.gateway_house import House, house, own_vhost


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For a module only: while playwright runs, no other test of this process could run an event loop in its thread."""
    # Chromium's own sandbox needs a user that isn't root.
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield opened


@pytest.fixture
def screen(browser: Browser, doors: House) -> Iterator[Screen]:
    doors.purge()
    with window(browser, doors) as opened:
        yield opened
