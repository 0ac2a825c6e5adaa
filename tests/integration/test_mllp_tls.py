"""MLLP over TLS: a certificate says which partner speaks, several share a port, and certificates change while it is open."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration_engine.gateway import mllp
from integration_engine.gateway.mllp import MllpServer
from integration_engine.gateway.mllp_clients import ClientCertificate
from integration_engine.gateway.mllp_line import Limits, Reply
from integration_engine.gateway.mllp_tls import Tls
from integration_engine.settings.mllp import MllpListener
from integration_engine.store.database import upgrade_schema
from tests.certificates import Authority, fingerprint_of
from tests.gateway_house import House, declare, house, keys_in_the_environment, own_vhost
from tests.hl7_samples import death, message, msh, pid
from tests.mllp_client import MllpClient, client_tls, framed
from tests.worker_samples import eventually

RTH, RXH = death(), death().replace(b"|RTH|", b"|RXH|")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of two hospitals, of a hub, of nobody, and of somebody whom another authority vouches for."""
    found = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(found, "authority"), Authority(found, "other")
    authority.issue("server", "localhost")
    authority.issue("rth", "rth-pas", "pas.rth.example")
    authority.issue("rxh", "rxh-epr")
    authority.issue("hub", "Regional hub")
    authority.issue("nobody", "nobody")
    other.issue("forged", "rth-pas", "pas.rth.example")
    return found


@pytest.fixture(scope="module")
def doors(broker: Any, management: Any, folder: Path) -> Iterator[House]:
    listener = {
        "port": 0,
        "tls_certificate": folder / "server.pem",
        "tls_key": folder / "server.key",
        "client_ca": folder / "authority.pem",
        "clients": [
            {"partner": "RTH", "name": "PAS.rth.example"},
            {"partner": "RXH", "fingerprint": fingerprint_of(folder / "rxh.pem")},
            {"partner": "RTH", "subject": "regional hub"},
            {"partner": "RXH", "subject": "CN=Regional hub"},
        ],
    }
    with (
        own_vhost(broker, management) as url,
        house(url, f"sqlite:///{folder / 'e.db'}", folder, ports=[listener]) as it,
    ):
        yield it


def said(doors: House, folder: Path, certificate: str | None, body: bytes) -> str:
    """MSA-1 of the answer to who shows this certificate; empty where they aren't let in."""
    try:
        with MllpClient(doors.mllp_ports[0], client_tls(folder, certificate)) as client:
            return client.send(body)[1]
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("certificate", "body", "answer"),
    [
        ("rth", RTH, "AA"),
        ("rth", RXH, "AR"),
        ("rxh", RXH, "AA"),
        ("rxh", RTH, "AR"),
        ("hub", RTH, "AA"),
        ("hub", RXH, "AA"),
        ("hub", death().replace(b"|RTH|", b"|RZZ|"), "AR"),
        ("nobody", RTH, ""),
        ("forged", RTH, ""),
        (None, RTH, ""),
    ],
)
def test_each_certificate_speaks_for_its_own_partner_on_a_port_that_they_share(
    doors: House, folder: Path, certificate: str | None, body: bytes, answer: str
) -> None:
    doors.purge()
    assert said(doors, folder, certificate, body) == answer
    assert len(doors.queued("intake.hospital-hl7")) == (answer == "AA")


def test_a_message_that_names_nobody_is_its_certificates_partners(doors: House, folder: Path) -> None:
    doors.purge()
    assert said(doors, folder, "rxh", message(msh(f4=""), pid(f29="20260309", f30="Y"))) == "AA"
    [(method, _, _)] = doors.queued("intake.hospital-hl7")
    assert method.routing_key == "hospital-hl7.RXH"


def test_a_partner_that_is_revoked_in_the_register_is_refused_whatever_its_certificate(
    doors: House, folder: Path
) -> None:
    with MllpClient(doors.mllp_ports[0], client_tls(folder, "rxh")) as client:
        assert client.send(RXH)[1] == "AA"
        doors.identities.revoke("RXH")
        assert client.rest() == b""
    assert said(doors, folder, "rxh", RXH) == ""
    doors.identities.add("RXH", "partner", kinds=("hospital-hl7",))
    eventually(lambda: said(doors, folder, "rxh", RXH) == "AA")


# From here on the files change under an open port; a stand-in answers.


class Echo:
    async def answer(self, body: bytes) -> Reply:
        return Reply((b"MSA|AA|" + body,))

    async def too_large(self, head: bytes) -> Reply:
        return Reply()


async def welcome(_: ClientCertificate | None) -> Echo:
    return Echo()


class Port:
    """A port whose files are in ``folder``, and who connects to it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.number = number

    async def client(self, certificate: str, believing: str = "authority") -> MllpClient:
        return await asyncio.to_thread(MllpClient, self.number, client_tls(self.folder, certificate, believing))

    async def lets_in(self, certificate: str, believing: str = "authority") -> bool:
        def attempt() -> bool:
            try:
                with MllpClient(self.number, client_tls(self.folder, certificate, believing)) as client:
                    return client.is_let_in(b"1")
            except OSError:
                return False

        return await asyncio.to_thread(attempt)


@asynccontextmanager
async def opened(
    folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), **files: Path
) -> AsyncIterator[Port]:
    listener = MllpListener(
        port=0,
        tls_certificate=folder / "server.pem",
        tls_key=folder / "server.key",
        client_ca=folder / "authority.pem",
        **files,  # type: ignore[arg-type]
    )

    server = MllpServer(welcome, Limits(), Tls(listener), clock=now)
    try:
        yield Port(folder, await server.start("127.0.0.1", 0))
    finally:
        await server.stop()


def run(story: Coroutine[Any, Any, None]) -> None:
    async def within_a_minute() -> None:
        async with asyncio.timeout(60):
            await story

    asyncio.run(within_a_minute())


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setattr(mllp, "_LOOK_SECONDS", 0.05)
    made = Authority(tmp_path, "authority")
    made.issue("server", "localhost")
    made.issue("client", "RTH")
    return made


def replaced(folder: Path, source: str, target: str) -> None:
    """Another file under the same name at once, as tools that renew certificates do it."""
    shutil.copy(folder / source, folder / "coming")
    (folder / "coming").rename(folder / target)


def test_a_renewed_server_certificate_greets_the_next_client_and_disturbs_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    authority.issue("renewed", "localhost")

    async def story() -> None:
        async with opened(tmp_path) as port:
            before = await port.client("client")
            # Half of it: certificate and key don't belong together, so the old ones still serve.
            replaced(tmp_path, "renewed.pem", "server.pem")
            between = await port.client("client")
            replaced(tmp_path, "renewed.key", "server.key")
            after = await port.client("client")
            shown = [shown_by(each) for each in (before, between, after)]
            assert shown[0] == shown[1] != shown[2] == fingerprint_of(tmp_path / "renewed.pem")
            for client in (before, between, after):
                assert await asyncio.to_thread(client.send, b"1") == ["MSA", "AA", "1"]
                client.socket.close()

    run(story())


def shown_by(client: MllpClient) -> str:
    assert isinstance(client.socket, ssl.SSLSocket)
    der = client.socket.getpeercert(binary_form=True)
    assert der is not None
    return ":".join(ClientCertificate.of(der).fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()


def test_when_the_authorities_change_everybody_proves_themselves_again(authority: Authority, tmp_path: Path) -> None:
    newer = Authority(tmp_path, "newer")
    newer.issue("successor", "RTH")

    async def story() -> None:
        async with opened(tmp_path) as port:
            assert not await port.lets_in("successor")
            open_before = await port.client("client")
            assert await asyncio.to_thread(open_before.send, b"1") == ["MSA", "AA", "1"]
            shutil.copy(tmp_path / "authority.pem", tmp_path / "believed.pem")
            replaced(tmp_path, "newer.pem", "authority.pem")
            assert await asyncio.to_thread(open_before.rest) == b""
            assert await port.lets_in("successor", "believed")
            assert not await port.lets_in("client", "believed")

    run(story())


def test_a_revoked_certificate_opens_nothing_and_what_it_had_open_ends(authority: Authority, tmp_path: Path) -> None:
    revocations = authority.revoke("revoked", [])

    async def story() -> None:
        async with opened(tmp_path, client_crl=revocations) as port:
            client = await port.client("client")
            assert await asyncio.to_thread(client.send, b"1") == ["MSA", "AA", "1"]
            authority.revoke("coming-list", [tmp_path / "client.pem"])
            replaced(tmp_path, "coming-list.pem", "revoked.pem")
            assert await asyncio.to_thread(client.rest) == b""
            assert not await port.lets_in("client")

    run(story())


def test_a_connection_ends_with_its_certificate(authority: Authority, tmp_path: Path) -> None:
    ahead = [timedelta()]

    async def story() -> None:
        async with opened(tmp_path, lambda: datetime.now(UTC) + ahead[0]) as port:
            client = await port.client("client")
            assert await asyncio.to_thread(client.send, b"1") == ["MSA", "AA", "1"]
            ahead[0] = timedelta(days=2)
            assert await asyncio.to_thread(client.rest) == b""

    run(story())


def test_a_client_that_never_finishes_its_handshake_is_let_go(authority: Authority, tmp_path: Path) -> None:
    listener = MllpListener(port=0, tls_certificate=tmp_path / "server.pem", tls_key=tmp_path / "server.key")

    async def story() -> None:
        server = MllpServer(welcome, Limits(handshake_seconds=0.3), Tls(listener))
        number = await server.start("127.0.0.1", 0)
        silent = await asyncio.to_thread(MllpClient, number)
        wrong = await asyncio.to_thread(MllpClient, number)
        wrong.write(framed(b"MSH|in the clear"))
        # Whatever TLS says of it (an alert), no frame is answered.
        assert b"MSA" not in await asyncio.to_thread(wrong.rest)
        assert await asyncio.to_thread(silent.rest) == b""
        await server.stop()

    run(story())


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"tls_key": "other.key"}, "its certificates can't be used"),
        ({"tls_certificate": "nowhere.pem"}, "a file can't be read"),
        ({"client_ca": "server.key"}, "its certificates can't be used"),
        ({"clients_file": "server.pem"}, "server.pem is not TOML"),
    ],
)
def test_a_port_whose_files_cant_be_used_opens_no_door_and_is_named(
    amqp_url: str, sqlite_url: str, tmp_path: Path, files: dict[str, str], why: str
) -> None:
    authority = Authority(tmp_path, "authority")
    authority.issue("server", "localhost")
    authority.issue("other", "localhost")
    names = {"tls_certificate": "server.pem", "tls_key": "server.key", "client_ca": "authority.pem"} | files
    closed = {"port": 0} | {name: str(tmp_path / file) for name, file in names.items()}
    environment = os.environ | keys_in_the_environment() | {
        "CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": sqlite_url, "CDR_HTTP_PORT": "0",
        "CDR_MLLP": json.dumps([{"port": 0}, closed]),
    }  # fmt: skip
    upgrade_schema(sqlite_url)
    command = [sys.executable, "-m", "integration_engine.cli", "run", "gateway"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert f"mllp.1: {why}" in done.stderr


def test_a_file_of_clients_is_read_again_and_half_a_file_shuts_nobody_out(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    authority = Authority(tmp_path, "authority")
    for name in ("server", "first", "second"):
        authority.issue(name, "localhost" if name == "server" else name)
    clients = tmp_path / "clients.toml"
    entry = '[[clients]]\npartner = "RTH"\nfingerprint = "{}"\n'
    first, second = (entry.format(fingerprint_of(tmp_path / f"{name}.pem")) for name in ("first", "second"))
    clients.write_text(first)
    listener = {
        "port": 0,
        "tls_certificate": tmp_path / "server.pem",
        "tls_key": tmp_path / "server.key",
        "client_ca": tmp_path / "authority.pem",
        "clients_file": clients,
    }
    with house(amqp_url, sqlite_url, tmp_path, ports=[listener]) as doors:
        assert said(doors, tmp_path, "second", RTH) == ""
        with MllpClient(doors.mllp_ports[0], client_tls(tmp_path, "first")) as held:
            assert held.send(RTH)[1] == "AA"
            clients.write_text(first + second)
            assert [said(doors, tmp_path, name, RTH) for name in ("first", "second")] == ["AA", "AA"]
            clients.write_text(second + "[[clients]\n")
            assert said(doors, tmp_path, "first", RTH) == "AA"
            clients.write_text(second)
            assert [said(doors, tmp_path, name, RTH) for name in ("first", "second")] == ["", "AA"]
            # It was let in when it was the partner's. It isn't any more, and what it sends isn't taken.
            held.write(framed(RTH))
            assert held.rest() == b""
