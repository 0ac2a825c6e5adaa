"""A drop folder into which anything may be laid: every file is answered, and nothing outside of it is ever touched."""

import os
from pathlib import Path

import pytest

from integration_engine.dropfolder.answered import Answered
from integration_engine.dropfolder.directory import Changed, Directory
from integration_engine.dropfolder.watch import Round
from tests.drop_house import FORCE, OTHER_FORCE, POLICE, Drop
from tests.gateway_house import police_report


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
