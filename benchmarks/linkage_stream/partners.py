"""Who tells of a death: which offices, when, under which reference, and which of it is said again."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.profile import Profile

HOSPITAL, POLICE, CORONER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice to come. ``said`` is new, update, resend or retract; ``office`` is who says it, by which system."""

    partner: int
    source: str
    sender: str
    reference: str
    at: datetime
    said: str

    @property
    def office(self) -> str:
        return f"{self.source} {self.sender}"


class Registers:
    """Every office's own running numbers. Two hospitals, or two coroners, easily give out the same one."""

    def __init__(self) -> None:
        self._given: dict[str, int] = defaultdict(int)
        self._of: dict[tuple[str, str], str] = {}

    def reference(self, partner: int, sender: str, who: str, at: datetime) -> str:
        """The office's reference for ``who``, the same each time."""
        known = self._of.get((sender, who))
        if known is None:
            self._given[sender] += 1
            n = self._given[sender]
            known = (f"{300_000 + 3 * n}", f"{at:%Y}/{7_000 + 11 * n:07d}", f"{at:%Y}-{n:05d}")[partner]
            self._of[sender, who] = known
        return known

    def forget(self) -> None:
        """Let go of who has which number, once a family's notices are written."""
        self._of.clear()


def tellings(child: Child, profile: Profile, registers: Registers, chance: Random) -> list[Telling]:
    """All notices about a child, in the order they are sent."""
    if child.stillborn:
        return _withdrawn(child, registers, chance)
    wanted = chance.choices(list(profile.notices), list(profile.notices.values()))[0]
    offices = _offices(child, chance)[: max(1, wanted - (chance.random() < 0.25))]
    made = [_first(child, office, registers, chance) for office in offices]
    while len(made) < wanted:
        again = chance.choice(made[: len(offices)])
        late = timedelta(hours=chance.expovariate(1 / 30) if chance.random() < 0.6 else chance.uniform(100, 4500))
        said = "update" if chance.random() < 0.75 else "resend"
        made.append(Telling(again.partner, again.source, again.sender, again.reference, again.at + late, said))
    if chance.random() < profile.retracts:
        wrong = chance.choice(made)
        made.append(
            Telling(
                wrong.partner, wrong.source, wrong.sender, wrong.reference, made[-1].at + timedelta(hours=5), "retract"
            )
        )
    return made


def _withdrawn(child: Child, registers: Registers, chance: Random) -> list[Telling]:
    """A twin that never lived is told of by mistake, and mostly taken back."""
    said = _first(child, (HOSPITAL, child.birth_hospital.systems[0], child.birth_hospital.code), registers, chance)
    if chance.random() < 0.3:
        return [said]
    at = said.at + timedelta(hours=chance.expovariate(1 / 40))
    return [said, Telling(said.partner, said.source, said.sender, said.reference, at, "retract")]


def _offices(child: Child, chance: Random) -> list[tuple[int, str, str]]:
    """Offices that would tell of this death, the likeliest first."""
    birth, last = child.birth_hospital, child.hospital
    hospital = [(HOSPITAL, system, last.code) for system in chance.sample(last.systems, len(last.systems))]
    if birth.code != last.code:
        hospital.insert(1, (HOSPITAL, chance.choice(birth.systems), birth.code))
    elif chance.random() < 0.5:
        hospital.append((HOSPITAL, chance.choice(("hospital_hl7", "hospital_fhir")), last.code))
    police, coroner = (POLICE, "police", f"{child.town.force}-police"), (CORONER, "coroner", child.town.coroner)
    if child.sudden:
        first = [hospital[0], police, coroner]
        chance.shuffle(first)
        return list(dict.fromkeys(first + hospital[1:]))
    order = list(hospital)
    if chance.random() < 0.5:
        order.insert(chance.randint(1, len(order)), coroner)
    if chance.random() < 0.06:
        order.insert(1, police)
    return list(dict.fromkeys(order))


def _first(child: Child, office: tuple[int, str, str], registers: Registers, chance: Random) -> Telling:
    partner, source, sender = office
    mean = {HOSPITAL: 9, POLICE: 14, CORONER: 60}[partner]
    at = (child.found or child.died) + timedelta(hours=0.2 + chance.expovariate(1 / mean))
    reference = registers.reference(partner, sender, child.truth, at)
    if partner == POLICE and child.police_reference:
        reference = child.police_reference
    return Telling(partner, source, sender, reference, at, "new")
