"""One window of a real browser, as a test looks at it. ``CDR_SCREENSHOTS`` names a folder that pages are drawn into."""

import os
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

from tests.gateway_house import House

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
        # A browser asks for a little picture that no page of ours names.
        if said.type == "error" and not said.location["url"].endswith("/favicon.ico"):
            self.complaints.append(said.text)

    def sign_in(self, code: str) -> None:
        """By the page, as a person does."""
        self.page.goto(f"{self.doors.client.base_url}/sign-in")
        self.page.get_by_label("Access token").fill(self.doors.tokens[code])
        self.page.get_by_role("button", name="Sign in").click()

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
