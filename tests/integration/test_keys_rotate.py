"""A new key seals everything while the engine goes on; who is killed is gone on with; a key goes only when nothing needs
it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from integration_engine.security.key_file import add_index_key, add_sealing_key
from integration_engine.security.keys import KeyMissing, read_file, write_new
from integration_engine.store import audit, overview, resealing
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store, Transient, open_store, table, upgrade_schema
from integration_engine.store.indexing import NotIndexed
from integration_engine.store.people import People
from integration_engine.store.resealing import KeyNeeded
from integration_engine.store.tables import NoticeRow
from tests.gateway_house import settings
from tests.integration.test_decisions_everywhere import take
from tests.native_messages import adt

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


def of_child(n: int) -> bytes:
    """One child of several who have nothing in common."""
    name = ("QUILL", "HARROW", "MARSH", "THORNE", "BRACKEN", "FENWICK", "OAKES")[n]
    born, home = f"201{n}0{n + 1}1{n}", f"{n + 1} {name} LANE^^READING^BERKSHIRE^RG1 1LZ^GBR^H"
    return adt(control=f"C{n}", f3=f"45{n}17^^^RTH^PI", f5=f"{name}^{name[::-1]}^^^^^L", f7=born, f11=home)


class Held:
    """A store with keys in a file, and how another process opens it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.file = folder / "keys.json"
        self.folder = folder
        write_new(self.file)
        upgrade_schema(url)

    def opened(self) -> Store:
        chosen = settings("amqp://127.0.0.1", self.url, self.folder, keys_file=self.file)
        return open_store(chosen)

    def command(self, *words: str, faults: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDR_")}
        own = {"CDR_DATABASE_URL": self.url, "CDR_KEYS_FILE": str(self.file), "CDR_FAULTS": faults}
        return subprocess.run(
            [sys.executable, "-m", "integration_engine.cli", "keys", *words],
            env=kept | own | environment,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=120,
            check=False,
        )

    def shown(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.command("show", "--json").stdout)
        return answer


@pytest.fixture
def held(database_url: str, tmp_path: Path) -> Held:
    return Held(database_url, tmp_path)


@pytest.fixture
def store(held: Held) -> Iterator[Store]:
    """One that was opened before anything was rotated: a process that runs."""
    opened = held.opened()
    take(opened, {f"m{n}.hl7": of_child(n) for n in range(6)})
    yield opened
    opened.close()


def test_every_sealed_column_is_sealed_anew(store: Store) -> None:
    names = {each.name for each in resealing.sealed_columns()}
    assert {"submission.sealed", "notice.sealed", "cases.sealed", "delivery.sealed", "delivery.answer_sealed"} <= names
    assert {"decision.sealed", "review.sealed", "person.code_sealed", "glass.sealed"} <= names
    for each in resealing.sealed_columns():
        assert each.key, each.name


def test_a_rotation_seals_everything_anew_while_another_process_reads_and_writes(held: Held, store: Store) -> None:
    old = store.keys.sealing
    People(store).add("jane", "operator", "a long enough one")
    before = {case.id: case_content(store, case.id) for case in overview.recent_cases(store)}
    done = held.command("rotate", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["waiting"] == said["done"] > 10
    (new,) = {key for by_key in resealing.counted(store).values() for key in by_key}
    assert new != old
    # The process that ran all the while reads what is sealed by a key that it was never given, and seals with it.
    assert {name: case_content(store, name) for name in before} == before
    take_again(store)
    assert {key for by_key in resealing.counted(store).values() for key in by_key} == {new}
    lines = {
        line.action: dict(line.detail) for line in audit.lines(store, limit=500) if line.action.startswith("keys.")
    }
    assert lines["keys.rotating"] == {"from": None, "to": new}
    assert lines["keys.resealed"] == {"to": new, "values": said["done"], "unreadable": {}}
    assert audit.verify(store).broken is None


def take_again(store: Store) -> None:
    """One more message; a worker that is told to begin again does."""
    for _ in range(2):
        try:
            take(store, {"late.hl7": of_child(6)})
        except Transient:
            continue
        return
    raise AssertionError


@pytest.mark.parametrize("fault", ["reseal.written=die@1", "reseal.committed=die@1", "reseal.committed=die@3"])
def test_a_rotation_that_is_killed_is_gone_on_with_by_calling_it_again(held: Held, store: Store, fault: str) -> None:
    assert held.command("rotate", faults=fault).returncode < 0
    assert len(read_file(held.file).seal_fingerprints) == 2
    again = held.command("rotate", "--json")
    assert again.returncode == 0, again.stderr
    assert len(read_file(held.file).seal_fingerprints) == 2, "no third key is made for it"
    assert sum(resealing.otherwise(store, read_file(held.file).seal_fingerprints[0]).values()) == 0
    for case in overview.recent_cases(store):
        assert case_content(store, case.id) is not None
    begun = [line for line in audit.lines(store, limit=500) if line.action == "keys.rotating"]
    assert len(begun) == 1


def test_a_key_is_retired_only_when_nothing_is_sealed_by_it(held: Held, store: Store) -> None:
    old = store.keys.sealing
    with pytest.raises(KeyNeeded):
        resealing.retire(store, old, NOW)
    resealing.begin(store, add_sealing_key(held.file), NOW)
    with pytest.raises(KeyNeeded, match="values are sealed"):
        resealing.retire(store, old, NOW)
    assert held.command("retire", old).returncode == 1
    assert held.command("rotate").returncode == 0
    assert held.command("retire", "00000000").returncode == 1
    gone = held.command("retire", old, "--json")
    assert json.loads(gone.stdout) == {"retired": old, "dropped": True}
    assert old not in read_file(held.file).seal_fingerprints
    reopened = held.opened()
    for case in overview.recent_cases(reopened):
        assert case_content(reopened, case.id) is not None
    reopened.close()
    assert held.command("retire", read_file(held.file).seal_fingerprints[0]).returncode == 1, "the one that seals"


def test_a_lost_key_is_a_state_that_is_named_and_not_a_crash(held: Held, store: Store) -> None:
    old = store.keys.sealing
    held.file.rename(held.folder / "away.json")
    write_new(held.file)
    with pytest.raises(KeyMissing, match=old):
        held.opened()
    shown = held.command("show", "--json")
    said = json.loads(shown.stdout)
    assert (shown.returncode, said["lost"]) == (1, [old])
    refused = held.command("rotate", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]) == (1, "key-missing")
    assert "Traceback" not in shown.stderr + refused.stderr
    (held.folder / "away.json").replace(held.file)
    assert held.shown()["lost"] == []


def test_what_cannot_be_opened_stays_and_is_counted_and_the_rest_is_sealed_anew(held: Held, store: Store) -> None:
    with store.transaction() as transaction:
        first = transaction.connection.execute(table(NoticeRow).select().limit(1)).one()
        altered = bytes(first.sealed[:-1]) + bytes([first.sealed[-1] ^ 1])
        transaction.connection.execute(
            update(table(NoticeRow)).where(table(NoticeRow).c.id == first.id).values(sealed=altered)
        )
    old = store.keys.sealing
    done = held.command("rotate", "--json")
    assert (done.returncode, json.loads(done.stdout)["unreadable"]) == (1, {"notice.sealed": 1})
    assert {column: n for column, n in resealing.counted(store)["notice.sealed"].items() if column == old} == {old: 1}


def test_keys_of_the_environment_are_rotated_by_naming_the_one_that_every_process_has(held: Held, store: Store) -> None:
    old = json.loads(held.file.read_text())
    new = "A" * 43 + "="
    given = {"CDR_SEAL_KEYS": ",".join([*old["seal"], new]), "CDR_INDEX_KEYS": f"1:{old['index']['1']}"}
    assert held.command("rotate", **given).returncode == 2, "there is no new one in front"
    front = {**given, "CDR_SEAL_KEYS": ",".join([new, *old["seal"]])}
    done = held.command("rotate", "--json", **front)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] > 0
    assert "LOST" in held.command("show").stdout, "who has only the old ones is told which is missing"


def test_a_new_index_key_makes_blocking_keys_anew_and_a_process_that_runs_learns_it(held: Held, store: Store) -> None:
    assert store.keys.index_version == 1
    done = held.command("rotate", "--index", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["notices"] == 6
    with pytest.raises(NotIndexed):
        take(store, {"late.hl7": of_child(6)})
    take(store, {"late.hl7": of_child(6)})
    assert store.keys.index_version == 2


@pytest.mark.parametrize("fault", ["reindex.written=die@1", "reindex.committed=die@1"])
def test_a_rotation_of_the_index_key_that_is_killed_is_gone_on_with_under_the_same_key(
    held: Held, store: Store, fault: str
) -> None:
    """Each index key is looked up by for good: one that nobody needed would cost every message."""
    assert held.command("rotate", "--index", faults=fault).returncode < 0
    again = held.command("rotate", "--index", "--json")
    assert again.returncode == 0, again.stderr
    assert sorted(read_file(held.file).index_fingerprints) == [1, 2]
    begun = [line for line in audit.lines(store, limit=500) if line.action == "keys.reindexing"]
    assert len(begun) == 1
    assert held.command("rotate", "--index").returncode == 0
    assert sorted(read_file(held.file).index_fingerprints) == [1, 2, 3], "one that is finished is another rotation"


def test_an_index_key_that_was_made_and_not_begun_with_is_the_one_that_is_gone_on_with(
    held: Held, store: Store
) -> None:
    add_index_key(held.file)
    assert held.command("rotate", "--index").returncode == 0
    assert sorted(read_file(held.file).index_fingerprints) == [1, 2]
    with pytest.raises(NotIndexed):
        take(store, {"late.hl7": of_child(6)})
    take(store, {"late.hl7": of_child(6)})
    assert store.keys.index_version == 2
