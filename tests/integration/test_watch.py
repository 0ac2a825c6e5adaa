"""A drop folder: files taken whole and once, answered beside them, and nothing outside of it ever touched."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from integration_engine.broker.management import Management
from integration_engine.dropfolder.answered import Answered
from integration_engine.dropfolder.directory import Changed, Directory
from integration_engine.dropfolder.watch import FolderAway, Round, Watch
from integration_engine.gateway.handed_in import NotNow
from integration_engine.mapping.files import mappings
from integration_engine.monitoring.counters import Counters
from integration_engine.services import Broker
from integration_engine.settings import Settings
from integration_engine.settings.folders import FolderSettings
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from integration_engine.ways_in import make_watch, way_in
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, adult, keys, own_vhost, police_report, settings
from tests.hl7_samples import death as hospital_death
from tests.worker_samples import taken

FORCE, OTHER_FORCE = "E23000038", "E23000029"
SCHEMA = json.loads((mappings() / "schema" / "submission-answer-1.json").read_text(encoding="utf-8"))
SETTLE_S = 5.0


@dataclass
class Drop:
    """A folder, and one look after another through it. ``now`` is what its clock says."""

    folder: Path
    settings: Settings
    store: Store
    changes: dict[str, Any] = field(default_factory=dict)
    now: float = 0.0
    watch: Watch | None = None

    def look(self, *, seconds: float = 0.0, times: int = 1) -> Round:
        """Looks, ``seconds`` after the last one each; what the last found."""

        async def looks() -> Round:
            async with way_in(self.settings, self.store, "cdr watch") as way:
                if self.watch is None:
                    chosen = FolderSettings(folder=self.folder, settle_seconds=SETTLE_S, **self.changes)
                    self.watch = make_watch(
                        self.settings, chosen, self.store, way, counters=Counters(), ticking=lambda: self.now
                    )
                self.watch._reception = way.reception
                for _ in range(times):
                    self.now += seconds
                    found = await self.watch.round()
                return found

        return asyncio.run(looks())

    def settled(self) -> Round:
        """As long as it takes to take what lies there."""
        self.look()
        return self.look(seconds=SETTLE_S)

    def again(self) -> None:
        """The process has died: another begins, and remembers nothing."""
        self.watch = None

    def lay(self, place: str, body: bytes) -> Path:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    def files(self) -> list[str]:
        """Everything in the folder but its lock, by path."""
        found = (path for path in self.folder.rglob("*") if not path.is_dir() and path.name != ".cdr-watch")
        return sorted(str(path.relative_to(self.folder)) for path in found)

    def queued(self, kind: str = "police") -> list[bytes]:
        return [body for _, body in taken(self.settings.amqp_url.get_secret_value(), f"intake.{kind}")]

    def answer(self, place: str) -> dict[str, Any]:
        text = (self.folder / f"{place}.result.json").read_text(encoding="utf-8")
        said: dict[str, Any] = json.loads(text)
        jsonschema.validate(said, SCHEMA)
        for told in (FAMILY_NAME, NHS_NUMBER, "2014-05-09"):
            assert told not in text
        return said


@pytest.fixture(scope="module")
def url(broker: Broker, management: Management) -> Iterator[str]:
    with own_vhost(broker, management) as found:
        yield found


@pytest.fixture
def drop(url: str, sqlite_url: str, tmp_path: Path) -> Iterator[Drop]:
    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keys())
    identities = Identities(store)
    kinds = {FORCE: "police", OTHER_FORCE: "police", "RTH": "hospital-hl7", "oxfordshire": "coroner"}
    for partner, kind in kinds.items():
        identities.add(partner, "partner", kinds=[kind])
    identities.add_feed("rth-pas", "RTH", "hospital-hl7", {"profile": "nhs-adt"})
    folder = tmp_path / "in"
    folder.mkdir()
    made = Drop(folder, settings(url, sqlite_url, tmp_path), store)
    for kind in ("police", "hospital-hl7", "coroner"):
        made.queued(kind)
    yield made
    store.close()


POLICE = f"{FORCE}/police"


def test_a_file_is_queued_untouched_and_goes_to_done_with_its_answer(drop: Drop) -> None:
    body = police_report()
    drop.lay(f"{POLICE}/report.json", body)
    assert drop.settled() == Round(answered=1)
    assert drop.queued() == [body]
    assert drop.files() == [f"{POLICE}/done/report.json", f"{POLICE}/done/report.json.result.json"]
    said = drop.answer(f"{POLICE}/done/report.json")
    assert (said["outcome"], said["reason"], said["bytes"]) == ("taken", "death", len(body))
    assert drop.settled() == Round()


def test_subfolders_say_whose_a_file_is_and_which_feed_reads_it(drop: Drop) -> None:
    drop.lay("RTH/hospital-hl7/rth-pas/a.hl7", hospital_death())
    drop.lay("RTH/hospital-hl7/b.hl7", hospital_death(f10="M2"))
    drop.lay("RTH/hospital-hl7/no-such-feed/c.hl7", hospital_death(f10="M3"))
    drop.settled()
    assert len(drop.queued("hospital-hl7")) == 2
    assert drop.answer("RTH/hospital-hl7/no-such-feed/refused/c.hl7")["reason"] == "unknown-feed"


def test_settings_may_say_it_instead(drop: Drop) -> None:
    drop.changes = {"partner": FORCE, "kind": "police"}
    drop.lay("report.json", police_report())
    drop.settled()
    assert len(drop.queued()) == 1
    assert drop.answer("done/report.json")["outcome"] == "taken"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("report.json", "unknown-place"),
        (f"{FORCE}/report.json", "unknown-place"),
        (f"{FORCE}/pictures/report.json", "unknown-place"),
        ("E23000099/police/report.json", "unknown-partner"),
        ("RTH/police/report.json", "kind"),
        (f"{OTHER_FORCE}/police/report.json", "wrong-sender"),
    ],
)
def test_a_file_in_the_wrong_place_is_refused_and_told_why(drop: Drop, place: str, reason: str) -> None:
    drop.lay(place, police_report())
    drop.settled()
    moved = f"{Path(place).parent}/refused/report.json".removeprefix("./")
    assert drop.answer(moved)["reason"] == reason
    assert (drop.queued(), drop.files()) == ([], sorted([moved, f"{moved}.result.json"]))


def test_what_is_refused_is_told_with_its_places_and_what_is_passed_over_too(drop: Drop) -> None:
    drop.lay(f"{POLICE}/bad.json", police_report(status="gone"))
    drop.lay(f"{POLICE}/adult.json", police_report(**adult()))
    drop.settled()
    bad = drop.answer(f"{POLICE}/refused/bad.json")
    told = [*bad.get("problems", ()), *(problem for item in bad["items"] for problem in item["problems"])]
    assert any(problem["path"] == "$.status" for problem in told)
    assert drop.answer(f"{POLICE}/done/adult.json")["outcome"] == "passed-over"
    assert drop.queued() == []


def test_rows_to_correct_lie_beside_the_answer(drop: Drop) -> None:
    rows = (
        "Area,Ref,Event,Event date,Surname,DOB,Date of death\r\n"
        "oxfordshire,1-26,REFERRED,09/11/2025,Harrowgate,09/05/2015,08/11/2025\r\n"
        "oxfordshire,2-26,REFERRED,09/11/2025,Quill,31/02/2016,08/11/2025\r\n"
    )
    drop.lay("oxfordshire/coroner/march.csv", rows.encode())
    drop.settled()
    done = "oxfordshire/coroner/done/march.csv"
    assert [row["row"] for row in drop.answer(done)["rows"]] == [3]
    correct = (drop.folder / f"{done}.to-correct.csv").read_text(encoding="utf-8-sig")
    assert "Quill" in correct
    assert "Harrowgate" not in correct
    assert (drop.folder / f"{done}.to-correct.csv").stat().st_mode & 0o007 == 0


def test_a_file_that_still_grows_is_not_taken(drop: Drop) -> None:
    body = police_report()
    path = drop.lay(f"{POLICE}/report.json", body[:100])
    drop.look()
    for end in (200, 300):
        path.write_bytes(body[:end])
        assert drop.look(seconds=SETTLE_S) == Round(waiting=1)
    path.write_bytes(body)
    drop.look(seconds=1)
    assert drop.look(seconds=SETTLE_S - 1) == Round(waiting=1)
    assert drop.look(seconds=1) == Round(answered=1)
    assert drop.queued() == [body]


def test_an_empty_file_has_a_minute_to_be_filled(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", b"")
    drop.look()
    assert drop.look(seconds=30) == Round(waiting=1)
    assert drop.look(seconds=30) == Round(answered=1)
    assert drop.answer(f"{POLICE}/refused/report.json")["reason"] == "empty"


@pytest.mark.parametrize("name", ["report.json.part", ".report.json", "~$report.xlsx", "report.tmp", "Thumbs.db"])
def test_a_name_that_says_unfinished_is_left_alone_until_it_is_another(drop: Drop, name: str) -> None:
    path = drop.lay(f"{POLICE}/{name}", police_report())
    assert drop.settled() == Round()
    path.rename(path.with_name("report.json"))
    assert drop.settled() == Round(answered=1)


def test_a_file_with_a_second_name_waits_until_it_has_one(drop: Drop) -> None:
    path = drop.lay(f"{POLICE}/.incoming", police_report())
    os.link(path, path.with_name("report.json"))
    assert drop.settled() == Round(waiting=1)
    path.unlink()
    assert drop.look(seconds=SETTLE_S) == Round(answered=1)


def test_files_of_one_name_are_kept_each_with_its_own_answer(drop: Drop) -> None:
    bodies = [police_report(report_id=f"54-2026-00000{n}") for n in range(3)]
    for body in [*bodies, bodies[0]]:
        drop.lay(f"{POLICE}/report.json", body)
        drop.settled()
    done = [name for name in drop.files() if not name.endswith(".result.json")]
    assert sorted((drop.folder / name).read_bytes() for name in done) == sorted([*bodies, bodies[0]])
    for name in done:
        assert drop.answer(name)["bytes"] == (drop.folder / name).stat().st_size


def test_files_that_are_left_are_taken_once_and_again_where_they_are_others(drop: Drop) -> None:
    drop.changes = {"after": "leave"}
    first, second = police_report(), police_report(report_id="54-2026-000124")
    drop.lay(f"{POLICE}/report.json", first)
    drop.settled()
    drop.settled()
    drop.again()
    drop.settled()
    assert drop.queued() == [first]
    assert drop.files() == [f"{POLICE}/report.json", f"{POLICE}/report.json.result.json"]
    drop.lay(f"{POLICE}/report.json", second)
    drop.settled()
    assert drop.queued() == [second]


def test_only_the_engines_own_answer_lets_a_file_pass_as_taken(drop: Drop) -> None:
    drop.changes = {"after": "leave"}
    body = police_report()
    drop.lay(f"{POLICE}/report.json", body)
    drop.settled()
    copied = (drop.folder / POLICE / "report.json.result.json").read_bytes()
    assert drop.queued() == [body]
    # somebody lays an answer down: of another partner's same file, or made up
    drop.lay(f"{OTHER_FORCE}/police/report.json", body)
    drop.lay(f"{OTHER_FORCE}/police/report.json.result.json", copied)
    forged = {"outcome": "taken", "bytes": len(police_report(OTHER_FORCE)), "mark": "00" * 16}
    drop.lay(f"{OTHER_FORCE}/police/other.json", police_report(OTHER_FORCE))
    drop.lay(f"{OTHER_FORCE}/police/other.json.result.json", json.dumps(forged).encode())
    drop.settled()
    assert drop.queued() == [police_report(OTHER_FORCE)]
    assert drop.answer(f"{OTHER_FORCE}/police/report.json")["reason"] == "wrong-sender"


def test_links_are_never_followed(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(police_report())
    outside = tmp_path / "outside"
    (outside / "police").mkdir(parents=True)
    (outside / "police" / "report.json").write_bytes(police_report())
    drop.lay(f"{POLICE}/.keep", b"")
    (drop.folder / POLICE / "link.json").symlink_to(secret)
    (drop.folder / OTHER_FORCE).symlink_to(outside)
    drop.settled()
    assert drop.queued() == []
    assert drop.answer(f"{POLICE}/refused/link.json")["reason"] == "not-a-file"
    assert (drop.folder / POLICE / "refused" / "link.json").is_symlink()
    assert secret.read_bytes() == police_report()
    assert os.listdir(outside / "police") == ["report.json"]


def test_an_answer_is_not_written_through_a_link(drop: Drop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    drop.lay(f"{POLICE}/report.json", police_report())
    (drop.folder / POLICE / "done").symlink_to(outside)
    assert drop.settled() == Round(waiting=2)
    assert (drop.queued(), os.listdir(outside)) == ([], [])
    (drop.folder / POLICE / "done").unlink()
    assert drop.look(seconds=60) == Round(answered=1)
    assert len(drop.queued()) == 1


def test_a_pipe_makes_nobody_wait(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", police_report())
    os.mkfifo(drop.folder / POLICE / "pipe.json")
    assert drop.settled() == Round(answered=2)
    assert drop.answer(f"{POLICE}/refused/pipe.json")["reason"] == "not-a-file"


def test_a_huge_file_is_refused_without_being_read(drop: Drop) -> None:
    path = drop.lay(f"{POLICE}/report.json", b"")
    os.truncate(path, 1 << 40)
    drop.settled()
    said = drop.answer(f"{POLICE}/refused/report.json")
    assert (said["reason"], said["bytes"]) == ("too-large", 1 << 40)
    assert drop.queued() == []


ODD = [
    b"two\nlines.json",
    b"-rf.json",
    b"a b\tc'\"$(x)`y`;|&.json",
    "Zoë 👧.json".encode(),
    b"not utf-8 \xff\xfe.json",
    b"..json",
    b"%2e%2e%2f.json",
    b"x" * 250 + b".json",
]


@pytest.mark.parametrize("name", ODD, ids=lambda name: repr(name[:12]))
def test_whatever_a_file_is_called_it_is_taken_and_answered(drop: Drop, name: bytes) -> None:
    folder = os.fsencode(drop.folder / POLICE)
    os.makedirs(folder)
    (Path(os.fsdecode(folder)) / os.fsdecode(name)).write_bytes(police_report())
    if name.startswith(b"."):
        assert drop.settled() == Round()
        return
    assert drop.settled() == Round(answered=1)
    assert drop.queued() == [police_report()]
    done = os.listdir(os.path.join(folder, b"done"))
    assert name in done
    assert [each for each in done if each.endswith(b".result.json")]


HOSTILE = {
    "police": [
        b"\0" * 1000,
        b"[" * 30_000,
        b'{"schema": "police-sudden-death/1", "schema": "police-sudden-death/1"}',
        b'{"force": ' + b"9" * 20_000 + b"}",
        b"\xff\xfe{\x00}\x00",
        b'=cmd|"/c calc"!A1,b\r\n',
    ],
    "hospital-hl7": [b"MSH|^~\\&|" + b"|" * 60_000, b"MSH", b"\x0bMSH|^~\\&\x1c\r", b"PK\x03\x04" + b"\0" * 100],
    "coroner": [
        b'<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><cases><case>&a;</case></cases>',
        b"PK\x03\x04" + b"\xff" * 200,
        b"Area,Ref\r\n" + b'"' * 50_000,
    ],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_each_answered_and_a_good_one_among_them_is_taken(drop: Drop, kind: str) -> None:
    partner = {"police": FORCE, "hospital-hl7": "RTH", "coroner": "oxfordshire"}[kind]
    for number, body in enumerate(HOSTILE[kind]):
        drop.lay(f"{partner}/{kind}/{number}", body)
    drop.lay(f"{POLICE}/report.json", police_report())
    assert drop.settled() == Round(answered=len(HOSTILE[kind]) + 1)
    assert drop.queued() == [police_report()]
    for number in range(len(HOSTILE[kind])):
        assert drop.answer(f"{partner}/{kind}/refused/{number}")["outcome"] == "refused"


def test_whatever_a_folder_is_called_its_files_are_answered(drop: Drop) -> None:
    for name in (b"\xff\xfe", "Zoë".encode(), b"E23000038 "):
        folder = os.path.join(os.fsencode(drop.folder), name, b"police")
        os.makedirs(folder)
        (Path(os.fsdecode(folder)) / "report.json").write_bytes(police_report())
    assert drop.settled() == Round(answered=3)
    # a space behind it is no other partner
    assert drop.queued() == [police_report()]


def test_without_a_broker_files_stay_and_nothing_lies_beside_them(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", police_report())
    real = drop.settings
    nobody = type(real.amqp_url)("amqp://guest:guest@127.0.0.1:1/")
    drop.settings = real.model_copy(update={"amqp_url": nobody})
    drop.look()
    with pytest.raises(NotNow):
        drop.look(seconds=SETTLE_S)
    assert drop.files() == [f"{POLICE}/report.json"]
    drop.settings = real
    assert drop.look(seconds=SETTLE_S) == Round(answered=1)
    assert len(drop.queued()) == 1


def test_a_folder_that_cant_hold_an_answer_has_nothing_taken_from_it(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", police_report())
    drop.lay(f"{POLICE}/done", b"a file where a folder ought to be")
    drop.settled()
    assert drop.queued() == []
    assert f"{POLICE}/report.json" in drop.files()


def test_a_folder_that_is_gone_is_away_and_comes_back(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", police_report())
    elsewhere = drop.folder.rename(drop.folder.with_name("unmounted"))
    with pytest.raises(FolderAway, match="ENOENT"):
        drop.look()
    elsewhere.rename(drop.folder)
    assert drop.settled() == Round(answered=1)


def test_a_folder_is_watched_by_one_process_at_a_time(drop: Drop) -> None:
    held = (
        "import fcntl, sys, os; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", held, str(drop.folder / ".cdr-watch")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    drop.lay(f"{POLICE}/report.json", police_report())
    with pytest.raises(FolderAway, match="another-watches"):
        drop.look()
    other.stdin.close()
    other.wait(30)
    other.stdout.close()
    assert drop.settled() == Round(answered=1)


def test_a_file_that_changes_while_it_is_read_is_not_what_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"first")
    with Directory.root(tmp_path) as here:
        state = here.entry("report.json").state
        assert here.read("report.json", state) == b"first"
        path.write_bytes(b"second")
        with pytest.raises(Changed):
            here.read("report.json", state)
        path.unlink()
        path.symlink_to("/etc/hostname")
        with pytest.raises(Changed):
            here.read("report.json", state)


def test_a_file_that_takes_anothers_place_before_that_is_moved_is_put_back(tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    path = tmp_path / "report.json"
    path.write_bytes(b"first")
    with Directory.root(tmp_path) as here, here.folder("done") as done:
        state = here.entry("report.json").state
        path.unlink()
        path.write_bytes(b"another")
        Answered(here, move=True).put_away("report.json", state, done, "report.json")
    assert path.read_bytes() == b"another"
    assert os.listdir(tmp_path / "done") == []


def test_what_a_process_that_died_had_begun_to_write_is_removed(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", police_report())
    drop.lay(f"{POLICE}/done/.abcdefghijklmnop.result.json.cdr-part", b"{")
    drop.settled()
    assert drop.files() == [f"{POLICE}/done/report.json", f"{POLICE}/done/report.json.result.json"]
