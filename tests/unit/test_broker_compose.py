"""docker-compose.yml, the Dockerfile and the tests mean the same images, and no secret stands in a committed file."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml

from integration_engine import cli
from integration_engine.broker.connection import addresses
from integration_engine.services import images
from integration_engine.settings import Settings

_PROJECT = Path(__file__).resolve().parents[2]
_FILES = ("docker-compose.yml", "docker-compose.cluster.yml")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Of both files: each service of the cluster's under its name and a mark."""
    found: dict[str, Any] = yaml.safe_load((_PROJECT / _FILES[0]).read_text())["services"]
    over = yaml.safe_load((_PROJECT / _FILES[1]).read_text())["services"]
    return found | {f"{name} of the cluster": service for name, service in over.items()}


def test_image_tags_are_the_same_wherever_they_stand(services: dict[str, Any]) -> None:
    for node in ("broker", "broker-2 of the cluster", "broker-3 of the cluster"):
        assert services[node]["image"] == images.RABBITMQ
    assert services["database"]["image"] == images.POSTGRES
    assert f"FROM {images.PYTHON}\n" in (_PROJECT / "Dockerfile").read_text()


def test_every_password_and_key_comes_from_outside(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|KEYS|URL|COOKIE", variable):
                assert "${CDR_" in value, f"{name}: {variable}"


def test_every_node_of_the_cluster_is_found_by_the_others_and_by_the_engine(services: dict[str, Any]) -> None:
    written = (_PROJECT / "queue_config" / "cluster.conf").read_text()
    nodes = re.findall(r"^cluster_formation.classic_config.nodes.\d = rabbit@(\S+)$", written, re.MULTILINE)
    assert [node for node in nodes if node in services or f"{node} of the cluster" in services] == nodes
    engine = services["worker of the cluster"]["environment"]
    reached = [urlsplit(each).hostname for each in addresses(engine["CDR_AMQP_URL"])]
    managed = re.findall(r"@([\w-]+):15672", engine["CDR_AMQP_MANAGEMENT_URL"])
    assert reached == managed == nodes
    waited_for = {**services["topology"]["depends_on"], **services["topology of the cluster"]["depends_on"]}
    assert waited_for.keys() >= set(nodes), "queues are put on the nodes that are there when they are declared"


def test_every_part_of_the_engine_runs_a_command_of_the_program_with_settings_that_it_has(
    services: dict[str, Any],
) -> None:
    program = typer.main.get_command(cli._build(list(cli._COMMANDS)))
    known = {f"CDR_{name.upper()}" for name in Settings.model_fields} | {
        "CDR_CONFIG",
        "CDR_SEAL_KEYS",
        "CDR_INDEX_KEYS",
    }
    ours = {name: service for name, service in services.items() if service.get("image") == "child-death-review-engine"}
    assert {"gateway", "worker", "mesh", "webhooks", "folders"} <= ours.keys()
    for name, service in ours.items():
        words, here = list(service["command"]), program
        while words and hasattr(here, "commands"):
            here = here.commands[words.pop(0)]
        here.make_context(name, words)
        assert {each for each in service["environment"] if each.startswith("CDR_")} <= known, name


def test_mailboxes_and_folders_start_only_when_they_are_asked_for(services: dict[str, Any]) -> None:
    profiles = {name: service.get("profiles") for name, service in services.items() if " of the" not in name}
    assert {name: profiles[name] for name in ("mesh", "webhooks", "folders")} == {
        "mesh": ["mesh"], "webhooks": ["webhooks"], "folders": ["folders"],
    }  # fmt: skip
    always = {name for name, asked in profiles.items() if not asked}
    assert always == {"broker", "database", "schema", "topology", "gateway", "worker"}
    assert {"mesh of the cluster", "webhooks of the cluster", "folders of the cluster"} <= services.keys()


def test_the_folders_of_partners_and_mailboxes_are_never_committed_nor_in_the_image() -> None:
    ignored = (_PROJECT / ".gitignore").read_text().splitlines()
    mounted = re.findall(r"\$\{CDR_\w+_FOLDER:-\.(/\w+)\}", (_PROJECT / _FILES[0]).read_text())
    assert len(mounted) == 3
    assert {f"{folder}/" for folder in mounted} <= set(ignored)
    assert (_PROJECT / ".dockerignore").read_text().splitlines()[0] == "*"


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
    needed = {name for file in _FILES for name in re.findall(r"\$\{(CDR_\w+):\?", (_PROJECT / file).read_text())}
    assert {line.partition("=")[0] for line in made.splitlines()} == needed
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == made
    kept = [line for line in made.splitlines() if not line.startswith("CDR_BROKER_COOKIE")]
    (tmp_path / ".env").write_text("\n".join(kept))
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text().splitlines()[:-1] == kept, "what a newer version needs is added"
    assert ".env" in (_PROJECT / ".gitignore").read_text().splitlines()
