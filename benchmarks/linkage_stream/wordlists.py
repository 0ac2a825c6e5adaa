"""Lists of words kept as YAML beside the code, commonest first, and drawn so."""

from bisect import bisect
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import yaml

_HERE = Path(__file__).parent
_SOFTENING = 12  # the commonest word isn't twice as common as the second: popularity of names is flatter at its top


@cache
def read(name: str) -> Any:
    """The YAML file ``name`` of this package."""
    return yaml.safe_load((_HERE / name).read_text(encoding="utf-8"))


def words(text: str) -> list[str]:
    """Words parted by white space; ``_`` stands for a space within one."""
    return [word.replace("_", " ") for word in dict.fromkeys(text.split())]


class Pool:
    """Words with falling popularity (about one over the rank)."""

    def __init__(self, text: str, flatness: float = 0.85) -> None:
        self.words = words(text)
        self._reached = list(accumulate((rank + _SOFTENING) ** -flatness for rank in range(len(self.words))))

    def draw(self, chance: Random, common: int | None = None) -> str:
        """A word by popularity; with ``common`` one of that many commonest."""
        top = self._reached[min(common, len(self.words)) - 1 if common else -1]
        return self.words[min(bisect(self._reached, chance.random() * top), len(self.words) - 1)]


@cache
def pool(file: str, key: str) -> Pool:
    """The pool of words under ``key`` of ``names/<file>.yaml``."""
    return Pool(read(f"names/{file}.yaml")[key])
