"""From the moment that another key seals nobody commits anything under the old one, whoever writes it and in whichever
column; so a rotation finds all there is, while doors and workers go on."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import false, func, select, update

from adapters.adapter import Submission
from integration_engine.answered_file import AnsweredFile
from integration_engine.pipeline import Later, process
from integration_engine.security import keys
from integration_engine.security.key_file import add_sealing_key
from integration_engine.security.keys import read_file, write_new
from integration_engine.store import audit, pointers, resealing
from integration_engine.store.cases import case_content
from integration_engine.store.database import KeysMoved, Store, Transient, table, upgrade_schema
from integration_engine.store.inbox import Tally, count
from integration_engine.store.overview import recent_cases
from integration_engine.store.receipts import Receipts
from integration_engine.store.resealing import KeyNeeded, sealed_columns
from integration_engine.store.tables import SubmissionRow
from tests.gateway_house import house
from tests.store_samples import rules
from tests.worker_samples import FORCE, death, eventually, prepared, working

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


class Place:
    """A store with its keys in a file, and processes that open it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.file = url, folder, folder / "keys.json"
        write_new(self.file)
        upgrade_schema(url)
        self.running: list[Store] = []

    def process(self) -> Store:
        """What one more process has of it, opened now."""
        opened = Store(self.url, read_file(self.file))
        opened.require_keys(NOW)
        self.running.append(opened)
        return opened

    def begin(self) -> str:
        """Another process begins a rotation; the key's fingerprint."""
        new = add_sealing_key(self.file)
        resealing.begin(self.process(), new, NOW)
        return new

    def keys(self, *words: str, faults: str = "") -> "subprocess.CompletedProcess[str]":
        """``cdr keys`` as an operator calls it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDR_")}
        own = {"CDR_DATABASE_URL": self.url, "CDR_KEYS_FILE": str(self.file), "CDR_FAULTS": faults}
        command = [sys.executable, "-m", "integration_engine.cli", "keys", *words]
        return subprocess.run(
            command, env=kept | own, capture_output=True, text=True, cwd=self.folder, timeout=180, check=False
        )

    def sealed_by(self) -> set[str]:
        """The keys that something is sealed by."""
        return {key for by_key in resealing.counted(self.running[0]).values() for key in by_key}


@pytest.fixture(autouse=True)
def no_pause_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second rotation within seconds of the first is nothing that an operator does."""
    monkeypatch.setattr(keys, "_LOOK_AGAIN_S", 0.0)


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(database_url, tmp_path)
    yield made
    for each in made.running:
        each.close()


@pytest.mark.parametrize("name", [each.name for each in sealed_columns()])
def test_whatever_is_written_into_a_sealed_column_is_held_back_once_another_key_seals(place: Place, name: str) -> None:
    """No line of the audit log is written here, and no module of the store has a part in it: any statement counts."""
    (column,) = [each for each in sealed_columns() if each.name == name]
    running = place.process()
    new = place.begin()
    for held_back in (True, False):
        try:
            with running.transaction() as transaction:
                sealed = transaction.keys.seal(b"x")
                transaction.connection.execute(update(column.table).where(false()).values({column.column.name: sealed}))
        except KeysMoved:
            assert held_back, "the second time it is sealed with the key that seals"
        else:
            assert not held_back
    assert running.keys.sealing == new


def test_what_was_sealed_before_a_rotation_and_not_yet_committed_is_held_back(
    postgres_url: str, tmp_path: Path
) -> None:
    """On SQLite there is one writer at a time, so a rotation can't begin in the midst of another's transaction."""
    place = Place(postgres_url, tmp_path)
    running = place.process()

    def write() -> None:
        with running.transaction() as transaction:
            sealed = transaction.keys.seal(b"x")
            place.begin()
            transaction.connection.execute(update(table(SubmissionRow)).where(false()).values(sealed=sealed))

    with pytest.raises(KeysMoved):
        write()
    for each in place.running:
        each.close()


def test_who_writes_nothing_sealed_goes_on_undisturbed(place: Place) -> None:
    running = place.process()
    before = running.keys.sealing
    place.begin()
    with running.transaction() as transaction:
        tally = Tally()
        tally.add("police", FORCE, "passed-over", "scope.adult")
        count(transaction, tally, NOW)
    assert running.keys.sealing == before


def test_an_upload_is_remembered_whatever_becomes_of_the_keys_meanwhile(place: Place) -> None:
    """Its sender waits for the answer and has no reason to send it again."""
    running = place.process()
    new = place.begin()
    counts = {"accepted": 1, "warnings": 0, "passed_over": 0, "refused": 1}
    Receipts(running).keep(AnsweredFile("oxfordshire", "coroner", "f", "r-1", counts, [{"row": 2, "why": "bad-date"}]))
    assert place.sealed_by() == {new}
    found = Receipts(running).opened("oxfordshire", "r-1")
    assert found is not None
    assert found[1] == [{"row": 2, "why": "bad-date"}]


def test_a_batch_of_pointers_alone_is_held_back_too_and_taken_at_the_next_try(place: Place) -> None:
    running = place.process()
    new = place.begin()
    with pytest.raises(KeysMoved), running.transaction() as transaction:
        pointers.keep(transaction, [_pointer()], NOW)
    assert place.sealed_by() == set()
    with running.transaction() as transaction:
        pointers.keep(transaction, [_pointer()], NOW)
    assert place.sealed_by() == {new}


def _pointer() -> pointers.Pointer:
    number = "9990000018"
    return pointers.Pointer("n-1", "RTH", None, "pds-death-notification-2", NOW, number, b"{}", "application/fhir+json")


def test_a_second_rotation_ends_the_first_which_seals_no_more_with_its_key(place: Place) -> None:
    running = place.process()
    take(running, 12)
    place.begin()
    steps = resealing.reseal(running, NOW, at_once=1)
    next(steps)
    next(steps)
    newest = place.begin()
    with pytest.raises(KeysMoved):
        list(steps)
    assert place.keys("rotate").returncode == 0
    assert place.sealed_by() == {newest}


def test_a_key_that_a_rotation_came_back_to_is_not_retired_under_it(place: Place, monkeypatch: Any) -> None:
    running = place.process()
    old = running.keys.sealing
    place.begin()
    counted = resealing.counted

    def meanwhile(store: Store) -> Any:
        found = counted(store)
        resealing.begin(place.process(), old, NOW)
        return found

    monkeypatch.setattr(resealing, "counted", meanwhile)
    with pytest.raises(KeyNeeded, match="began meanwhile"):
        resealing.retire(running, old, NOW)
    assert resealing.sealing_key(running) == old
    running.require_held()


def test_retiring_a_key_again_ends_what_was_cut_off_the_first_time(place: Place) -> None:
    running = place.process()
    take(running, 2)
    old = running.keys.sealing
    assert place.keys("rotate").returncode == 0
    resealing.retire(running, old, NOW)  # and the process dies before it has taken the key out of the file
    again = place.keys("retire", old, "--json")
    assert json.loads(again.stdout) == {"retired": old, "dropped": True}
    assert old not in read_file(place.file).seal_fingerprints


def take(store: Store, children: int, first: int = 0) -> None:
    """Reports of so many children, a batch each; who is told to begin again does."""
    for n in range(first, first + children):
        body = death(n)
        for _ in range(50):
            try:
                process(store, [Submission(body, NOW + timedelta(minutes=n))], now=NOW, later=Later(), **rules())
            except Transient:
                continue
            break
        else:
            raise AssertionError("it was never taken")


@pytest.mark.parametrize("fault", ["", "reseal.committed=die@4"])
def test_a_rotation_beside_writers_leaves_nothing_under_the_old_key(place: Place, fault: str) -> None:
    """Two that take messages in and one that keeps answers of uploads write all the while; whoever rotates may die."""
    setting = place.process()
    take(setting, 4)
    old = setting.keys.sealing
    stopped, failures = threading.Event(), []
    counts = {"accepted": 0, "warnings": 0, "passed_over": 0, "refused": 1}

    def write(store: Store, begins: int) -> None:
        n = begins
        try:
            while not stopped.is_set():
                take(store, 1, n)
                Receipts(store).keep(AnsweredFile("oxfordshire", "coroner", f"f{n}", f"r-{n}", counts, [{"row": n}]))
                n += 1
                # SQLite has one writer at a time: who writes without a breath leaves the others none.
                stopped.wait(0.05)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(place.process(), begins)) for begins in (1000, 2000)]
    for thread in threads:
        thread.start()
    try:
        if fault:
            assert place.keys("rotate", faults=fault).returncode < 0
        done = place.keys("rotate", "--json")
        assert done.returncode == 0, done.stderr
        assert old not in place.sealed_by(), "although they go on writing"
        assert place.keys("retire", old).returncode == 0
    finally:
        stopped.set()
        for thread in threads:
            thread.join(60)
    assert failures == []
    # Whoever opens the store from now on was never given the old key.
    reopened = place.process()
    reopened.require_held()
    assert place.sealed_by() == {reopened.keys.sealing}
    for case in recent_cases(reopened):
        assert case_content(reopened, case.id) is not None
    assert audit.verify(reopened).broken is None


def test_gateway_and_worker_go_on_while_the_key_is_rotated_and_the_old_one_retired(
    amqp_url: str, place: Place, tmp_path: Path
) -> None:
    topology = prepared(amqp_url, tmp_path)
    old = read_file(place.file).seal_fingerprints[0]
    children = iter(range(10_000))

    def sent(doors: Any) -> None:
        n = next(children)
        body = death(n)
        answer = doors.send(FORCE, "/police/reports", body, "application/json")
        assert answer.status_code == 202, answer.text

    def held(store: Store) -> int:
        with store.reading() as transaction:
            return int(
                transaction.connection.execute(select(func.count()).select_from(table(SubmissionRow))).scalar_one()
            )

    with (
        house(amqp_url, place.url, tmp_path, held=read_file(place.file)) as doors,
        working(amqp_url, place.process(), topology),
    ):
        doors.store.require_keys(NOW)
        for _ in range(20):
            sent(doors)
        eventually(lambda: held(doors.store) > 5)
        rotating = threading.Thread(target=lambda: rotated.append(place.keys("rotate", "--json")))
        rotated: list[subprocess.CompletedProcess[str]] = []
        rotating.start()
        while rotating.is_alive():
            sent(doors)
            rotating.join(0.05)
        rotating.join()
        assert rotated[0].returncode == 0, rotated[0].stderr
        assert place.keys("retire", old).returncode == 0
        for _ in range(5):
            sent(doors)
        last = next(children)
        eventually(lambda: held(doors.store) == last, 60)
        assert old not in place.sealed_by()
        assert doors.get(None, "/health/ready").status_code == 200
    assert audit.verify(place.running[0]).broken is None
