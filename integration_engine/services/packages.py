"""Installing a program with Debian's package tools, without letting the package start a server."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration_engine.services.unavailable import ServiceUnavailable

_POLICY = Path("/usr/sbin/policy-rc.d")
_ALONE = Path(tempfile.gettempdir()) / f"cdr-installing-{os.geteuid()}"
_INSTALL_LIMIT_S = 900


def can_install() -> bool:
    """Whether this is a machine with apt on which we are root, or may become it without a password."""
    if shutil.which("apt-get") is None:
        return False
    return os.geteuid() == 0 or _quiet(["sudo", "-n", "true"])


def install(package: str, services: tuple[str, ...]) -> None:
    """Install ``package``; its ``services`` are neither started now nor at the next boot.

    Raises ServiceUnavailable ``not-installed`` where apt can't.
    """
    with _services_stay_down():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        apt = [*_as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", package]):
            done = subprocess.run(  # noqa: S603 - fixed arguments
                [*apt, *arguments], env=environment, capture_output=True, timeout=_INSTALL_LIMIT_S, check=False
            )
            if done.returncode != 0 and arguments[0] == "install":
                raise ServiceUnavailable(
                    "not-installed",
                    f"Debian's package {package} could not be installed: run `apt-get install {package}` and see why.",
                )
        if services and shutil.which("systemctl") is not None:
            _quiet([*_as_root(), "systemctl", "disable", *services])


@contextmanager
def _services_stay_down() -> Iterator[None]:
    # Of two processes that install at once, the first to be done would let the other's services start.
    with _ALONE.open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        with _told_to_stay_down():
            yield


@contextmanager
def _told_to_stay_down() -> Iterator[None]:
    # invoke-rc.d asks this program before it starts a service; 101 means no.
    if _POLICY.exists():
        yield
        return
    script = "#!/bin/sh\nexit 101\n"
    subprocess.run([*_as_root(), "tee", str(_POLICY)], input=script.encode(), stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    try:
        _quiet([*_as_root(), "chmod", "755", str(_POLICY)])
        yield
    finally:
        _quiet([*_as_root(), "rm", "-f", str(_POLICY)])


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _quiet(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
