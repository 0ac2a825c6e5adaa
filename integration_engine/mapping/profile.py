"""Profiles: which part of a partner's message is which canonical field. Load, extend, run."""

import os
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from integration_engine.mapping.compiler import Compiler, Report
from integration_engine.mapping.documents import ProfileError, read_yaml
from integration_engine.mapping.files import mappings
from integration_engine.mapping.paths import CHECKS, Found, Source
from integration_engine.mapping.rules import Rule, Run
from integration_engine.mapping.shapes import Shape, fields
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem, Provenance

__all__ = ["Found", "Mapped", "Profile", "ProfileError", "Source", "find_profile", "load_profile", "shipped_profiles"]

LANGUAGES = {"hospital-hl7": "hl7", "hospital-fhir": "fhirpath", "police": "json", "coroner": "columns"}
"""The path language a kind of partner has unless its profile says."""

_KEYS = {"profile", "kind", "version", "title", "language", "extends", "settings", "columns", "fields", "note"}


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a profile found: canonical values by dotted path, where each came from, and what could not be read."""

    values: Mapping[str, Any]
    provenance: Mapping[str, Provenance]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Profile:
    """One profile, loaded and compiled.

    ``settings`` are the kind's own (each adapter documents those it reads); ``columns`` are a table's canonical columns with
    their synonyms; ``fields`` the canonical fields it fills; ``parents`` the profiles it extends, nearest first.
    """

    name: str
    kind: str
    version: int
    settings: Mapping[str, Any]
    title: str = ""
    language: str = ""
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    rules: tuple[tuple[str, Rule], ...] = field(default=(), repr=False)
    read_columns: frozenset[str] = frozenset()

    @property
    def fields(self) -> tuple[str, ...]:
        """The canonical paths this profile fills."""
        return tuple(path for path, _ in self.rules)

    def map(self, source: Source) -> Mapped:
        """Run every rule over one message (or one person of it). Never raises, whatever the message holds."""
        run = Run(self.name)
        values: dict[str, Any] = {}
        provenance: dict[str, Provenance] = {}
        for path, rule in self.rules:
            try:
                found = rule(source, run)
            except Exception as error:  # one field's surprise must not lose a death
                why = f"{path}: not readable ({type(error).__name__}, profile {self.name})"
                run.problems.append(Problem(code="unreadable-value", text=why))
                continue
            if found is not None:
                values[path] = found.value
                provenance[path] = _provenance(found.place, self.name, path, found.rule)
        if run.invalid_nhs_numbers:
            _keep_invalid(run, values, provenance, self.name)
        return Mapped(values, provenance, tuple(run.problems))


@lru_cache(maxsize=16384)
def _provenance(place: str, profile: str, path: str, number: int) -> Provenance:
    return Provenance(path=place, profile=profile, rule=f"{profile}/{path}#{number}")


def _keep_invalid(run: Run, values: dict[str, Any], provenance: dict[str, Provenance], profile: str) -> None:
    """An invalid NHS number is evidence, never a key: its digits are kept among the other identifiers."""
    path = "child.other_identifiers"
    kept = list(values.get(path, ()))
    values[path] = kept + [
        {"value": number, "type": "nhs-number-invalid", "problem": "nhs-number-invalid"}
        for number in dict.fromkeys(run.invalid_nhs_numbers)
    ]
    if path not in provenance:
        place = next((problem.path for problem in run.problems if problem.code == "nhs-number-invalid"), None)
        provenance[path] = _provenance(place or "(unknown)", profile, path, 1)


def shipped_profiles() -> tuple[Path, ...]:
    """The files of every shipped profile, by kind and name."""
    return tuple(
        sorted(
            path
            for kind in typing.get_args(PartnerKind)
            for path in (mappings() / kind).glob("*.yaml")
            if not path.name.endswith(".test.yaml")
        )
    )


def find_profile(name: str | Path) -> Path:
    """The file of a profile: a shipped one by name, or the file itself. Raises ProfileError."""
    if _names_a_file(name):
        return Path(name)
    for kind in typing.get_args(PartnerKind):
        path: Path = mappings() / kind / f"{name}.yaml"
        if path.is_file():
            return path
    known = ", ".join(path.stem for path in shipped_profiles())
    raise ProfileError(str(name), "", f"there is no shipped profile of this name; there are {known or 'none'}")


def _names_a_file(name: str | Path) -> bool:
    return isinstance(name, Path) or "/" in name or name.endswith((".yaml", ".yml"))


def load_profile(name: str | Path) -> Profile:
    """A shipped profile by name or one in a file, compiled; the same object again as long as its file is unchanged.

    Raises ProfileError with file, place and why.
    """
    path = Path(name).resolve() if _names_a_file(name) else _shipped(str(name))
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError as error:
        raise ProfileError(path.name, "", "there is no such file") from error
    return _loaded(path, changed)


@lru_cache(maxsize=512)
def _shipped(name: str) -> Path:
    """Where a shipped profile lies, looked for once: it is asked for with every message."""
    return find_profile(name).resolve()


@lru_cache(maxsize=512)
def _loaded(path: Path, _changed: int) -> Profile:
    def report(place: str, why: str) -> None:
        raise ProfileError(path.name, place, why)

    return compile_profile(path, report)


def compile_profile(path: Path, report: Report) -> Profile:
    """A profile from its file. Everything wrong is told to ``report``, which may raise; what is right is compiled."""
    whole, parents = _merged(path, (), report)
    kind = whole.get("kind")
    if kind not in LANGUAGES:
        report("kind", f"kind is one of {', '.join(LANGUAGES)}")
        kind = "coroner"
    language = whole.get("language", LANGUAGES[kind])
    if language not in CHECKS:
        report("language", f"language is one of {', '.join(CHECKS)}")
    settings = _map(whole, "settings", report)
    columns = dict(_columns(_map(whole, "columns", report), report))
    compiler = Compiler(str(language), settings, columns, report)
    rules = tuple(_compiled(compiler, _map(whole, "fields", report), report))
    version = whole.get("version")
    if type(version) is not int or version < 1:
        report("version", "version is a whole number from 1")
        version = 1
    title = str(whole.get("title") or "")
    read = frozenset(compiler.read_columns & columns.keys())
    return Profile(path.stem, kind, version, settings, title, str(language), columns, parents, rules, read)


def _columns(written: Mapping[Any, Any], report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, synonyms in written.items():
        listed = synonyms if isinstance(synonyms, list) else []
        if synonyms is not None and listed is not synonyms:
            report(f"columns.{name}", f"a list of headings, such as [{synonyms}]")
        yield str(name), tuple(map(str, listed))


def _compiled(compiler: Compiler, written: Mapping[Any, Any], report: Report) -> Iterable[tuple[str, Rule]]:
    shapes: Mapping[str, Shape] = fields()
    for path, node in written.items():
        if node is None:
            continue
        wanted = shapes.get(path)
        place = f"fields.{path}"
        if wanted is None:
            report(place, "there is no such canonical field" + _near(str(path), shapes))
            continue
        yield path, compiler.field(path, node, wanted, place)


def _near(path: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(path, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _map(whole: Mapping[str, Any], key: str, report: Report) -> Mapping[Any, Any]:
    value = whole.get(key) or {}
    if not isinstance(value, dict):
        report(key, f"{key} is a map")
        return {}
    return value


def _merged(path: Path, below: tuple[Path, ...], report: Report) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A profile's document laid over its parent's: fields, settings and columns one by one, anything else whole."""
    whole = read_yaml(path)
    if not isinstance(whole, dict):
        raise ProfileError(path.name, "", "a profile is a map with profile, kind, version and fields")
    for key in whole:
        if key not in _KEYS:
            report(str(key), f"unknown key; known are {', '.join(sorted(_KEYS))}")
    if whole.get("profile") != path.stem:
        report("profile", f"the profile's name is its file's: {path.stem}")
    parent = whole.get("extends")
    if parent is None:
        return whole, ()
    above = _parent(path, str(parent))
    if above.resolve() in {one.resolve() for one in (*below, path)}:
        raise ProfileError(path.name, "extends", "profiles extend one another in a circle")
    inherited, parents = _merged(above, (*below, path), report)
    merged = {**inherited, **whole}
    for key in ("settings", "columns", "fields"):
        merged[key] = {**_map(inherited, key, report), **_map(whole, key, report)}
    return merged, (above.stem, *parents)


def _parent(path: Path, name: str) -> Path:
    beside = path.parent / f"{name}.yaml"
    if beside.is_file() and beside.resolve() != path.resolve():
        return beside
    try:
        return find_profile(name)
    except ProfileError as error:
        raise ProfileError(path.name, "extends", error.why) from error
