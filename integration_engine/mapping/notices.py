"""From what a profile found to a notice. A single value that the model refuses is left out with a problem: a death is never
lost to pedantry."""

import copy
from typing import Any

from pydantic import ValidationError

from integration_engine.mapping.profile import Mapped
from integration_engine.record.fields import ROOTS, nested
from integration_engine.record.notice import DeathNotice, Problem


def notice_from(mapped: Mapped, **envelope: Any) -> DeathNotice:
    """The notice that mapped values and an envelope (``id``, ``submission``, ``source`` ...) make.

    ``problems`` of the envelope come after those of the mapping. Values the model refuses are dropped, each with problem
    ``bad-value``; only a bad envelope raises ValidationError, because that is our own mistake.
    """
    problems = [*mapped.problems, *envelope.pop("problems", ())]
    provenance = {**mapped.provenance, **envelope.pop("provenance", {})}
    tree = nested(mapped.values)
    touched = False
    while True:
        try:
            return DeathNotice(**tree, **envelope, provenance=provenance, problems=tuple(problems))
        except ValidationError as error:
            if not touched:
                tree, touched = copy.deepcopy(tree), True
            dropped = {_drop(tree, issue["loc"], issue["type"]) for issue in error.errors(include_input=False)} - {""}
            if not dropped:
                raise
        for path in sorted(dropped):
            at = provenance.get(path)
            text = f"{path}: a value that the field can't hold was left out"
            problems.append(Problem(code="bad-value", text=text, path=at.path if at else None))
            if at and not _holds(tree, path):
                del provenance[path]


def _drop(tree: dict[str, Any], where: tuple[int | str, ...], kind: str) -> str:
    """Take the value a complaint is about out of the tree; the canonical path it was in, empty for no such value."""
    if not where or where[0] not in ROOTS:
        return ""
    trail: list[tuple[Any, Any]] = []
    here: Any = tree
    for step in where:
        inside = step in here if isinstance(here, dict) else isinstance(here, list) and int(step) < len(here)
        if not inside:
            break
        trail.append((here, step))
        here = here[step]
    if kind == "missing" and len(trail) == len(where):
        trail.pop()
    if not trail:
        return ""
    holder, step = trail[-1]
    del holder[step]
    return ".".join(str(one) for _, one in trail if isinstance(one, str))


def _holds(tree: dict[str, Any], path: str) -> bool:
    here: Any = tree
    for name in path.split("."):
        if not isinstance(here, dict) or name not in here:
            return False
        here = here[name]
    return True
