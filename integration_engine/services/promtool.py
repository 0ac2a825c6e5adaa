"""Prometheus's own checker of alert rules: the one that is there, else Debian's, installed."""

import shutil

from integration_engine.services import packages
from integration_engine.services.unavailable import ServiceUnavailable


def promtool() -> str:
    """The program. Raises ServiceUnavailable where there is none and none can be installed."""
    if shutil.which("promtool") is None and packages.can_install():
        packages.install("prometheus", ("prometheus",))
    found = shutil.which("promtool")
    if found is None:
        raise ServiceUnavailable("not-installed", "promtool is needed: install Debian's package prometheus.")
    return found
