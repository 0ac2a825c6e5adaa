"""Containers of this project's images, where a container engine runs."""

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)
_ANSWER_LIMIT_S = 10


def engine_runs() -> bool:
    """Whether a container engine answers here, and testcontainers is installed to speak with it."""
    if not os.environ.get("DOCKER_HOST") and not Path("/var/run/docker.sock").exists():
        return False
    program = shutil.which("docker")
    if program is not None:
        try:
            if subprocess.run([program, "info"], capture_output=True, timeout=_ANSWER_LIMIT_S, check=False).returncode:  # noqa: S603
                return False
        except subprocess.TimeoutExpired:
            return False
    try:
        import docker
        import testcontainers  # noqa: F401 - looked for, not used

        docker.from_env(timeout=_ANSWER_LIMIT_S).ping()
    except Exception as problem:
        _log.info("no container engine: %s", type(problem).__name__)
        return False
    return True


class Container:
    """One container. ``ports``: its own to ours, on loopback only; fixed, so that they outlive a restart."""

    def __init__(self, image: str, environment: Mapping[str, str], ports: Mapping[int, int], command: str = "") -> None:
        from testcontainers.core.container import DockerContainer

        made: Any = DockerContainer(image)
        for inner, outer in ports.items():
            made.ports[inner] = ("127.0.0.1", outer)  # with_bind_ports would open it to the network
        for name, value in environment.items():
            made = made.with_env(name, value)
        if command:
            made = made.with_command(command)
        self._container = made
        self._container.start()

    @property
    def running(self) -> bool:
        inner = self._container.get_wrapped_container()
        inner.reload()
        return bool(inner.status == "running")

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def start(self) -> None:
        self._container.get_wrapped_container().start()

    def hold(self) -> None:
        self._container.get_wrapped_container().pause()

    def go_on(self) -> None:
        self._container.get_wrapped_container().unpause()

    def run(self, command: Sequence[str]) -> None:
        """Run one of the server's own tools beside it. Raises RuntimeError where it fails."""
        if self._container.get_wrapped_container().exec_run(list(command)).exit_code:
            raise RuntimeError(f"{command[0]} failed in the container")

    def stop(self) -> None:
        self._container.stop()

    def last_words(self) -> str:
        out: bytes = self._container.get_wrapped_container().logs(tail=8)
        return out.decode(errors="replace")
