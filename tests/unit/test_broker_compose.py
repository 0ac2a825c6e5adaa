"""docker-compose.yml, the Dockerfile and the tests mean the same images, and no secret stands in a committed file."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_engine.services import images

_PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    content = yaml.safe_load((_PROJECT / "docker-compose.yml").read_text())
    found: dict[str, Any] = content["services"]
    return found


def test_image_tags_are_the_same_wherever_they_stand(services: dict[str, Any]) -> None:
    assert services["broker"]["image"] == images.RABBITMQ
    assert services["database"]["image"] == images.POSTGRES
    assert f"FROM {images.PYTHON}\n" in (_PROJECT / "Dockerfile").read_text()


def test_every_password_and_key_comes_from_outside(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|KEYS|URL", variable):
                assert "${CDR_" in value, f"{name}: {variable}"


def test_ports_are_published_on_loopback_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_secrets_are_drawn_once_and_never_committed(tmp_path: Path) -> None:
    script = tmp_path / ".ci" / "compose-secrets"
    script.parent.mkdir()
    script.write_text((_PROJECT / ".ci" / "compose-secrets").read_text())
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    made = (tmp_path / ".env").read_text()
    needed = set(re.findall(r"\$\{(CDR_\w+):\?", (_PROJECT / "docker-compose.yml").read_text()))
    assert {line.partition("=")[0] for line in made.splitlines()} == needed
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == made
    assert ".env" in (_PROJECT / ".gitignore").read_text().splitlines()
