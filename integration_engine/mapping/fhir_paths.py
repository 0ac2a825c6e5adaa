"""Paths into FHIR resources: FHIRPath, by the library fhirpathpy.

A path's first word is a resource type (``Patient``, ``Encounter``, ``Bundle``) and it is asked of every resource of that
type; within a part found by ``each`` it begins with a member's name instead. Members, ``[n]``, ``first()``, ``last()``,
``extension('url')`` and ``where(a.b = 'x' and c = 'y')`` take a way of our own: they are nearly all that profiles need, cost
a twentieth of the library's general way, and know the exact place of each value. Everything else goes to the library.
A choice (``deceased``) finds whichever type is there (``deceasedDateTime``).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from integration_engine.mapping.found import Found, PathError

_Nodes = list[tuple[Any, str]]
_Step = Callable[[_Nodes], _Nodes]
_Run = Callable[[Any, str], _Nodes]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|`[^`]+`", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]+", re.ASCII)
_INDEX = re.compile(r"\[(\d{1,4})\]", re.ASCII)
_TERM = r"([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(?:'([^'\\]*)'|(true|false))"
_WHERE = re.compile(rf"\.where\(\s*{_TERM}(?:\s+and\s+{_TERM})?(?:\s+and\s+{_TERM})?\s*\)", re.ASCII)
_EXTENSION = re.compile(r"\.extension\(\s*'([^'\\]*)'\s*\)")
# Members and conditions: what selects from nothing finds nothing, as count() or exists() would not.
_SELECTS = re.compile(r"(?:\.where\((?:[^()]|\([^()]*\))*\)|\.[A-Za-z][A-Za-z0-9]*)+", re.ASCII)
_ENDS = re.compile(r"\.(first|last)\(\)")
_CHOICES = (
    "Boolean", "DateTime", "Integer", "String", "Date", "Time", "Quantity", "CodeableConcept", "Coding", "Code", "Reference",
    "Period", "Identifier", "Address", "Age", "Range", "Uri", "Instant", "Decimal", "Id",
)  # fmt: skip


def check(path: str) -> None:
    """Raises PathError for what isn't FHIRPath."""
    _compiled(path)


@dataclass(frozen=True, slots=True)
class _Path:
    """A compiled path. ``resource`` is the type it is asked of, None for a relative one."""

    resource: str | None
    run: _Run


@lru_cache(maxsize=8192)
def _compiled(path: str) -> _Path:
    stripped = path.strip()
    if not stripped:
        raise PathError(0, "an empty path")
    resource = _TYPE.match(stripped)
    name = resource[0] if resource else None
    rest = stripped[resource.end() :] if resource else "." + stripped
    steps, end = _plain(rest)
    if end == len(rest):
        return _Path(name, _chain(steps))
    general = _general(stripped, name)
    return _Path(name, _after(_chain(steps), general) if _SELECTS.fullmatch(rest, end) else general)


def _after(beginning: _Run, general: _Run) -> _Run:
    """A path that only selects from what its plain beginning finds: mostly nothing, and then the library needn't be asked."""
    return lambda node, place: general(node, place) if beginning(node, place) else []


def _chain(steps: Sequence[_Step]) -> _Run:
    def run(resource: Any, place: str) -> _Nodes:
        nodes: _Nodes = [(resource, place)]
        for step in steps:
            nodes = step(nodes)
            if not nodes:
                break
        return nodes

    return run


def _parsed(path: str) -> None:
    """Raises PathError where the grammar isn't followed to the end: the library's own reader mends what it can't read."""
    from antlr4 import CommonTokenStream, InputStream
    from antlr4.error.ErrorListener import ErrorListener
    from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
    from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

    class Strict(ErrorListener):  # type: ignore[misc] # the parser's runtime has no types
        def syntaxError(self, _reader: Any, _symbol: Any, _line: int, column: int, _why: str, _error: Any) -> None:
            raise PathError(column, "this isn't FHIRPath")

    lexer = FHIRPathLexer(InputStream(path))
    parser: Any = FHIRPathParser(CommonTokenStream(lexer))
    for reader in (lexer, parser):
        reader.removeErrorListeners()
        reader.addErrorListener(Strict())
    parser.entireExpression()


def _general(path: str, resource: str | None) -> _Run:
    """A path by the library; it doesn't tell places, so the place is the path itself."""
    import fhirpathpy

    _parsed(path)
    try:
        query: Callable[[Any, Any], list[Any]] = fhirpathpy.compile(path, _model())
        # Functions that the library doesn't know only show when they are run.
        query({"resourceType": resource or "Patient"}, {})
    except Exception as error:  # it raises many kinds, all meaning the same
        raise PathError(0, "a function or operator that FHIRPath doesn't have") from error
    rest = path[len(resource) :] if resource else "." + path

    def run(node: Any, place: str) -> _Nodes:
        try:
            values = query(node, {})
        except Exception:  # data of a shape the path doesn't expect finds nothing
            return []
        several = len(values) > 1
        return [(value, f"{place}{rest}" + (f"[{n}]" if several else "")) for n, value in enumerate(values)]

    return run


@lru_cache(maxsize=1)
def _model() -> Any:
    from fhirpathpy.models import models

    return models["r4"]


def _plain(rest: str) -> tuple[list[_Step], int]:
    """The steps of a path as far as it is plain, and where the library is needed: at its end, it isn't."""
    steps: list[_Step] = []
    at = 0
    while at < len(rest):
        if found := _INDEX.match(rest, at):
            steps.append(_nth(int(found[1])))
        elif found := _WHERE.match(rest, at):
            terms = [found.groups()[n : n + 3] for n in (0, 3, 6) if found.groups()[n] is not None]
            steps.append(_where([_term(member, text, word) for member, text, word in terms]))
        elif found := _EXTENSION.match(rest, at):
            steps += [_member("extension"), _where([(_members("url"), found[1])])]
        elif found := _ENDS.match(rest, at):
            steps.append(_nth(0 if found[1] == "first" else -1))
        elif rest[at] == "." and (found := _NAME.match(rest, at + 1)) and rest[found.end() : found.end() + 1] != "(":
            steps.append(_member(found[0].strip("`")))
        else:
            break
        at = found.end()
    return steps, at


def _term(member: str | Any, text: str | Any, word: str | Any) -> tuple[list[_Step], Any]:
    return _members(member), text if text is not None else word == "true"


def _members(path: str) -> list[_Step]:
    return [_member(name) for name in path.split(".")]


def _nth(number: int) -> _Step:
    def step(nodes: _Nodes) -> _Nodes:
        return nodes[number:][:1]

    return step


def _where(terms: Sequence[tuple[list[_Step], Any]]) -> _Step:
    def holds(node: tuple[Any, str], steps: list[_Step], wanted: Any) -> bool:
        nodes: _Nodes = [node]
        for step in steps:
            nodes = step(nodes)
        return len(nodes) == 1 and type(nodes[0][0]) is type(wanted) and nodes[0][0] == wanted

    def step(nodes: _Nodes) -> _Nodes:
        return [node for node in nodes if all(holds(node, steps, wanted) for steps, wanted in terms)]

    return step


def _member(name: str) -> _Step:
    choices = tuple(name + choice for choice in _CHOICES)
    among = frozenset(choices)

    def step(nodes: _Nodes) -> _Nodes:
        found: _Nodes = []
        for node, place in nodes:
            if type(node) is not dict:
                continue
            key = name
            value = node.get(name)
            if value is None and not among.isdisjoint(node):
                key = next((choice for choice in choices if choice in node), "")
                value = node.get(key)
            if type(value) is list:
                found += [(one, f"{place}.{key}[{n}]") for n, one in enumerate(value) if one is not None]
            elif value is not None:
                found.append((value, f"{place}.{key}"))
        return found

    return step


@dataclass(frozen=True, slots=True)
class FhirSource:
    """The resources about one person by type: one resource, or a list where there are several."""

    resources: Mapping[str, Any]

    def _nodes(self, path: str) -> _Nodes:
        compiled = _compiled(path)
        if compiled.resource is None:
            return []
        return list(self._asked(compiled.resource, compiled.run))

    def _asked(self, name: str, run: _Run) -> Iterator[tuple[Any, str]]:
        held = self.resources.get(name)
        if not held:
            return
        if isinstance(held, Mapping):
            yield from run(held, name)
            return
        if not isinstance(held, list | tuple):
            return
        for number, resource in enumerate(held):
            yield from run(resource, f"{name}[{number}]" if len(held) > 1 else name)

    def find(self, path: str) -> Sequence[Found]:
        return [Found(value, place) for value, place in self._nodes(path) if value != ""]

    def parts(self, path: str) -> Sequence[tuple[str, "ElementSource"]]:
        return [(place, ElementSource(value, place, self)) for value, place in self._nodes(path)]


@dataclass(frozen=True, slots=True)
class ElementSource:
    """One element of a resource: relative paths start here, paths that begin with a resource type are of the whole."""

    element: Any
    place: str
    whole: FhirSource

    def _nodes(self, path: str) -> _Nodes:
        compiled = _compiled(path)
        if compiled.resource is None:
            return compiled.run(self.element, self.place)
        return self.whole._nodes(path)

    def find(self, path: str) -> Sequence[Found]:
        return [Found(value, place) for value, place in self._nodes(path) if value != ""]

    def parts(self, path: str) -> Sequence[tuple[str, "ElementSource"]]:
        return [(place, ElementSource(value, place, self.whole)) for value, place in self._nodes(path)]
