"""Whose message is this: the NHS number among a message's identifiers, the other identifiers, the hospital's own number."""

from collections.abc import Iterator
from dataclasses import dataclass

from nhs_number import is_valid  # type: ignore[attr-defined]  # the package re-exports it without saying so

from adapters.hospital_hl7.er7 import DELETE, Message, Segment
from adapters.hospital_hl7.settings import ReadingSettings
from integration_engine.mapping.paths import Er7Source
from integration_engine.record.account import Identifier
from integration_engine.record.notice import Problem

_SEPARATORS = str.maketrans("", "", " -\u00a0\u2010\u2011\u2013")
# First digits of numbers issued in England and Wales, and of the test range: what an unmarked number of a hospital's own
# would have to look like before it is taken for an NHS number.
_ISSUED = "4679"


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies the person of a message."""

    nhs_number: str | None = None
    path: str | None = None
    other: tuple[Identifier, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Stated:
    """One identifier as sent: its value, assigning authority and type in capitals, and where it stood."""

    value: str
    authority: str
    type: str
    path: str

    @property
    def digits(self) -> str:
        return self.value.translate(_SEPARATORS)


def is_nhs_number(digits: str) -> bool:
    """Ten digits that pass modulus 11 and aren't ten times the same one, which pass too and mean nobody."""
    return len(digits) == 10 and digits.isascii() and digits.isdigit() and len(set(digits)) > 1 and is_valid(digits)


def identity_of(
    message: Message,
    segment: Segment,
    places: tuple[int, ...],
    settings: ReadingSettings,
    not_theirs: frozenset[str] = frozenset(),
) -> Identity:
    """The identity that one segment's fields state: PID-3 first, then PID-2 and PID-4; for MRG its fields 1 and 4.

    An identifier marked as an NHS number by type or authority comes first, then an unmarked one that is valid. A marked one
    that isn't valid is kept among the others with problem ``nhs-number-invalid`` and is never a key. What is ``not_theirs``
    (the mother's numbers) and what has a type of the mother's is left out, with problem ``mothers-number``.
    """
    marked: list[Stated] = []
    others: list[Stated] = []
    other: list[Identifier] = []
    problems: list[Problem] = []
    for stated in stated_in(message, segment, places):
        if stated.digits in not_theirs or stated.value in not_theirs or stated.type in settings.mothers_number_types:
            text = "a number of the mother's, not read as the child's"
            problems.append(Problem(code="mothers-number", text=text, path=stated.path))
        else:
            (marked if is_marked(stated, settings) else others).append(stated)
    valid = {one.digits for one in marked if is_nhs_number(one.digits)}
    first = next((one for one in marked if one.digits in valid), None)
    chosen = first or next((one for one in others if _passes_unmarked(one)), None)
    for one in marked:
        if one.digits not in valid:
            problems.append(Problem(code="nhs-number-invalid", text="this is no valid NHS number", path=one.path))
            other.append(_identifier(one, "NH", "nhs-number-invalid"))
        elif chosen and one.digits != chosen.digits:
            problems.append(Problem(code="nhs-number-ambiguous", text="a second, different NHS number", path=one.path))
            other.append(_identifier(one, "NH", "nhs-number-ambiguous"))
    other += [_identifier(one, one.type, None) for one in others if not chosen or one.digits != chosen.digits]
    return Identity(
        chosen.digits if chosen else None,
        chosen.path if chosen else None,
        tuple(dict.fromkeys(other)),
        tuple(problems),
    )


def stated_in(message: Message, segment: Segment, places: tuple[int, ...]) -> Iterator[Stated]:
    for place in places:
        repetitions = segment.repetitions(place)
        for number, raw in enumerate(repetitions, start=1):
            if raw == DELETE:
                continue
            parts = message.components(raw)
            value = message.value(parts[0]) if parts else ""
            if not value or value == DELETE:
                continue
            several = f"[{number}]" if len(repetitions) > 1 else ""
            authority = message.value(raw, 4).upper()
            kind = message.value(raw, 5).upper()
            yield Stated(value, authority, kind, f"{segment.name}-{place}{several}.1")


def is_marked(stated: Stated, settings: ReadingSettings) -> bool:
    """Whether an identifier's type, or without one its authority, says that it is an NHS number."""
    if stated.type:
        return stated.type in settings.nhs_number_types
    return stated.authority in settings.nhs_number_authorities


def looks_like_nhs_number(stated: Stated) -> bool:
    """Whether an identifier that nothing marks may be taken for an NHS number. One that a hospital calls its own needs a
    likely range."""
    return is_nhs_number(stated.digits) and (not stated.authority or stated.digits[0] in _ISSUED)


def _passes_unmarked(stated: Stated) -> bool:
    return not stated.type and looks_like_nhs_number(stated)


def _identifier(stated: Stated, kind: str, problem: str | None) -> Identifier:
    return Identifier(value=stated.value, system=stated.authority or None, type=kind or None, problem=problem)


def local_ref_of(
    message: Message, settings: ReadingSettings, nhs_number: str | None, not_theirs: frozenset[str] = frozenset()
) -> str | None:
    """The hospital's own number for this person, by the first of the feed's paths that has one that is theirs."""
    source = Er7Source(message)
    for path in settings.local_ref:
        for found in source.find(f"{path}.1"):
            value = str(found.value).strip()
            digits = value.translate(_SEPARATORS)
            if value and digits != nhs_number and digits not in not_theirs and value not in not_theirs:
                return value
    return None


def may_be_the_twins(message: Message, number: str | None) -> bool:
    """Whether a baby goes by its mother's number (PID-21) or an account (PID-18), as its twin then would too."""
    person = message.first("PID")
    shared = [one for place in (18, 21) for one in person.repetitions(place)] if person else []
    return any(number == message.value(message.components(one)[0]).strip() for one in shared)
