"""What goes wrong between a death and a notice. Each mistake changes a row and says whether there was anything to
change. Rates come from the profile."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from benchmarks.linkage_stream import misspelling, places
from benchmarks.linkage_stream.child import Child, Sibling
from benchmarks.linkage_stream.customs import otherwise
from benchmarks.linkage_stream.naming import Name
from benchmarks.linkage_stream.partners import Registers, Telling
from benchmarks.linkage_stream.writing import Row, age_text, put_name

Mistake = Callable[[Row, Child, Telling, "Desk"], bool]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a child's rows are written, and what else lies there. ``stranger`` is another patient's number."""

    registers: Registers
    chance: Random
    stranger: str | None


def spoil(row: Row, child: Child, telling: Telling, desk: Desk, rates: dict[str, float]) -> None:
    """Make the mistakes that chance brings; their names go into ``noise``."""
    noise, chance = row["noise"], desk.chance.random
    unnamed = "unnamed" in noise
    for name, make in MISTAKES.items():
        if chance() < rates[name] and not (unnamed and name in _OF_NAMED) and make(row, child, telling, desk):
            noise.append(name)


def _number_missing(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    return _drop(row, "nhs_number")


def _number_missing_newborn(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    return child.newborn and _drop(row, "nhs_number")


def _drop(row: Row, column: str) -> bool:
    had, row[column] = row[column], None
    return had is not None


def _number_typo(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    number = row["nhs_number"]
    if not number:
        return False
    at = desk.chance.randrange(3, 10)
    wrong = desk.chance.choice([digit for digit in "0123456789" if digit != number[at]])
    row["nhs_number"] = number[:at] + wrong + number[at + 1 :]
    if at < 9 and number[at] != number[at + 1] and desk.chance.random() < 0.5:
        row["nhs_number"] = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    return True


def _number_mothers(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if child.newborn:
        row["nhs_number"] = child.mother_number
    return child.newborn


def _number_siblings(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if child.siblings and (other := desk.chance.choice(child.siblings)).number:
        row["nhs_number"] = other.number
        return True
    return False


def _number_strangers(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if desk.stranger:
        row["nhs_number"] = desk.stranger
    return bool(desk.stranger)


def _number_default(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    row["nhs_number"] = desk.chance.choice(
        ("0000000000", "9999999999", "1111111111", "UNKNOWN", "N/A", "1234567890", "9990000000")
    )
    return True


def _given_missing(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    row["middle"] = None
    return _drop(row, "given")


def _spelt(column: str, way: Callable[[Random, str], str]) -> Mistake:
    def make(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
        before = row[column]
        if before:
            row[column] = way(desk.chance, before)
        return bool(row[column] != before)

    return make


def _spelling(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    changed = False
    for column in ("given", "family", "middle"):
        before = row[column]
        if before and desk.chance.random() < 0.7:
            row[column] = misspelling.respelled(desk.chance, before)
            changed |= row[column] != before
    return changed


def _customs(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    before = Name(row["given"], row["middle"], row["family"] or "", row["known_as"])
    after = otherwise(desk.chance, child, before)
    put_name(row, after)
    return after != before


def _middle_as_given(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["middle"]:
        row["given"], row["middle"] = row["middle"], None
        return True
    return False


def _middle_initial(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["middle"]:
        row["middle"] = row["middle"][0]
    return bool(row["middle"])


def _given_joined(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["middle"] and row["given"]:
        row["given"], row["middle"] = f"{row['given']} {row['middle']}", None
        return True
    return False


def _names_swapped(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["given"] and row["family"]:
        row["given"], row["family"] = row["family"], row["given"]
        return True
    return False


def _family_changed(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    house = child.house
    others = [name for name in (house.mother_family, house.father_family) if name != row["family"]]
    if others:
        row["family"] = desk.chance.choice(others)
    return bool(others)


def _mothers_family(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if child.newborn and row["family"] != child.house.mother_family:
        row["family"] = child.house.mother_family
        return True
    return False


def _birth_date_missing(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    row["birth_date"] = None
    if desk.chance.random() < 0.85:
        row["age_text"] = age_text(child, telling.partner, desk.chance)
    return True


def _birth_date_partial(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["birth_date"]:
        row["birth_date"] = row["birth_date"][: desk.chance.choice((4, 7))]
    return bool(row["birth_date"])


def _birth_date(change: Callable[[date, Random], date | None]) -> Mistake:
    def make(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
        if not row["birth_date"] or len(row["birth_date"]) != 10:
            return False
        changed = change(date.fromisoformat(row["birth_date"]), desk.chance)
        if changed is None or changed > child.died.date():
            return False
        row["birth_date"] = changed.isoformat()
        return True

    return make


def _swapped(day: date, _: Random) -> date | None:
    return date(day.year, day.day, day.month) if day.day <= 12 and day.day != day.month else None


def _new_year(day: date, _: Random) -> date | None:
    return date(day.year, 1, 1) if (day.month, day.day) != (1, 1) else None


def _year_off(day: date, chance: Random) -> date | None:
    year = day.year + chance.choice((-1, -1, 1, -10))
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def _mistyped(day: date, chance: Random) -> date | None:
    if chance.random() < 0.7:
        wrong = day.day + chance.choice((-1, 1, -10, 10, -2, 3, -3))
        return day.replace(day=wrong) if 1 <= wrong <= monthrange(day.year, day.month)[1] else None
    month = day.month + chance.choice((-1, 1))
    return date(day.year, month, min(day.day, 28)) if 1 <= month <= 12 else None


def _death_date_off(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if not row["death_datetime"]:
        return False
    off = timedelta(days=desk.chance.choices((1, -1, 2, -2), (6, 3, 2, 1))[0])
    moved = datetime.fromisoformat(row["death_datetime"]) + off
    if moved.date() < child.born.date():
        return False
    row["death_datetime"] = moved.isoformat() if "T" in row["death_datetime"] else moved.date().isoformat()
    return True


def _lives_at(row: Row, home: places.Home | None) -> bool:
    if home and home.postcode != row["postcode"]:
        row["postcode"], row["address_line"] = home.postcode, home.line
        return True
    return False


def _postcode_old(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    return _lives_at(row, child.old_home)


def _postcode_temporary(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    return _lives_at(row, places.home(desk.chance, places.postcode(desk.chance, child.town)))


def _postcode_scene(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    return _lives_at(row, child.scene)


def _postcode_pseudo(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    code = desk.chance.choice((places.NO_FIXED_ABODE, places.UNKNOWN_ADDRESS))
    return _lives_at(row, places.Home(code, "No fixed abode"))


def _postcode_hospital(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    return _lives_at(row, places.Home(child.hospital.postcode, child.hospital.name))


def _postcode_typo(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    code, chance = row["postcode"], desk.chance
    if not code:
        return False
    at = chance.randrange(len(code))
    swap = {"0": "O", "O": "0", "1": "I", "I": "1", "5": "S", "S": "5"}
    letter = swap.get(code[at]) or chance.choice("ABDEFGHJLNPQRSTUWXYZ" if code[at].isalpha() else "0123456789")
    row["postcode"] = code[:at] + letter + code[at + 1 :] if code[at] != " " else code.replace(" ", "")
    return True


def _address_variant(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    line = row["address_line"]
    if not line:
        return False
    short = {
        "Road": "Rd",
        "Street": "St",
        "Avenue": "Ave",
        "Close": "Cl",
        "Lane": "Ln",
        "Drive": "Dr",
        "Terrace": "Terr",
    }
    forms = [
        line.upper(),
        line.replace("Flat ", "Apt "),
        line.replace(", ", " "),
        line.split(", ")[-1],
        f"{line}, {child.town.name}",
    ]
    forms += [line.replace(word, less) for word, less in short.items() if word in line]
    row["address_line"] = desk.chance.choice(forms)
    return bool(row["address_line"] != line)


def _practice_old(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["gp_ods"]:
        row["gp_ods"] = places.practice(
            desk.chance, child.old_home.postcode if child.old_home else places.NO_FIXED_ABODE
        )
    return bool(row["gp_ods"])


def _sex_unknown(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    row["sex"] = desk.chance.choice(("U", "U", "I", None))
    return True


def _sex_wrong(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    row["sex"] = "F" if child.sex == "M" else "M"
    return True


def _reference_siblings(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    """The reference of a brother's or sister's record: the other twin's notes, the incident's number."""
    if not child.siblings:
        return False
    other: Sibling = desk.chance.choice(child.siblings)
    row["local_ref"] = desk.registers.reference(telling.partner, telling.sender, other.references, telling.at)
    return True


def _order_wrong(row: Row, child: Child, telling: Telling, desk: Desk) -> bool:
    if row["birth_order"] and child.birth.count > 1:
        row["birth_order"] = desk.chance.choice(
            [n + 1 for n in range(child.birth.count) if n + 1 != row["birth_order"]]
        )
        return True
    return False


def _left_out(column: str) -> Mistake:
    return lambda row, child, telling, desk: _drop(row, column)


_OF_NAMED = frozenset({
    "given_typo", "given_by_ear", "diminutive", "spelling", "customs", "middle_as_given", "middle_left_out",
    "middle_initial", "given_joined",
    "names_swapped",
})  # fmt: skip
MISTAKES: dict[str, Mistake] = {
    "mothers_family_newborn": _mothers_family, "family_changed": _family_changed, "customs": _customs,
    "middle_as_given": _middle_as_given,
    "given_joined": _given_joined, "middle_left_out": _left_out("middle"), "middle_initial": _middle_initial,
    "spelling": _spelling,
    "diminutive": _spelt("given", misspelling.diminutive), "given_by_ear": _spelt("given", misspelling.by_ear),
    "given_typo": _spelt("given", misspelling.typo), "family_by_ear": _spelt("family", misspelling.by_ear),
    "family_typo": _spelt("family", misspelling.typo), "names_swapped": _names_swapped,
    "given_missing": _given_missing,
    "number_missing": _number_missing, "number_missing_newborn": _number_missing_newborn, "number_typo": _number_typo,
    "number_mothers": _number_mothers, "number_siblings": _number_siblings, "number_strangers": _number_strangers,
    "number_default": _number_default, "birth_date_swapped": _birth_date(_swapped),
    "birth_date_new_year": _birth_date(_new_year),
    "birth_year_off": _birth_date(_year_off), "birth_date_typo": _birth_date(_mistyped),
    "birth_date_partial": _birth_date_partial,
    "birth_date_missing": _birth_date_missing, "death_date_off": _death_date_off,
    "death_date_missing": _left_out("death_datetime"),
    "postcode_old": _postcode_old, "postcode_temporary": _postcode_temporary, "postcode_scene": _postcode_scene,
    "postcode_pseudo": _postcode_pseudo, "postcode_hospital": _postcode_hospital, "postcode_typo": _postcode_typo,
    "address_variant": _address_variant, "postcode_missing": _left_out("postcode"), "practice_old": _practice_old,
    "sex_unknown": _sex_unknown, "sex_wrong": _sex_wrong, "reference_missing": _left_out("local_ref"),
    "reference_siblings": _reference_siblings, "order_wrong": _order_wrong,
}  # fmt: skip
