"""Every rule of who may do what, tried by who may not: at each door there is, with nothing, another's, ended or made-up
proof."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt

from integration_engine.broker.management import Management
from integration_engine.security import identity
from integration_engine.services import Broker
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.identities import Identities
from tests.access_doors import FORM, at, opened_doors
from tests.gateway_house import PARTNERS, House, house, own_vhost, police_report
from tests.inner_network import inner_network
from tests.signing import PUBLIC_URL, Machine

ENGINE = Path(__file__).parents[2] / "integration_engine"
OPEN = {
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/asyncapi.json"),
    ("GET", "/coroner/templates/coroner-cases.csv"),
    ("GET", "/coroner/templates/coroner-cases.xlsx"),
    ("GET", "/coroner/templates/coroner-words.csv"),
    ("GET", "/fhir/metadata"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/openapi.json"),
    ("GET", "/sandbox/coroner/templates/coroner-cases.csv"),
    ("GET", "/sandbox/coroner/templates/coroner-cases.xlsx"),
    ("GET", "/sandbox/coroner/templates/coroner-words.csv"),
    ("GET", "/sandbox/fhir/metadata"),
    ("GET", "/sandbox/openapi.json"),
    ("GET", "/schemas"),
    ("GET", "/schemas/{name}/{version}"),
    ("GET", "/sign-in"),
    ("GET", "/style.css"),
}
"""What answers whoever asks, and nothing else does. Nothing of it is about a child, a partner or a case."""
SIGNS_IN = {
    ("GET", "/sign-in/back"),
    ("GET", "/sign-in/provider"),
    ("POST", "/oauth/token"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/password"),
    ("POST", "/sign-out"),
}
"""What people and machines prove themselves at; each is tried in tests of its own."""
FORCE, OTHER = "E23000038", "E23000029"


def test_no_door_opens_to_who_shows_nothing_or_something_made_up(
    broker: Broker, management: Management, database_url: str, tmp_path: Path
) -> None:
    # A house of its own: so many wrong guesses would be held up in the others' tests.
    made_up = f"cdr_{'a' * 16}_{'x' * 43}"
    proofs: list[dict[str, str]] = [
        {},
        {"Authorization": f"Bearer {made_up}"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcCJ9."},
        {"Authorization": "Basic b3A6b3A="},
        {"Cookie": f"cdr={made_up}"},
        {"Cookie": "__Host-cdr=x"},
        {"Client-Cert": ":AAAA:"},
    ]
    with opened_doors(broker, management, database_url, tmp_path) as found:
        assert len(found.all) > 70
        assert {"/partner", "/coroner/upload/corrections", "/sandbox/police/reports"} <= {path for _, path in found.all}
        answered = set()
        for method, path in found.all:
            for proof in proofs:
                answer = found.house.client.request(method, at(path), headers=FORM | proof, content=b"form=x")
                if answer.status_code == 303:
                    assert answer.headers["location"] == "/sign-in", (method, path)
                elif answer.status_code not in (401, 403, 429):
                    answered.add((method, path))
        assert answered - SIGNS_IN == OPEN


def test_what_is_open_says_nothing_of_anybody(doors: House) -> None:
    told = ""
    for _, path in sorted(OPEN):
        answer = doors.client.get(at(path))
        assert answer.status_code == 200, path
        told += answer.text
    # Those that the examples are of stand there wherever the engine runs, registered or not.
    for code in (*PARTNERS.keys() - {"RTH", FORCE, "oxfordshire"}, *doors.tokens.values()):
        assert code not in told, code


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


def test_nobody_has_us_fetch_the_key_they_name(doors: House) -> None:
    """A key's address in a signed statement is where an attacker would put one of their own, or one inside our network."""
    machine = Machine(FORCE)
    claims = {"iss": FORCE, "sub": FORCE, "aud": f"{PUBLIC_URL}/oauth/token", "exp": 4_000_000_000, "jti": "j"}
    with inner_network() as (here, asked):
        for header in ({"jku": f"{here}/keys"}, {"x5u": f"{here}/cert"}, {"jwk": machine.key.as_dict(private=False)}):
            text = jwt.encode({"alg": "ES256"} | header, claims, machine.key, algorithms=["ES256"])
            answer = doors.client.post("/oauth/token", data=machine.form(text))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
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
    broker: Broker, management: Management, database_url: str, tmp_path: Path
) -> None:
    with own_vhost(broker, management) as url, house(url, database_url, tmp_path) as opened:
        wrong = [
            opened.client.get("/metrics", headers={"Authorization": "Bearer cdr_x"}).status_code for _ in range(62)
        ]
        assert (set(wrong[:60]), set(wrong[60:])) <= ({401}, {429, 401})
        assert 429 in wrong
        assert opened.get("op", "/metrics").status_code == 200
        # A program that goes on showing an ended token keeps nobody behind its address from signing in.
        pages = [opened.client.post("/sign-in", data={"token": "cdr_x"}).status_code for _ in range(62)]
        assert (set(pages[:60]), 429 in pages) == ({403}, True)
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
        with opened.sign_in("oxfordshire") as browser:
            pages = [browser.get("/coroner/upload") for _ in range(3)]
        assert [page.status_code for page in pages] == [200, 429, 429]
