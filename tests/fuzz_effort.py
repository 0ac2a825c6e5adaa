"""How hard the fuzz targets try: as a test a few hundred examples each; ``FUZZ=500`` makes of it an hour's work."""

import os

TIMES = int(os.environ.get("FUZZ", "1"))


def examples(number: int) -> int:
    """So many, as often as was asked for."""
    return number * TIMES
