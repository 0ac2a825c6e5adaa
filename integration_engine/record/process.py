"""What a decision of kind ``process`` may state: the steps of a review, as a panel tells of them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from integration_engine.record.account import Pause, Process
from integration_engine.record.codes import PauseCause

PROCESS = "process"
PAUSES: Mapping[str, PauseCause] = {"pm_pause": "post-mortem", "inquest_pause": "inquest"}
"""The switches of a pause and what each pause is for. ``pm_pause_at`` and ``inquest_pause_at`` say from when the switch
holds, where that isn't the decision's own ``at``."""

STEPS = tuple(name for name in Process.model_fields if name != "pauses")
"""What a decision of kind ``process`` may state: a date or time (any precision), a text, or true and false for a pause."""

_PAUSES_AT = tuple(f"{name}_at" for name in PAUSES)


def check_steps(value: Mapping[str, Any]) -> None:
    """Raises ValueError naming the key that is no step or whose value isn't what it takes, never the value."""
    known = (*STEPS, *_PAUSES_AT)
    if not value:
        raise ValueError(f"a decision of kind process needs one of value.{', value.'.join(STEPS)}")
    for name in value:
        if name not in known:
            raise ValueError("value has a key that is no step of a review: write " + ", ".join(known))
    for name in _PAUSES_AT:
        if value.get(name) is not None and not isinstance(value.get(name.removesuffix("_at")), bool):
            raise ValueError(f"value.{name} needs value.{name.removesuffix('_at')}, true or false, beside it")
    try:
        _ = [Process.model_validate({name: value[name]}, strict=True) for name in STEPS if name in value]
        _ = [Pause(cause="inquest", start=value.get(name)) for name in _PAUSES_AT]
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"value.{first['loc'][0]} is no {_kind(str(first['loc'][0]))}") from None


def _kind(name: str) -> str:
    if name in PAUSES:
        return "true or false"
    return "ISO date or time" if name.endswith(("_at", "from")) else "text"
