"""From bytes to a report that can be trusted in shape: strict JSON, then the model. What is wrong is said by JSONPath and
code, never by value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from adapters.police.report import ESSENTIAL, SCHEMA, Report
from adapters.strict_json import NotReadable, parse, refusal
from integration_engine.record.notice import Problem


@dataclass(frozen=True, slots=True)
class Document:
    """A report as sent (``json``), with what is odd but bearable about it."""

    json: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def report(body: bytes) -> Document:
    """The report that bytes hold. Raises NotReadable for what is no `police-sudden-death/1`; what is merely odd (an unknown
    member, a code outside its list) is a problem of the document."""
    document = parse(body)
    if not isinstance(document, dict):
        raise refusal("wrong-type", "a report is an object")
    if document.get("schema") != SCHEMA:
        raise refusal("wrong-schema", f"schema must be {SCHEMA}", "$.schema")
    odd: list[Problem] = []
    try:
        Report.model_validate(document)
    except ValidationError as error:
        refused, odd = _judged(error)
        if refused:
            raise NotReadable(*refused) from None
    if doubled := list(_doubled(document["persons"])):
        raise NotReadable(*doubled)
    return Document(document, tuple(odd))


def _doubled(persons: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Persons with an id that another has, one of them dead: two children would be taken for one, and one of them lost."""
    by_id: dict[str, list[int]] = {}
    for number, person in enumerate(persons):
        by_id.setdefault(person["person_id"], []).append(number)
    for numbers in by_id.values():
        if len(numbers) > 1 and any(persons[number]["role"] == "deceased" for number in numbers):
            for number in numbers[1:]:
                yield Problem(
                    code="duplicate-person",
                    text="a person_id that another person of the report has",
                    path=f"$.persons[{number}].person_id",
                )


def _judged(error: ValidationError) -> tuple[list[Problem], list[Problem]]:
    refused: list[Problem] = []
    odd: list[Problem] = []
    for issue in error.errors(include_input=False, include_context=False, include_url=False):
        path = _json_path(issue["loc"])
        essential = any(step in ESSENTIAL for step in issue["loc"][-1:])
        match issue["type"]:
            case "extra_forbidden":
                odd.append(
                    Problem(
                        code="unknown-member", text="a member that the schema doesn't have; it is not read", path=path
                    )
                )
            case "missing":
                refused.append(Problem(code="missing", text="a member that every report needs", path=path))
            case "literal_error" if not essential:
                # The profile says so too, where it reads the member.
                continue
            case "literal_error" | "string_pattern_mismatch":
                refused.append(Problem(code="unknown-code", text="a code that the schema doesn't have", path=path))
            case "string_too_long" | "too_long":
                refused.append(Problem(code="too-long", text="longer than the schema allows", path=path))
            case "greater_than_equal" | "less_than_equal" | "string_too_short":
                refused.append(Problem(code="out-of-range", text="outside the range the schema allows", path=path))
            case _:
                refused.append(Problem(code="wrong-type", text="not of the type the schema says", path=path))
    return _once(refused), _once(odd)


def _once(problems: Sequence[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


# The names pydantic gives the branches of a union in an error's place.
_BRANCHES = frozenset({"int", "float", "str", "bool"})


def _json_path(steps: Sequence[int | str]) -> str:
    path = "$"
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in _BRANCHES:
            path += f".{step}" if re.fullmatch(r"[A-Za-z_]{1,40}", step, re.ASCII) else ".*"
    return path
