"""A notice or record in plain JSON terms, as its model would write itself, for where thousands are written a second."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from integration_engine.record.account import Canonical


def plain_json(part: Canonical, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What ``part.model_dump(mode="json")`` gives, without these of its own fields: dicts, lists, texts, numbers; what is
    absent is left out. The models' own way writes every field of every part out before it leaves most of them out again."""
    fetch, names = _written(type(part))
    told = {}
    for name, value in zip(names, fetch(part), strict=True):
        if value is None or name in without:
            continue
        written = value if type(value) is str else _json(value)
        if written not in ([], {}):
            told[name] = written
    return told


def _json(value: Any) -> Any:
    if isinstance(value, Canonical):
        return plain_json(value)
    if isinstance(value, tuple | list):
        return [one if type(one) is str else _json(one) for one in value]
    if isinstance(value, dict):
        return {name: _json(one) for name, one in value.items()}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


@cache
def _written(model: type[Canonical]) -> tuple[Callable[[Canonical], tuple[Any, ...]], tuple[str, ...]]:
    """What fetches all values of a model at once, and the names they are written under."""
    fetch = attrgetter(*model.model_fields)
    names = tuple(info.alias or name for name, info in model.model_fields.items())
    return fetch if len(names) > 1 else lambda part: (fetch(part),), names
