"""``cdr run mesh``, killed at every stage between a mailbox and its acknowledgement, and between a queue and a mailbox."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from integration_engine.broker.depth import depths
from integration_engine.store import overview
from integration_engine.store.deliveries import deliveries
from tests.mesh_house import PANEL, POLICE, MeshHouse, environment
from tests.store_samples import NOW
from tests.worker_samples import death, eventually, prepared, working

COMMAND = [sys.executable, "-m", "integration_engine.cli", "run", "mesh"]


def die(mail: MeshHouse, folder: Path, faults: str) -> None:
    """Run until it dies where the faults say."""
    process = subprocess.run(
        COMMAND, env=environment(mail, folder, faults), cwd=folder, capture_output=True, timeout=240, check=False
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()[-2000:]


def run_until(mail: MeshHouse, folder: Path, done: Callable[[], bool]) -> None:
    """Run it as an operator does until something is so; then stop it, in peace."""
    process = subprocess.Popen(COMMAND, env=environment(mail, folder), cwd=folder, stderr=subprocess.DEVNULL)
    try:
        eventually(done, 120)
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    "stage", ["mesh.fetched", "gateway.publishing", "publisher.confirmed", "mesh.queued", "mesh.told"]
)
def test_a_message_comes_again_to_a_process_that_died_with_it_and_counts_once(
    mail: MeshHouse, amqp_url: str, tmp_path: Path, stage: str
) -> None:
    mail.send(POLICE, death(3), "CDR_POLICE")
    die(mail, tmp_path, f"{stage}=die@1")
    assert len(mail.waiting()) == 1
    run_until(mail, tmp_path, lambda: not mail.waiting())
    with working(amqp_url, mail.store, prepared(amqp_url, tmp_path)):
        eventually(lambda: depths(amqp_url, ["intake.police"])[0].ready == 0 and told_once(mail))
    assert overview.alarms(mail.store) == ()


def told_once(mail: MeshHouse) -> bool:
    found = deliveries(mail.store, "cdop.BERKS", by="test", now=NOW)
    return [each.kind for each in found] == ["new"]


def test_a_delivery_goes_again_under_its_id_where_a_process_died_after_sending_it(
    mail: MeshHouse, amqp_url: str, tmp_path: Path
) -> None:
    mail.send(POLICE, death(4), "CDR_POLICE")
    mail.round()
    with working(amqp_url, mail.store, prepared(amqp_url, tmp_path)):
        eventually(lambda: depths(amqp_url, ["cdop.BERKS"])[0].ready == 1)
    die(mail, tmp_path, "mesh.sent=die@1")
    eventually(lambda: depths(amqp_url, ["cdop.BERKS"])[0].ready == 1)
    run_until(mail, tmp_path, lambda: depths(amqp_url, ["cdop.BERKS"])[0].ready == 0)
    eventually(lambda: len(mail.waiting(PANEL)) == 2)
    first, second = mail.got(PANEL)
    assert (first.local_id, first.body) == (second.local_id, second.body)
    assert json.loads(first.body)["kind"] == "new"


def test_a_process_that_can_be_looked_at_says_how_it_stands(mail: MeshHouse, tmp_path: Path) -> None:
    told = environment(mail, tmp_path) | {"CDR_WORKER_HTTP_PORT": "0"}
    process = subprocess.Popen(COMMAND, env=told, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        lines = (json.loads(line) for line in process.stderr)
        port = next(line["port"] for line in lines if line["text"] == "the process can be looked at")

        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200)
        parts = httpx.get(f"http://127.0.0.1:{port}/health/ready").json()["parts"]
        assert parts == {"broker": "ok", "store": "ok", "mesh": "ok"}
        token = mail.identities.add("prometheus", "operator").text
        numbers = httpx.get(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}).text
        assert 'cdr_mesh_silent_seconds{mailbox="CDRMB001"}' in numbers
    finally:
        process.terminate()
        process.stderr.close()
        assert process.wait(30) == 0


def test_without_mesh_set_up_the_command_says_so(tmp_path: Path) -> None:
    (tmp_path / "cdr.toml").write_text("", encoding="utf-8")
    told = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, "cdr.toml" in told.stderr) == (2, True)
