"""``cdr db reindex`` as an operator runs it: killed in the middle and called again, while workers hold still."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select, update
from typer.testing import CliRunner

from integration_engine.broker.topology import Topology
from integration_engine.cli.db import app as db_app
from integration_engine.cli.revisit import command as revisit_command
from integration_engine.pipeline import process
from integration_engine.reindex import AT_ONCE, DONE
from integration_engine.security.keys import keyring
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store, table, upgrade_schema
from integration_engine.store.indexing import NotIndexed, require_indexed
from integration_engine.store.tables import NoticeRow
from tests.earlier_rules import numbers_only, program_of
from tests.store_samples import NOW, nobodys_namesake, read, report, rules
from tests.worker_samples import death, eventually, ready, send, working

_CHILDREN = AT_ONCE


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", database_url)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    for name in ("CDR_SEAL_KEYS", "CDR_INDEX_KEYS", "CDR_CONFIG", "CDR_FAULTS"):
        monkeypatch.delenv(name, raising=False)
    return database_url


def opened(url: str) -> Store:
    return Store(url, keyring({}, Path("keys.json"), create=True))


def told_twice(store: Store, number: int) -> None:
    """Children each told of by a hospital and by police, in messages that share no number."""
    for start in range(0, number, 50):
        batch = []
        for n in range(start, min(start + 50, number)):
            told = {**nobodys_namesake(n), "birth_date": f"20{10 + n // 28}-01-{n % 28 + 1:02}"}
            told["addresses"] = [{"lines": [f"{n} Reed Way"], "lad_code": "E06000038", "use": "home"}]
            batch += [report(n % 50, message_id=f"m-{n}", child=told)]
            batch += [report(n % 50, message_id=f"p-{n}", kind="police", partner="E23000036", child=told)]
        done = process(store, batch, read=read, now=NOW, **rules())
        outbox.mark_published(store, [row.id for row in done.outbox], NOW)


def called(*arguments: str, faults: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "integration_engine.cli", "db", *arguments, "--json"]
    return subprocess.run(
        command, env={**os.environ, "CDR_FAULTS": faults}, capture_output=True, text=True, check=False, timeout=120
    )


def said(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(db_app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.timeout(180)
def test_killed_in_the_middle_of_a_batch_and_between_two_it_is_called_again_and_every_child_has_one_case(
    settings: str,
) -> None:
    with program_of(numbers_only):
        upgrade_schema(settings)
        store = opened(settings)
        told_twice(store, _CHILDREN)
    assert len(overview.recent_cases(store, 1000)) == 2 * _CHILDREN
    for faults in ("reindex.written=die@1", "reindex.committed=die@1", "reindex.written=die@2"):
        assert called("reindex", faults=faults).returncode == -signal.SIGKILL
        with pytest.raises(NotIndexed):
            require_indexed(store)
    done = json.loads(called("reindex").stdout)
    assert (done["done"], done["changed"], done["unreadable"]) == (2 * _CHILDREN, 2 * _CHILDREN, [])
    require_indexed(store)
    _revisited()
    assert len(overview.recent_cases(store, 1000)) == _CHILDREN
    left = outbox.claim(store, 10_000, timedelta(0), NOW.replace(year=2030))
    merged = [row for row in left if row.kind == "merge" and row.recipient == "cdop.BERKS"]
    assert len(merged) == len({row.case for row in merged}) == 2 * _CHILDREN, "of each two cases both are told, once"
    assert [line.action for line in audit.lines(store, limit=100_000)].count(DONE) == 1
    assert audit.verify(store).broken is None
    store.close()


def _revisited() -> None:
    app = typer.Typer()
    app.command()(revisit_command)
    done = CliRunner().invoke(app, ["--json"])
    assert done.exit_code == 0, done.output


def test_an_upgrade_makes_the_keys_anew_by_itself_or_says_that_it_has_to_be_done(settings: str) -> None:
    with program_of(numbers_only):
        assert said("upgrade")["keys"] == "current"
        store = opened(settings)
        told_twice(store, 2)
    asked = said("upgrade", "--no-reindex")
    assert (asked["changed"], asked["keys"]) == (False, "stale")
    assert "cdr db reindex" in CliRunner().invoke(db_app, ["upgrade", "--no-reindex"]).output
    done = said("upgrade")
    assert (done["keys"], done["notices"], done["other_keys"], done["unreadable"]) == ("made-anew", 4, 4, [])
    assert said("upgrade")["keys"] == "current"
    assert said("reindex")["done"] == 0
    store.close()


def test_a_notice_that_cannot_be_read_is_named_and_the_call_has_failed(settings: str) -> None:
    with program_of(numbers_only):
        upgrade_schema(settings)
        store = opened(settings)
        told_twice(store, 1)
    notices = table(NoticeRow)
    with store.transaction() as transaction:
        name = transaction.connection.scalars(select(notices.c.id)).first()
        damaged = update(notices).where(notices.c.id == name).values(sealed=store.keys.seal(b"{}")[:-1])
        transaction.connection.execute(damaged)
    done = CliRunner().invoke(db_app, ["reindex"])
    assert done.exit_code == 1
    assert f"Could not be read, and keep their keys: {name}." in done.output
    require_indexed(store)
    store.close()


@pytest.mark.timeout(120)
def test_a_worker_holds_its_messages_until_the_keys_are_its_own(
    amqp_url: str, settings: str, topology: Topology
) -> None:
    with program_of(numbers_only):
        upgrade_schema(settings)
        store = opened(settings)
        told_twice(store, 1)
    before = overview.recent_cases(store)
    with working(amqp_url, store, topology) as worker:
        send(amqp_url, death(1), death(2))
        eventually(lambda: ready(amqp_url, "intake.police") == 2)
        assert not worker.ready()
        assert overview.recent_cases(store) == before
        said("reindex")
        eventually(lambda: len(overview.recent_cases(store)) == len(before) + 2)
    store.close()
