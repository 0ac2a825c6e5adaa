"""A drop folder: files taken whole and once, answered beside them, through whatever happens to the folder and to us."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration_engine.dropfolder.watch import FolderAway, Round
from integration_engine.gateway.handed_in import NotNow
from tests.drop_house import FORCE, OTHER_FORCE, POLICE, SETTLE_S, Drop
from tests.gateway_house import adult, police_report
from tests.hl7_samples import death as hospital_death


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


def test_what_a_process_that_died_had_begun_to_write_is_removed(drop: Drop) -> None:
    drop.lay(f"{POLICE}/report.json", police_report())
    drop.lay(f"{POLICE}/done/.abcdefghijklmnop.result.json.cdr-part", b"{")
    drop.settled()
    assert drop.files() == [f"{POLICE}/done/report.json", f"{POLICE}/done/report.json.result.json"]
