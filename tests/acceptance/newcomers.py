"""An engine as an operator sets it up by docs/operators.md, and a shell: commands are typed as the pages have them."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import httpx

from integration_engine.services.packages import install
from integration_engine.services.private import free_ports

DOCS = Path(__file__).parents[2] / "docs"
_PATIENCE_S = 60.0
_TOKEN = re.compile(r"cdr_[a-z0-9]+_[\w-]+")


@dataclass
class Set:
    """A running engine with a live port and one to try on. ``said`` is what each typed command answered, by its line."""

    folder: Path
    client: httpx.Client
    live_port: int
    sandbox_port: int
    amqp_url: str = field(repr=False)
    said: dict[str, str] = field(default_factory=dict)

    def types(
        self, line: str, *options: str, status: int = 0, instead: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """Type a command that stands on the pages, with ``instead`` for names that a page can't know, and see how it ends."""
        assert line in pages(), f"no page says: {line}"
        assert all(option in pages() for option in options)
        for name, value in instead.items():
            assert name in line
            line = line.replace(name, value)
        words = [*shlex.split(line), *options]
        if words[0] == "openssl" and shutil.which("openssl") is None:
            install("openssl", ())
        if words[0] == "cdr":
            words = [sys.executable, "-m", "integration_engine.cli", *words[1:]]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == status, f"{line}: {done.returncode}: {said}"
        self.said[line] = said
        return said

    def token(self, line: str) -> str:
        """The token that a command shows this once."""
        found = _TOKEN.search(self.types(line))
        assert found
        return found[0]

    def ask(self, path: str, token: str) -> httpx.Response:
        return self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    def send(self, path: str, token: str, body: bytes | str, content_type: str) -> httpx.Response:
        return self.client.post(
            path, content=body, headers={"Authorization": f"Bearer {token}", "Content-Type": content_type}
        )


def pages() -> str:
    """Everything that the documents say."""
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md")))


def example(page: str, beginning: str) -> str:
    """The first fenced example of a page whose first line begins so."""
    found = re.search(rf"^```{re.escape(beginning)}[^\n]*\n(.*?)^```$", (DOCS / f"{page}.md").read_text(), re.M | re.S)
    assert found, f"{page} has no example {beginning}"
    return found[1]


@contextmanager
def newly_set_up(folder: Path, amqp_url: str, management_url: str) -> Iterator[Set]:
    """The engine of docs/operators.md on one machine, with a port for trying, for the length of the block."""
    http_port, live, sandbox = free_ports(3)
    address = f"http://127.0.0.1:{http_port}"
    told: Mapping[str, object] = {
        "amqp_url": amqp_url,
        "amqp_management_url": management_url,
        "http_port": http_port,
        "public_url": address,
        "cookie_secure": False,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    ports = [f"[[mllp]]\nport = {live}", f"[[mllp]]\nport = {sandbox}\nsandbox = true"]
    (folder / "cdr.toml").write_text("\n\n".join(["\n".join(lines), *ports]))
    with httpx.Client(base_url=address, timeout=_PATIENCE_S) as client:
        place = Set(folder, client, live, sandbox, amqp_url)
        place.types("cdr db upgrade")
        place.types("cdr broker apply")
        assert "cdr run all" in pages()
        with (folder / "engine.log").open("wb") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", "integration_engine.cli", "run", "all"],
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ.copy(),
            )
        try:
            _await_ready(running, client, folder)
            yield place
        finally:
            running.terminate()
            running.wait(_PATIENCE_S)


def _await_ready(running: "subprocess.Popen[bytes]", client: httpx.Client, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        assert running.poll() is None, (folder / "engine.log").read_text()
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError((folder / "engine.log").read_text())
