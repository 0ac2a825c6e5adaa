"""Which release of the engine this is, for the documents it serves."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

_DISTRIBUTION = "child-death-review-engine"


@cache
def release() -> str:
    """The installed package's version; of a source tree that nobody installed, ``unreleased``."""
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "unreleased"
