"""A notice or record in plain JSON terms, as its model would write itself, for where thousands are written a second."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from integration_engine.record.account import Canonical


def plain_json(part: Canonical, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What ``part.model_dump(mode="json")`` gives, without these of its own fields: dicts, lists, texts, numbers; what is
    absent is left out. The models' own way writes every field of every part out before it leaves most of them out again."""
    written = _other_names(type(part))
    told = {}
    for name, value in vars(part).items():
        if value is None or name in without:
            continue
        plain = value if type(value) is str else _json(value)
        if plain or type(plain) not in (dict, list):
            told[written.get(name, name)] = plain
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
def _other_names(model: type[Canonical]) -> Mapping[str, str]:
    """The fields of a model that are written under another name than their own."""
    return {name: info.alias for name, info in model.model_fields.items() if info.alias}
