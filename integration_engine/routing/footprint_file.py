"""Reading a local footprint: panels or teams merged, split or moved from a day on, in one small YAML.

    footprint: east-2027
    from: 2027-04-01
    cdops:
      - {code: EAST, name: East CDOP, replaces: [NORFOLK, SUFFOLK]}
      - {code: SURREY-W, name: West Surrey CDOP, areas: [E06000068]}
    jar_teams:
      - {code: JAR-EAST, name: East team, replaces: [JAR-NORFOLK, JAR-SUFFOLK]}
    authorities:
      - {code: E06000068, name: West Surrey, replaces: [E07000209, E07000212]}

Several days in one file are a list under ``steps``, each with its own ``from``, in order. Everything that is wrong with a
file is told at once, by file and line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from integration_engine.routing.geography import KINDS, Kind
from integration_engine.routing.tables import Problem, refuse

BODY_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*")
AUTHORITY_CODE = re.compile(r"E(?:0[6-9]|10)\d{6}")
_SECTIONS = ("authorities", "cdops", "jar_teams")
_STEP = frozenset({"from", *_SECTIONS})
_TOP = _STEP | {"footprint", "steps"}
_CHANGE = frozenset({"code", "name", "replaces", "areas", "closes"})
_AUTHORITY = frozenset({"code", "name", "kind", "upper_tier", "replaces"})


@dataclass(frozen=True, slots=True)
class Change:
    """One body of the new footprint and where its areas come from: all of what it ``replaces``, and single ``areas``.
    ``closes`` where the body is to end without taking anything. ``where`` names file and line."""

    code: str
    name: str
    replaces: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    closes: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class NewAuthority:
    """A new authority and the ones whose area it takes: districts of a county, or an authority that splits (then several
    new ones name it)."""

    code: str
    name: str
    kind: Kind
    upper_tier: str
    replaces: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What changes on one day."""

    first: date
    authorities: tuple[NewAuthority, ...] = ()
    cdops: tuple[Change, ...] = ()
    jar_teams: tuple[Change, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A local footprint: its name and its steps, by day."""

    name: str
    steps: tuple[Step, ...]

    @property
    def first(self) -> date:
        """The first day on which anything changes."""
        return self.steps[0].first

    @property
    def cdops(self) -> tuple[Change, ...]:
        """What changes of panels, over all steps."""
        return tuple(change for step in self.steps for change in step.cdops)

    @property
    def jar_teams(self) -> tuple[Change, ...]:
        """What changes of joint agency response teams, over all steps."""
        return tuple(change for step in self.steps for change in step.jar_teams)


class _Lined(dict[Any, Any]):
    """A YAML mapping that knows the line it begins on."""

    line = 0


class _Loader(yaml.SafeLoader):
    """Keeps lines, and refuses a name given twice: of two sections ``cdops`` the first would be lost unseen."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[_Lined]:
    found = _Lined()
    found.line = node.start_mark.line + 1
    yield found
    names = [str(key.value) for key, _ in node.value]
    if len(set(names)) < len(names):
        raise yaml.constructor.ConstructorError(None, None, "a name is given twice", node.start_mark)
    found.update(loader.construct_mapping(node, deep=True))


def _day(loader: _Loader, node: yaml.ScalarNode) -> date:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as cause:
        raise yaml.constructor.ConstructorError(None, None, "there is no such day", node.start_mark) from cause


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _day)


@dataclass
class _Reading:
    """One file being read, and what is wrong with it so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, line: int | str, text: str, code: str = "bad-footprint") -> None:
        self.problems.append(Problem(code, f"{self.file}:{line}", text))

    def place(self, line: int) -> str:
        return f"{self.file}:{line}"


def read_overlay(path: Path) -> Overlay:
    """Read a footprint file. Raises ReferenceDataError with everything that is wrong with it, by line."""
    reading = _Reading(path.name)
    try:
        # A loader that makes plain values only, like the safe one it extends.
        read = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506
    except yaml.MarkedYAMLError as cause:
        line = cause.problem_mark.line + 1 if cause.problem_mark else 1
        # Well-formed YAML may still hold a value that can't be, such as 31 April.
        trouble = "this can't be read" if isinstance(cause, yaml.constructor.ConstructorError) else "this isn't YAML"
        reading.wrong(line, f"{trouble}: {cause.problem or 'it ends too early'}", "unreadable-file")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError):
        reading.wrong(1, "the file is missing or isn't YAML", "unreadable-file")
    refuse(reading.problems)
    if not isinstance(read, _Lined):
        reading.wrong(1, "a footprint has 'from: 2027-04-01' and lists cdops, jar_teams or authorities")
        refuse(reading.problems)
    name = str(read.get("footprint") or path.stem)
    steps = tuple(_steps(reading, read))
    for before, after in pairwise(steps):
        if after.first <= before.first:
            reading.wrong(
                after.where.rpartition(":")[2], "steps are listed by day, each later than the last", "out-of-order"
            )
    if not steps and not reading.problems:
        reading.wrong(1, "nothing changes: list cdops, jar_teams or authorities")
    refuse(reading.problems)
    return Overlay(name, steps)


def _steps(reading: _Reading, read: _Lined) -> Iterator[Step]:
    _known(reading, read, _TOP, "part of a footprint")
    if "steps" not in read:
        if step := _step(reading, read):
            yield step
        return
    if at_once := sorted(set(read) & _STEP):
        reading.wrong(read.line, f"with steps, {', '.join(at_once)} belong in each step")
    for step_read in _rows(reading, read, "steps"):
        _known(reading, step_read, _STEP, "part of a step")
        if step := _step(reading, step_read):
            yield step


def _step(reading: _Reading, read: _Lined) -> Step | None:
    first = read.get("from")
    if not isinstance(first, date) or hasattr(first, "hour"):
        reading.wrong(read.line, "a footprint's day is written 'from: 2027-04-01'")
        first = None
    authorities = tuple(filter(None, (_authority(reading, row) for row in _rows(reading, read, "authorities"))))
    cdops = tuple(filter(None, (_change(reading, row) for row in _rows(reading, read, "cdops"))))
    teams = tuple(filter(None, (_change(reading, row) for row in _rows(reading, read, "jar_teams"))))
    return Step(first, authorities, cdops, teams, reading.place(read.line)) if first else None


def _rows(reading: _Reading, read: _Lined, section: str) -> Iterator[_Lined]:
    listed = read.get(section)
    if listed is None:
        return
    if not isinstance(listed, list):
        reading.wrong(read.line, f"{section} is a list, one row a line, each beginning with a hyphen")
        return
    for number, row in enumerate(listed, start=1):
        if isinstance(row, _Lined):
            yield row
        else:
            reading.wrong(read.line, f"row {number} of {section} is no row of names and values")


def _known(reading: _Reading, row: Mapping[Any, Any], names: frozenset[str], of: str) -> None:
    if unknown := sorted(str(name) for name in set(row) - names):
        reading.wrong(getattr(row, "line", 1), f"not {of}: {', '.join(unknown)}")


def _listed(reading: _Reading, row: _Lined, name: str) -> tuple[str, ...]:
    value = row.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        reading.wrong(row.line, f"{name} is a list of codes: [{'E06000001, E06000002' if name == 'areas' else 'A, B'}]")
        return ()
    return tuple(one.strip() for one in value)


def _change(reading: _Reading, row: _Lined) -> Change | None:
    _known(reading, row, _CHANGE, "part of a row")
    code = _code(reading, row, BODY_CODE, "capitals, digits and single hyphens")
    replaces, areas = _listed(reading, row, "replaces"), _listed(reading, row, "areas")
    closes = row.get("closes", False)
    if not isinstance(closes, bool):
        reading.wrong(row.line, "closes is true or false")
    if closes and (replaces or areas):
        reading.wrong(row.line, "a body that closes takes nothing over: list its areas under the bodies that take them")
    if not (closes or replaces or areas) and not ({"replaces", "areas"} & set(row)):
        reading.wrong(row.line, "each row has a code and either replaces, areas or 'closes: true'")
    elif not (closes or replaces or areas):
        reading.wrong(row.line, "it covers nothing: replaces and areas are empty", "covers-nothing")
    if code in replaces:
        reading.wrong(row.line, f"{code} replaces itself", "replaces-itself")
    if code is None:
        return None
    return Change(code, str(row.get("name") or code), replaces, areas, closes is True, reading.place(row.line))


def _authority(reading: _Reading, row: _Lined) -> NewAuthority | None:
    _known(reading, row, _AUTHORITY, "part of an authority's row")
    code = _code(reading, row, AUTHORITY_CODE, "E06, E07, E08, E09 or E10 and six digits")
    replaces = _listed(reading, row, "replaces")
    kind = KINDS.get(str(row.get("kind", "unitary")))
    if kind is None:
        reading.wrong(row.line, f"kind is one of {', '.join(KINDS)}")
    if not row.get("name"):
        reading.wrong(row.line, "a new authority has a name")
    if not replaces:
        reading.wrong(row.line, "a new authority says which ones it replaces")
    if code in replaces:
        reading.wrong(row.line, f"{code} replaces itself", "replaces-itself")
    if code is None or kind is None:
        return None
    upper = str(row.get("upper_tier") or code)
    return NewAuthority(code, str(row.get("name") or code), kind, upper, replaces, reading.place(row.line))


def _code(reading: _Reading, row: _Lined, shape: re.Pattern[str], words: str) -> str | None:
    code = row.get("code")
    if not code:
        reading.wrong(row.line, "each row has a code")
        return None
    if not isinstance(code, str) or not shape.fullmatch(code):
        reading.wrong(row.line, f"code is written in {words}", "malformed-code")
        return None
    return code
