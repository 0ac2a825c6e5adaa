"""Who opens which page, whose form is taken, and that no cookie, address, header or log line is another's to make."""

import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration_engine.broker.management import Management
from integration_engine.monitoring.logs import JsonLines
from integration_engine.services import Broker
from tests.access_doors import Doors, at, raw
from tests.gateway_house import House, house, own_vhost
from tests.signing import Machine

FORCE, OTHER = "E23000038", "E23000029"
DECIDE = {"op", "guardian", "jane", "doc"}
PARTNERS = {"RTH", "RXH", FORCE, OTHER, "oxfordshire"}
PAGES: dict[str, set[str]] = {
    "/console": {"op", "guardian"},
    "/console/break-glass": DECIDE,
    "/console/cases/{case}": set(),
    "/console/cases/{case}/history": set(),
    "/console/cdop": {"BERKS", "OXON", "JAR-OXON", "ncmd"},
    "/console/clocks": DECIDE | {"BERKS", "OXON"},
    "/console/partners": {"op"},
    "/console/partners/{code}/{kind}": {"op"},
    "/console/questions/{review}": set(),
    "/console/questions/{review}/weight": set(),
    "/console/reference": DECIDE | {"BERKS", "OXON"},
    "/console/reference/{code}": DECIDE | {"BERKS", "OXON"},
    "/console/work": DECIDE,
    "/coroner/try": {"oxfordshire"},
    "/coroner/upload": {"oxfordshire"},
    "/coroner/upload/receipts/{receipt}": set(),
    "/partner": PARTNERS,
}
"""Who opens each page where what it names is there; nobody where it isn't."""


def test_every_page_has_its_row_here(opened: Doors) -> None:
    pages = {
        path
        for method, path in opened.all
        if method == "GET" and path.startswith(("/console", "/coroner/try", "/coroner/upload"))
    }
    assert pages | {"/partner"} == PAGES.keys()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_its_roles_alone(doors: House, path: str) -> None:
    there = at(path).replace("/partners/BERKS", f"/partners/{FORCE}").replace("x-1", "r-1")
    for who in doors.tokens:
        with doors.sign_in(who) as browser:
            status = browser.get(there).status_code
        assert (status == 200) == (who in PAGES[path]), (who, path, status)
        assert status in (200, 403, 404), (who, path, status)


def test_no_form_is_taken_without_its_sessions_own_value_or_from_who_may_not(opened: Doors) -> None:
    """Every form there is: another site's, which knows no value, and a signed-in person's who has the value and not the
    role."""
    doors = opened.house
    forms = [
        path
        for method, path in opened.all
        if method == "POST" and path.startswith(("/console", "/coroner/try", "/coroner/upload", "/partner"))
    ]
    assert len(forms) >= 9
    for who in ("op", "guardian", "jane", "BERKS", FORCE, "oxfordshire"):
        with doors.sign_in(who) as browser:
            for path in [*forms, "/sign-out"]:
                there = at(path).replace("/partners/BERKS", f"/partners/{FORCE}")
                said = {"form": "0" * 64, "reason": "no reason at all", "gate": "open", "message_id": "x", "text": "x"}
                sent: dict[str, Any] = {"data": said}
                if path in ("/coroner/upload", "/coroner/try"):
                    sent = {"data": {"form": "0" * 64}, "files": {"file": ("x.csv", b"x", "text/csv")}}
                if path.endswith("/corrections"):
                    sent = {"data": {"form": "0" * 64, "heading": "Area", "cell-2-0": "oxfordshire"}}
                answer = browser.post(there, **sent)
                assert answer.status_code in (403, 404), (who, path, answer.status_code)
            assert browser.get("/sign-in").status_code == 303, "still signed in: another site signs nobody out"


def test_a_page_of_one_session_makes_no_form_of_anothers(doors: House) -> None:
    value = re.compile(r'name="form" value="([^"]*)"')
    with doors.sign_in("op") as one, doors.sign_in("op") as other:
        found = value.search(one.get("/console/partners/" + FORCE + "/police").text)
        assert found is not None
        said = {"form": found[1], "gate": "shut", "reason": "another session"}
        assert other.post(f"/console/partners/{FORCE}/police", data=said).status_code == 403
        assert one.post("/sign-out", data={"form": found[1]}).status_code == 303
        assert one.post(f"/console/partners/{FORCE}/police", data=said).status_code == 303
        assert one.get("/console").status_code == 303


def test_a_cookie_is_no_scripts_no_other_sites_and_of_tls_alone_where_there_is_tls(
    broker: Broker, management: Management, sqlite_url: str, tmp_path: Path
) -> None:
    with own_vhost(broker, management) as url, house(url, sqlite_url, tmp_path, cookie_secure=True) as opened_:
        answer = opened_.client.post("/sign-in", data={"token": opened_.tokens["op"]})
        said = [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]
        assert said[0].startswith("__host-cdr=")
        assert {"httponly", "secure", "samesite=strict", "path=/"} <= set(said)
        assert not [part for part in said if part.startswith("domain")]
        assert "max-age=31536000" in answer.headers["strict-transport-security"]


def test_who_signs_in_has_a_session_that_nobody_could_have_planted(doors: House) -> None:
    planted = f"cdr_{'a' * 16}_{'x' * 43}"
    with httpx.Client(base_url=doors.client.base_url, cookies={"cdr": planted}) as browser:
        answer = browser.post("/sign-in", data={"token": doors.tokens["op"]})
        given = answer.cookies["cdr"]
        assert given not in (planted, doors.tokens["op"])
        again = browser.post("/sign-in", data={"token": doors.tokens["op"]}).cookies["cdr"]
        assert again != given, "each sign-in is a session of its own"
    with httpx.Client(base_url=doors.client.base_url, cookies={"cdr": planted}) as attacker:
        assert attacker.get("/console").status_code == 303


def test_a_form_of_another_site_signs_nobody_in(doors: House) -> None:
    for site in ("cross-site", "same-site"):
        answer = doors.client.post("/sign-in", data={"token": doors.tokens["op"]}, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_a_session_ends_with_its_token_and_is_nobodys_token(doors: House) -> None:
    token = doors.identities.add("BRIEF", "cdop").text
    with httpx.Client(base_url=doors.client.base_url) as browser:
        browser.post("/sign-in", data={"token": token})
        assert browser.get("/console/cdop").status_code == 200
        cookie = browser.cookies["cdr"]
        assert (
            doors.client.get("/cdop/BRIEF/deliveries", headers={"Authorization": f"Bearer {cookie}"}).status_code == 401
        )
        doors.identities.revoke("BRIEF")
        assert browser.get("/console/cdop").status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/style.css/../../settings.py",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/cdop/..%2fOXON/deliveries",
        "/cdop/BERKS%2f..%2fOXON/deliveries",
        "/cdop/BERKS/../OXON/deliveries",
        "/cdop/BERKS%00/deliveries",
        "/cdop//OXON/deliveries",
        "/cdop/BERKS;OXON/deliveries",
        "/console/cases/..%2f..%2fcdop",
        "//elsewhere.example/sign-in",
        "/schemas/..%2f..%2fpyproject/1",
        "/schemas/police-sudden-death/..%2f1",
        "/schemas/%2e%2e/1",
        "/coroner/templates/..%2f..%2fsettings.py",
        "/coroner/templates/%2fetc%2fpasswd",
        "/sandbox/../metrics",
        "/sandbox/%2e%2e/cdop/OXON/deliveries",
        "/coroner/upload/receipts/..%2f..%2f..%2fconsole",
        "/sign-in/",
        "/console/",
        "/sandbox",
    ],
)
def test_no_address_leads_out_of_its_door(doors: House, path: str) -> None:
    # Written by hand: a client would put such an address right.
    for who in (None, "BERKS", "op"):
        proof = f"Authorization: Bearer {doors.tokens[who]}\r\n" if who else ""
        status, body = raw(
            doors, f"GET {path} HTTP/1.1\r\nHost: elsewhere.example\r\n{proof}Connection: close\r\n\r\n".encode()
        )
        assert status in (303, 401, 403, 404, 422), (path, who, status)
        assert b"root:" not in body
        assert b"class Settings" not in body
        assert b"elsewhere.example" not in body
        if status == 303:
            assert b"location: /sign-in\r\n" in body.lower()


@pytest.mark.parametrize(
    "header",
    [
        "X-Request-Id: abcdefgh\\r\\nSet-Cookie: cdr=1",
        "X-Request-Id: <script>alert(1)</script>",
        "X-Request-Id: 9990000018",
        "X-Request-Id: " + "a" * 500,
        "X-Forwarded-Host: elsewhere.example",
        "X-Original-URL: /metrics",
        "Forwarded: host=elsewhere.example",
    ],
)
def test_no_header_comes_back_or_changes_where_anything_leads(doors: House, header: str) -> None:
    lines = header.replace("\\r\\n", "\r\n")
    for path in ("/console/work", "/console/work/", "/sign-in", "/sign-in/", "/cdop/BERKS/deliveries", "/sandbox"):
        request = f"GET {path} HTTP/1.1\r\nHost: elsewhere.example\r\n{lines}\r\nConnection: close\r\n\r\n"
        status, answer = raw(doors, request.encode())
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert status in (200, 303, 400, 401, 404)
        assert b"elsewhere.example" not in answer.lower()
        assert b"script" not in head.replace(b"content-security-policy", b"")
        assert b"set-cookie: cdr=1" not in head
        assert b"9990000018" not in answer
        if status == 303:
            assert b"location: /sign-in\r\n" in head + b"\r\n"


def test_every_answer_carries_the_headers_that_keep_a_browser_safe(opened: Doors) -> None:
    for method, path in opened.all:
        headers = opened.house.client.request(method, at(path), content=b"{}").headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "script-src" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_nothing_that_is_sent_makes_a_log_line_of_its_own_or_stands_in_one(doors: House) -> None:
    written, told = io.StringIO(), 'x\r\n{"level": "CRITICAL", "text": "all is lost"}\u2028 Zzyzx 999 000 0018'
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        doors.client.post("/sign-in", data={"token": told})
        doors.client.post("/oauth/token", data=Machine(FORCE).form(told) | {"client_id": told})
        doors.client.get("/cdop/BERKS/deliveries", params={"after": told}, headers={"Cookie": "cdr=%0d%0aZzyzx"})
        doors.client.post("/police/reports", content=told.encode(), headers=doors.headers(FORCE, "application/json"))
        doors.client.get("/" + "Zzyzx%0d%0a", headers={"X-Request-Id": "Zzyzx 9990000018"})
        raw(doors, b"GET /Zzyzx\x00\xff HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        root.removeHandler(handler)
    for line in written.getvalue().splitlines():
        assert json.loads(line)["level"] != "CRITICAL"
    assert "Zzyzx" not in written.getvalue()
    assert "all is lost" not in written.getvalue()
