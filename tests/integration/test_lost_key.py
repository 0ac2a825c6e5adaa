"""A key that is lost is a state with a name at every door: nothing crashes, what comes in is kept, and when the key is back
everything goes on by itself."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from integration_engine.answered_file import AnsweredFile
from integration_engine.security import keys as keyring
from integration_engine.security.key_file import add_sealing_key
from integration_engine.security.keys import read_file, write_new
from integration_engine.store import overview, resealing
from integration_engine.store.database import Store
from integration_engine.store.people import People
from integration_engine.store.receipts import Receipts
from tests.gateway_house import FAMILY_NAME, House, house, police_report
from tests.hl7_samples import death
from tests.integration.test_decisions_everywhere import take
from tests.integration.test_sign_in_by_password import PASSWORD, now_code
from tests.mllp_client import MllpClient
from tests.native_messages import adt
from tests.worker_samples import eventually, prepared, ready, working

CSV = (
    b"Area,Ref,Event,Event date,Surname,DOB,Date of death\r\n"
    b"oxfordshire,1-26,REFERRED,09/11/2025,Harrowgate,09/05/2015,08/11/2025\r\n"
    b"oxfordshire,2-26,REFERRED,no date,Harrowgate,09/05/2015,08/11/2025\r\n"
)
COUNTS = {"accepted": 0, "warnings": 0, "passed_over": 0, "refused": 1}


@dataclass
class Locked:
    """Doors of a process that isn't given the key by which everything is sealed now. ``code`` is the code of jane's."""

    doors: House
    case: str
    code: str
    given: Path
    kept: Path

    def find_the_key(self) -> None:
        """Somebody brings it."""
        shutil.copy(self.kept, self.given)


@pytest.fixture
def locked(amqp_url: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    monkeypatch.setattr(keyring, "_LOOK_AGAIN_S", 0.1)
    given, kept = tmp_path / "given.json", tmp_path / "kept.json"
    write_new(given)
    prepared(amqp_url, tmp_path)
    held = read_file(given)
    with house(amqp_url, database_url, tmp_path, mllp=True, held=held, password_sign_in=True) as doors:
        doors.store.require_keys(datetime.now(UTC))
        take(doors.store, {"m.hl7": adt()})
        (case,) = overview.recent_cases(doors.store)
        codes = People(doors.store).add("jane", "coordinator", PASSWORD, ["BERKS"]).codes
        Receipts(doors.store).keep(
            AnsweredFile("oxfordshire", "coroner", "f", "r-1", COUNTS, [{"row": 2}], taken=False)
        )
        doors.tokens["wes"] = doors.identities.add("wes", "coordinator", organisations=("WOE",)).text
        doors.tokens["doc"] = doors.identities.add("doc", "designated-doctor", organisations=("BERKS",)).text
        shutil.copy(given, kept)
        elsewhere, now = Store(database_url, read_file(kept)), datetime.now(UTC)
        resealing.begin(elsewhere, add_sealing_key(kept), now)
        list(resealing.reseal(elsewhere, now))
        elsewhere.close()
        yield Locked(doors, case.id, now_code(codes), given, kept)


def told(answer: httpx.Response, *, page: bool = False) -> None:
    """It says what is the matter, and nothing of what is held or how."""
    assert answer.status_code == 503, answer.text
    if page:
        assert "a key is missing" in answer.text
    else:
        assert answer.json()["code"] == "key-missing"
    assert "Traceback" not in answer.text
    assert FAMILY_NAME not in answer.text


def test_every_door_that_needs_the_key_says_so_and_the_others_go_on(locked: Locked) -> None:
    doors = locked.doors
    health = doors.get(None, "/health/ready")
    assert (health.status_code, health.json()["parts"]["store"]) == (503, "KeyMissing")
    assert doors.get(None, "/health/live").status_code == 200
    told(doors.get("BERKS", "/cdop/BERKS/deliveries"))
    form = {"name": "jane", "password": PASSWORD, "code": locked.code}
    told(doors.client.post("/sign-in/password", data=form), page=True)
    with doors.sign_in("doc") as browser:
        assert browser.get("/console/work").status_code == 200
        told(browser.get(f"/console/cases/{locked.case}"), page=True)
    with doors.sign_in("wes") as browser:
        page = browser.get("/console/break-glass").text.partition('action="/console/break-glass"')[2]
        value = page.partition('name="form" value="')[2].partition('"')[0]
        said = {"form": value, "case": locked.case, "reason": "somebody is in danger"}
        told(browser.post("/console/break-glass", data=said), page=True)
    with doors.sign_in("op") as browser:
        assert browser.get("/console").status_code == 200
    with doors.sign_in("oxfordshire") as browser:
        assert browser.get("/coroner/upload").status_code == 200
        assert "r-1" in browser.get("/coroner/upload").text
        assert browser.get("/coroner/upload/receipts/r-1").status_code == 200
    assert doors.get("E23000038", "/partner/status").status_code == 200


def test_what_comes_in_is_kept_and_told_from_when_the_key_is_back(locked: Locked, tmp_path: Path) -> None:
    doors = locked.doors
    topology = prepared(doors.amqp_url, tmp_path)
    assert doors.send("E23000038", "/police/reports", police_report(), "application/json").status_code == 202
    upload = doors.send("oxfordshire", "/coroner/cases", CSV, "text/csv")
    assert (upload.status_code, upload.json()["counts"]["refused"]) == (202, 1)
    with MllpClient(doors.mllp_ports[0]) as client:
        assert client.send(death())[1] == "AA"
    store = Store(str(doors.store.engine.url.render_as_string(hide_password=False)), read_file(locked.given))
    with working(doors.amqp_url, store, topology):
        told(doors.get("BERKS", "/cdop/BERKS/deliveries"))
        assert len(overview.recent_cases(doors.store)) == 1, "nothing is decided without what is held"
        assert ready(doors.amqp_url, "dead.police") == 0
        locked.find_the_key()
        eventually(lambda: len(overview.recent_cases(doors.store)) > 1)
    eventually(lambda: doors.get(None, "/health/ready").status_code == 200)
    assert doors.get("BERKS", "/cdop/BERKS/deliveries").status_code == 200
    assert ready(doors.amqp_url, "dead.police") == ready(doors.amqp_url, "refused.police") == 0
    store.close()
