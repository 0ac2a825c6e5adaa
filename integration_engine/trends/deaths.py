"""One counted death: where, when, how old, of what. What a past case says in the words of trends, or why it isn't counted.

Counted are deaths in scope of children who lived in England. Withdrawn and out-of-scope cases are left out; cases that wait
for a person, restricted ones and children from outside England are counted apart. What isn't known stays unknown.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

from integration_engine.planning.intake import PastCase, Tally
from integration_engine.record import codes
from integration_engine.record.account import Coroner, Diagnosis
from integration_engine.record.dates import Precision, earliest, latest, precision
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.answer import Lead
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.locate import locate_address
from integration_engine.routing.postcodes import canonical_postcode
from integration_engine.routing.reference import Reference
from integration_engine.routing.residence import Residence, looking_after, residence, usual_addresses
from integration_engine.routing.scope import scope
from integration_engine.routing.switches import Switches
from integration_engine.routing.verdict import verdict
from integration_engine.trends.categories import Categories

UNKNOWN = "unknown"
AGE_BANDS = ("0-27 days", "28-364 days", "1-4 years", "5-9 years", "10-14 years", "15-17 years")
"""The age bands in which the National Child Mortality Database publishes."""
_NEONATAL = 28
_UPPER_YEARS = ((1, AGE_BANDS[1]), (5, AGE_BANDS[2]), (10, AGE_BANDS[3]), (15, AGE_BANDS[4]), (18, AGE_BANDS[5]))
_DAYS_IN = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1, "weeks": 7}
_MONTHS_A_YEAR = 12
_SEXES = {"M": "male", "F": "female", "I": "indeterminate", "1": "male", "2": "female", "9": "indeterminate"}
_DECILES = frozenset(str(number) for number in range(1, 11))

Values = Mapping[str, str]


class LookupProblem(ValueError):
    """A lookup file can't be used. ``where`` names file and line; the sentence holds no value of it."""

    def __init__(self, code: str, where: str, text: str) -> None:
        super().__init__(f"{where}: {text}")
        self.code, self.where, self.text = code, where, text


@dataclass
class Apart:
    """What was read and isn't in the tables, filled while the stream is read."""

    withdrawn: int = 0
    out_of_scope: int = 0
    held: int = 0
    restricted: int = 0
    outside_england: int = 0
    outside_period: int = 0
    unread: Counter[str] = field(default_factory=Counter)

    def take(self, tally: Tally) -> None:
        """What the intake had left out already."""
        self.withdrawn += tally.withdrawn
        self.out_of_scope += tally.out_of_scope
        self.restricted += tally.restricted
        self.unread.update(tally.unread)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a death is read by. ``deprivation``: deciles by postcode or LSOA, where the operator gave a lookup."""

    reference: Reference
    categories: Categories
    now: datetime
    switches: Switches = Switches()
    deprivation: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are counted, both included; None where the data decide."""

    first: date | None = None
    last: date | None = None

    def holds(self, died_at: str) -> bool:
        """Whether a death, known however vaguely, surely lies in the period."""
        return (self.first is None or earliest(died_at).date() >= self.first) and (
            self.last is None or latest(died_at).date() <= self.last
        )


def counted(cases: Iterable[PastCase], rules: Rules, period: Period, apart: Apart) -> Iterator[Values]:
    """Each counted death as its value in every breakdown."""
    for case in cases:
        record = _with_columns(case, rules, apart)
        # State and home alone: deadlines, copies and the response are no matter here, and dear over a nation's years.
        evidence = Evidence(record, case.notices, case.decided, rules.reference, rules.now, rules.switches)
        home = residence(evidence)
        found = verdict(evidence, case.standing, scope(evidence), home, False)
        died_at = record.death.died_at or record.death.found_at
        if found.state == "withdrawn":
            apart.withdrawn += 1
        elif found.state == "out-of-scope":
            apart.out_of_scope += 1
        elif died_at is None or not period.holds(died_at):
            apart.outside_period += 1
        elif found.restricted:
            apart.restricted += 1
        elif found.state == "held" or home.lead is None:
            apart.held += 1
        elif home.non_resident:
            apart.outside_england += 1
        else:
            yield _values(case, evidence, home, home.lead, rules, apart)


def _values(case: PastCase, evidence: Evidence, home: Residence, lead: Lead, rules: Rules, apart: Apart) -> Values:
    """A death's value in every breakdown."""
    record, died_at = evidence.record, evidence.died_at or ""
    told = rules.categories.of(record)
    body = rules.reference.cdops.bodies.get(lead.cdop)
    lad = _home_district(evidence, home, lead.rule)
    return {
        **_when(died_at),
        "region": (body.region if body else "") or UNKNOWN,
        "area": lead.cdop,
        "area-then": lead.then or lead.cdop,
        "authority": _upper_tier(lad, evidence.died_on, rules.reference),
        "police-force": (lad and rules.reference.police_force(lad, evidence.died_on)) or UNKNOWN,
        "age-band": age_band(record, died_at, rules.switches.leap_birthday_in_march),
        "sex": record.child.sex or UNKNOWN,
        "category": told.category,
        "category-told-by": told.way,
        "expected": record.death.expected or UNKNOWN,
        "decile": _decile(case, record, rules, apart),
    }


def _home_district(case: Evidence, home: Residence, rule: str) -> str | None:
    """The district of the home that gave the lead: the authority that looks after a child, a newborn's mother's, else the
    child's own."""
    if rule == "lead.looked-after":
        return looking_after(case)
    mother = case.record.child.mother
    if rule == "lead.mother" and mother and mother.address:
        return locate_address(mother.address, case.reference).district
    return home.home.district


def _when(died_at: str) -> Values:
    year = died_at[:4]
    if precision(died_at) < Precision.MONTH:
        return {"year": year, "quarter": f"{year} {UNKNOWN}", "month": f"{year} {UNKNOWN}"}
    day = earliest(died_at)
    return {"year": year, "quarter": quarter_of(day), "month": f"{day.year}-{day.month:02}"}


def quarter_of(day: date) -> str:
    """A day's calendar quarter, as ``2024-Q1``."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _upper_tier(lad: str | None, day: date, reference: Reference) -> str:
    """The authority responsible for children's services, under the code it has today where only its number changed."""
    found = reference.geography.on(lad, day) if lad else ()
    tops = {reference.geography.newest(one.upper_tier) for one in found}
    return tops.pop() if len(tops) == 1 else UNKNOWN


def age_band(record: ChildDeathRecord, died_at: str, leap_in_march: bool = True) -> str:
    """The band of the age at death; unknown where the dates are too vague to tell it or the child would be an adult."""
    born, age = record.child.birth_date, record.child.age_at_death
    if born:
        bands = {
            _band(one.date(), other.date(), leap_in_march)
            for one in (earliest(born), latest(born))
            for other in (earliest(died_at), latest(died_at))
        }
        if len(bands) == 1 and (band := bands.pop()):
            return band
    if age is None:
        return UNKNOWN
    if age.unit in _DAYS_IN:
        days = age.value * _DAYS_IN[age.unit]
        # "4 weeks" is 28 days or more; an age in weeks or days beyond the first year is beyond what such a unit tells.
        return AGE_BANDS[0] if days < _NEONATAL else AGE_BANDS[1] if days < 365 else UNKNOWN
    if age.unit == "months":
        if age.value == 0:
            return UNKNOWN
        years = age.value // _MONTHS_A_YEAR
    else:
        years = age.value
        if years == 0:
            return UNKNOWN
    return next((band for under, band in _UPPER_YEARS if years < under), UNKNOWN)


def _band(born: date, died: date, leap_in_march: bool) -> str | None:
    days = (died - born).days
    if days < 0:
        return None
    if days < _NEONATAL:
        return AGE_BANDS[0]
    birthday = (born.month, born.day)
    if birthday == (2, 29) and (died.month, died.day) == (2, 28) and not leap_in_march:
        birthday = (2, 28)
    years = died.year - born.year - ((died.month, died.day) < birthday)
    return next((band for under, band in _UPPER_YEARS if years < under), None)


def _with_columns(case: PastCase, rules: Rules, apart: Apart) -> ChildDeathRecord:
    """The record with what only a table for trends has in columns of its own: sex, category, conclusion, ICD-10 codes."""
    row, record = case.row, case.record
    if not row:
        return record
    child, death = record.child, record.death
    if text := _text(row, "sex"):
        sex = _SEXES.get(text.upper(), text.lower())
        _noted(sex in get_args(codes.Sex) or text.upper() in ("U", "0", "X"), "sex", apart)
        child = child.model_copy(update={"sex": sex if sex in get_args(codes.Sex) else None})
    if text := _text(row, "suspected_category"):
        category = rules.categories.numbered(text)
        _noted(category is not None or text.lower() == UNKNOWN, "suspected_category", apart)
        death = death.model_copy(update={"suspected_category": category})
    if text := _text(row, "icd10"):
        said = tuple(Diagnosis(code=code, system="icd-10") for code in _listed(text))
        death = death.model_copy(update={"diagnoses": (*death.diagnoses, *said)})
    coroner = record.coroner
    if text := _text(row, "conclusion"):
        words = [word.lower() for word in _listed(text)]
        known = tuple(word for word in words if word in get_args(codes.Conclusion))
        _noted(len(known) == len(words), "conclusion", apart)
        coroner = Coroner.model_validate({"conclusions": known})
    return record.model_copy(update={"child": child, "death": death, "coroner": coroner})


def _noted(read: bool, column: str, apart: Apart) -> None:
    if not read:
        apart.unread[column] += 1


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return str(value).strip() if value is not None else ""


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.replace(",", ";").split(";") if part.strip()]


def _decile(case: PastCase, record: ChildDeathRecord, rules: Rules, apart: Apart) -> str:
    """The deprivation decile: the row's own, else by its LSOA or the home's postcode in the operator's lookup."""
    if stated := _text(case.row, "imd_decile"):
        _noted(stated in _DECILES, "imd_decile", apart)
        return stated if stated in _DECILES else UNKNOWN
    if not rules.deprivation:
        return UNKNOWN
    if found := rules.deprivation.get(_text(case.row, "lsoa").upper()):
        return found
    home = next((a.postcode for a in usual_addresses(record) if a.postcode), None)
    return rules.deprivation.get(canonical_postcode(home or "") or "", UNKNOWN)


def read_deprivation(path: Path) -> Mapping[str, str]:
    """Deciles from a CSV with ``imd_decile`` (1 most deprived to 10 least) and ``postcode`` or ``lsoa``.

    Raises LookupProblem, which names the line.
    """
    found: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            if "imd_decile" not in columns or not columns & {"postcode", "lsoa"}:
                raise LookupProblem("missing-column", path.name, "the columns are imd_decile and postcode or lsoa")
            for row in reader:
                where = f"{path.name}:{reader.line_num}"
                decile = _text(row, "imd_decile")
                if decile not in _DECILES:
                    raise LookupProblem("bad-decile", where, "a decile is a whole number from 1 to 10")
                for key in (canonical_postcode(_text(row, "postcode")), _text(row, "lsoa").upper()):
                    if key:
                        found[key] = decile
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise LookupProblem("unreadable-file", path.name, "the file can't be read as CSV") from problem
    return found
