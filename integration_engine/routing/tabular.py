"""Routing's view of tabular records: one row, one record, for planners who have no messages. Any value may be missing or
wrong; a value that can't be read is a missing one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from integration_engine.record import codes
from integration_engine.record.account import Address, Age, Child, Death, Event, LookedAfter, MultipleBirth, Place
from integration_engine.record.dates import canonical
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing

_AGE = re.compile(r"(\d{1,4})\s*(year|month|week|day|hour|minute)s?", re.IGNORECASE)
_UNITS: Mapping[str, codes.AgeUnit] = {
    "year": "years",
    "month": "months",
    "week": "weeks",
    "day": "days",
    "hour": "hours",
    "minute": "minutes",
}
_DAYS_A_WEEK = 7
_ODS_LIKE = re.compile(r"[A-Z0-9]{3,9}")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its id, the record it makes and whether it says dead or takes a death back."""

    id: str
    record: ChildDeathRecord
    standing: Standing


def read_row(row: Mapping[str, Any], number: int) -> Row:
    """A row as a record. ``number`` names a row that carries no id."""
    retracted = _text(row, "message_type") == "retract"
    return Row(
        _text(row, "id") or str(number),
        ChildDeathRecord(child=_child(row), death=_death(row)),
        Standing("retracted" if retracted else "dead"),
    )


def _child(row: Mapping[str, Any]) -> Child:
    postcode, lad_code = _text(row, "postcode"), _text(row, "home_lad")
    weeks = _number(row, "gestation_weeks", 0, 50)
    order = _number(row, "birth_order", 1, 20)
    looked_after_by = _text(row, "looked_after_by")
    return Child(
        birth_date=_partial(row, "birth_date"),
        age_at_death=_age(row),
        addresses=(Address(postcode=postcode, lad_code=lad_code, use="home"),) if postcode or lad_code else (),
        residency=_coded(row, "residency", codes.Residency),
        custody=_coded(row, "custody", codes.Custody),
        gestation_days=weeks * _DAYS_A_WEEK if weeks else None,
        birth_weight_g=_number(row, "birth_weight_g", 1, 15_000),
        multiple_birth=MultipleBirth(order=order) if order else None,
        looked_after=LookedAfter(is_looked_after=True, local_authority=looked_after_by) if looked_after_by else None,
        signs_of_childhood=("parent-named",) if _text(row, "mother_given") or _text(row, "mother_nhs_number") else (),
    )


def _death(row: Mapping[str, Any]) -> Death:
    place, death_lad = _text(row, "place_of_death"), _text(row, "death_lad")
    coded = place if place and _ODS_LIKE.fullmatch(place) else None
    event_lad, event_type = _text(row, "event_lad"), _coded(row, "event_type", codes.EventType)
    return Death(
        died_at=_partial(row, "death_datetime"),
        place=Place(ods_code=coded, name=place, lad_code=death_lad) if place or death_lad else None,
        event=Event(type=event_type, place=Place(lad_code=event_lad) if event_lad else None)
        if event_type or event_lad
        else None,
        expected=_coded(row, "expected", codes.Expected),
    )


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return str(value).strip() or None if value is not None else None


def _or_none(read: Callable[[str], Value], text: str | None) -> Value | None:
    try:
        return read(text) if text else None
    except ValueError:
        return None


def _partial(row: Mapping[str, Any], name: str) -> str | None:
    text = _text(row, name)
    return _or_none(canonical, text.replace(" ", "T", 1) if text else None)


def _number(row: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    number = _or_none(float, _text(row, name))
    return int(number) if number is not None and least <= number <= most else None


def _coded(row: Mapping[str, Any], name: str, code_list: Any) -> Any:
    value = _text(row, name)
    return value if value in get_args(code_list) else None


def _age(row: Mapping[str, Any]) -> Age | None:
    found = _AGE.fullmatch(_text(row, "age_text") or "")
    return Age(value=int(found[1]), unit=_UNITS[found[2].lower()]) if found else None
