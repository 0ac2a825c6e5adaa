"""Looking into JSON that may not have the shape FHIR promises: every question has an answer, none raises."""

from collections.abc import Iterator
from typing import Any

Tree = dict[str, Any]


def child(holder: Any, name: str) -> Tree:
    """The object under a name, or an empty one."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def children(holder: Any, name: str) -> list[Tree]:
    """The objects of a list under a name; one object where a list belongs counts as a list of it."""
    found = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(found, dict):
        return [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(holder: Any, name: str) -> str | None:
    """The non-blank text under a name."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found.strip() or None if isinstance(found, str) else None


def texts(holder: Any, name: str) -> list[str]:
    """The non-blank texts of a list under a name."""
    found = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(found, str):
        found = [found]
    return [item.strip() for item in found if isinstance(item, str) and item.strip()] if isinstance(found, list) else []


def kind_of(resource: Any) -> str:
    """The resource type, or an empty text."""
    return text(resource, "resourceType") or ""


def codings(concept: Any) -> list[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept or Coding; an absent system is an empty text."""
    if not isinstance(concept, dict):
        return []
    found = children(concept, "coding") if "coding" in concept else [concept]
    return [(text(one, "system") or "", code) for one in found if (code := text(one, "code"))]


def all_codings(holder: Any, name: str) -> list[tuple[str, str]]:
    """The codings of every concept in an element that may be one or a list of them."""
    return [pair for concept in children(holder, name) for pair in codings(concept)]


def extensions(holder: Any, ending: str) -> Iterator[Tree]:
    """The extensions whose address ends so, whatever its host, its version suffix (``-1``) and its case."""
    for extension in children(holder, "extension"):
        if (text(extension, "url") or "").lower().removesuffix("-1").endswith(ending.lower()):
            yield extension


def value_of(holder: Any) -> Any:
    """The value[x] of an extension, observation or parameter, whichever type it is; None where there is none."""
    if not isinstance(holder, dict):
        return None
    return next((value for name, value in holder.items() if name.startswith("value") and len(name) > 5), None)
