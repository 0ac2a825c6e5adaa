"""Rules as functions that run over a message. They are made once, when a profile is loaded (``compiler``).

A rule finds values by a path, passes each through its transforms, then its code table, and makes it fit its field. The
first rule of a field that yields a value wins. What can't be read is a problem on the message, never an exception.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integration_engine.mapping import codes
from integration_engine.mapping.paths import Source
from integration_engine.mapping.registry import Refused, shape, text_of
from integration_engine.record.notice import Problem

CONSTANT = "(constant)"
"""The place of a value that the profile itself states."""


@dataclass(slots=True)
class Run:
    """What one run over one message gathers beside values."""

    profile: str
    problems: list[Problem] = field(default_factory=list)
    invalid_nhs_numbers: list[str] = field(default_factory=list)

    def refused(self, error: Refused, name: str, place: str) -> None:
        """Note a value that couldn't be read."""
        self.problems.append(
            Problem(code=error.code, text=f"{name}: {error.why} (profile {self.profile})", path=place or None)
        )
        if error.identifier and name == "child.nhs_number":
            self.invalid_nhs_numbers.append(error.identifier)


class Value(NamedTuple):
    """A value that is ready for its field, where it stood, and the number of the rule that found it, from 1."""

    value: Any
    place: str
    rule: int = 1


Rule = Callable[[Source, Run], Value | None]
Condition = Callable[[Source], bool]


def plain(value: Any) -> str:
    """A value as conditions compare it; a structure is like no word."""
    try:
        return text_of(value)
    except Refused:
        return "\x00"


def nothing(_source: Source, _run: Run) -> None:
    return None


def coded(table: codes.Table, default: str | None) -> Callable[[Any], Any]:
    def look_up(value: Any) -> str | None:
        text = text_of(value).strip()
        if not text:
            return None
        meaning = table.get(text)
        if meaning is None and default is None:
            raise Refused("unknown-code", f"a code of {shape(text)} that the table {table.name} doesn't have")
        return default if meaning is None else meaning

    return look_up


def guarded(rule: Rule, conditions: Sequence[Condition]) -> Rule:
    def guarded(source: Source, run: Run) -> Value | None:
        for condition in conditions:
            if not condition(source):
                return None
        return rule(source, run)

    return guarded


def first(rules: Sequence[Rule]) -> Rule:
    def first(source: Source, run: Run) -> Value | None:
        for number, rule in enumerate(rules, start=1):
            if (found := rule(source, run)) is not None:
                return found if number == 1 else Value(found.value, found.place, number)
        return None

    return first


def union(rules: Sequence[Rule]) -> Rule:
    def union(source: Source, run: Run) -> Value | None:
        found = [value for rule in rules if (value := rule(source, run)) is not None]
        together: list[Any] = []
        for value in found:
            together += [one for one in value.value if one not in together]
        return Value(together, ", ".join(dict.fromkeys(value.place for value in found))) if together else None

    return union


def passed(value: Any, steps: Sequence[tuple[Callable[[Any], Any], bool]]) -> Any:
    """A value after every step; a list goes through one by one unless the step takes it whole."""
    for step, whole in steps:
        if type(value) is list and not whole:
            passed: list[Any] = []
            for one in value:
                result = step(one)
                if type(result) is list:
                    passed += result
                elif result is not None:
                    passed.append(result)
            value = passed
        else:
            value = step(value)
        if value is None or value == []:
            return None
    return value


def simple(name: str, path: str, every: bool, steps: Sequence[tuple[Callable[[Any], Any], bool]], many: bool) -> Rule:
    whole = any(is_whole for _, is_whole in steps)

    def one(source: Source, run: Run) -> Value | None:
        for found in source.find(path):
            try:
                value = passed(found.value, steps)
            except Refused as error:
                run.refused(error, name, found.path)
                continue
            if value is not None:
                if many:
                    return Value(value if type(value) is list else [value], found.path)
                return Value(value[0] if type(value) is list else value, found.path)
        return None

    def gathered(source: Source, run: Run) -> Value | None:
        values: list[Any] = []
        places = []
        for found in source.find(path):
            try:
                value = passed(found.value, steps)
            except Refused as error:
                run.refused(error, name, found.path)
                continue
            if value is not None:
                values += value if type(value) is list else [value]
                places.append(found.path)
        return Value(values, ", ".join(places)) if values else None

    def together(source: Source, run: Run) -> Value | None:
        found = source.find(path)
        if not found:
            return None
        try:
            value = passed([one.value for one in found], steps)
        except Refused as error:
            run.refused(error, name, found[0].path)
            return None
        if value is None:
            return None
        listed = value if type(value) is list else [value]
        return Value(listed if many else listed[0], found[0].path)

    return (together if whole else gathered) if every else one


def built(name: str, parts: Mapping[str, Rule], needed: Sequence[str]) -> Callable[[Source, Run, str], Value | None]:
    """A structure from its parts. One that only has constants isn't there; one without its first needed part isn't either."""

    def build(source: Source, run: Run, place: str) -> Value | None:
        built: dict[str, Any] = {}
        first = ""
        for part, rule in parts.items():
            if (found := rule(source, run)) is not None:
                built[part] = found.value
                if not first and found.place != CONSTANT:
                    first = found.place
        if not first or (needed and needed[0] not in built):
            return None
        if missing := [part for part in needed if part not in built]:
            run.refused(Refused("incomplete", f"{', '.join(missing)} is missing"), name, place or first)
            return None
        return Value(built, place or first)

    return build


def one_structure(build: Callable[[Source, Run, str], Value | None], many: bool) -> Rule:
    def one(source: Source, run: Run) -> Value | None:
        built = build(source, run, "")
        return Value([built.value], built.place) if built is not None and many else built

    return one


def each(path: str, build: Callable[[Source, Run, str], Value | None], many: bool) -> Rule:
    def each(source: Source, run: Run) -> Value | None:
        values: list[Any] = []
        places = []
        for place, part in source.parts(path):
            if (built := build(part, run, place)) is not None:
                if not many:
                    return built
                if built.value not in values:
                    values.append(built.value)
                    places.append(place)
        return Value(values, ", ".join(places)) if values else None

    return each
