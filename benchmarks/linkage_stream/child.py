"""What is true of a child who died, before anybody writes it down."""

from dataclasses import dataclass, field
from datetime import date, datetime

from benchmarks.linkage_stream.naming import Household, Name
from benchmarks.linkage_stream.places import Home, Hospital, Town


@dataclass(frozen=True, slots=True)
class Birth:
    """Of a birth: weight in grams, gestation in completed weeks, the child's place in a multiple birth of ``count``."""

    weight: int
    gestation: int
    count: int = 1
    order: int = 1


@dataclass(slots=True)
class Child:
    """``found`` is when a body was found, where nobody saw the death. ``registered`` is the birth date in every
    register, which need not be the day of birth. ``former_*`` are of an identity or number given up; ``siblings`` are
    others whose particulars a clerk may take by mistake; ``police_reference`` is one for all children of an event."""

    truth: str
    group: str
    kind: str
    house: Household
    name: Name
    sex: str
    born: datetime
    registered: date
    died: datetime
    home: Home
    town: Town
    birth_hospital: Hospital
    hospital: Hospital
    practice: str
    number: str | None
    mother_number: str
    birth: Birth
    sudden: bool
    scene: Home | None = None
    old_home: Home | None = None
    found: datetime | None = None
    never_named: bool = False
    named_later: bool = False
    former_name: Name | None = None
    former_number: str | None = None
    event: str | None = None
    police_reference: str | None = None
    stillborn: bool = False
    siblings: list["Sibling"] = field(default_factory=list)

    @property
    def newborn(self) -> bool:
        return (self.died - self.born).days < 28


@dataclass(frozen=True, slots=True)
class Sibling:
    """A brother or sister, living or dead, as far as a clerk may mix the two up. ``twin`` lies in the next cot."""

    number: str | None
    name: Name | None
    references: str
    twin: bool
