"""A browser for the tests: Debian's Chromium, the one on this machine or installed for it."""

import shutil

from integration_engine.services import packages
from integration_engine.services.unavailable import ServiceUnavailable

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable")


def chromium() -> str:
    """The path of the program. Raises ServiceUnavailable ``not-installed``."""
    found = _found()
    if found is None and packages.can_install():
        packages.install("chromium", ())
        found = _found()
    if found is None:
        raise ServiceUnavailable("not-installed", "There is no Chromium here: install Debian's package chromium.")
    return found


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
