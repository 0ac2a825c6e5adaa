"""What operators see of partners: by what each may come in, and what of it ends when."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integration_engine.gateway.page import moment
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.accounts import Accounts
from tests.gateway_house import House, declare, house
from tests.signing import TOKEN_URL, Machine

FORCE = "E23000038"
SETTINGS = {
    "mesh": {
        "url": "https://mesh.example",
        "shared_key": "shared",
        "mailboxes": [{"id": "OURS1", "password": "p"}],
        "senders": [{"mailbox": "THEIRS1", "partner": FORCE}],
    },
    "folders": [{"folder": "/srv/drop/athena", "partner": FORCE, "kind": "police"}],
}


@pytest.fixture
def doors(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path, **SETTINGS) as opened:
        yield opened


def rows(page: str, words: str) -> list[str]:
    """The text of the table rows that hold these words."""
    text = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)).strip()
        for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    ]
    return [html.unescape(row) for row in text if words in html.unescape(row)]


def test_the_list_counts_every_way_in_and_says_what_ends_first(doors: House) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    keys = AccessTokens(doors.store)
    keys.add_key(FORCE, "0f" * 32, "certificate", "", expires_at=ends)
    keys.add_public_key(FORCE, Machine(FORCE).public, expires_at=ends + timedelta(days=90))
    Accounts(doors.store).put(f"partner.{FORCE}", FORCE, "partner", "salted", "tests")
    with doors.sign_in("op") as browser:
        page = browser.get("/console/partners").text
        [line] = rows(page, FORCE)
        assert "Token, Client certificate, Key to sign with, Broker account, MESH mailbox, Drop folder" in line
        assert "soon" in line
        assert str(moment(ends)) in page
        [other] = rows(page, "E23000029")
        assert "soon" not in other


def test_a_partners_own_page_and_the_operators_name_each_way_in_with_its_end(doors: House) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    AccessTokens(doors.store).add_key(FORCE, "0f" * 32, "certificate", "", expires_at=ends)
    for who, path in (("op", f"/console/partners/{FORCE}/police"), (FORCE, "/partner")):
        with doors.sign_in(who) as browser:
            page = browser.get(path).text
        assert rows(page, "0f" * 32)[0].startswith("Client certificate")
        assert str(moment(ends)) in page
        assert rows(page, "THEIRS1")[0] == "MESH mailbox THEIRS1 set by the operators no end of its own"
        assert rows(page, "athena")[0].startswith("Drop folder")
        assert "/srv/drop" not in page


def test_a_token_that_a_machine_holds_for_minutes_is_no_way_in_of_its_own(doors: House) -> None:
    machine = Machine(FORCE)
    tokens = AccessTokens(doors.store)
    tokens.add_public_key(FORCE, machine.public)
    granted = tokens.exchange(machine.assertion(), {TOKEN_URL})
    with doors.sign_in("op") as browser:
        page = browser.get(f"/console/partners/{FORCE}/police").text
    assert granted.lookup not in page
    assert len(rows(page, "Key to sign with")) == 1


def test_who_has_nothing_left_to_come_in_by_is_said_to(doors: House) -> None:
    doors.identities.revoke("E23000029")
    with doors.sign_in("op") as browser:
        [line] = rows(browser.get("/console/partners").text, "E23000029")
        assert "nothing: it can’t come in" in line
        assert "By nothing" in browser.get("/console/partners/E23000029/police").text
