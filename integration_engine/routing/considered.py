"""What the lead is told to consider: for each flag whom to contact, what to send and by when, by the table of processes."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from integration_engine.record.account import Address
from integration_engine.routing.answer import Consideration
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.locate import Located, locate_address, locate_place
from integration_engine.routing.processes import Area, Process
from integration_engine.routing.residence import Residence, looking_after


def considered(
    case: Evidence, flags: Iterable[str], home: Residence, clocks: Mapping[str, datetime]
) -> tuple[Consideration, ...]:
    """What the table says of each flag, in the table's order, and of each duty of others whose clock runs."""
    raised = set(flags)
    return tuple(
        _consideration(case, process, home, clocks)
        for process in case.reference.processes
        if process.flag in raised or (process.kind == "duty" and process.clock in clocks)
    )


def _consideration(case: Evidence, process: Process, home: Residence, clocks: Mapping[str, datetime]) -> Consideration:
    contact, authority, force = process.contact, None, None
    if process.area:
        district = _where(case, process.area, home).district
        authorities = case.reference.geography.on(district, case.died_on) if district else ()
        force = case.reference.police_force(district, case.died_on) if district else None
        known = case.reference.force(force) if force else None
        if len(authorities) == 1 and (known or "{force}" not in contact):
            upper = case.reference.geography.authorities[authorities[0].upper_tier]
            authority = upper.code
            contact = contact.format(authority=upper.name, force=f"{known.name} police" if known else "")
        else:
            contact = process.contact_unplaced
    return Consideration(
        process.flag,
        process.when,
        contact,
        process.send,
        process.by,
        clocks.get(process.clock),
        authority,
        force,
    )


def _where(case: Evidence, area: Area, home: Residence) -> Located:
    """Where the area lies that a contact is looked for in."""
    match area:
        case "event":
            event = case.record.death.event
            happened = locate_place(event.place, case.reference) if event else Located()
            # Where nobody says where it happened, it is where the child was found dead or died.
            return happened if happened.district or happened.nation else home.died
        case "death":
            return home.died
        case "looked-after":
            authority = looking_after(case)
            return locate_address(Address(lad_code=authority), case.reference) if authority else home.home
        case "home":
            return home.home
