"""Linkage in words: comparisons, levels and reasons as people read them, from ``mappings/linkage/wording.yaml``."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from integration_engine.linkage.names import TABLES

FILE = TABLES / "wording.yaml"


def comparison(name: str) -> str:
    """What is compared, such as ``Family name``; a comparison without words is shown by its own name."""
    return str(_words()["comparisons"].get(name, {}).get("label", name))


def level(name: str, found: str) -> str:
    """How two agree in a comparison, such as ``a slip of the pen``."""
    return str(_words()["comparisons"].get(name, {}).get("levels", {}).get(found, found))


def reason(code: str) -> str:
    """A sentence for a reason to join, to ask or to part; a code without one is shown as it is."""
    return str(_words()["reasons"].get(code, code))


@cache
def _words() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found
