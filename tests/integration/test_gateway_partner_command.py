"""``cdr partner``: registering, rotating and revoking, from the command line to the store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli.partner import app
from integration_engine.security.identity import NotAllowed
from integration_engine.security.keys import read_file
from integration_engine.store import audit
from integration_engine.store.browser_sessions import BrowserSessions
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.gateway_house import keys


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'engine.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    return tmp_path


def run(*words: str, status: int = 0) -> list[Any]:
    """The JSON lines that a command prints."""
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == status, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def store(place: Path) -> Store:
    return Store(f"sqlite:///{place / 'engine.db'}", read_file(place / "keys.json"))


def test_a_new_partners_token_opens_its_doors_and_is_kept_nowhere(place: Path) -> None:
    [said] = run("add", "RTH", "--kind", "hospital-hl7", "--kind", "hospital-fhir", "--organisation", "GWH")
    principal = Identities(store(place)).authenticate(said["token"])
    assert principal is not None
    assert (principal.name, principal.kinds) == ("RTH", frozenset({"hospital-hl7", "hospital-fhir"}))
    assert principal.may_speak_as("GWH")
    assert said["token"].rpartition("_")[2].encode() not in (place / "engine.db").read_bytes()
    [listed] = run("list")
    assert said["token"] not in json.dumps(listed)


def test_a_token_is_rotated_without_a_gap(place: Path) -> None:
    [old] = run("add", "E23000038", "--kind", "police")
    [new] = run("add", "E23000038", "--kind", "police")
    register = Identities(store(place))
    assert register.authenticate(old["token"])
    assert register.authenticate(new["token"])
    assert run("revoke", "E23000038", "--credential", old["credential"]) == [{"partner": "E23000038", "revoked": 1}]
    assert register.authenticate(old["token"]) is None
    assert register.authenticate(new["token"])


def test_revoking_a_partner_closes_doors_that_ask_for_no_token_too(place: Path) -> None:
    run("add", "RTH", "--kind", "hospital-hl7")
    register = Identities(store(place))
    assert [each.name for each in register.partners()] == ["RTH"]
    run("revoke", "RTH")
    assert register.partners() == []
    assert run("revoke", "RTH", status=1) == [{"partner": "RTH", "revoked": 0}]


def test_a_token_ends_on_its_day(place: Path) -> None:
    [said] = run("add", "BERKS", "--kind", "cdop", "--days", "30")
    later = datetime.now(UTC) + timedelta(days=31)
    assert Identities(store(place)).authenticate(said["token"])
    assert Identities(store(place), lambda: later).authenticate(said["token"]) is None


def test_two_partners_cannot_speak_for_one_organisation(place: Path) -> None:
    run("add", "RTH", "--kind", "hospital-hl7", "--organisation", "GWH")
    for words in (["RXX", "--organisation", "gwh"], ["GWH"], ["rth"]):
        [refused] = run("add", *words, "--kind", "hospital-hl7", status=1)
        assert refused["error"] == "taken-organisation"


def test_a_feed_is_registered_for_a_partner_that_is_there(place: Path) -> None:
    feed = ["feed", "add", "pas", "--partner", "RTH", "--kind", "hospital-hl7", "--profile", "nhs-adt"]
    [refused] = run(*feed, status=1)
    assert refused["error"] == "no-partner"
    run("add", "RTH", "--kind", "hospital-hl7")
    run(*feed, "--n-is-reliable", "--charset", "windows-1252")
    [listed] = run("list")
    assert listed["feeds"] == [
        {
            "name": "pas",
            "partner": "RTH",
            "kind": "hospital-hl7",
            "profile": "nhs-adt",
            "acknowledgement": "auto",
            "n_is_reliable": True,
            "charset": "windows-1252",
            "production": True,
        }
    ]


@pytest.mark.parametrize(
    "words", [["add", "x", "--kind", "fax"], ["add", "x", "--kind", "cdop", "--kind", "police"], ["add", "x"]]
)
def test_a_kind_that_there_is_not_is_a_usage_error(place: Path, words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == 2


def test_every_change_of_the_register_is_audited(place: Path) -> None:
    run("add", "RTH", "--kind", "hospital-hl7")
    run("revoke", "RTH")
    lines = [(line.action, line.subject) for line in audit.lines(store(place))]
    assert lines == [("partner.added", "RTH"), ("partner.revoked", "RTH")]


def test_the_register_answers_alike_on_both_databases(database_url: str) -> None:
    upgrade_schema(database_url)
    opened = Store(database_url, keys())
    register = Identities(opened)
    token = register.add("RTH", "partner", kinds=["hospital-hl7"])
    with pytest.raises(NotAllowed, match="another role"):
        register.add("RTH", "cdop")
    principal = register.authenticate(token.text)
    assert principal is not None
    browsers = register.browsers
    secret = browsers.open_session(principal, 60)
    assert browsers.session(secret) == principal
    assert BrowserSessions(opened, lambda: datetime.now(UTC) + timedelta(seconds=61)).session(secret) is None
    register.revoke("RTH")
    assert browsers.session(secret) is None
    assert register.authenticate(token.text) is None
    opened.close()
