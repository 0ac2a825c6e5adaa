"""Every rule of who may do what, tried by who may not: at each door there is, with nothing, another's, ended or made-up
proof."""

import io
import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt

from integration_engine.broker.management import Management
from integration_engine.monitoring.logs import JsonLines
from integration_engine.security import identity
from integration_engine.services import Broker
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.identities import Identities
from tests.gateway_house import House, house, own_vhost, police_report
from tests.signing import PUBLIC_URL, Machine

ENGINE = Path(__file__).parents[2] / "integration_engine"
OPEN = {
    "/openapi.json",
    "/fhir/metadata",
    "/.well-known/oauth-authorization-server",
    "/health/live",
    "/health/ready",
    "/sign-in",
    "/style.css",
}
"""What answers whoever asks. Nothing of it is about a child, a partner or a case."""
SIGNS_IN = {"/oauth/token", "/sign-in", "/sign-in/password", "/sign-in/provider", "/sign-in/back", "/sign-out"}
"""What people and machines prove themselves at; each is tried in tests of its own."""
PAGE = re.compile(r'@router\.(get|post)\(\s*"(/(?:console|coroner|sign)[^"]*)"')
FORCE, OTHER = "E23000038", "E23000029"


@pytest.fixture(scope="module")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    database = f"sqlite:///{folder / 'e.db'}"
    with own_vhost(broker, management) as url, house(url, database, folder, public_url=PUBLIC_URL) as opened:
        for name, role, area in (("jane", "coordinator", "BERKS"), ("doc", "designated-doctor", "OXON")):
            opened.tokens[name] = opened.identities.add(name, role, organisations=(area,)).text  # type: ignore[arg-type]
        opened.tokens["JAR-OXON"] = opened.identities.add("JAR-OXON", "jar").text
        opened.tokens["ncmd"] = opened.identities.add("ncmd", "national").text
        yield opened


def every_door(doors: House) -> list[tuple[str, str]]:
    """(method, address) of all there is: what is described, and the pages."""
    described = doors.client.get("/openapi.json").json()["paths"]
    found = {(method.upper(), path) for path, methods in described.items() for method in methods}
    for source in sorted(ENGINE.glob("gateway/*.py")) + sorted(ENGINE.glob("console/*.py")):
        found |= {(method.upper(), path) for method, path in PAGE.findall(source.read_text(encoding="utf-8"))}
    assert len(found) > 40
    return sorted((method, at(path)) for method, path in found)


def at(path: str) -> str:
    """An address with something in each of its places."""
    for place, value in (("{case}", "c-00000000"), ("{review}", "r-00000000"), ("{code}", "BERKS")):
        path = path.replace(place, value)
    return re.sub(r"\{[^}]*\}", "x-1", path)


def test_no_door_opens_to_who_shows_nothing_or_something_made_up(
    broker: Broker, management: Management, tmp_path: Path
) -> None:
    # A house of its own: so many wrong guesses would be held up in the others' tests.
    database = f"sqlite:///{tmp_path / 'e.db'}"
    with own_vhost(broker, management) as url, house(url, database, tmp_path, public_url=PUBLIC_URL) as opened:
        _nothing_opens(opened)


def _nothing_opens(doors: House) -> None:
    made_up = f"cdr_{'a' * 16}_{'x' * 43}"
    for method, path in every_door(doors):
        if path in OPEN | SIGNS_IN:
            continue
        for headers in (
            {},
            {"Authorization": f"Bearer {made_up}"},
            {"Cookie": f"cdr={made_up}"},
            {"Cookie": "__Host-cdr=x"},
        ):
            answer = doors.client.request(method, path, headers=headers, content=b"{}")
            assert answer.status_code in (401, 303, 403, 404, 405, 415, 422, 429), (method, path, answer.status_code)
            if answer.status_code == 303:
                assert answer.headers["location"] == "/sign-in", (method, path)


def test_what_is_open_says_nothing_of_anybody(doors: House) -> None:
    told = "".join(doors.client.get(path).text for path in sorted(OPEN))
    for code in ("RTH", FORCE, "oxfordshire", *doors.tokens.values()):
        assert code not in told.replace("such as E23000038", "").replace("(ONS code", ""), code


INBOXES = {"BERKS": "/cdop/BERKS", "OXON": "/cdop/OXON", "JAR-OXON": "/jar/JAR-OXON", "ncmd": "/national/ncmd"}


@pytest.mark.parametrize("inbox", INBOXES)
def test_an_inbox_is_its_recipients_alone(doors: House, inbox: str) -> None:
    for who in doors.tokens:
        for path in ("/deliveries", "/deliveries?after=0"):
            answer = doors.get(who, INBOXES[inbox] + path)
            assert answer.status_code == (200 if who == inbox else 403), (who, inbox)
        if who != inbox:
            assert (
                doors.send(who, f"{INBOXES[inbox]}/deliveries/d-1/acknowledge", b"", "application/json").status_code
                == 403
            )


SENDS = {
    "/police/reports": (FORCE, OTHER),
    "/fhir": ("RTH", "RXH"),
    "/coroner/cases": ("oxfordshire",),
}


@pytest.mark.parametrize("door", SENDS)
def test_a_door_takes_messages_of_its_own_kind_of_partner_alone(doors: House, door: str) -> None:
    for who in doors.tokens.keys() - SENDS[door]:
        answer = doors.send(who, door, b"{}", "application/fhir+json" if door == "/fhir" else "application/json")
        assert answer.status_code in (403, 404, 405), (who, door)


def test_no_force_speaks_as_another_by_token_or_by_signature(doors: House) -> None:
    assert (
        doors.send(OTHER, "/police/reports", police_report(FORCE), "application/json").json()["code"] == "wrong-sender"
    )
    machine = Machine(OTHER)
    AccessTokens(doors.store).add_public_key(OTHER, machine.public)
    token = doors.client.post("/oauth/token", data=machine.form()).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = doors.client.post("/police/reports", content=police_report(FORCE), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong-sender")


PAGES = {
    "/console": {"op", "guardian"},
    "/console/work": {"op", "guardian", "jane", "doc"},
    "/console/cdop": {"BERKS", "OXON", "JAR-OXON", "ncmd"},
    "/console/break-glass": {"op", "guardian", "jane", "doc"},
    "/console/cases/c-00000000/history": set(),
    "/coroner/upload": {"oxfordshire"},
    "/coroner/try": {"oxfordshire"},
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_its_roles_alone(doors: House, path: str) -> None:
    for who in doors.tokens:
        with doors.sign_in(who) as browser:
            status = browser.get(path).status_code
        assert (status == 200) == (who in PAGES[path]), (who, path, status)


def test_numbers_are_for_operators_alone(doors: House) -> None:
    assert {who for who in doors.tokens if doors.get(who, "/metrics").status_code == 200} == {"op"}


def test_what_has_ended_or_was_revoked_opens_nothing(doors: House) -> None:
    past = Identities(doors.store, lambda: datetime.now(UTC) - timedelta(days=2))
    ended = past.add("GONE", "cdop", expires_at=datetime.now(UTC) - timedelta(days=1)).text
    revoked = doors.identities.add("LEFT", "cdop").text
    doors.identities.revoke("LEFT")
    for code, token in (("GONE", ended), ("LEFT", revoked)):
        headers = {"Authorization": f"Bearer {token}"}
        assert doors.client.get(f"/cdop/{code}/deliveries", headers=headers).status_code == 401
        assert doors.client.post("/sign-in", data={"token": token}).status_code == 403


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
    ],
)
def test_no_address_leads_out_of_its_door(doors: House, path: str) -> None:
    # Written by hand: a client would put such an address right.
    for who in (None, "BERKS", "op"):
        proof = f"Authorization: Bearer {doors.tokens[who]}\r\n" if who else ""
        status, body = raw(doors, f"GET {path} HTTP/1.1\r\nHost: x\r\n{proof}Connection: close\r\n\r\n".encode())
        assert status in (303, 401, 403, 404, 422), (path, who, status)
        assert b"root:" not in body
        assert b"class Settings" not in body


def raw(doors: House, request: bytes) -> tuple[int, bytes]:
    """What the server answers to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", doors.client.base_url.port or 0), timeout=10) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ", 2)[1]), answer


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
    for path in ("/console/work", "/sign-in", "/cdop/BERKS/deliveries"):
        request = f"GET {path} HTTP/1.1\r\nHost: elsewhere.example\r\n{lines}\r\nConnection: close\r\n\r\n"
        status, answer = raw(doors, request.encode())
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert status in (200, 303, 400, 401)
        assert b"elsewhere.example" not in answer.lower()
        assert b"script" not in head.replace(b"content-security-policy", b"")
        assert b"set-cookie: cdr=1" not in head
        assert b"9990000018" not in answer
        if status == 303:
            assert b"location: /sign-in\r\n" in head + b"\r\n"


def test_every_answer_carries_the_headers_that_keep_a_browser_safe(doors: House) -> None:
    for method, path in every_door(doors):
        headers = doors.client.request(method, path, content=b"{}").headers
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


def test_nobody_has_us_fetch_what_they_name(doors: House) -> None:
    """A key's address in a signed statement is where an attacker would put one of their own, or one inside our network."""
    asked: list[str] = []

    class Inside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Inside)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}"
    machine = Machine(FORCE)
    claims = {"iss": FORCE, "sub": FORCE, "aud": f"{PUBLIC_URL}/oauth/token", "exp": 4_000_000_000, "jti": "j"}
    try:
        for header in ({"jku": f"{here}/keys"}, {"x5u": f"{here}/cert"}, {"jwk": machine.key.as_dict(private=False)}):
            text = jwt.encode({"alg": "ES256"} | header, claims, machine.key, algorithms=["ES256"])
            answer = doors.client.post("/oauth/token", data=machine.form(text))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        report = json.loads(police_report(FORCE)) | {"callback": f"{here}/hook", "$schema": f"{here}/schema"}
        doors.send(FORCE, "/police/reports", json.dumps(report), "application/json")
    finally:
        server.shutdown()
        thread.join()
    assert asked == []


def test_an_unknown_token_and_a_wrong_secret_take_the_same_steps(monkeypatch: pytest.MonkeyPatch, doors: House) -> None:
    """Not timed: what is compared is a hash, by a comparison that takes as long either way, as often for one as for the
    other."""
    compared: list[tuple[int, int]] = []
    real = identity.hmac.compare_digest

    def noted(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr(identity.hmac, "compare_digest", noted)
    known = doors.tokens["BERKS"]
    steps = {}
    for name, token in {
        "right": known,
        "wrong secret": known[:-4] + "AAAA",
        "wrong from its first letter": known[:21] + "A" * 43,
        "unknown": f"cdr_{'a' * 16}_{'x' * 43}",
    }.items():
        compared.clear()
        found = doors.identities.authenticate(token)
        assert (found is not None) == (name == "right")
        steps[name] = list(compared)
    assert set(map(str, steps.values())) == {"[(64, 64)]"}, "once, two SHA-256 hashes"


@pytest.mark.parametrize(
    "source", ["security/identity.py", "security/claims.py", "security/passwords.py", "gateway/openid.py"]
)
def test_secrets_are_compared_in_constant_time_only(source: str) -> None:
    text = (ENGINE / source).read_text(encoding="utf-8")
    assert "compare_digest" in text
    assert not re.search(
        r"\b(secret|hashed|nonce|state|code|verifier)\b\s*[!=]=|[!=]=\s*\b(secret|hashed|nonce|verifier)\b", text
    )


def test_who_guesses_all_day_is_held_up_and_who_knows_is_not(
    broker: Broker, management: Management, tmp_path: Path
) -> None:
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{tmp_path / 'e.db'}", tmp_path) as opened:
        wrong = [
            opened.client.get("/metrics", headers={"Authorization": "Bearer cdr_x"}).status_code for _ in range(62)
        ]
        assert (set(wrong[:60]), set(wrong[60:])) <= ({401}, {429, 401})
        assert 429 in wrong
        assert opened.get("op", "/metrics").status_code == 200
        assert opened.client.post("/sign-in", data={"token": "cdr_x"}).status_code == 429
        assert opened.client.post("/sign-in", data={"token": opened.tokens["op"]}).status_code == 303


def test_a_partner_that_sends_too_fast_waits_and_the_others_do_not(
    broker: Broker, management: Management, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'e.db'}"
    with own_vhost(broker, management) as url, house(url, database, tmp_path, requests_a_second=0.1) as opened:
        answers = [opened.send(FORCE, "/police/reports", b"{}", "application/json") for _ in range(3)]
        assert [answer.status_code == 429 for answer in answers] == [False, True, True]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert opened.send(OTHER, "/police/reports", b"{}", "application/json").status_code != 429
