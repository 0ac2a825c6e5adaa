"""Whose case it is: the residence ladder, first step that answers, with every step kept for the explanation.

Children Act 2004 s16M-16Q: child death review partners review the deaths of children normally resident in their area and
may review a non-resident child's who died there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from integration_engine.record.account import Address, Place
from integration_engine.record.addresses import USUAL
from integration_engine.record.codes import Residency
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.answer import Lead, Step
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.locate import NOWHERE, Located, locate_address, locate_place
from integration_engine.routing.postcodes import canonical_postcode

Held = Literal["held.no-residence", "held.unknown-area", "held.unknown-postcode"]

ISLE_OF_MAN_LEAD = "MERSEY"
"""The panel that reviews deaths of the Isle of Man's children (Merseyside's own statement of its area)."""


def usual_addresses(record: ChildDeathRecord) -> tuple[Address, ...]:
    """The addresses that can be the child's usual home, as survivorship ranked them: those stated as home or of no stated
    use. Never a temporary, correspondence or placement address."""
    return tuple(address for address in record.child.addresses if address.use in USUAL)


def usual_address(record: ChildDeathRecord) -> Address | None:
    """The child's usual home address as survivorship ranked it, or None."""
    return next(iter(usual_addresses(record)), None)


def placements(record: ChildDeathRecord) -> tuple[Address, ...]:
    """Where a looked-after child was placed."""
    return tuple(address for address in record.child.addresses if address.use == "placement")


@dataclass(frozen=True, slots=True)
class Residence:
    """The ladder's answer. ``lead`` None means ``held`` says why. ``nation`` is the child's nation where known;
    ``home`` and ``died`` are where the home and the place of death lie."""

    lead: Lead | None
    held: Held | None
    steps: tuple[Step, ...]
    nation: Residency | None
    home: Located
    died: Located

    @property
    def non_resident(self) -> bool:
        """Known to have lived outside England."""
        return self.nation not in (None, "england", "unknown")


@dataclass
class _Climb:
    """One walk up the ladder: the steps so far and what held it back."""

    case: Evidence
    home: Located
    died: Located

    def __post_init__(self) -> None:
        self.steps: list[Step] = []
        self.held: Held | None = None

    def no(self, rule: str, answer: str) -> None:
        self.steps.append(Step(rule, answer))

    def yes(self, rule: str, cdop: str, why: str, then: str | None = None, weak: str | None = None) -> Lead:
        self.steps.append(Step(rule, why))
        return Lead(cdop, rule, why, then if then != cdop else None, weak)

    def by_area(self, rule: str, located: Located, subject: str) -> Lead | None:
        """The panel of a district, if there is one; else the step says why not and what holds the case."""
        if located.district:
            owner = self.case.reference.cdop_for(located.district, self.case.died_on, self.case.today)
            if owner is None:
                self.held = "held.unknown-area"
                self.no(rule, f"{subject}: no one panel covers that authority.")
                return None
            then, today = owner
            weak = self.case.reference.weak_footing(located.district, self.case.died_on, self.case.today)
            told = _sentence(self.case, subject, located, then, today)
            if weak:
                told += f" The table knows this only by {weak}: confirm with the panel."
            return self.yes(rule, today, told, then, weak)
        if located.outside_england:
            self.no(rule, f"{subject} lies outside England ({located.nation}).")
        elif located.problem == "unknown-area":
            self.held = "held.unknown-area"
            self.no(rule, f"{subject} carries an authority code that isn't known.")
        elif located.problem == "unknown-postcode":
            self.held = "held.unknown-postcode"
            self.no(rule, f"{subject} has a postcode that the lookup doesn't hold, and no district.")
        else:
            self.no(rule, f"{subject} names no area.")
        return None


def residence(case: Evidence) -> Residence:
    """Climb the ladder for one case."""
    home = _home(case)
    climb = _Climb(case, home, _died(case, home))
    steps: Sequence[Callable[[_Climb], Lead | None]] = (_agreement, _looked_after, _custody, _usual, _mother)
    lead: Lead | None = None
    for step in steps:
        lead = step(climb)
        if lead:
            break
    nation: Residency | None = "england" if lead else None
    if lead is None or lead.rule in ("lead.agreement", "lead.isle-of-man"):
        nation = _nation(case, climb.home)
    if lead is None and nation not in (None, "england", "unknown"):
        lead = _outside_england(climb, nation)
    held = None
    if lead is None:
        held = climb.held or "held.no-residence"
        abroad = "The child lived outside England and no English panel covers the place of death: a person must say."
        unknown = "Nobody can tell where the child lived: a person must say."
        climb.no(held, abroad if nation not in (None, "england", "unknown") else unknown)
    return Residence(lead, held, tuple(climb.steps), nation, climb.home, climb.died)


def _died(case: Evidence, home: Located) -> Located:
    """Where the place of death lies; at home, where nothing more is said of it, is where the home lies."""
    place = case.record.death.place
    found = locate_place(place, case.reference)
    return home if found.problem == "no-area" and place and place.type == "home" else found


def _home(case: Evidence) -> Located:
    """Where the usual home lies: as a person decided, else by the best address that says anything of where it is."""
    decided = case.decision("residence", "lad_code")
    if isinstance(decided, str):
        return locate_address(Address(lad_code=decided), case.reference)
    addresses = usual_addresses(case.record)
    if not addresses and case.record.child.looked_after and not case.switches.looked_after_leads:
        addresses = placements(case.record)
    found = NOWHERE
    for address in addresses:
        here = locate_address(_with_district_told_elsewhere(address, case.record), case.reference)
        if here.problem != "no-area" or _no_fixed_abode(address):
            return here
        found = here
    return found


def _no_fixed_abode(address: Address) -> bool:
    """A statement about the child's home, unlike an address that is merely not known: no other address overrules it."""
    return canonical_postcode(address.postcode or "") == "ZZ993VZ"


def _with_district_told_elsewhere(address: Address, record: ChildDeathRecord) -> Address:
    """The address with the district that another partner gave for the same postcode, where it has none of its own."""
    postcode = canonical_postcode(address.postcode or "")
    if address.lad_code or not postcode:
        return address
    for other in record.child.addresses:
        if other.lad_code and canonical_postcode(other.postcode or "") == postcode:
            return address.model_copy(update={"lad_code": other.lad_code})
    return address


def _agreement(climb: _Climb) -> Lead | None:
    agreed = climb.case.decision("agreement", "cdop")
    if not isinstance(agreed, str):
        climb.no("lead.agreement", "No agreement between panels is recorded.")
        return None
    today = climb.case.reference.cdops.standing(agreed, climb.case.today)
    if today is None:
        climb.no("lead.agreement", "The agreement names a panel that isn't known, or has been divided since.")
        return None
    return climb.yes("lead.agreement", today, "Panels agreed who reviews this case.", agreed)


def _looked_after(climb: _Climb) -> Lead | None:
    case, rule = climb.case, "lead.looked-after"
    authority = looking_after(case)
    if authority is None:
        climb.no(rule, "No local authority is known to look after the child.")
        return None
    if not case.switches.looked_after_leads:
        climb.no(rule, "Switched off: the home decides, not the authority that looks after the child.")
        return None
    return climb.by_area(
        rule, locate_address(Address(lad_code=authority), case.reference), "The authority that looks after the child"
    )


def looking_after(case: Evidence) -> str | None:
    """The code of the local authority that looks after the child, as decided or stated; None where none does."""
    decided = case.decision("looked-after", "local_authority")
    if isinstance(decided, str) and decided:
        return decided
    stated = case.record.child.looked_after
    return stated.local_authority if stated and stated.is_looked_after else None


def _custody(climb: _Climb) -> Lead | None:
    case = climb.case
    if case.switches.home_before_custody or case.record.child.custody in (None, "none"):
        return None
    establishment = _establishment(case)
    if establishment is None:
        climb.no("lead.custody", "The establishment that held the child isn't known.")
        return None
    where = locate_place(establishment, case.reference)
    return climb.by_area("lead.custody", where, "The establishment that held the child")


def _establishment(case: Evidence) -> Place | None:
    """Where the child was held. Another source's place of death may be held true without saying what kind of place it is,
    so whoever names an establishment is asked."""
    deaths = [case.record.death, *(notice.death for notice in case.notices)]
    places = [place for death in deaths for place in (death.place, death.event.place if death.event else None)]
    return next((place for place in places if place and place.type == "custody-secure"), None)


def _usual(climb: _Climb) -> Lead | None:
    if climb.held == "held.unknown-area":
        # The authority that looks after the child outranks the home: while it can't be told, the home must not decide.
        climb.no("lead.usual-address", "Not asked: the authority that looks after the child is named but not known.")
        return None
    if climb.home.nation == "isle-of-man":
        climb.no("lead.usual-address", "The usual home address is in the Isle of Man.")
        return _isle_of_man(climb)
    decided = isinstance(climb.case.decision("residence", "lad_code"), str)
    subject = "The usual home that a person decided on" if decided else "The usual home address"
    return climb.by_area("lead.usual-address", climb.home, subject)


def _mother(climb: _Climb) -> Lead | None:
    case, rule = climb.case, "lead.mother"
    if climb.home.outside_england or climb.home.problem == "unknown-area" or climb.held == "held.unknown-area":
        climb.no(rule, "Not asked: the child's own home is stated.")
        return None
    mother = case.record.child.mother
    if not case.younger_than(case.switches.newborn_days):
        climb.no(rule, "Not a newborn.")
        return None
    if mother is None or mother.address is None:
        climb.no(rule, "The mother's address isn't known.")
        return None
    held = climb.held
    climb.held = None
    located = locate_address(mother.address, case.reference)
    lead = climb.by_area(rule, located, "The mother's usual address")
    if lead is None and located.outside_england:
        climb.home = located
    elif lead is None:
        climb.held = climb.held or held
    return lead


def _isle_of_man(climb: _Climb) -> Lead:
    """Merseyside's, or whoever's its work is today."""
    reference = climb.case.reference
    today = reference.cdops.standing(ISLE_OF_MAN_LEAD, climb.case.today) or ISLE_OF_MAN_LEAD
    why = "Merseyside reviews the deaths of the Isle of Man's children."
    if today != ISLE_OF_MAN_LEAD:
        why += f" Its work is now that of {reference.cdop_name(today)}."
    return climb.yes("lead.isle-of-man", today, why, ISLE_OF_MAN_LEAD)


def _nation(case: Evidence, home: Located) -> Residency | None:
    """The child's nation where no English address answered: the address's, else as stated, else as the missing NHS number
    is explained."""
    if home.outside_england:
        return home.nation
    stated = case.record.child.residency
    if stated not in (None, "unknown"):
        return stated
    if home.problem == "no-area" and case.record.child.nhs_number_absent_reason == "NON_RESIDENT_ENGLAND":
        return "overseas"
    return home.nation


def _outside_england(climb: _Climb, nation: Residency | None) -> Lead | None:
    if nation == "isle-of-man":
        return _isle_of_man(climb)
    held = climb.held
    lead = climb.by_area("lead.place-of-death", climb.died, "Resident outside England; the place of death")
    climb.held = held
    return lead


def _sentence(case: Evidence, subject: str, located: Located, then: str | None, today: str) -> str:
    geography, reference = case.reference.geography, case.reference
    authority = geography.authorities[located.district or ""]
    told = f"{subject} is in {authority.name} (by {located.by}): {reference.cdop_name(today)}."
    if then is None:
        return told + " The table doesn't reach back to the day of death; the earliest panel known is taken."
    if then != today:
        return told + f" On the day of death it was {reference.cdop_name(then)}, whose work is now theirs."
    return told
