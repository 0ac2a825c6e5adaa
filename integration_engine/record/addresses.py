"""Which of the addresses told is where the child usually lived, and which stay beside it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
    places_told = _Places()
    conflicts: list[Conflict] = []
    usual_told = False
    for _, address, candidate in told:
        if places_told.takes(address) and usual_told and address.use in USUAL and not address.end:
            conflicts.append(Conflict(field="child.addresses", value=address.model_dump(), notice=candidate.notice.id))
        usual_told = usual_told or address.use in USUAL
    ranked = tuple(a.model_copy(update={"source_rank": n + 1}) for n, a in enumerate(places_told.held))
    whence = won("child.addresses", told[0][2], f"usual-address: {told[0][2].source}") if told else None
    return ranked, whence, conflicts


class _Places:
    """Addresses told so far, each place once, the first told first. Two of one place have something in common to be found by,
    so that a place is looked for among few however many are told."""

    def __init__(self) -> None:
        self.held: list[Address] = []
        self._found_by: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)

    def takes(self, address: Address) -> bool:
        """Whether this is a place that wasn't told yet. One that was gets whatever part this one gives besides."""
        near = {n for name in _sought_by(address) for n in self._found_by.get(name, ())}
        same = next((n for n in sorted(near) if _same_place(self.held[n], address)), None)
        if same is None:
            self.held.append(address)
        else:
            known = self.held[same]
            more = {k: v for k, v in address if v not in (None, ()) and getattr(known, k) in (None, ())}
            if not more:
                return False
            self.held[same] = known.model_copy(update=more)
        place = len(self.held) - 1 if same is None else same
        for name in _found_by(self.held[place]):
            if place not in self._found_by[name][-1:]:
                self._found_by[name].append(place)
        return same is None


def _found_by(address: Address) -> Iterator[tuple[Any, ...]]:
    """What an address that is held can be found by."""
    use = address.use or "home"
    if address.postcode:
        yield use, "postcode", address.postcode
    if address.lines:
        yield use, "line", plain(address.lines)[0], bool(address.postcode)
    if address.lad_code:
        yield use, "district", address.lad_code, bool(address.lines), bool(address.postcode)


def _sought_by(address: Address) -> Iterator[tuple[Any, ...]]:
    """What an address of the same place can be found by: the postcode where both have one, else the first line where both
    have one, else the district."""
    use = address.use or "home"
    if address.postcode:
        yield use, "postcode", address.postcode
    postcodes = (False,) if address.postcode else (False, True)
    if address.lines:
        yield from ((use, "line", plain(address.lines)[0], postcode) for postcode in postcodes)
    if address.lad_code:
        lines = (False,) if address.lines else (False, True)
        yield from ((use, "district", address.lad_code, line, p) for line in lines for p in postcodes)


def _same_place(one: Address, two: Address) -> bool:
    if (one.use or "home") != (two.use or "home"):
        return False
    if one.postcode and two.postcode:
        return one.postcode == two.postcode
    if one.lines and two.lines:
        return bool(plain(one.lines)[0] == plain(two.lines)[0])
    return bool(one.lad_code and one.lad_code == two.lad_code)
