"""``cdr watch`` as an operator runs it: killed at every stage, and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_engine.broker.depth import depths
from integration_engine.store import overview
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.deliveries import deliveries
from integration_engine.store.identities import Identities
from tests.gateway_house import keys, keys_in_the_environment, police_report
from tests.store_samples import NOW
from tests.worker_samples import FORCE, death, eventually, prepared, working

STAGES = [
    "watch.read",
    "gateway.publishing",
    "publisher.confirmed",
    "gateway.answering",
    "watch.queued",
    "watch.answered",
]


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    upgrade_schema(sqlite_url)
    opened = Store(sqlite_url, keys())
    Identities(opened).add(FORCE, "partner", kinds=["police"])
    yield opened
    opened.close()


@pytest.fixture
def environment(amqp_url: str, sqlite_url: str, tmp_path: Path, store: Store) -> dict[str, str]:
    prepared(amqp_url, tmp_path)
    (tmp_path / "cdr.toml").write_text("", encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDR_")}
    own = {"CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": sqlite_url, "CDR_CONFIG": str(tmp_path / "cdr.toml")}
    return {**inherited, **keys_in_the_environment(), **own}


def command(folder: Path, *more: str) -> list[str]:
    options = ["--partner", FORCE, "--kind", "police", "--every", "0.1", "--settle", "0.1"]
    return [sys.executable, "-m", "integration_engine.cli", "watch", str(folder), *options, *more]


def ran(command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize(
    ("stage", "after"),
    [*((stage, ()) for stage in STAGES), ("watch.queued", ("--leave",)), ("watch.answered", ("--leave",))],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "moved",
)
def test_a_file_counts_once_however_the_process_that_took_it_dies(
    environment: dict[str, str], amqp_url: str, store: Store, tmp_path: Path, stage: str, after: tuple[str, ...]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "report.json").write_bytes(death(5))
    died = ran(command(folder, "--once", *after), environment | {"CDR_FAULTS": f"{stage}=die@1"})
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
    assert ran(command(folder, "--once", *after), environment).returncode == 0
    lies = folder if after else folder / "done"
    assert sorted(path.name for path in lies.iterdir() if path.is_file() and path.name != ".cdr-watch") == [
        "report.json",
        "report.json.result.json",
    ]
    assert json.loads((lies / "report.json.result.json").read_text())["outcome"] == "taken"
    with working(amqp_url, store, prepared(amqp_url, tmp_path)):
        eventually(lambda: depths(amqp_url, ["intake.police"])[0].ready == 0 and kinds(store) == ["new"])
    assert kinds(store) == ["new"]
    assert overview.alarms(store) == ()


def kinds(store: Store) -> list[str]:
    return [each.kind for each in deliveries(store, "cdop.BERKS", by="test", now=NOW)]


def test_an_answered_file_is_not_given_to_the_broker_again(
    environment: dict[str, str], amqp_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "report.json").write_bytes(death(6))
    died = ran(command(folder, "--once"), environment | {"CDR_FAULTS": "watch.answered=die@1"})
    assert died.returncode == -signal.SIGKILL
    assert ran(command(folder, "--once"), environment).returncode == 0
    assert depths(amqp_url, ["intake.police"])[0].ready == 1


def test_once_ends_with_status_1_where_something_stays(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "report.json").write_bytes(police_report())
    away = environment | {"CDR_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}
    assert ran(command(folder, "--once"), away).returncode == 1
    assert [path.name for path in folder.iterdir() if path.is_file() and path.name != ".cdr-watch"] == ["report.json"]


def test_it_watches_until_it_is_asked_to_stop(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    process = subprocess.Popen(command(folder), env=environment, stderr=subprocess.DEVNULL)
    try:
        for name in ("a.json", "b.json"):
            (folder / f"{name}.part").write_bytes(police_report(report_id=name))
            (folder / f"{name}.part").rename(folder / name)
            eventually((folder / "done" / f"{name}.result.json").exists, 120)
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    "options", [["--kind", "police"], ["--partner", FORCE, "--kind", "pictures"], ["--partner", FORCE, "--feed", "x"]]
)
def test_what_cant_be_watched_is_said(environment: dict[str, str], tmp_path: Path, options: list[str]) -> None:
    said = ran([sys.executable, "-m", "integration_engine.cli", "watch", str(tmp_path), *options], environment)
    assert said.returncode == 2
    assert said.stderr
