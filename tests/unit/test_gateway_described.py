"""The OpenAPI document tells the ways in that this gateway's settings open, and no others."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from integration_engine.gateway.openapi import document
from integration_engine.settings import load_settings


def ways(folder: Path, **chosen: Any) -> dict[str, Any]:
    nothing = folder / "cdr.toml"
    nothing.write_text("")
    told = json.loads(document(FastAPI(), load_settings(nothing, **chosen)))
    assert told["security"] == [{name: []} for name in told["components"]["securitySchemes"]]
    return dict(told["components"]["securitySchemes"])


def test_a_token_is_always_a_way_in(tmp_path: Path) -> None:
    assert ways(tmp_path).keys() == {"token"}


@pytest.mark.parametrize(
    "chosen",
    [
        {"trusted_proxies": ["10.0.0.0/8"]},
        {"http_tls": {"certificate": "server.pem", "key": "server.key", "client_ca": "partners.pem"}},
    ],
)
def test_a_certificate_is_one_where_it_could_be_shown(tmp_path: Path, chosen: dict[str, Any]) -> None:
    assert ways(tmp_path, **chosen)["certificate"]["type"] == "mutualTLS"


def test_tls_without_an_authority_for_clients_takes_no_certificates(tmp_path: Path) -> None:
    tls = {"certificate": "server.pem", "key": "server.key"}
    assert "certificate" not in ways(tmp_path, http_tls=tls)


def test_a_signed_statement_is_one_where_our_own_address_is_known(tmp_path: Path) -> None:
    signed = ways(tmp_path, public_url="https://cdr.example.org/")["signed"]
    assert signed["flows"] == {"clientCredentials": {"tokenUrl": "https://cdr.example.org/oauth/token", "scopes": {}}}
