"""Who is told without owning the case: panels that get a copy, and whom else, in words. Each with its rule and a sentence."""

from integration_engine.record.codes import Residency
from integration_engine.routing.answer import Copy, Notified
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.locate import Located, locate_address, locate_place
from integration_engine.routing.residence import Residence, looking_after, placements, usual_addresses

_FOUND_DEAD = "sudden-death"
"""A plain sudden death found at a place: where it was found is where the child died, no place of an event."""


def copies(case: Evidence, home: Residence) -> tuple[Copy, ...]:
    """Panels that are told without owning the case, each once, under the first rule that names it."""
    if home.lead is None:
        return ()
    found: dict[str, Copy] = {}

    def tell(where: Located, rule: str, why: str) -> None:
        owner = where.district and case.reference.cdop_for(where.district, case.died_on, case.today)
        if owner and home.lead and owner[1] != home.lead.cdop and owner[1] not in found:
            authority = case.reference.geography.authorities[where.district or ""]
            found[owner[1]] = Copy(owner[1], rule, f"{why} {authority.name}, this panel's area.")

    tell(home.died, "copy.death", "The child died in")
    event = case.record.death.event
    if event and event.type != _FOUND_DEAD:
        tell(locate_place(event.place, case.reference), "copy.event", "The fatal event happened in")
    if looking_after(case) is not None:
        # A looked-after child's home address that isn't the looking-after authority's is where they were placed.
        for address in placements(case.record) or usual_addresses(case.record)[:1]:
            where = locate_address(address, case.reference)
            tell(where, "copy.placement", "The looked-after child was placed in")
    return tuple(found.values())


def notified(case: Evidence, home: Residence) -> tuple[Notified, ...]:
    """Whom else to tell, in words: the nation of a non-resident, the nation where the child died, and the panel of the place
    of death while nobody can tell whose case it is."""
    found: dict[str, Notified] = {}

    def tell(word: str, rule: str, why: str) -> None:
        found.setdefault(word, Notified(word, rule, why))

    if home.non_resident and home.nation:
        tell(home.nation, "notify.home-nation", f"The child lived {_in(home.nation)}.")
    if home.died.outside_england and home.died.nation:
        tell(home.died.nation, "notify.place-of-death", f"The child died {_in(home.died.nation)}.")
    if home.lead is None and home.died.district:
        owner = case.reference.cdop_for(home.died.district, case.died_on, case.today)
        if owner:
            why = "Nobody can tell yet whose case this is; the child died in this panel's area."
            tell(f"unassigned:{owner[1]}", "notify.unassigned", why)
    return tuple(found.values())


def _in(nation: Residency) -> str:
    names = {
        "wales": "in Wales",
        "scotland": "in Scotland",
        "northern-ireland": "in Northern Ireland",
        "isle-of-man": "in the Isle of Man",
        "channel-islands": "in the Channel Islands",
    }
    return names.get(nation, "overseas")
