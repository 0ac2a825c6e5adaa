"""Rules of a profile, from what YAML says to functions that run. Everything is decided once, when a profile is loaded."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration_engine.mapping import codes, rules
from integration_engine.mapping.found import PathError
from integration_engine.mapping.paths import CHECKS, Source
from integration_engine.mapping.registry import TRANSFORMS, Refused
from integration_engine.mapping.shapes import Shape, fitting

Report = Callable[[str, str], None]
"""Told (place in the profile, why) for everything wrong."""

_SIMPLE = {"path", "value", "all", "transform", "code", "default", "when", "not", "note"}
_STRUCTURE = {"each", "fields", "when", "not", "note"}
_WHEN = {"path", "code", "equals", "in", "exists", "absent", "in_setting"}


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns rules into functions, for one path language and one profile's settings."""

    language: str
    settings: Mapping[str, Any]
    columns: Mapping[str, Sequence[str]]
    report: Report
    read_columns: set[str] = dataclasses.field(default_factory=set)

    def field(self, name: str, node: Any, wanted: Shape, place: str) -> rules.Rule:
        """The function of one field: its rules in order, or all of them for ``union``."""
        if isinstance(node, dict) and "union" in node:
            if set(node) != {"union"} or not isinstance(node["union"], list):
                self.report(place, "union stands alone and holds a list of rules")
                return rules.nothing
            if not wanted.many:
                self.report(place, f"union is for lists; {name} takes one value")
            return rules.union(
                [self.rule(name, rule, wanted, f"{place}.union[{n}]") for n, rule in enumerate(node["union"])]
            )
        if not isinstance(node, list):
            return self.rule(name, node, wanted, place)
        if not node:
            self.report(place, "an empty list of rules; write null to take a parent's rules away")
        tried = [self.rule(name, rule, wanted, f"{place}[{n}]") for n, rule in enumerate(node)]
        return tried[0] if len(tried) == 1 else rules.first(tried)

    def rule(self, name: str, node: Any, wanted: Shape, place: str) -> rules.Rule:
        """The function of one rule."""
        if isinstance(node, str):
            node = {"path": node}
        if not isinstance(node, dict):
            self.report(place, "a rule is a path or has one of the keys path, value, fields")
            return rules.nothing
        structure = "fields" in node or "each" in node
        self._unknown(node, _STRUCTURE if structure else _SIMPLE, place)
        conditions = [
            condition
            for key, holds in (("when", True), ("not", False))
            if key in node
            for condition in self._conditions(node[key], holds, f"{place}.{key}")
        ]
        rule = self._structure(name, node, wanted, place) if structure else self._simple(name, node, wanted, place)
        return rules.guarded(rule, conditions) if conditions else rule

    def _simple(self, name: str, node: Mapping[str, Any], wanted: Shape, place: str) -> rules.Rule:
        if wanted.kind == "structure" and not {"value", "transform"} & set(node):
            self.report(place, f"{name} is a structure: give its parts under fields, or a transform that makes it")
        fit = fitting(wanted)
        if "value" in node:
            if extra := set(node) - {"value", "when", "not", "note"}:
                self.report(place, f"value stands without {', '.join(sorted(extra))}")
            return self._constant(node["value"], fit, wanted, place)
        if "path" not in node:
            self.report(place, "a rule needs one of path, value, fields")
            return rules.nothing
        path = self._path(node["path"], f"{place}.path")
        every = node.get("all", False)
        if not isinstance(every, bool):
            self.report(f"{place}.all", "all is true or false")
        steps = self._steps(node, wanted, place)
        whole = any(is_whole for _, is_whole in steps)
        if every and not wanted.many and not whole:
            self.report(f"{place}.all", f"{name} takes one value: add join or first_of, or leave all out")
        return rules.simple(name, path, bool(every), [*steps, (fit, False)], wanted.many)

    def _constant(self, value: Any, fit: Callable[[Any], Any], wanted: Shape, place: str) -> rules.Rule:
        values = value if isinstance(value, list) else [value]
        if isinstance(value, list) and not wanted.many:
            self.report(f"{place}.value", "this field takes one value")
        try:
            fitted = [fit(one) for one in values]
        except Refused as error:
            self.report(f"{place}.value", error.why)
            return rules.nothing
        if not fitted or None in fitted:
            self.report(f"{place}.value", "an empty value; leave the rule out")
            return rules.nothing
        result = rules.Value(fitted if wanted.many else fitted[0], rules.CONSTANT)
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
            steps.append((rules.coded(table, None if default is None else str(default)), False))
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

    def _structure(self, name: str, node: Mapping[str, Any], wanted: Shape, place: str) -> rules.Rule:
        if wanted.kind != "structure":
            self.report(place, f"{name} takes a {wanted.words}, not a structure")
            return rules.nothing
        inner = node.get("fields")
        if not isinstance(inner, dict) or not inner:
            self.report(f"{place}.fields", "fields is a map of parts")
            return rules.nothing
        parts = {}
        for part, written in inner.items():
            shaped = wanted.parts.get(part)
            if shaped is None:
                self.report(
                    f"{place}.fields.{part}", f"{name} has no part {part}; it has {', '.join(sorted(wanted.parts))}"
                )
                continue
            parts[str(part)] = self.field(f"{name}.{part}", written, shaped, f"{place}.fields.{part}")
        if missing := wanted.required - set(inner):
            self.report(f"{place}.fields", f"{name} can't be without {', '.join(sorted(missing))}")
        needed = [part for part in wanted.parts if part in wanted.required]
        build = rules.built(name, parts, needed)
        if "each" not in node:
            return rules.one_structure(build, wanted.many)
        each = self._path(node["each"], f"{place}.each")
        return rules.each(each, build, wanted.many)

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
        self.read_columns.add(path)
        if self.language == "columns" and path not in self.columns:
            self.report(place, f"columns: doesn't name the column {path}")
        return path

    def _conditions(self, node: Any, holds: bool, place: str) -> list[rules.Condition]:
        conditions = []
        for number, one in enumerate(node if isinstance(node, list) else [node]):
            here = place + (f"[{number}]" if isinstance(node, list) else "")
            if not isinstance(one, dict) or "path" not in one:
                self.report(here, "a condition has a path and one of equals, in, exists, absent, in_setting")
                continue
            self._unknown(one, _WHEN, here)
            if len(set(one) - {"path", "code"}) != 1:
                self.report(here, "a condition has a path and exactly one of equals, in, exists, absent, in_setting")
            conditions.append(self._condition(one, holds, here))
        return conditions

    def _condition(self, node: Mapping[str, Any], holds: bool, place: str) -> rules.Condition:
        path = self._path(node["path"], f"{place}.path")
        if "exists" in node or "absent" in node:
            wanted = bool(node["exists"] if "exists" in node else not node["absent"]) is holds
            return lambda source: bool(source.find(path)) is wanted
        if "in_setting" in node and node["in_setting"] not in self.settings:
            self.report(place, f"settings: doesn't have {node['in_setting']}")
        words = self.settings.get(node.get("in_setting", ""), ()) if "in_setting" in node else node.get("in", ())
        listed = words if isinstance(words, list | tuple) else [words]
        folded = {codes.folded(rules.plain(word)) for word in ([node["equals"]] if "equals" in node else listed)}
        if "code" not in node:
            return lambda source: (
                any(codes.folded(rules.plain(one.value)) in folded for one in source.find(path)) is holds
            )
        meanings = self._table(node["code"], f"{place}.code").meanings

        def meant(source: Source) -> bool:
            told = (meanings.get(codes.folded(rules.plain(one.value)), "") for one in source.find(path))
            return any(codes.folded(one) in folded for one in told) is holds

        return meant

    def _unknown(self, node: Mapping[Any, Any], known: set[str], place: str) -> None:
        for key in node:
            if key not in known:
                self.report(place, f"unknown key {key}; known here are {', '.join(sorted(known))}")
