"""Without the cyclic garbage collector, for commands that build much and throw nothing away."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Ten years of cases or of notices make no cycles, and the collector would walk them again and again: a sixth of the
    time of a simulation, a third of that of linkage."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
