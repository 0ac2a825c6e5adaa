"""One window of a real browser, as a test looks at it. ``CDR_SCREENSHOTS`` names a folder that pages are drawn into."""

import contextlib
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.gateway_house import House

DESKTOP, PHONE = 1280, 320
"""Widths in pixels: a desk's, and the narrowest that WCAG asks a page to fit into (1.4.10)."""

# What WCAG 2.2 asks at levels A and AA, as axe-core names its rules, and its own advice.
_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Screen:
    """One window. ``complaints`` are the errors that the browser's console was told: a broken policy, a missing file."""

    def __init__(self, page: Page, doors: House) -> None:
        self.page = page
        self.doors = doors
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, said: ConsoleMessage) -> None:
        # A browser asks for a little picture that no page of ours names; and that a page said no is for tests to look at.
        address, is_status = said.location["url"], said.text.startswith("Failed to load resource: the server responded")
        harmless = address.endswith("/favicon.ico") or (is_status and not address.endswith(".css"))
        if said.type == "error" and not harmless:
            self.complaints.append(said.text)

    def resized(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": 900})

    @property
    def overhang(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    @property
    def path(self) -> str:
        """Where the window is."""
        return self.page.url.removeprefix(str(self.doors.client.base_url).rstrip("/"))

    def go(self, path: str) -> None:
        self.page.goto(f"{str(self.doors.client.base_url).rstrip('/')}{path}")

    def sign_in(self, code: str) -> None:
        """By the page, as a person does."""
        self.page.goto(f"{self.doors.client.base_url}/sign-in")
        self.page.get_by_label("Access token").fill(self.doors.tokens[code])
        self.press("Sign in")

    def sign_out(self) -> None:
        self.press("Sign out")

    def press(self, button: str) -> None:
        """Press a button that leads to another page, and wait until that is there."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).click()

    def drawn(self, name: str) -> None:
        """Draw the whole page, where somebody wants to look at it."""
        if folder := os.environ.get("CDR_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def faults(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and its own advice: rule, and where."""
        self.page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        only = {"runOnly": {"type": "tag", "values": _LEVELS}}
        found: dict[str, Any] = self.page.evaluate("only => axe.run(document, only)", only)
        assert found["passes"], "axe looked at nothing"
        return [f"{fault['id']}: {node['target']}" for fault in found["violations"] for node in fault["nodes"]]


@contextlib.contextmanager
def window(browser: Browser, doors: House, *, width: int = DESKTOP, scripts: bool = True) -> Iterator[Screen]:
    """A window of a person's own for the length of the block. Fails where the browser had anything to complain of."""
    context = browser.new_context(
        locale="en-GB", viewport={"width": width, "height": 900}, accept_downloads=True, java_script_enabled=scripts
    )
    opened = Screen(context.new_page(), doors)
    try:
        yield opened
    finally:
        context.close()
    assert opened.complaints == []
