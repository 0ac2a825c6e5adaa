"""The commands that register keys, certificates and people: what they take, say once, and never show."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.security.passwords import CodeKey
from integration_engine.settings import load_settings
from integration_engine.store.database import open_store
from integration_engine.store.people import People
from tests.certificates import make_certificates
from tests.signing import Machine


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("CDR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def cdr(*words: str, typed: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(_build([words[0]]), list(words), input=typed)
    return result.exit_code, result.output


def test_a_key_and_a_certificate_are_registered_listed_and_revoked(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    (tmp_path / "public.pem").write_text(Machine("RTH").public)
    assert cdr("partner", "add", "RTH", "--kind", "hospital-fhir", "--json")[0] == 0
    names = {}
    for file, kind in (("public.pem", "jwk"), ("client.pem", "certificate")):
        status, said = cdr("partner", "key", "add", "RTH", file, "--json")
        assert status == 0, said
        names[kind] = json.loads(said)["key"]
        assert json.loads(said)["kind"] == kind
    status, listed = cdr("partner", "key", "list", "--json")
    keys = {one["kind"]: one for one in map(json.loads, listed.splitlines())}
    assert {kind: one["key"] for kind, one in keys.items()} == names
    assert keys["certificate"]["expires_at"], "it ends with its own date"
    assert cdr("partner", "revoke", "RTH", "--credential", names["jwk"])[0] == 0
    assert cdr("partner", "revoke", "RTH", "--credential", names["jwk"])[0] == 1
    assert "ended" in cdr("partner", "key", "list")[1]


def test_what_is_no_public_key_is_not_taken_and_not_shown(tmp_path: Path) -> None:
    cdr("partner", "add", "RTH", "--kind", "hospital-fhir")
    private = RSAKey.generate_key(2048).as_pem(private=True).decode()
    for name, content in (("private.pem", private), ("none.pem", "-----BEGIN CERTIFICATE-----\nAAAA"), ("x", "x")):
        (tmp_path / name).write_text(content)
        status, said = cdr("partner", "key", "add", "RTH", name)
        assert status == 1
        assert private[40:80] not in said
    (tmp_path / "public.pem").write_text(Machine("RTH").public)
    assert cdr("partner", "key", "add", "NOBODY", "public.pem")[0] == 1


def test_a_person_is_registered_signs_in_and_ends() -> None:
    cdr("partner", "add", "BERKS", "--kind", "cdop")
    status, said = cdr("person", "add", "jane", "--role", "coordinator", "--area", "BERKS", "--generate", "--json")
    assert status == 0, said
    added = json.loads(said)
    secret = added["codes"].partition("secret=")[2].partition("&")[0]
    store = open_store(load_settings())
    people = People(store)
    import base64
    import time

    codes = CodeKey(base64.b32decode(secret))
    found = people.sign_in("jane", added["password"], codes.code(int(time.time()) // 30))
    assert found is not None
    assert found.areas == {"BERKS"}
    assert "jane  coordinator  BERKS  live" in cdr("person", "list")[1]
    assert added["password"] not in cdr("person", "list", "--json")[1]
    assert [cdr("person", "end", "jane")[0] for _ in range(2)] == [0, 1]
    store.close()


def test_a_person_chooses_a_password_by_typing_it_twice() -> None:
    cdr("partner", "add", "BERKS", "--kind", "cdop")
    status, said = cdr("person", "add", "op", "--role", "operator", typed="a long enough one\na long enough one\n")
    assert status == 0, said
    assert "a long enough one" not in said
    assert cdr("person", "add", "op", "--role", "operator", typed="short\nshort\n")[0] == 1
    assert cdr("person", "add", "op", "--role", "king", "--generate")[0] == 2
    assert cdr("person", "add", "op", "--role", "operator", "--area", "BERKS", "--generate")[0] == 1


def test_a_keys_file_is_made_once(tmp_path: Path) -> None:
    assert cdr("keys", "new")[0] == 0
    before = (tmp_path / "var" / "keys.json").read_bytes()
    status, said = cdr("keys", "new", "--json")
    assert (status, json.loads(said)["error"]) == (1, "there-already")
    assert (tmp_path / "var" / "keys.json").read_bytes() == before
