"""Which certificate is whose: by fingerprint, by a name it is issued for, or by its subject, never by anything like it."""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from integration_engine.gateway.mllp_clients import Bound, ClientCertificate, Clients, read_clients
from integration_engine.settings.mllp import BoundClient, MllpListener
from tests.certificates import Authority, fingerprint_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("certificates")
    authority = Authority(found, "authority")
    authority.issue("pas", "RTH PAS", "pas.rth.example", "*.rth.example")
    authority.issue("pas-2", "RTH PAS", "pas.rth.example")
    return found


def certificate(path: Path) -> ClientCertificate:
    return ClientCertificate.of(x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER))


def bound(folder: Path, **mark: Any) -> list[str]:
    """Whose certificates a binding means: the files' names."""
    clients = Clients([BoundClient(partner="RTH", **mark)])
    return [name for name in ("pas", "pas-2") if clients.of(certificate(folder / f"{name}.pem"))]


def test_a_fingerprint_is_one_certificate_however_it_is_written(folder: Path) -> None:
    written = fingerprint_of(folder / "pas.pem")
    for form in (written, written.lower(), written.replace(":", ""), written.replace(":", " ")):
        assert bound(folder, fingerprint=form) == ["pas"]


def test_a_name_and_a_subject_outlive_the_certificate(folder: Path) -> None:
    assert bound(folder, name="PAS.rth.example") == ["pas", "pas-2"]
    assert bound(folder, subject="rth pas") == ["pas", "pas-2"]
    assert bound(folder, subject="CN=RTH PAS") == ["pas", "pas-2"]


@pytest.mark.parametrize(
    "mark",
    [
        {"name": "epr.rth.example"},
        {"name": "rth.example"},
        {"name": "RTH PAS"},
        {"subject": "pas.rth.example"},
        {"subject": "RTH"},
        {"fingerprint": "00" * 32},
    ],
)
def test_what_only_looks_like_it_is_nobody(folder: Path, mark: dict[str, str]) -> None:
    assert bound(folder, **mark) == []


def test_a_hubs_certificate_is_bound_to_all_it_speaks_for_in_order(folder: Path) -> None:
    listed = [BoundClient(partner=code, subject="RTH PAS", feed=feed) for code, feed in (("RTH", "adt"), ("RXH", None))]
    assert Clients(listed).of(certificate(folder / "pas.pem")) == (Bound("RTH", "adt"), Bound("RXH", None))


@pytest.mark.parametrize("mark", [{}, {"name": "a", "subject": "b"}, {"fingerprint": "AB:CD"}, {"nmae": "a"}])
def test_a_binding_has_one_mark_and_it_is_whole(mark: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        BoundClient.model_validate({"partner": "RTH", **mark})


@pytest.mark.parametrize(
    "text", ["[[clients]]\npartner = 1", "[[client]]\npartner = 'RTH'", "[[clients", "clients = 3"]
)
def test_a_file_that_isnt_one_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clients.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"clients\.toml") as refused:
        read_clients(file)
    assert "RTH" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"tls_key": "a"},
        {"client_ca": "a"},
        {"tls_certificate": "a", "clients": [{"partner": "RTH", "name": "a"}]},
        {"tls_certificate": "a", "clients_file": "a"},
        {"tls_certificate": "a", "client_crl": "a"},
        {"tls_certificate": "a", "client_ca": "a", "partner": "RTH", "clients_file": "a"},
    ],
)
def test_a_port_that_was_meant_to_be_closed_doesnt_open_without_what_closes_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MllpListener.model_validate({"port": 0, **settings})
