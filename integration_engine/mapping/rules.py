"""Rules of a profile, from what YAML says to functions that run. Everything is decided once, when a profile is loaded.

A rule finds values by a path, passes each through its transforms, then its code table, and makes it fit its field. The
first rule of a field that yields a value wins. What can't be read is a problem on the message, never an exception.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_engine.mapping import codes
from integration_engine.mapping.found import PathError
from integration_engine.mapping.paths import CHECKS, Source
from integration_engine.mapping.registry import TRANSFORMS, Refused, shape, text_of
from integration_engine.mapping.shapes import Shape, fitting
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


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is ready for its field, where it stood, and the number of the rule that found it, from 1."""

    value: Any
    place: str
    rule: int = 1


Rule = Callable[[Source, Run], Value | None]
_Condition = Callable[[Source], bool]
Report = Callable[[str, str], None]
"""Told (place in the profile, why) for everything wrong."""

_SIMPLE = {"path", "value", "all", "transform", "code", "default", "when", "not", "note"}
_STRUCTURE = {"each", "fields", "when", "not", "note"}
_WHEN = {"path", "equals", "in", "exists", "absent", "in_setting"}


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns rules into functions, for one path language and one profile's settings."""

    language: str
    settings: Mapping[str, Any]
    columns: Mapping[str, Sequence[str]]
    report: Report

    def field(self, name: str, node: Any, wanted: Shape, place: str) -> Rule:
        """The function of one field: its rules in order, or all of them for ``union``."""
        if isinstance(node, dict) and "union" in node:
            if set(node) != {"union"} or not isinstance(node["union"], list):
                self.report(place, "union stands alone and holds a list of rules")
                return _nothing
            if not wanted.many:
                self.report(place, f"union is for lists; {name} takes one value")
            return _union(
                [self.rule(name, rule, wanted, f"{place}.union[{n}]") for n, rule in enumerate(node["union"])]
            )
        if not isinstance(node, list):
            return self.rule(name, node, wanted, place)
        if not node:
            self.report(place, "an empty list of rules; write null to take a parent's rules away")
        rules = [self.rule(name, rule, wanted, f"{place}[{n}]") for n, rule in enumerate(node)]
        return rules[0] if len(rules) == 1 else _first(rules)

    def rule(self, name: str, node: Any, wanted: Shape, place: str) -> Rule:
        """The function of one rule."""
        if isinstance(node, str):
            node = {"path": node}
        if not isinstance(node, dict):
            self.report(place, "a rule is a path or has one of the keys path, value, fields")
            return _nothing
        structure = "fields" in node or "each" in node
        self._unknown(node, _STRUCTURE if structure else _SIMPLE, place)
        conditions = [
            condition
            for key, holds in (("when", True), ("not", False))
            if key in node
            for condition in self._conditions(node[key], holds, f"{place}.{key}")
        ]
        rule = self._structure(name, node, wanted, place) if structure else self._simple(name, node, wanted, place)
        return _guarded(rule, conditions) if conditions else rule

    def _simple(self, name: str, node: Mapping[str, Any], wanted: Shape, place: str) -> Rule:
        if wanted.kind == "structure" and "value" not in node:
            self.report(place, f"{name} is a structure: give its parts under fields")
        fit = fitting(wanted)
        if "value" in node:
            if extra := set(node) - {"value", "when", "not", "note"}:
                self.report(place, f"value stands without {', '.join(sorted(extra))}")
            return self._constant(node["value"], fit, wanted, place)
        if "path" not in node:
            self.report(place, "a rule needs one of path, value, fields")
            return _nothing
        path = self._path(node["path"], f"{place}.path")
        every = node.get("all", False)
        if not isinstance(every, bool):
            self.report(f"{place}.all", "all is true or false")
        steps = self._steps(node, wanted, place)
        whole = any(is_whole for _, is_whole in steps)
        if every and not wanted.many and not whole:
            self.report(f"{place}.all", f"{name} takes one value: add join or first_of, or leave all out")
        return _simple(name, path, bool(every), [*steps, (fit, False)], wanted.many)

    def _constant(self, value: Any, fit: Callable[[Any], Any], wanted: Shape, place: str) -> Rule:
        values = value if isinstance(value, list) else [value]
        if isinstance(value, list) and not wanted.many:
            self.report(f"{place}.value", "this field takes one value")
        try:
            fitted = [fit(one) for one in values]
        except Refused as error:
            self.report(f"{place}.value", error.why)
            return _nothing
        if not fitted or None in fitted:
            self.report(f"{place}.value", "an empty value; leave the rule out")
            return _nothing
        result = Value(fitted if wanted.many else fitted[0], CONSTANT)
        return lambda _source, _run: result

    def _steps(self, node: Mapping[str, Any], wanted: Shape, place: str) -> list[tuple[Callable[[Any], Any], bool]]:
        named = node.get("transform", [])
        steps: list[tuple[Callable[[Any], Any], bool]] = []
        for number, step in enumerate(named if isinstance(named, list) else [named]):
            here = f"{place}.transform" + (f"[{number}]" if isinstance(named, list) else "")
            if isinstance(step, dict) and len(step) == 1:
                ((transform, argument),) = step.items()
            else:
                transform, argument = step, None
            known = TRANSFORMS.get(transform) if isinstance(transform, str) else None
            if known is None:
                self.report(here, f"there is no transform {transform!r}; known are {', '.join(sorted(TRANSFORMS))}")
                continue
            try:
                steps.append((known.bind(argument), known.whole_list))
            except (TypeError, ValueError):
                self.report(here, f"{transform} doesn't take this argument: {known.meaning.splitlines()[0]}")
        if "code" in node:
            table = self._table(node["code"], f"{place}.code")
            default = node.get("default")
            for value in [*table.meanings.values(), *([default] if default is not None else [])]:
                self._table_value(value, wanted, f"{place}.code")
            steps.append((_coded(table, None if default is None else str(default)), False))
        elif "default" in node:
            self.report(
                f"{place}.default", "default goes with code; for a value where nothing is found add a rule with value"
            )
        return steps

    def _table_value(self, value: str, wanted: Shape, place: str) -> None:
        try:
            fitting(wanted)(value)
        except Refused as error:
            self.report(place, f"the table gives a value that doesn't fit the field: {error.why}")

    def _table(self, node: Any, place: str) -> codes.Table:
        try:
            if isinstance(node, dict):
                return codes.table("(in the profile)", {str(code): str(value) for code, value in node.items()})
            if isinstance(node, str):
                return codes.load(node)
        except codes.CodesError as error:
            self.report(place, str(error))
        else:
            self.report(place, "code is a table's name or a map of codes")
        return codes.table("(none)", {})

    def _structure(self, name: str, node: Mapping[str, Any], wanted: Shape, place: str) -> Rule:
        if wanted.kind != "structure":
            self.report(place, f"{name} takes a {wanted.words}, not a structure")
            return _nothing
        inner = node.get("fields")
        if not isinstance(inner, dict) or not inner:
            self.report(f"{place}.fields", "fields is a map of parts")
            return _nothing
        parts = {}
        for part, rules in inner.items():
            shaped = wanted.parts.get(part)
            if shaped is None:
                self.report(
                    f"{place}.fields.{part}", f"{name} has no part {part}; it has {', '.join(sorted(wanted.parts))}"
                )
                continue
            parts[str(part)] = self.field(f"{name}.{part}", rules, shaped, f"{place}.fields.{part}")
        if missing := wanted.required - set(inner):
            self.report(f"{place}.fields", f"{name} can't be without {', '.join(sorted(missing))}")
        needed = [part for part in wanted.parts if part in wanted.required]
        build = _built(name, parts, needed)
        if "each" not in node:
            return _one_structure(build, wanted.many)
        each = self._path(node["each"], f"{place}.each")
        return _each(each, build, wanted.many)

    def _path(self, path: Any, place: str) -> str:
        if not isinstance(path, str):
            self.report(place, "a path is text")
            return ""
        check = CHECKS.get(self.language)
        try:
            if check is not None:
                check(path)
        except PathError as error:
            self.report(place, str(error))
        if self.language == "columns" and path not in self.columns:
            self.report(place, f"columns: doesn't name the column {path}")
        return path

    def _conditions(self, node: Any, holds: bool, place: str) -> list[_Condition]:
        conditions = []
        for number, one in enumerate(node if isinstance(node, list) else [node]):
            here = place + (f"[{number}]" if isinstance(node, list) else "")
            if not isinstance(one, dict) or "path" not in one:
                self.report(here, "a condition has a path and one of equals, in, exists, absent, in_setting")
                continue
            self._unknown(one, _WHEN, here)
            if len(set(one) - {"path"}) != 1:
                self.report(here, "a condition has a path and exactly one of equals, in, exists, absent, in_setting")
            conditions.append(self._condition(one, holds, here))
        return conditions

    def _condition(self, node: Mapping[str, Any], holds: bool, place: str) -> _Condition:
        path = self._path(node["path"], f"{place}.path")
        if "exists" in node or "absent" in node:
            wanted = bool(node["exists"] if "exists" in node else not node["absent"]) is holds
            return lambda source: bool(source.find(path)) is wanted
        if "in_setting" in node and node["in_setting"] not in self.settings:
            self.report(place, f"settings: doesn't have {node['in_setting']}")
        words = self.settings.get(node.get("in_setting", ""), ()) if "in_setting" in node else node.get("in", ())
        listed = words if isinstance(words, list | tuple) else [words]
        folded = {codes.folded(_plain(word)) for word in ([node["equals"]] if "equals" in node else listed)}
        return lambda source: any(codes.folded(_plain(one.value)) in folded for one in source.find(path)) is holds

    def _unknown(self, node: Mapping[Any, Any], known: set[str], place: str) -> None:
        for key in node:
            if key not in known:
                self.report(place, f"unknown key {key}; known here are {', '.join(sorted(known))}")


def _plain(value: Any) -> str:
    """A value as conditions compare it; a structure is like no word."""
    try:
        return text_of(value)
    except Refused:
        return "\x00"


def _nothing(_source: Source, _run: Run) -> None:
    return None


def _coded(table: codes.Table, default: str | None) -> Callable[[Any], Any]:
    def look_up(value: Any) -> str | None:
        text = text_of(value).strip()
        if not text:
            return None
        meaning = table.get(text)
        if meaning is None and default is None:
            raise Refused("unknown-code", f"a code of {shape(text)} that the table {table.name} doesn't have")
        return default if meaning is None else meaning

    return look_up


def _guarded(rule: Rule, conditions: Sequence[_Condition]) -> Rule:
    def guarded(source: Source, run: Run) -> Value | None:
        for condition in conditions:
            if not condition(source):
                return None
        return rule(source, run)

    return guarded


def _first(rules: Sequence[Rule]) -> Rule:
    def first(source: Source, run: Run) -> Value | None:
        for number, rule in enumerate(rules, start=1):
            if (found := rule(source, run)) is not None:
                return found if number == 1 else Value(found.value, found.place, number)
        return None

    return first


def _union(rules: Sequence[Rule]) -> Rule:
    def union(source: Source, run: Run) -> Value | None:
        found = [value for rule in rules if (value := rule(source, run)) is not None]
        together: list[Any] = []
        for value in found:
            together += [one for one in value.value if one not in together]
        return Value(together, ", ".join(dict.fromkeys(value.place for value in found))) if together else None

    return union


def _passed(value: Any, steps: Sequence[tuple[Callable[[Any], Any], bool]]) -> Any:
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


def _simple(name: str, path: str, every: bool, steps: Sequence[tuple[Callable[[Any], Any], bool]], many: bool) -> Rule:
    whole = any(is_whole for _, is_whole in steps)

    def one(source: Source, run: Run) -> Value | None:
        for found in source.find(path):
            try:
                value = _passed(found.value, steps)
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
                value = _passed(found.value, steps)
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
            value = _passed([one.value for one in found], steps)
        except Refused as error:
            run.refused(error, name, found[0].path)
            return None
        if value is None:
            return None
        listed = value if type(value) is list else [value]
        return Value(listed if many else listed[0], found[0].path)

    return (together if whole else gathered) if every else one


def _built(name: str, parts: Mapping[str, Rule], needed: Sequence[str]) -> Callable[[Source, Run, str], Value | None]:
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


def _one_structure(build: Callable[[Source, Run, str], Value | None], many: bool) -> Rule:
    def one(source: Source, run: Run) -> Value | None:
        built = build(source, run, "")
        return Value([built.value], built.place) if built is not None and many else built

    return one


def _each(path: str, build: Callable[[Source, Run, str], Value | None], many: bool) -> Rule:
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
