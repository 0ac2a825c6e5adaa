"""How a test run is shared out among worker processes (``pytest -n 2``). Each has a broker and a database server of its own.

A module's tests stay together: what they share is started once. So do all tests of the stories that one engine was told,
whichever modules they are in. Shares go out in the order of the folders, the longest first, unit tests last: no worker is
left with a long one when the others have done.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_STORIES = "tests/acceptance/"
_ENGINES = ("[sqlite", "[postgresql")


class Shares(LoadScopeScheduling):
    """Whole modules, and the stories of either database, in the order they were collected in."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)


def share(nodeid: str) -> str:
    """The name of the share that a test belongs to."""
    module = nodeid.partition("::")[0]
    engine = next((engine for engine in _ENGINES if engine in nodeid), None)
    return f"{_STORIES}{engine}" if engine and module.startswith(_STORIES) else module
