"""Over MLLP a certificate is whose the register says, revoking one ends its connections, and revoking a partner ends all it
has open."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli.partner import app as partner_command
from integration_engine.gateway import mllp
from integration_engine.store.access_tokens import AccessTokens
from tests.certificates import Authority, fingerprint_of
from tests.gateway_house import House, declare, house, keys_in_the_environment
from tests.hl7_samples import death
from tests.mllp_client import MllpClient, client_tls
from tests.worker_samples import eventually

RTH, RXH = death(), death().replace(b"|RTH|", b"|RXH|")
BY_CERTIFICATE, ANYBODY, RTHS_OWN, PLAIN = range(4)


def name_of(path: Path) -> str:
    return fingerprint_of(path).replace(":", "").lower()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("certificates")
    authority = Authority(found, "authority")
    authority.issue("server", "localhost")
    for name in ("first", "second", "listed", "nobody"):
        authority.issue(name, name)
    return found


@pytest.fixture
def doors(
    amqp_url: str, database_url: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A port for certificates that are somebody's, one for any of the authority's, one of RTH's, and one without TLS."""
    monkeypatch.setattr(mllp, "_LOOK_SECONDS", 0.05)
    declare(amqp_url)
    tls = {
        "port": 0,
        "tls_certificate": folder / "server.pem",
        "tls_key": folder / "server.key",
        "client_ca": folder / "authority.pem",
    }
    listed = [{"partner": "RXH", "subject": "listed"}]
    ports = [
        tls | {"registered_clients": True, "clients": listed},
        tls,
        tls | {"partner": "RTH"},
        {"port": 0, "partner": "RTH"},
    ]
    with house(amqp_url, database_url, tmp_path, ports=ports) as opened:
        tokens = AccessTokens(opened.store)
        for name in ("first", "second"):
            tokens.add_key("RTH", name_of(folder / f"{name}.pem"), "certificate", "")
        yield opened


def connected(doors: House, folder: Path, port: int, certificate: str | None) -> MllpClient:
    return MllpClient(doors.mllp_ports[port], client_tls(folder, certificate) if port != PLAIN else None)


def said(doors: House, folder: Path, port: int, certificate: str | None, body: bytes) -> str:
    """MSA-1 of the answer; empty where they aren't let in."""
    try:
        with connected(doors, folder, port, certificate) as client:
            return client.send(body)[1]
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("port", "certificate", "body", "answer"),
    [
        (BY_CERTIFICATE, "first", RTH, "AA"),
        (BY_CERTIFICATE, "first", RXH, "AR"),
        (BY_CERTIFICATE, "second", RTH, "AA"),
        (BY_CERTIFICATE, "listed", RXH, "AA"),
        (BY_CERTIFICATE, "listed", RTH, "AR"),
        (BY_CERTIFICATE, "nobody", RTH, ""),
        (ANYBODY, "nobody", RXH, "AA"),
        (ANYBODY, "first", RXH, "AR"),
        (ANYBODY, "first", RTH, "AA"),
        (RTHS_OWN, "first", RTH, "AA"),
        (RTHS_OWN, "nobody", RTH, "AA"),
    ],
)
def test_a_certificate_speaks_for_the_partner_it_is_registered_for(
    doors: House, folder: Path, port: int, certificate: str, body: bytes, answer: str
) -> None:
    assert said(doors, folder, port, certificate, body) == answer
    assert len(doors.queued("intake.hospital-hl7")) == (answer == "AA")


def test_a_certificate_of_one_partner_opens_no_port_of_anothers(doors: House, folder: Path) -> None:
    AccessTokens(doors.store).add_key("RXH", name_of(folder / "nobody.pem"), "certificate", "")
    eventually(lambda: said(doors, folder, RTHS_OWN, "nobody", RTH) == "")
    assert said(doors, folder, RTHS_OWN, "nobody", RXH) == ""
    assert said(doors, folder, RTHS_OWN, "second", RTH) == "AA"


def test_a_revoked_certificate_ends_what_it_has_open_and_the_partners_other_goes_on(doors: House, folder: Path) -> None:
    with (
        connected(doors, folder, BY_CERTIFICATE, "first") as first,
        connected(doors, folder, BY_CERTIFICATE, "second") as second,
        connected(doors, folder, ANYBODY, "first") as elsewhere,
    ):
        for client in (first, second, elsewhere):
            assert client.send(RTH)[1] == "AA"
        assert doors.identities.revoke("RTH", name_of(folder / "first.pem")) == 1
        assert (first.rest(), elsewhere.rest()) == (b"", b"")
        assert second.send(RTH)[1] == "AA"
    for port in (BY_CERTIFICATE, ANYBODY, RTHS_OWN):
        assert said(doors, folder, port, "first", RTH) == "", "not even where any certificate would do"


def test_what_was_revoked_in_the_register_opens_nothing_although_the_settings_still_name_it(
    doors: House, folder: Path
) -> None:
    AccessTokens(doors.store).add_key("RXH", name_of(folder / "listed.pem"), "certificate", "")
    with connected(doors, folder, BY_CERTIFICATE, "listed") as client:
        assert client.send(RXH)[1] == "AA"
        doors.identities.revoke("RXH", name_of(folder / "listed.pem"))
        assert client.rest() == b""
    assert said(doors, folder, BY_CERTIFICATE, "listed", RXH) == ""


@pytest.mark.parametrize("port", [BY_CERTIFICATE, RTHS_OWN, PLAIN])
def test_revoking_a_partner_ends_every_connection_it_has_and_no_other(doors: House, folder: Path, port: int) -> None:
    with (
        connected(doors, folder, port, "first") as one,
        connected(doors, folder, port, "second") as another,
        connected(doors, folder, BY_CERTIFICATE, "listed") as others,
    ):
        assert [client.send(RTH)[1] for client in (one, another)] == ["AA", "AA"]
        doors.identities.revoke("RTH")
        assert (one.rest(), another.rest()) == (b"", b"")
        assert others.send(RXH)[1] == "AA"
    assert said(doors, folder, port, "second", RTH) == ""


def test_a_store_that_is_away_ends_no_connection_and_says_to_send_it_again(
    doors: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration_engine.store.database import Transient
    from integration_engine.store.identities import Identities

    with connected(doors, folder, BY_CERTIFICATE, "first") as client:
        assert client.send(RTH)[1] == "AA"
        with monkeypatch.context() as away:

            def nothing(_: Identities) -> None:
                raise Transient("away")

            away.setattr(Identities, "tokens", nothing)
            eventually(lambda: client.send(RTH)[1] == "AE")
        eventually(lambda: client.send(RTH)[1] == "AA")


def test_revoking_at_the_command_line_ends_every_way_in_of_a_partner(
    doors: House, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens, keys, certificates, sessions, MLLP connections, the sandbox."""
    for name, value in keys_in_the_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CDR_DATABASE_URL", doors.store.engine.url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    patient = '{"resourceType": "Patient"}'
    with doors.sign_in("RTH") as browser, connected(doors, folder, BY_CERTIFICATE, "first") as client:
        assert browser.get("/partner").status_code == 200
        assert client.send(RTH)[1] == "AA"
        for path in ("/fhir/Patient", "/sandbox/fhir/Patient"):
            assert doors.send("RTH", path, patient, "application/fhir+json").status_code == 200
        ended = CliRunner().invoke(partner_command, ["revoke", "RTH"])
        assert ended.exit_code == 0, ended.output
        assert client.rest() == b""
        assert browser.get("/partner").status_code == 303
        for path in ("/fhir/Patient", "/sandbox/fhir/Patient"):
            eventually(lambda path=path: doors.send("RTH", path, patient, "application/fhir+json").status_code == 401)
    assert "RTH" not in {each.name for each in doors.identities.partners()}
    assert all(key.revoked_at for key in doors.identities.machine_keys() if key.partner == "RTH")
