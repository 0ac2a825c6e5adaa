"""A coroner's office uploads a file, by program and by page: an answer for each row."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from tests.gateway_house import House, house, own_vhost
from tests.worker_samples import eventually

AREA = "oxfordshire"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def shared(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


HEADINGS = ("Area", "Ref", "Event", "Event date", "Surname", "Forenames", "Sex", "DOB", "Date of death")


def row(
    reference: str, surname: str = "Harrowgate", *, area: str = AREA, event: str = "REFERRED", dob: str = "09/05/2015"
) -> list[str]:
    return [area, reference, event, "09/11/2025", surname, "Ava", "F", dob, "08/11/2025"]


def table(*rows: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADINGS, *rows])
    return out.getvalue().encode()


def test_each_row_is_answered_and_the_file_is_queued_whole_and_untouched(doors: House) -> None:
    body = table(row("1-26"), row("2-26", dob="31/02/2016"), row("3-26", dob="09/05/1950"))
    answer = doors.send(AREA, "/coroner/cases", body, "text/csv")
    assert answer.status_code == 202
    said = answer.json()
    results = [(each["row"], each["result"]) for each in said["rows"]]
    assert results == [(2, "accepted"), (3, "refused"), (4, "passed-over")]
    assert said["counts"] == {"accepted": 1, "warnings": 0, "passed_over": 1, "refused": 1}
    [(method, properties, queued)] = doors.queued("intake.coroner")
    assert (queued, method.routing_key, properties.content_type) == (body, "coroner.oxfordshire", "text/csv")


def test_a_refused_row_names_the_column_in_the_files_own_words(doors: House) -> None:
    answer = doors.send(AREA, "/coroner/cases", table(row("4-26", dob="09/05/15")), "text/csv")
    assert answer.status_code == 422
    [problem] = answer.json()["rows"][0]["problems"]
    assert problem["column"] == "DOB"
    assert problem["code"] == "two-digit-year"
    assert "09/05/15" not in problem["text"]
    assert "coroner-case" not in problem["text"]
    assert doors.queued("intake.coroner") == []


def test_refused_rows_come_back_as_a_file_that_no_spreadsheet_runs(doors: House) -> None:
    body = table(row("5-26"), row("6-26", "=HYPERLINK(1)", dob="31/02/2016"), row("7-26", "@x", dob="31/02/2016"))
    said = doors.send(AREA, "/coroner/cases", body, "text/csv").json()
    headings, *rows = csv.reader(io.StringIO(said["to_correct"]))
    assert set(headings) == set(HEADINGS)
    surname = headings.index("Surname")
    assert [each[surname] for each in rows] == ["'=HYPERLINK(1)", "'@x"]


def test_the_corrected_rows_are_taken(doors: House) -> None:
    first = doors.send(AREA, "/coroner/cases", table(row("8-26", dob="31/02/2016")), "text/csv").json()
    corrected = first["to_correct"].replace("31/02/2016", "28/02/2016").encode()
    again = doors.send(AREA, "/coroner/cases", corrected, "text/csv")
    assert (again.status_code, again.json()["counts"]["accepted"]) == (202, 1)


def test_the_same_file_again_changes_nothing_and_says_so(doors: House) -> None:
    body = table(row("9-26"))
    first = doors.send(AREA, "/coroner/cases", body, "text/csv").json()
    again = doors.send(AREA, "/coroner/cases", body, "text/csv")
    assert (again.status_code, again.json()["repeated"], again.json()["receipt"]) == (200, True, first["receipt"])
    assert len(doors.queued("intake.coroner")) == 1


OWN_PROFILE = """
profile: coroner-own
kind: coroner
version: 1
title: An office whose program has headings of its own
extends: coroner-case
columns:
  area: [Jurisdiction held]
  reference: [Our file]
  event: [Stage reached]
  date_of_birth: [Born on]
"""


def test_an_office_with_a_profile_of_its_own_gets_its_own_rows_and_headings_back(doors: House, tmp_path: Path) -> None:
    profile = tmp_path / "coroner-own.yaml"
    profile.write_text(OWN_PROFILE)
    doors.tokens["avon"] = doors.identities.add("avon", "partner", kinds=("coroner",)).text
    doors.identities.add_feed("own-program", "avon", "coroner", {"profile": str(profile)})
    rows = (
        ("Cases of May",),
        (),
        ("Jurisdiction held", "Our file", "Stage reached", "Surname", "Born on"),
        ("avon", "1-26", "REFERRED", "Harrowgate", "09/05/2015"),
        ("avon", "2-26", "REFERRED", "Harrowgate", "31/02/2016"),
    )
    out = io.StringIO()
    csv.writer(out).writerows(rows)

    def sent() -> httpx.Response:
        return doors.send("avon", "/coroner/cases", out.getvalue(), "text/csv", **{"CDR-Feed": "own-program"})

    # The gateway remembers the feeds there are for a moment.
    eventually(lambda: sent().status_code != 422)
    said = sent().json()
    assert [(each["row"], each["result"]) for each in said["rows"]] == [(4, "accepted-with-warnings"), (5, "refused")]
    assert [problem["column"] for problem in said["rows"][1]["problems"]] == ["Born on"]
    headings, *refused = csv.reader(io.StringIO(said["to_correct"]))
    assert set(headings) == set(rows[2])
    assert [each[headings.index("Our file")] for each in refused] == ["2-26"]


@pytest.mark.parametrize("first", [0, 1])
def test_a_row_of_another_area_is_refused_wherever_it_stands(doors: House, first: int) -> None:
    rows = [row(f"10{first}-26"), row(f"11{first}-26", area="berkshire")]
    said = doors.send(AREA, "/coroner/cases", table(rows[first], rows[1 - first]), "text/csv").json()
    assert sorted((each["result"], each["reason"]) for each in said["rows"]) == [
        ("accepted", "death"),
        ("refused", "wrong-sender"),
    ]


def test_a_file_of_another_area_alone_is_not_allowed(doors: House) -> None:
    answer = doors.send(AREA, "/coroner/cases", table(row("12-26", area="berkshire")), "text/csv")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong-sender")
    assert doors.queued("intake.coroner") == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/csv"),
        (b"\x00\x01\x02", "text/csv"),
        (b"a,b\r\n1,2\r\n", "text/csv"),
        (b"PK\x03\x04 no workbook", XLSX),
        (b"{", "application/json"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><cases>&a;</cases>', "application/xml"),
    ],
)
def test_what_is_no_table_is_refused_and_nothing_is_queued(doors: House, body: bytes, content_type: str) -> None:
    answer = doors.send(AREA, "/coroner/cases", body, content_type)
    assert answer.status_code == 422
    assert not answer.json()["accepted"]
    assert doors.queued("intake.coroner") == []


def test_json_and_xml_are_taken_too(doors: House) -> None:
    case = dict(zip(("area", "reference", "event", "event_at", "family_name"), row("12-26")[:5], strict=True))
    case |= {"date_of_birth": "2015-05-09", "date_of_death": "2025-11-08"}
    as_json = httpx.Request("POST", "http://x", json=[case]).content
    as_xml = "<cases><case>" + "".join(f"<{k}>{v}</{k}>" for k, v in (case | {"reference": "13-26"}).items())
    for body, content_type in ((as_json, "application/json"), (as_xml + "</case></cases>", "application/xml")):
        answer = doors.send(AREA, "/coroner/cases", body, content_type)
        assert (answer.status_code, answer.json()["rows"][0]["row"]) == (202, 1), answer.text


def form_of(text: str) -> str:
    found = re.search(r'name="form" value="(\w+)"', text)
    assert found
    return found[1]


def test_an_office_uploads_by_page_and_sees_each_rows_result(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        form = form_of(browser.get("/coroner/upload").text)
        body = table(row("14-26"), row("15-26", "<script>alert(1)</script>", dob="31/02/2016"))
        answer = browser.post("/coroner/upload", data={"form": form}, files={"file": ("Fälle.csv", body)})
    assert answer.status_code == 200
    assert "Harrowgate" not in answer.text
    assert "<script" not in answer.text
    assert re.search(r'tag accepted">accepted<', answer.text)
    assert re.search(r'download="rows-to-correct.csv" href="data:text/csv;base64,', answer.text)
    assert len(doors.queued("intake.coroner")) == 1


def test_what_is_odd_about_the_whole_file_is_said_on_the_page(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        form = form_of(browser.get("/coroner/upload").text)
        body = table(row("18-26", "S\xd6DER")).decode().encode("cp1252")
        answer = browser.post("/coroner/upload", data={"form": form}, files={"file": ("cases.csv", body)})
    assert answer.status_code == 200
    assert "read as Windows-1252" in answer.text


def test_a_form_of_another_session_takes_nothing(doors: House) -> None:
    with doors.sign_in(AREA) as browser, doors.sign_in(AREA) as other:
        form = form_of(other.get("/coroner/upload").text)
        answer = browser.post("/coroner/upload", data={"form": form}, files={"file": ("a.csv", table(row("16-26")))})
    assert answer.status_code == 403
    assert doors.queued("intake.coroner") == []


def test_a_file_of_another_kind_is_refused_on_the_page(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        form = form_of(browser.get("/coroner/upload").text)
        answer = browser.post("/coroner/upload", data={"form": form}, files={"file": ("scan.pdf", b"%PDF-1.4")})
    assert answer.status_code == 415
    assert answer.headers["content-type"].startswith("text/html")


def test_the_upload_page_is_for_coroners_only(doors: House) -> None:
    with doors.sign_in("op") as browser:
        assert browser.get("/coroner/upload").status_code == 403
    anonymous = doors.client.get("/coroner/upload")
    assert (anonymous.status_code, anonymous.headers["location"]) == (303, "/sign-in")
