"""A force sends a report: what it is told, what is queued, and what is not kept."""

import json
from collections.abc import Iterator

import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, House, adult, house, own_vhost, police_report

FORCE, OTHER = "E23000038", "E23000029"
DOOR = "/police/reports"


@pytest.fixture(scope="module")
def shared(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def test_a_childs_death_is_queued_untouched_before_the_force_is_told(doors: House) -> None:
    body = police_report()
    answer = doors.send(FORCE, DOOR, body, "application/json")
    assert answer.status_code == 202
    receipt = answer.json()
    assert receipt["accepted"]
    assert [(item["index"], item["verdict"]) for item in receipt["items"]] == [(0, "notice")]
    [(method, properties, queued)] = doors.queued("intake.police")
    assert queued == body
    assert method.routing_key == f"police.{FORCE}"
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert properties.message_id
    assert properties.timestamp
    assert properties.user_id


def test_an_adults_death_leaves_a_count_and_nothing_else(doors: House) -> None:
    answer = doors.send(FORCE, DOOR, police_report(**adult()), "application/json")
    assert answer.status_code == 200
    assert not answer.json()["accepted"]
    assert doors.queued("intake.police") == []


def test_a_report_that_says_something_wrong_is_answered_by_jsonpath(doors: House) -> None:
    body = police_report(person={"date_of_birth": "2014-02-30"})
    answer = doors.send(FORCE, DOOR, body, "application/json")
    said = answer.json()
    problems = said["problems"] if answer.status_code == 422 else said["items"][0]["problems"]
    assert any(problem["path"].startswith("$.persons[0]") for problem in problems)
    assert "2014-02-30" not in answer.text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"[]", b"null", b"[" * 5000, b'{"a": "\\ud800"}'],
)
def test_what_is_no_report_is_refused_and_nothing_is_queued(doors: House, body: bytes) -> None:
    answer = doors.send(FORCE, DOOR, body, "application/json")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"]
    assert doors.queued("intake.police") == []


def test_a_force_cannot_speak_as_another(doors: House) -> None:
    answer = doors.send(OTHER, DOOR, police_report(FORCE), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong-sender")
    assert doors.queued("intake.police") == []


@pytest.mark.parametrize("code", ["RTH", "oxfordshire", "BERKS", "op"])
def test_only_forces_come_in_by_the_police_door(doors: House, code: str) -> None:
    assert doors.send(code, DOOR, police_report(), "application/json").status_code == 403


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer cdr_x", "Basic YTpi", "Bearer " + "x" * 5000])
def test_without_a_live_token_nothing_is_read(doors: House, authorization: str) -> None:
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    answer = doors.client.post(DOOR, content=police_report(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_revoked_token_opens_nothing_and_its_successor_does(doors: House) -> None:
    old, successor = (doors.identities.add("E23000020", "partner", kinds=["police"]) for _ in range(2))
    doors.identities.revoke("E23000020", old.lookup)
    report = police_report("E23000020")
    statuses = []
    for token in (old, successor):
        headers = {"Authorization": f"Bearer {token.text}", "Content-Type": "application/json"}
        statuses.append(doors.client.post(DOOR, content=report, headers=headers).status_code)
    assert statuses == [401, 202]


@pytest.mark.parametrize("content_type", ["application/pdf", "text/plain", "application/xml", ""])
def test_another_type_of_content_is_refused_by_name(doors: House, content_type: str) -> None:
    assert doors.send(FORCE, DOOR, b"%PDF-1.4", content_type).status_code == 415


def test_a_compressed_body_is_refused(doors: House) -> None:
    answer = doors.send(FORCE, DOOR, b"\x1f\x8b", "application/json", **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_a_body_over_the_limit_is_refused_whether_announced_or_not(doors: House) -> None:
    large = police_report(padding="x" * 300_000)
    assert doors.send(FORCE, DOOR, large, "application/json").status_code == 413
    chunks = (large[n : n + 8192] for n in range(0, len(large), 8192))
    answer = doors.client.post(DOOR, content=chunks, headers=doors.headers(FORCE, "application/json"))
    assert answer.status_code == 413
    assert doors.queued("intake.police") == []


def test_no_answer_or_header_holds_anything_of_the_child(doors: House) -> None:
    bodies = [police_report(), police_report(**adult()), police_report("E23000029"), police_report(person={"sex": "?"})]
    for body in bodies:
        answer = doors.send(FORCE, DOOR, body, "application/json")
        said = answer.text + str(answer.headers)
        assert FAMILY_NAME not in said
        assert NHS_NUMBER not in said


def test_every_answer_has_a_request_id_and_security_headers(doors: House) -> None:
    answer = doors.send(FORCE, DOOR, police_report(), "application/json", **{"X-Request-ID": "trace-0001"})
    assert answer.headers["x-request-id"] == "trace-0001" == answer.json()["id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


def test_a_request_id_that_could_be_a_persons_number_is_replaced(doors: House) -> None:
    answer = doors.send(FORCE, DOOR, police_report(), "application/json", **{"X-Request-ID": NHS_NUMBER})
    assert NHS_NUMBER not in str(answer.headers)


def test_the_feed_a_partner_names_travels_with_the_message(doors: House) -> None:
    doors.send(FORCE, DOOR, police_report(), "application/json", **{"CDR-Feed": "niche"})
    [(_, properties, _)] = doors.queued("intake.police")
    assert properties.headers["cdr-feed"] == "niche"


def test_the_openapi_document_lists_every_door(doors: House) -> None:
    document = doors.client.get("/openapi.json").json()
    doors_named = {"/police/reports", "/fhir/$process-message", "/fhir/Patient", "/coroner/cases", "/fhir"}
    assert doors_named <= set(document["paths"])
    json.dumps(document)


def test_a_report_may_name_the_coroner_it_told(doors: House) -> None:
    report = json.loads(police_report())
    report["coroner"] = {"area": "wiltshire-and-swindon", "reference": "00077-2026"}
    answer = doors.send(FORCE, DOOR, json.dumps(report).encode(), "application/json")
    assert answer.status_code == 202, answer.text
    assert len(doors.queued("intake.police")) == 1
