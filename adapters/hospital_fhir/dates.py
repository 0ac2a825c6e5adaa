"""FHIR dates and times to partials: what is given keeps its precision, a made-up midnight doesn't become a time.

Also the partial dates of death certificates, whose parts stand in extensions because a part is unknown.
"""

import re
from dataclasses import dataclass
from typing import Any

from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree, child, children, extensions, text, value_of
from integration_engine.record.dates import canonical
from integration_engine.record.notice import Problem

_FIRST_YEAR, _LAST_YEAR = 1850, 2150
_MIDNIGHT = re.compile(r"T00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?$")
_NO_ZONE = re.compile(r"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?$")
_NO_SECONDS = re.compile(r"T\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?$")


@dataclass(frozen=True, slots=True)
class Moment:
    """A partial that was read, where it stood, and what its sender should know about how it was written."""

    value: str
    path: str
    problems: tuple[Problem, ...] = ()


def moment(said: str, path: str, midnight_is_unknown: bool = True) -> Moment:
    """A FHIR date, dateTime or instant as a partial. Raises Refused where it is none.

    A time without a zone is London's and noted; midnight is read as a date without a time unless the feed says it means it.
    """
    problems = []
    bare = said.strip()
    if midnight_is_unknown and _MIDNIGHT.search(bare):
        bare = bare[:10]
        problems.append(
            Problem(code="midnight-read-as-date", text="A time of 00:00 was read as time unknown.", path=path)
        )
    elif _NO_ZONE.search(bare):
        problems.append(Problem(code="no-zone", text="A time without a zone was read as Europe/London.", path=path))
    elif _NO_SECONDS.search(bare):
        problems.append(
            Problem(code="no-seconds", text="FHIR wants seconds in a time; it was read without.", path=path)
        )
    try:
        value = canonical(bare)
    except (ValueError, OverflowError):
        raise Refused("bad-date", path) from None
    if not _FIRST_YEAR <= int(value[:4]) <= _LAST_YEAR:
        raise Refused("bad-date", path)
    return Moment(value, path, tuple(problems))


def partial_of(beside: Tree, path: str) -> Moment | None:
    """The partial date that a certificate writes in extensions beside an absent value: year, month, day, time, each
    stated or absent with a reason. None where there is none."""
    for ending in (
        "PartialDateTime",
        "PartialDate",
        "partial-date-time-vr",
        "partial-date-vr",
        "partial-date-time",
        "partial-date",
    ):
        for extension in extensions(beside, ending):
            parts = {_part_name(part): _part_value(part) for part in children(extension, "extension")}
            found = _assemble(parts)
            if found:
                return moment(found, f"{path}.extension", midnight_is_unknown=False)
    return None


def absent_reason(beside: Any) -> str | None:
    """Why an element has no value (FHIR's data-absent-reason), None where no reason is given."""
    return next((text(one, "valueCode") for one in extensions(beside, "data-absent-reason")), None)


def _part_name(part: Tree) -> str:
    return (text(part, "url") or "").rsplit("/", 1)[-1].rsplit("-", 1)[-1].casefold()


def _part_value(part: Tree) -> Any:
    found = value_of(part)
    return None if isinstance(found, dict) else found


def _assemble(parts: dict[str, Any]) -> str | None:
    """The ISO text of the parts, as far down as they are stated without a gap."""
    written = ""
    for name, width, before in (("year", 4, ""), ("month", 2, "-"), ("day", 2, "-")):
        number = parts.get(name)
        if isinstance(number, bool) or not str(number).isdigit():
            return written or None
        written += f"{before}{int(str(number)):0{width}}"
    time = parts.get("time")
    clock = re.match(r"\d\d:\d\d(?::\d\d)?", time) if isinstance(time, str) else None
    return f"{written}T{clock[0]}" if clock else written


def element_moment(holder: Tree, name: str, path: str, midnight_is_unknown: bool = True) -> Moment | None:
    """The date in an element, or the partial date beside it. Raises Refused for a value that is no date."""
    here = f"{path}.{name}"
    said = holder.get(name)
    if isinstance(said, str):
        found = moment(said, here, midnight_is_unknown)
        beside = partial_of(child(holder, "_" + name), here)
        return found if beside is None or len(beside.value) <= len(found.value) else beside
    if said is not None:
        raise Refused("wrong-type", here)
    return partial_of(child(holder, "_" + name), here)
