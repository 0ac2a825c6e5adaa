"""Machines come in by what they sign, by a client certificate, or by a token; and by nothing that only looks like one."""

import base64
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from integration_engine.broker.management import Management
from integration_engine.gateway.certificates import fingerprint
from integration_engine.security import assertion
from integration_engine.security.assertion import AssertionRefused
from integration_engine.security.identity import NotAllowed
from integration_engine.services import Broker
from integration_engine.store import audit
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.certificates import make_certificates
from tests.gateway_house import House, declare, house, keys, own_vhost, police_report
from tests.signing import PUBLIC_URL, TOKEN_URL, Machine
from tests.worker_samples import eventually

FORCE, OTHER = "E23000038", "E23000029"
REPORTS = "/police/reports"


@pytest.fixture(scope="module")
def shared(
    broker: Broker, management: Management, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, module_database_url, folder, public_url=PUBLIC_URL) as opened:
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def registered(doors: House, code: str = FORCE) -> Machine:
    machine = Machine(code)
    AccessTokens(doors.store).add_public_key(code, machine.public)
    return machine


def asked(doors: House, form: dict[str, str]) -> httpx.Response:
    return doors.client.post("/oauth/token", data=form)


def reports(doors: House, token: str, force: str = FORCE) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return doors.client.post(REPORTS, content=police_report(force), headers=headers)


def test_a_token_never_outlives_the_key_that_it_was_given_for(doors: House) -> None:
    machine = Machine(FORCE)
    ends = datetime.now(UTC) + timedelta(seconds=90)
    AccessTokens(doors.store).add_public_key(FORCE, machine.public, expires_at=ends)
    said = asked(doors, machine.form()).json()
    assert 0 < said["expires_in"] <= 90
    assert reports(doors, said["access_token"]).status_code == 202


def test_a_force_signs_gets_a_token_for_minutes_and_sends_as_itself_alone(doors: House) -> None:
    machine = registered(doors)
    given = asked(doors, machine.form())
    assert given.status_code == 200
    assert given.headers["cache-control"] == "no-store"
    said = given.json()
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 600)
    assert reports(doors, said["access_token"]).status_code == 202
    assert reports(doors, said["access_token"], OTHER).json()["code"] == "wrong-sender"
    headers = {"Authorization": f"Bearer {said['access_token']}"}
    assert doors.client.get("/cdop/BERKS/deliveries", headers=headers).status_code == 403
    assert doors.client.get("/metrics", headers=headers).status_code == 403
    lines = [line for line in audit.lines(doors.store, limit=1000) if line.action == "token.given"]
    assert (lines[-1].actor, lines[-1].subject) == (FORCE, FORCE)
    assert said["access_token"] not in str(lines)


def test_a_statement_opens_once_however_often_and_by_however_many_it_is_shown(doors: House) -> None:
    form = registered(doors).form()
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(asked(doors, form).status_code)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 401, 401, 401, 401, 401]
    again = asked(doors, form)
    assert again.json()["error"] == "invalid_client"
    assert again.json()["error_description"].startswith("replayed")


def test_a_statement_opens_once_whichever_of_several_processes_it_is_shown_to(database_url: str) -> None:
    """The one that accepts it and the one that sweeps what has ended needn't have the same time."""
    upgrade_schema(database_url)
    now = datetime(2026, 3, 9, 9, tzinfo=UTC)
    first, second = Store(database_url, keys()), Store(database_url, keys())
    Identities(first, lambda: now).add(FORCE, "partner", kinds=["police"])
    machine = Machine(FORCE)
    tokens = AccessTokens(first, lambda: now)
    tokens.add_public_key(FORCE, machine.public)
    text, other = machine.assertion(now, jti="once"), machine.assertion(now + timedelta(minutes=20))
    assert tokens.exchange(text, {TOKEN_URL})
    elsewhere = AccessTokens(second, lambda: now)
    with pytest.raises(AssertionRefused, match="used before"):
        elsewhere.exchange(text, {TOKEN_URL})
    fast = AccessTokens(second, lambda: now + timedelta(minutes=20))
    assert fast.exchange(other, {TOKEN_URL})
    with pytest.raises(AssertionRefused, match="used before"):
        tokens.exchange(text, {TOKEN_URL})
    for store in (first, second):
        assert audit.verify(store).broken is None
        store.close()


def test_a_key_that_is_revoked_while_its_statement_is_looked_at_gives_no_token(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    identities, tokens, machine = Identities(store), AccessTokens(store), Machine(FORCE)
    identities.add(FORCE, "partner", kinds=["police"])
    key = tokens.add_public_key(FORCE, machine.public)
    check = assertion.check

    def revoked_meanwhile(*what: Any) -> assertion.Proved:
        proved = check(*what)
        assert identities.revoke(FORCE, key) == 1
        return proved

    monkeypatch.setattr(assertion, "check", revoked_meanwhile)
    with pytest.raises(AssertionRefused) as refused:
        tokens.exchange(machine.assertion(), {TOKEN_URL})
    assert refused.value.code == "signature"
    (force,) = identities.registered()
    assert [token.live(datetime.now(UTC)) for token in force.credentials] == [True], "its own token alone"
    store.close()


def test_what_is_unsigned_expired_or_meant_for_another_gets_nothing(doors: House) -> None:
    machine, stranger = registered(doors), Machine(FORCE)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    head, body, _ = machine.assertion().split(".")
    shown = {
        "signature": stranger.assertion(),
        "expired": machine.assertion(long_ago),
        "audience": machine.assertion(aud="https://elsewhere.example/oauth/token"),
        "malformed": "no-jwt",
    }
    for code, shown_text in shown.items():
        answer = asked(doors, machine.form(shown_text))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.json()["error_description"].startswith(f"{code}:")
    assert asked(doors, machine.form(f"{head}.{body}.")).status_code == 401
    # one who is registered, in another's name
    assert asked(doors, machine.form(machine.assertion(iss=OTHER, sub=OTHER))).status_code == 401
    assert asked(doors, machine.form(client_id=OTHER)).status_code == 401


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "urn:example"}, "invalid_client"),
        ({"client_assertion": ""}, "invalid_client"),
    ],
)
def test_another_grant_is_none(doors: House, change: dict[str, str], error: str) -> None:
    answer = asked(doors, registered(doors).form() | change)
    assert (answer.status_code in (400, 401), answer.json()["error"]) == (True, error)


def test_the_metadata_say_where_and_how(doors: House) -> None:
    said = doors.client.get("/.well-known/oauth-authorization-server").json()
    assert (said["issuer"], said["token_endpoint"]) == (PUBLIC_URL, TOKEN_URL)
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert not {"none", "HS256"} & set(said["token_endpoint_auth_signing_alg_values_supported"])


def test_a_key_that_is_revoked_gives_no_token_and_ends_those_it_gave(doors: House) -> None:
    machine = registered(doors)
    token = asked(doors, machine.form()).json()["access_token"]
    (key,) = [each.id for each in doors.identities.machine_keys() if each.id == _id(machine)]
    assert doors.identities.authenticate(token) is not None
    assert doors.identities.revoke(FORCE, key) == 2
    assert doors.identities.authenticate(token) is None
    assert asked(doors, machine.form()).json()["error_description"].startswith("signature")


def test_a_key_is_one_partners_and_once_revoked_nobodys(doors: House) -> None:
    machine = registered(doors)
    tokens = AccessTokens(doors.store)
    for code in (OTHER, FORCE):
        with pytest.raises(NotAllowed, match="registered already"):
            tokens.add_public_key(code, machine.public)
    doors.identities.revoke(FORCE, _id(machine))
    with pytest.raises(NotAllowed, match="revoked"):
        tokens.add_public_key(FORCE, machine.public)
    with pytest.raises(NotAllowed, match="no partner"):
        tokens.add_public_key("BERKS", Machine("BERKS").public)


def _id(machine: Machine) -> str:
    return machine.key.thumbprint()


def test_access_tokens_end_and_are_swept_on_both_databases(database_url: str) -> None:
    upgrade_schema(database_url)
    store, now = Store(database_url, keys()), datetime(2026, 3, 9, 9, tzinfo=UTC)
    identities = Identities(store, lambda: now)
    identities.add(FORCE, "partner", kinds=["police"])
    tokens, machine = AccessTokens(store, lambda: now), Machine(FORCE)
    tokens.add_public_key(FORCE, machine.public)
    first = tokens.exchange(machine.assertion(now), {TOKEN_URL})
    assert identities.authenticate(first.text) is not None
    now += timedelta(minutes=10)
    assert identities.authenticate(first.text) is None
    tokens.exchange(machine.assertion(now), {TOKEN_URL})
    (force,) = identities.registered()
    assert len(force.credentials) == 3
    now += timedelta(minutes=10, seconds=1)
    tokens.exchange(machine.assertion(now), {TOKEN_URL})
    (force,) = identities.registered()
    assert len(force.credentials) == 2, "what ended is swept, the partner's own token stays"
    assert audit.verify(store).broken is None
    store.close()


def test_a_hospital_with_a_key_alone_is_known_by_its_code(database_url: str) -> None:
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    identities = Identities(store)
    token = identities.add("RTH", "partner", kinds=["hospital-hl7"])
    AccessTokens(store).add_public_key("RTH", Machine("RTH").public)
    identities.revoke("RTH", token.lookup)
    (found,) = identities.partners()
    assert found.may_speak_as("RTH08")
    assert identities.revoke("RTH") == 1
    assert identities.partners() == []
    store.close()


class Tls:
    """A gateway that speaks TLS, and the certificates around it."""

    def __init__(self, doors: House, folder: Path) -> None:
        self.doors = doors
        self.folder = folder
        self.port = doors.client.base_url.port

    def client(self, name: str | None = None, **headers: str) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return httpx.Client(base_url=f"https://localhost:{self.port}", verify=context, headers=headers)

    def der(self, name: str = "client") -> bytes:
        found = x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())
        return found.public_bytes(Encoding.DER)


def send(client: httpx.Client) -> int:
    headers = {"Content-Type": "application/json"}
    return client.post(REPORTS, content=police_report(FORCE), headers=headers).status_code


@pytest.fixture
def tls(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[Tls]:
    make_certificates(tmp_path)
    declare(amqp_url)
    files = {"certificate": tmp_path / "server.pem", "key": tmp_path / "server.key"}
    with house(amqp_url, database_url, tmp_path, http_tls={**files, "client_ca": tmp_path / "authority.pem"}) as opened:
        yield Tls(opened, tmp_path)


def test_a_registered_client_certificate_opens_its_partners_door_until_it_is_revoked(tls: Tls) -> None:
    name = fingerprint(tls.der())
    with tls.client("client") as machine, tls.client() as nobody:
        assert send(machine) == 401, "an authority's signature alone opens nothing"
        AccessTokens(tls.doors.store).add_key(FORCE, name, "certificate", "")
        assert (send(machine), send(nobody)) == (202, 401)
        assert machine.get("/health/live").status_code == 200
        assert machine.get("/cdop/BERKS/deliveries").status_code == 403
        machine.headers["Authorization"] = f"Bearer {tls.doors.tokens[OTHER]}"
        assert send(machine) == 401, "two proofs of two partners"
        machine.headers["Authorization"] = f"Bearer {tls.doors.tokens[FORCE]}"
        assert send(machine) == 202
        del machine.headers["Authorization"]
        tls.doors.identities.revoke(FORCE, name)
        # The register is remembered for a second.
        eventually(lambda: send(machine) == 401)


def test_nobody_has_a_certificate_by_writing_so_in_a_header(tls: Tls) -> None:
    AccessTokens(tls.doors.store).add_key(FORCE, fingerprint(tls.der()), "certificate", "")
    told = f":{base64.b64encode(tls.der()).decode()}:"
    with tls.client(**{"Client-Cert": told}) as nobody:
        assert send(nobody) == 401


def test_a_certificate_of_another_authority_ends_at_the_handshake(
    tls: Tls, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    make_certificates(elsewhere)
    AccessTokens(tls.doors.store).add_key(FORCE, fingerprint(Tls(tls.doors, elsewhere).der()), "certificate", "")
    context = ssl.create_default_context(cafile=str(tls.folder / "authority.pem"))
    context.load_cert_chain(elsewhere / "client.pem", elsewhere / "client.key")
    with (
        httpx.Client(base_url=f"https://localhost:{tls.port}", verify=context) as stranger,
        pytest.raises(httpx.TransportError),
    ):
        send(stranger)


def test_a_proxys_word_about_a_certificate_counts_from_its_own_address_alone(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    make_certificates(tmp_path)
    declare(amqp_url)
    der = x509.load_pem_x509_certificate((tmp_path / "client.pem").read_bytes()).public_bytes(Encoding.DER)
    told = f":{base64.b64encode(der).decode()}:"

    def answered(opened: House, *values: str) -> int:
        headers: Any = [("Client-Cert", value) for value in values] + [("X-Forwarded-For", "127.0.0.1")]
        headers.append(("Content-Type", "application/json"))
        return opened.client.post(REPORTS, content=police_report(FORCE), headers=headers).status_code

    with house(amqp_url, sqlite_url, tmp_path, trusted_proxies=["127.0.0.1"]) as behind:
        AccessTokens(behind.store).add_key(FORCE, fingerprint(der), "certificate", "")
        assert answered(behind, told) == 202
        for wrong in ((), (told, told), (told[:-1],), ("::",), (":AAAA:",)):
            assert answered(behind, *wrong) == 401
    with house(amqp_url, f"{sqlite_url}2", tmp_path, trusted_proxies=["192.0.2.0/24"]) as elsewhere:
        AccessTokens(elsewhere.store).add_key(FORCE, fingerprint(der), "certificate", "")
        assert answered(elsewhere, told) == 401
