"""By which model and tables an answer of linkage was made: kept with every decision, so that it can be told years later."""

import hashlib
from functools import cache

from integration_engine.linkage.model import Model, shipped
from integration_engine.linkage.names import TABLES


@cache
def names_version() -> str:
    """The tables of names, told by their content: the same letters mean the same tables."""
    content = b"".join(path.read_bytes() for path in sorted(TABLES.glob("*.csv")))
    return hashlib.sha256(content).hexdigest()[:8]


def versions(model: Model | None = None) -> dict[str, str]:
    """The version of the weights and that of the tables of names."""
    return {"model": (model or shipped()).version, "names": names_version()}
