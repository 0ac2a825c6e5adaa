"""Input that is made to harm, over the doors that take it: bombs, entities, addresses to be fetched, HTML and formulas. It is
refused or is only text, and whoever comes next is served."""

import base64
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from integration_engine.store import overview
from tests.gateway_house import House, house, own_vhost, police_report
from tests.inner_network import inner_network
from tests.integration.test_decisions_everywhere import take
from tests.integration.test_gateway_coroner import row, table
from tests.native_messages import adt

FORCE, OFFICE, TRUST = "E23000038", "oxfordshire", "RTH"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def shared(
    broker: Broker, management: Management, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, module_database_url, folder) as opened:
        opened.tokens["doc"] = opened.identities.add("doc", "designated-doctor", organisations=("BERKS",)).text
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def unpacks_to(megabytes: int) -> bytes:
    """A workbook of a few kilobytes with a sheet of so many megabytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(megabytes):
                sheet.write(bytes(1024 * 1024))
    return packed.getvalue()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{}">]>'
BOMBS: dict[str, tuple[str, str, str, Any]] = {
    "a workbook that unpacks to a hundred megabytes": (OFFICE, "/coroner/cases", XLSX, lambda: unpacks_to(100)),
    "entities that grow, in cases": (
        OFFICE, "/coroner/cases", "application/xml", f"{ENTITIES}<cases><case><area>&l9;</area></case></cases>",
    ),
    "entities that grow, in a patient": (
        TRUST, "/fhir/Patient", "application/fhir+xml", f'{ENTITIES}<Patient xmlns="http://hl7.org/fhir">&l9;</Patient>',
    ),
    "lists in lists, in a report": (FORCE, "/police/reports", "application/json", "[" * 100_000),
    "lists in lists, in a patient": (TRUST, "/fhir/Patient", "application/fhir+json", '{"a":' * 100_000),
    "lists in lists, in cases": (OFFICE, "/coroner/cases", "application/json", "[" * 100_000),
    "elements in elements": (OFFICE, "/coroner/cases", "application/xml", "<a>" * 60_000),
    "a number of thousands of digits": (FORCE, "/police/reports", "application/json", '{"version": ' + "9" * 100_000 + "}"),
    "a thousand thousand columns": (OFFICE, "/coroner/cases", "text/csv", "," * 200_000 + "\n" + "," * 50_000),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_whoever_comes_next_is_served(doors: House, name: str) -> None:
    who, path, content_type, body = BOMBS[name]
    sent = body() if callable(body) else body
    for prefix in ("", "/sandbox"):
        answer = doors.send(who, prefix + path, sent, content_type)
        assert answer.status_code in (400, 413, 415, 422), (prefix, answer.status_code)
        assert len(answer.content) < 64 * 1024
    assert doors.send(FORCE, "/police/reports", police_report(), "application/json").status_code == 202


def test_what_is_packed_on_its_way_is_not_unpacked(doors: House) -> None:
    for encoding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
        answer = doors.send(FORCE, "/police/reports", b"x", "application/json", **{"Content-Encoding": encoding})
        assert (answer.status_code, answer.json()["code"]) == (415, "content-encoding")


def test_a_content_type_without_an_end_is_refused_and_not_asked_for_again(doors: House) -> None:
    """What can't be written into the broker's envelope will never be taken: to say "later" would have it come for ever."""
    bodies = [
        (FORCE, "/police/reports", police_report(), "json"),
        (OFFICE, "/coroner/cases", table(row("OX-77")), "csv"),
    ]
    for who, path, body, form in bodies:
        kind = {"json": "application/json", "csv": "text/csv"}[form]
        answer = doors.send(who, path, body, f"{kind}; x={'a' * 300}")
        assert (answer.status_code, answer.json()["code"]) == (415, "content-type")
        assert doors.send(who, path, body, f"{kind}; x={'a' * 200}").status_code == 202


def test_no_entity_or_address_in_a_message_has_us_read_a_file_or_ask_anybody(doors: House) -> None:
    with inner_network() as (here, asked):
        for place in ("file:///etc/passwd", f"{here}/entity"):
            outside = OUTSIDE.format(place)
            sent = [
                (OFFICE, "/coroner/cases", "application/xml", f"{outside}<cases><case><area>&e;</area></case></cases>"),
                (TRUST, "/fhir/Patient", "application/fhir+xml", f'{outside}<Patient xmlns="http://hl7.org/fhir">&e;</Patient>'),
            ]  # fmt: skip
            for who, path, content_type, body in sent:
                answer = doors.send(who, path, body, content_type)
                assert answer.status_code in (400, 422)
                assert "root:" not in answer.text
        linked = {
            "resourceType": "Patient",
            "meta": {"profile": [f"{here}/profile"], "source": f"{here}/source"},
            "implicitRules": f"{here}/rules",
            "photo": [{"url": f"{here}/photo"}],
            "link": [{"other": {"reference": f"{here}/fhir/Patient/1"}, "type": "seealso"}],
        }
        for path in ("/fhir/Patient", "/fhir/Patient/$validate", "/sandbox/fhir/Patient"):
            doors.send(TRUST, path, json.dumps(linked), "application/fhir+json")
        report = json.loads(police_report()) | {"callback": f"{here}/hook", "$schema": f"{here}/schema"}
        doors.send(FORCE, "/police/reports", json.dumps(report), "application/json")
    assert asked == []


def test_html_in_a_name_is_text_on_every_page_that_shows_it(doors: House) -> None:
    named = f"{MARKUP}^AVA {MARKUP}^^^^^L"
    take(doors.store, {"m.hl7": adt(f5=named, f11=f"1 {MARKUP}^^READING^^RG1 1LZ^GBR^H")})
    case = max(overview.recent_cases(doors.store), key=lambda each: each.changed_at).id
    shown = 0
    for who, pages in {
        "doc": ("/console/work", f"/console/cases/{case}"),
        "guardian": ("/console", "/console/work", f"/console/cases/{case}", f"/console/cases/{case}/history"),
        "op": ("/console", "/console/work", f"/console/cases/{case}"),
    }.items():
        with doors.sign_in(who) as browser:
            for page in pages:
                answer = browser.get(page)
                assert answer.status_code == 200, (who, page)
                assert MARKUP.lower() not in answer.text.lower(), (who, page)
                assert "<script" not in answer.text.lower()
                shown += "&lt;script&gt;" in answer.text.lower()
    assert shown >= 2, "they do show it, as text"


def test_html_in_an_id_or_a_form_is_text(doors: House) -> None:
    with doors.sign_in(FORCE) as browser:
        value = re.search(r'name="form" value="([^"]*)"', browser.get("/partner").text)
        assert value is not None
        answer = browser.post("/partner", data={"form": value[1], "message_id": MARKUP})
        assert (answer.status_code, MARKUP in answer.text) == (200, False)
    with doors.sign_in("doc") as browser:
        page = browser.get("/console/break-glass").text.partition('action="/console/break-glass"')[2]
        value = re.search(r'name="form" value="([^"]*)"', page)
        assert value is not None
        said = {"form": value[1], "case": MARKUP, "reason": f'"{MARKUP}'}
        answer = browser.post("/console/break-glass", data=said)
        assert (answer.status_code, MARKUP in answer.text, "&lt;script&gt;" in answer.text) == (422, False, True)


FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", '=HYPERLINK("http://x")')


def cells(text: str) -> list[str]:
    return [cell for line in csv.reader(io.StringIO(text)) for cell in line]


def test_a_formula_in_a_cell_is_text_in_every_file_we_give_back(doors: House) -> None:
    """The answer of a program, the downloads of the page: what a spreadsheet would run begins otherwise."""
    body = table(*(row(f"{n}-26", formula, dob="31/02/2016") for n, formula in enumerate(FORMULAS)))
    given = [doors.send(OFFICE, "/coroner/cases", body, "text/csv").json()["to_correct"]]
    with doors.sign_in(OFFICE) as browser:
        page = browser.get("/coroner/upload").text
        value = re.search(r'name="form" value="([^"]*)"', page)
        assert value is not None
        answer = browser.post(
            "/coroner/upload", data={"form": value[1]}, files={"file": ("cases.csv", body, "text/csv")}
        )
        assert answer.status_code in (200, 422)
        inside = re.findall(r'href="data:text/csv;base64,([^"]+)"', answer.text)
        given += [base64.b64decode(each).decode("utf-8-sig") for each in inside]
    assert len(given) == 3
    for text in given:
        found = cells(text)
        assert not [cell for cell in found if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert sum("1+1" in cell for cell in cells(given[0])) == 1, "it is there, as text"


def test_names_from_outside_make_no_line_of_a_header(doors: House) -> None:
    """What a partner names travels in headers of ours: feeds, ids. Each is one of the register's, or isn't there."""
    answer = doors.send(
        FORCE,
        "/police/reports",
        police_report(report_id="54-2026-000777"),
        "application/json",
        **{"cdr-feed": "no\tsuch"},
    )
    assert answer.status_code == 202
    (_, properties, _) = doors.queued("intake.police")[-1]
    assert "cdr-feed" not in properties.headers
    late = datetime.now(UTC) + timedelta(days=1)
    for who, code in ((FORCE, 202), (TRUST, 403)):
        answer = doors.send(who, "/police/reports", police_report(reported_at=late.isoformat()), "application/json")
        assert answer.status_code in (code, 422)
        assert set(answer.headers) <= {*SENT_BACK, "retry-after"}


SENT_BACK = {
    "date", "content-type", "content-length", "content-security-policy", "x-content-type-options", "referrer-policy",
    "cache-control", "x-frame-options", "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy",
    "x-request-id",
}  # fmt: skip
"""All that an answer carries."""
