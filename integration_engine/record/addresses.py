"""Which of the addresses told is where the child usually lived, and which stay beside it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from integration_engine.record.account import Address
from integration_engine.record.dates import day_of
from integration_engine.record.ranks import Ranks
from integration_engine.record.record import Conflict, Won
from integration_engine.record.statement import Statement, Teller, plain, won

# Messages that overwrite an address on the day they are made (HL7 table 0003): admit, register, pre-admit, add person.
REGISTRATIONS = {"A01", "A04", "A05", "A28"}

USUAL = ("home", None)
"""An address that its sender gives no use for is where the person lives; any other use says that it isn't."""


def usual_address(addresses: Sequence[Address]) -> Address | None:
    """The first of ranked addresses that can be a usual home."""
    return next((address for address in addresses if address.use in USUAL), None)


def _address_class(address: Address, teller: Teller, died_on: date | None) -> str | None:
    """Whether a hospital's home address was known before the day of death or was written down on that very day."""
    if "hospital" not in teller.classes or died_on is None:
        return None
    notice = teller.notice
    if address.start:
        return "hospital-home-older" if day_of(address.start) < died_on.isoformat() else "hospital-same-day"
    registered_now = notice.source.event in REGISTRATIONS and notice.stated_at
    if registered_now and day_of(notice.stated_at or "") >= died_on.isoformat():
        return "hospital-same-day"
    return None


def rank_addresses(
    candidates: Sequence[Statement], ranks: Ranks, died_at: str | None
) -> tuple[tuple[Address, ...], Won | None, list[Conflict]]:
    """All addresses, the usual one first; other home addresses that differ are conflicts.

    The same place told twice is one address, with whatever parts either source gives.
    """
    died_on = date.fromisoformat(day_of(died_at)) if died_at and len(died_at) >= 10 else None
    places = ranks.classes["usual-address"]
    told: list[tuple[tuple[Any, ...], Address, Statement]] = []
    for candidate in candidates:
        for position, address in enumerate(candidate.value):
            own = _address_class(address, candidate.teller, died_on)
            # The class of the address itself replaces that of its hospital: it can be better or worse.
            place = places[own] if own else candidate.place
            usual = address.use in USUAL
            ended = bool(address.end and died_on and day_of(address.end) < died_on.isoformat())
            key = (ended, not usual, place, *candidate.teller.recency, candidate.notice.id, position)
            told.append((key, address, candidate))
    told.sort(key=lambda row: row[0])
    held: list[Address] = []
    conflicts: list[Conflict] = []
    for _, address, candidate in told:
        same = next((n for n, other in enumerate(held) if _same_place(other, address)), None)
        if same is not None:
            held[same] = held[same].model_copy(
                update={k: v for k, v in address if v not in (None, ()) and getattr(held[same], k) in (None, ())}
            )
            continue
        if held and usual_address(held) and address.use in USUAL and not address.end:
            conflicts.append(Conflict(field="child.addresses", value=address.model_dump(), notice=candidate.notice.id))
        held.append(address)
    ranked = tuple(a.model_copy(update={"source_rank": n + 1}) for n, a in enumerate(held))
    whence = won("child.addresses", told[0][2], f"usual-address: {told[0][2].source}") if told else None
    return ranked, whence, conflicts


def _same_place(one: Address, two: Address) -> bool:
    if (one.use or "home") != (two.use or "home"):
        return False
    if one.postcode and two.postcode:
        return one.postcode == two.postcode
    if one.lines and two.lines:
        return bool(plain(one.lines)[0] == plain(two.lines)[0])
    return bool(one.lad_code and one.lad_code == two.lad_code)
