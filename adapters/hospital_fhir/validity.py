"""Is a kept resource what FHIR says it is? fhir.resources checks its shape; what it lets pass is checked by hand.

Refused: what may change the meaning (unknown modifiers, implicit rules), elements nobody defined, wrong shapes. Read with a
problem: a code outside its binding, a boolean as text, a badly written value in a field we can do without. A death is never
lost to pedantry, and never read out of what we don't understand.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from adapters.hospital_fhir.message import Placed
from adapters.hospital_fhir.refusals import Refused, refusal
from adapters.hospital_fhir.shape import Tree, children, text
from adapters.hospital_fhir.versions import Version, resource_class
from integration_engine.record.notice import Problem

_GENDER = ("male", "female", "other", "unknown")
_NAME_USE = ("usual", "official", "temp", "nickname", "anonymous", "old", "maiden")
_ADDRESS_USE = ("home", "work", "temp", "old", "billing")
_IDENTIFIER_USE = ("usual", "official", "temp", "secondary", "old")
_PERSON: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "gender", _GENDER),
    ("name", "use", _NAME_USE),
    ("address", "use", _ADDRESS_USE),
    ("address", "type", ("postal", "physical", "both")),
    ("identifier", "use", _IDENTIFIER_USE),
)
_STATES_OF_A_STAY = (
    "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error", "unknown",
)  # fmt: skip
_STATES_OF_A_STAY_R5 = (
    "planned", "in-progress", "on-hold", "discharged", "completed", "cancelled", "discontinued", "entered-in-error",
    "unknown",
)  # fmt: skip
_BOOLEANS = {"true": True, "false": False}
# Elements of a kept resource that FHIR binds to a closed list, and that fhir.resources takes any text for.
_BOUND: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "Patient": (
        *_PERSON,
        ("link", "type", ("replaced-by", "replaces", "refer", "seealso")),
        ("contact", "gender", _GENDER),
        ("contact.name", "use", _NAME_USE),
        ("contact.address", "use", _ADDRESS_USE),
    ),
    "RelatedPerson": _PERSON,
    "Encounter": (("", "status", _STATES_OF_A_STAY),),
    "Encounter R5": (("", "status", _STATES_OF_A_STAY_R5),),
    "Location": (("", "status", ("active", "suspended", "inactive")), ("", "mode", ("instance", "kind"))),
}
_WRONG_SHAPE = (
    "list_type",
    "dict_type",
    "model_type",
    "string_type",
    "bool_type",
    "bool_parsing",
    "int_type",
    "int_from_float",
)
_SAFE_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,40}")


def check(placed: Placed, version: Version, strict: bool = True) -> tuple[Tree, tuple[Problem, ...]]:
    """The resource as it can be read on, and what its sender should know. Raises Refused.

    ``strict`` is for the resources the answer rests on; for a supporting one (a practice, a diagnosis) everything short of
    a modifier is only a problem.
    """
    check_meaning(placed.resource, placed.path)
    resource, problems = _mended(placed)
    problems += _bindings(placed, version)
    model = resource_class(placed.kind, "STU3" if version == "DSTU2" else version)
    if model is None:
        raise Refused("unknown-resource", placed.path)
    if version == "DSTU2":
        return resource, (*problems, Problem(code="not-checked", text="DSTU2 is read, not checked.", path=placed.path))
    found = list(_shape_problems(_without_gaps(resource), model, placed.path))
    for problem in found:
        if strict and problem.code in ("unknown-element", "wrong-type", "both-deceased"):
            raise Refused(problem.code, problem.path)
    return resource, (*problems, *found)


def check_meaning(resource: Tree, path: str) -> None:
    """Refuses what could turn the message into its opposite without our knowing, and the character no database takes."""
    if resource.get("implicitRules") is not None:
        raise Refused("implicit-rules", f"{path}.implicitRules")
    for here, name, value in _walk(resource, path):
        if name == "modifierExtension" and value:
            raise Refused("unknown-modifier", f"{here}.modifierExtension")
        if isinstance(value, str) and "\0" in value:
            raise Refused("nul-character", f"{here}.{_safe(name)}")


def check_text(tree: Any, path: str) -> None:
    """Refuses the character that no database takes, wherever in a message it stands. Raises Refused."""
    left = [(tree, path)]
    while left:
        here, at = left.pop()
        if isinstance(here, dict):
            left += [(value, f"{at}.{_safe(name)}") for name, value in here.items()]
        elif isinstance(here, list):
            left += [(value, f"{at}[{index}]") for index, value in enumerate(here)]
        elif isinstance(here, str) and "\0" in here:
            raise Refused("nul-character", at)


def _walk(tree: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    for name, value in tree.items():
        if name == "contained":
            continue
        yield path, name, value
        if isinstance(value, dict):
            yield from _walk(value, f"{path}.{_safe(name)}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _walk(item, f"{path}.{_safe(name)}[{index}]")
                else:
                    yield path, name, item


def _safe(name: str) -> str:
    """An element's name fit to be repeated to its sender and written in a log; anything odd is left out."""
    return name if _SAFE_NAME.fullmatch(name) else "?"


def _mended(placed: Placed) -> tuple[Tree, tuple[Problem, ...]]:
    """Booleans that came as text, as booleans. Only where a Patient has booleans that matter."""
    resource, problems = dict(placed.resource), []
    for name in ("deceasedBoolean", "active", "multipleBirthBoolean"):
        said = resource.get(name)
        if isinstance(said, str):
            meant = _BOOLEANS.get(said.strip().lower())
            if meant is None:
                raise Refused("wrong-type", f"{placed.path}.{name}")
            resource[name] = meant
            where = f"{placed.path}.{name}"
            problems.append(
                Problem(code="boolean-as-text", text="A boolean was sent as text and read as what it says.", path=where)
            )
        elif said is not None and not isinstance(said, bool):
            raise Refused("wrong-type", f"{placed.path}.{name}")
    return resource, tuple(problems)


def _bindings(placed: Placed, version: Version) -> tuple[Problem, ...]:
    found = []
    bound = _BOUND.get(f"{placed.kind} {version}") or _BOUND.get(placed.kind, ())
    for holder, name, allowed in bound:
        for row, path in _rows(placed.resource, placed.path, holder):
            said = text(row, name)
            if said is not None and said not in allowed:
                why = "This code is not in the value set that FHIR requires here."
                found.append(Problem(code="code-not-in-binding", text=why, path=f"{path}.{name}"))
    return tuple(found)


def _rows(tree: Tree, path: str, holder: str) -> Iterator[tuple[Tree, str]]:
    """The objects at a dotted place of a resource, each with its FHIRPath; the resource itself where no place is named."""
    first, _, rest = holder.partition(".")
    if not first:
        yield tree, path
        return
    listed = isinstance(tree.get(first), list)
    for index, row in enumerate(children(tree, first)):
        yield from _rows(row, f"{path}.{first}[{index}]" if listed else f"{path}.{first}", rest)


def _without_gaps(tree: Any) -> Any:
    """A copy without what FHIR allows and fhir.resources refuses: extensions of a primitive value in an Extension (how an
    unknown time of death is written) and narratives and contained resources, which nothing is read from."""
    if isinstance(tree, list):
        return [_without_gaps(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    extension_like = "url" in tree
    return {
        name: _without_gaps(value)
        for name, value in tree.items()
        if not (extension_like and name.startswith("_value"))
        and name != "contained"
        and not (name == "text" and isinstance(value, dict))
    }


def _shape_problems(resource: Tree, model: Any, path: str) -> Iterator[Problem]:
    try:
        model.model_validate(resource)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            yield _problem(one["type"], one["loc"], str(one["msg"]), path)
    except RecursionError:
        yield refusal("too-deep", path)
    except Exception:  # the library raises AssertionError, LookupError and others over odd input: never ours to pass on
        yield Problem(
            code="not-checked", text="The resource could not be checked against FHIR's definition.", path=path
        )


def _problem(kind: str, location: tuple[Any, ...], said: str, path: str) -> Problem:
    where = path + "".join(f"[{part}]" if isinstance(part, int) else f".{_safe(str(part))}" for part in location)
    if kind == "extra_forbidden":
        return refusal("unknown-element", where)
    if "but got multiple" in said:
        return refusal("both-deceased" if "deceased" in said else "wrong-type", path)
    if kind in _WRONG_SHAPE:
        return refusal("wrong-type", where)
    return Problem(
        code="invalid-value", text="The value is not one FHIR allows here; it was read as far as it goes.", path=where
    )
