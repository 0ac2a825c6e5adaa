"""Checking profiles and code tables before anybody relies on them: everything wrong at once, each with its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from integration_engine.mapping import codes
from integration_engine.mapping.documents import ProfileError
from integration_engine.mapping.profile import compile_profile


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a file: ``place`` is ``fields.child.sex.code`` or the like, empty for the file itself."""

    file: str
    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.why}" if self.place else f"{self.file}: {self.why}"


def check_profile(path: Path) -> tuple[Finding, ...]:
    """Everything wrong with one profile: unknown fields, keys, transforms or tables, paths that can't be read, values outside
    a field's code list, parents that are missing or run in a circle."""
    findings: list[Finding] = []

    def report(place: str, why: str) -> None:
        findings.append(Finding(path.name, place, why))

    try:
        profile = compile_profile(path, report)
    except ProfileError as error:
        # A parent's error names the parent's file.
        findings.append(Finding(error.file, error.place, error.why))
        return tuple(dict.fromkeys(findings))
    if not profile.rules:
        report("fields", "a profile without fields reads nothing")
    return tuple(dict.fromkeys(findings))


def check_tables() -> tuple[Finding, ...]:
    """Everything wrong with the shipped code tables that mapping uses; tables with columns of their own are their users'."""
    findings = []
    for name in codes.names():
        columns = _columns(codes.path_of(name))
        if "value" not in columns:
            continue
        try:
            codes.load(name)
        except codes.CodesError as error:
            findings.append(Finding(f"{name}.csv", "", str(error)))
    return tuple(findings)


def _columns(path: Path) -> Sequence[str]:
    with path.open(encoding="utf-8") as file:
        return file.readline().strip().split(",")


def check(paths: Iterable[Path]) -> tuple[Finding, ...]:
    """Everything wrong in several profiles."""
    return tuple(finding for path in paths for finding in check_profile(path))
