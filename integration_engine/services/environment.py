"""Programs that tests start in a virtual environment of their own, because they want other versions of libraries than ours:
made from a lock file of their own when one is first needed."""

import fcntl
import subprocess
import sys
from pathlib import Path

from integration_engine.services.unavailable import ServiceUnavailable

_PROJECT = Path(__file__).resolve().parents[2]
_INSTALL_LIMIT_S = 900


def python_with(name: str) -> Path:
    """The interpreter of ``.venv-NAME``, which has what ``NAME.lock`` pins. Raises ServiceUnavailable."""
    lock, environment = _PROJECT / f"{name}.lock", _PROJECT / f".venv-{name}"
    program, ready = environment / "bin" / "python", environment / ".ready"
    environment.mkdir(exist_ok=True)
    with (environment / ".lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # two test runs may want it at once
        if not ready.exists() or ready.stat().st_mtime < lock.stat().st_mtime:
            pip = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
            _run(name, [sys.executable, "-m", "venv", str(environment)])
            _run(name, [*pip, "--no-deps", "-r", str(lock)])
            ready.touch()
    return program


def _run(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, timeout=_INSTALL_LIMIT_S, check=False)  # noqa: S603 - our own
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise ServiceUnavailable("not-installed", f"{name} could not be installed:\n" + "\n".join(last))
