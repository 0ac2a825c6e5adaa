"""What a careful clerk of each partner writes down about a child, before anything goes wrong."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.misspelling import placeholder
from benchmarks.linkage_stream.naming import Name
from benchmarks.linkage_stream.partners import CORONER, HOSPITAL, POLICE, Telling

Row = dict[str, Any]
COLUMNS = (
    "id", "source", "sender", "local_ref", "message_type", "nhs_number", "given", "middle", "family", "known_as",
    "sex", "birth_date",
    "age_text", "death_datetime", "postcode", "address_line", "gp_ods", "place_of_death", "birth_order",
    "multiple_birth",
    "mother_given", "mother_nhs_number", "birth_weight_g", "gestation_weeks", "event_ref", "notified_at",
    "truth", "group", "kind", "noise", "name_group",
)  # fmt: skip
_NAMED_AFTER = timedelta(hours=40)
# How often each partner fills a box at all: hospital, police, coroner.
_PRACTICE = (0.7, 0.03, 0.3)
_MOTHER_OF_NEWBORN = (0.75, 0.4, 0.5)
_MOTHER_OF_CHILD = (0.15, 0.15, 0.12)
_MOTHERS_NUMBER = (0.5, 0.02, 0.08)
_WEIGHT = (0.65, 0.0, 0.05)
_PLURALITY = (0.75, 0.15, 0.25)
_ORDER = (0.6, 0.12, 0.2)
_EVENT = (0.05, 0.9, 0.35)
_UNIDENTIFIED = 0.1
_KNOWN_AS = (0.3, 0.5, 0.25)


def write(child: Child, telling: Telling, chance: Random) -> Row:
    """A row with all columns but ``id``; ``noise`` names what isn't as in life."""
    partner = telling.partner
    row: Row = dict.fromkeys(COLUMNS)
    row.update(
        source=telling.source, sender=telling.sender, local_ref=telling.reference, message_type=telling.said,
        nhs_number=_number(child, telling, chance), sex=child.sex, birth_date=child.registered.isoformat(),
        death_datetime=_death(child, partner, chance), postcode=child.home.postcode, address_line=child.home.line,
        gp_ods=child.practice if chance.random() < _PRACTICE[partner] else None,
        place_of_death=_place(child, partner), event_ref=child.event if chance.random() < _EVENT[partner] else None,
        notified_at=telling.at.isoformat(timespec="seconds"), truth=child.truth, group=child.group, kind=child.kind,
        noise=[],
        name_group=child.house.name_group,
    )  # fmt: skip
    _birth(row, child, partner, chance)
    put_name(row, called(child, telling, chance, row))
    if row["known_as"] and chance.random() > _KNOWN_AS[partner]:
        row["known_as"] = None
    return row


def _number(child: Child, telling: Telling, chance: Random) -> str | None:
    """A changed number reaches most offices late, some never."""
    return (
        child.former_number
        if child.former_number and chance.random() < (0.4 if telling.said == "new" else 0.15)
        else child.number
    )


def called(child: Child, telling: Telling, chance: Random, row: Row) -> Name:
    """The name this office has for the child at this time."""
    if child.former_name and row["nhs_number"] == child.former_number:
        row["noise"].append("former_identity")
        if child.old_home:
            row.update(postcode=child.old_home.postcode, address_line=child.old_home.line, gp_ods=None)
        return child.former_name
    if child.event and telling.partner == POLICE and telling.said == "new" and chance.random() < _UNIDENTIFIED:
        return _unidentified(row, child, chance)
    if child.never_named or (child.named_later and telling.at < child.died + _NAMED_AFTER):
        row["noise"].append("unnamed")
        text = placeholder(
            chance, telling.office, child.sex, child.house.mother, child.birth.count, child.birth.order
        )  # fmt: skip
        return Name(text, None, child.name.family)
    return child.name


def _unidentified(row: Row, child: Child, chance: Random) -> Name:
    """A child found at a scene whom nobody there could name: an age by eye, and no more."""
    row["noise"] += ["unnamed", "unidentified", "birth_date_missing"]
    guess = max(0, int((child.died - child.born).days / 365.25) + chance.choice((-1, 0, 0, 1)))
    row.update(nhs_number=None, birth_date=None, age_text=_told(max(1, guess), "year"), mother_given=None)
    if child.scene:
        row.update(postcode=child.scene.postcode, address_line=child.scene.line)
    text = chance.choice((None, "Unknown", "Unknown Child", "Male Child" if child.sex == "M" else "Female Child"))
    return Name(text, None, chance.choice(("Unknown", "Unknown", "Not Known", child.name.family)))


def put_name(row: Row, name: Name) -> None:
    row.update(given=name.given, middle=name.middle, family=name.family, known_as=name.known_as)


def _death(child: Child, partner: int, chance: Random) -> str:
    at: datetime = child.died
    if child.found and partner != HOSPITAL and chance.random() < 0.5:
        at = child.found
    exact = chance.random() < (0.65, 0.6, 0.15)[partner]
    return at.isoformat(timespec="minutes") + ":00" if exact else at.date().isoformat()


def _place(child: Child, partner: int) -> str | None:
    if child.sudden and child.scene and partner in (POLICE, CORONER):
        return child.scene.line
    return child.hospital.name


def _birth(row: Row, child: Child, partner: int, chance: Random) -> None:
    birth, newborn = child.birth, child.newborn
    often = chance.random
    if often() < (_MOTHER_OF_NEWBORN if newborn else _MOTHER_OF_CHILD)[partner]:
        row["mother_given"] = child.house.mother
    if newborn and often() < _MOTHERS_NUMBER[partner]:
        row["mother_nhs_number"] = child.mother_number
    if newborn and often() < _WEIGHT[partner]:
        row["birth_weight_g"] = _rounded(birth.weight, chance)
        row["gestation_weeks"] = birth.gestation + (chance.choice((-1, 1)) if often() < 0.08 else 0)
    young = (child.died - child.born).days < 400
    if birth.count > 1 and young and often() < _PLURALITY[partner]:
        row["multiple_birth"] = True
    if birth.count > 1 and young and often() < _ORDER[partner]:
        row["birth_order"] = birth.order


def _rounded(grams: int, chance: Random) -> int:
    to = chance.choices((1, 5, 10, 50, 100), (60, 10, 20, 7, 3))[0]
    return round(grams / to) * to


def age_text(child: Child, partner: int, chance: Random) -> str:
    """The age as an office says it that has no birth date."""
    lived = child.died - child.born
    days = lived.days
    if days < 1 and partner != POLICE:
        return _told(max(1, int(lived.total_seconds() // 3600)), "hour")
    if days < 14:
        return _told(days, "day")
    if days < 90:
        return _told(days // 7, "week")
    if days < 730:
        return _told(days // 30, "month")
    years = int(days / 365.25)
    return str(years) if chance.random() < 0.3 else _told(years, "year")


def _told(count: int, unit: str) -> str:
    return f"{count} {unit}" + ("" if count == 1 else "s")


__all__ = ["COLUMNS", "CORONER", "Row", "age_text", "called", "put_name", "write"]
