"""One function a rule: does what a message says of one person meet it? ``mappings/conformance.yaml`` says what each is for.

A function is given a notice and the problems its reading had, and answers met or unmet with a place (in the message's own
language where something stood there, else the field that is missing) and a code; None where the rule isn't asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from integration_engine.record.account import Address
from integration_engine.record.dates import Precision, earliest, precision
from integration_engine.record.notice import DeathNotice, Problem

_TEST_RANGE = "999"
_VERIFIED = "01"
_NOT_STATED = ("Z", "99")
_BABY_DAYS = 28
_UNKNOWN_CODES = frozenset(
    {"unknown-code", "code-not-in-binding", "disposition-not-in-table", "bad-death-indicator", "boolean-as-text"}
)
_WRONG_DATES = frozenset(
    {"bad-date", "bad-time", "two-digit-year", "date-in-future", "birth-in-future", "dates-disagree"}
    | {"death-before-birth", "birth-after-death", "birth-date-impossible", "age-disagrees"}
)
_NO_HOME = ("ZZ99",)
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether one rule is met, where and (unmet) why: a path and a code, never a value."""

    met: bool
    path: str = ""
    code: str = ""


Check = Callable[[DeathNotice, Sequence[Problem]], Finding | None]


def _place(notice: DeathNotice, field: str) -> str:
    """Where a field stood in the message; the field's own name where it didn't come."""
    found = notice.provenance.get(field) or next(
        (where for path, where in notice.provenance.items() if path.startswith(field)), None
    )
    return found.path if found else field


def _came(notice: DeathNotice, field: str, there: object, why: str = ABSENT) -> Finding:
    return Finding(bool(there), _place(notice, field), "" if there else why)


def _first(problems: Iterable[Problem], codes: frozenset[str]) -> Finding:
    found = next((problem for problem in problems if problem.code in codes), None)
    return Finding(True) if found is None else Finding(False, found.path or "", found.code)


def _invented_people(notice: DeathNotice, _: Sequence[Problem]) -> Finding | None:
    number = notice.child.nhs_number
    if number is None:
        return None
    return _came(notice, "child.nhs_number", number.startswith(_TEST_RANGE), "not-of-the-test-range")


def _nhs_number(notice: DeathNotice, problems: Sequence[Problem]) -> Finding:
    wrong = _first(problems, frozenset({"nhs-number-invalid", "nhs-number-twice", "nhs-number-ambiguous"}))
    return _came(notice, "child.nhs_number", notice.child.nhs_number) if wrong.met else wrong


def _nhs_number_verified(notice: DeathNotice, _: Sequence[Problem]) -> Finding | None:
    if notice.child.nhs_number is None:
        return None
    status = notice.child.nhs_number_status
    return _came(notice, "child.nhs_number_status", status == _VERIFIED, "not-verified" if status else ABSENT)


def _full_name(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    if notice.child.name_is_placeholder:
        return Finding(False, _place(notice, "child.family_name"), "placeholder")
    if not notice.child.family_name:
        return Finding(False, "child.family_name", ABSENT)
    return _came(notice, "child.given_names", notice.child.given_names)


def _date(notice: DeathNotice, field: str, value: str | None, least: Precision, short: str) -> Finding:
    if value is None:
        return Finding(False, field, ABSENT)
    return _came(notice, field, precision(value) >= least, short)


def _birth_date(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    return _date(notice, "child.birth_date", notice.child.birth_date, Precision.DAY, "not-a-whole-date")


def _death_date(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    return _date(notice, "death.died_at", notice.death.died_at, Precision.DAY, "not-a-whole-date")


def _death_time(notice: DeathNotice, problems: Sequence[Problem]) -> Finding | None:
    if notice.death.died_at is None:
        return None
    midnight = _first(problems, frozenset({"midnight-read-as-date", "death-time-from-discharge"}))
    return _date(notice, "death.died_at", notice.death.died_at, Precision.MINUTE, midnight.code or "date-only")


def _sex(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    return _came(notice, "child.sex", notice.child.sex not in (None, "unknown"))


def _address_usable(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    homes = [each for each in notice.child.addresses if each.use in (None, "home", "placement")]
    if not homes:
        return Finding(False, "child.addresses", ABSENT)
    if any(_usable(each) for each in homes):
        return _came(notice, "child.addresses", True)
    pseudo = any((each.postcode or "").startswith(_NO_HOME) for each in homes)
    return _came(notice, "child.addresses", False, "pseudo-postcode" if pseudo else "no-postcode")


def _usable(address: Address) -> bool:
    return bool(address.lad_code) or bool(address.postcode and not address.postcode.startswith(_NO_HOME))


def _place_of_death(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    place = notice.death.place
    found = place and (place.ods_code or place.postcode or place.lad_code)
    return _came(notice, "death.place", found, "not-to-be-found" if place else ABSENT)


def _codes_known(_: DeathNotice, problems: Sequence[Problem]) -> Finding:
    return _first(problems, _UNKNOWN_CODES)


def _dates_in_order(_: DeathNotice, problems: Sequence[Problem]) -> Finding:
    return _first(problems, _WRONG_DATES)


def _no_contradiction(notice: DeathNotice, problems: Sequence[Problem]) -> Finding:
    said = _first(problems, frozenset({"contradiction", "birth-contradiction"}))
    return Finding(False, said.path, "contradiction") if notice.contradiction else said


def _ethnic_category(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    stated = notice.child.ethnic_category
    return _came(
        notice, "child.ethnic_category", stated and stated not in _NOT_STATED, "not-stated" if stated else ABSENT
    )


def _practice(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    return _came(notice, "child.gp_practice", notice.child.gp_practice)


def _mother(notice: DeathNotice, _: Sequence[Problem]) -> Finding | None:
    born, died = notice.child.birth_date, notice.death.died_at
    if born is None or died is None or (earliest(died) - earliest(born)).days > _BABY_DAYS:
        return None
    return _came(notice, "child.mother", notice.child.mother)


def _event(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    event = notice.death.event
    return _came(notice, "death.event", event and event.type and event.reference, "incomplete" if event else ABSENT)


def _coroner_reference(notice: DeathNotice, _: Sequence[Problem]) -> Finding:
    return _came(notice, "coroner.reference", notice.coroner and notice.coroner.reference)


PERSON_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "invented-people": _invented_people,
        "nhs-number": _nhs_number,
        "nhs-number-verified": _nhs_number_verified,
        "full-name": _full_name,
        "birth-date": _birth_date,
        "sex": _sex,
        "death-date": _death_date,
        "death-time": _death_time,
        "address-usable": _address_usable,
        "place-of-death": _place_of_death,
        "codes-known": _codes_known,
        "dates-in-order": _dates_in_order,
        "no-contradiction": _no_contradiction,
        "ethnic-category": _ethnic_category,
        "practice": _practice,
        "mother": _mother,
        "event": _event,
        "coroner-reference": _coroner_reference,
    }
)
"""What is asked of every person a message reports dead; ``readable`` and ``message-id`` are asked of the message."""
