"""Inboxes of response teams and of the national record, and the retractions that operators watch, over real doors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_engine.pipeline import process
from tests.gateway_house import House, declare, house
from tests.store_samples import NOW, read, report, retraction, rules

RTC: dict[str, Any] = {"kind": "police", "partner": "E23000038", "death": {"event": {"type": "road-traffic-collision"}}}


@pytest.fixture
def doors(amqp_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A death in a collision, told to panels, teams and nationally."""
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path) as opened:
        opened.tokens["JAR-OXON"] = opened.identities.add("JAR-OXON", "jar").text
        opened.tokens["ncmd"] = opened.identities.add("ncmd", "national").text
        process(opened.store, [report(), report(5, **RTC)], read=read, now=NOW, **rules())
        yield opened


def test_a_team_and_the_national_record_read_and_acknowledge_their_own_deliveries(doors: House) -> None:
    for code, path, kind in (("JAR-OXON", "/jar/JAR-OXON", "jar"), ("ncmd", "/national/ncmd", "new")):
        (delivery,) = doors.get(code, f"{path}/deliveries").json()["deliveries"]
        assert (delivery["kind"], delivery["state"]) == (kind, "waiting")
        answer = doors.send(code, f"{path}/deliveries/{delivery['delivery']}/acknowledge", b"", "application/json")
        assert answer.status_code == 204
        assert doors.get(code, f"{path}/deliveries").json()["deliveries"][0]["state"] == "acknowledged"


def test_an_inbox_opens_to_its_own_token_only(doors: House) -> None:
    tried = [
        ("JAR-OXON", "/jar/JAR-BERKS", "other-jar"),
        ("JAR-OXON", "/cdop/JAR-OXON", "role"),
        ("BERKS", "/jar/BERKS", "role"),
        ("ncmd", "/national/wales", "other-national"),
        ("ncmd", "/cdop/BERKS", "role"),
        ("op", "/national/ncmd", "role"),
    ]
    for code, path, why in tried:
        answer = doors.get(code, f"{path}/deliveries")
        assert (answer.status_code, answer.json()["code"]) == (403, why)


def test_operators_see_whom_a_retraction_has_not_reached_until_it_is_acknowledged(doors: House) -> None:
    process(doors.store, [retraction(10), retraction(11, **RTC)], read=read, now=NOW, **rules())
    with doors.sign_in("op") as browser:
        shown = browser.get("/console").text
        (waiting,) = re.findall(r"Retractions not acknowledged</dt><dd>(\d+)", shown)
        assert waiting == "5"
        text = re.sub(r"<[^>]+>", " ", shown)
        assert re.search(r"national\.ncmd\s+c-[0-9a-f]{20}\s+scope\.retracted\s", text)
        assert "not-published" in text
        path = "/national/ncmd/deliveries"
        taken_back = doors.get("ncmd", path).json()["deliveries"][-1]
        assert taken_back["kind"] == "withdraw"
        doors.send("ncmd", f"{path}/{taken_back['delivery']}/acknowledge", b"", "application/json")
        after = re.sub(r"<[^>]+>", " ", browser.get("/console").text)
    assert re.search(r"jar\.JAR-OXON\s+c-", after)
    assert not re.search(r"national\.ncmd\s+c-", after)


def test_a_team_sees_its_deliveries_in_a_browser(doors: House) -> None:
    with doors.sign_in("JAR-OXON") as browser:
        shown = browser.get("/console/cdop")
        assert browser.get("/console").status_code == 403
    assert shown.status_code == 200
    assert "A joint agency response" in shown.text
