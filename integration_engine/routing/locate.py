"""Where an address or a place lies: a district of England, another nation, or nowhere that can be told, and why not."""

from dataclasses import dataclass
from typing import Literal

from integration_engine.record.account import Address, Place
from integration_engine.record.codes import Residency
from integration_engine.routing.geography import GSS_CODE, nation_of_code
from integration_engine.routing.reference import Reference

Problem = Literal["unknown-area", "unknown-postcode", "no-area"]


@dataclass(frozen=True, slots=True)
class Located:
    """``district`` is an authority's code in England; ``nation`` any nation; ``problem`` why there is no district:
    ``unknown-area`` (a code we don't know), ``unknown-postcode`` (one the lookup lacks), ``no-area`` (nothing names one).
    ``by`` says what told, in words."""

    district: str | None = None
    nation: Residency | None = None
    problem: Problem | None = None
    by: str = ""

    @property
    def outside_england(self) -> bool:
        """Known to lie in another nation."""
        return self.nation not in (None, "england")


NOWHERE = Located(problem="no-area", by="nothing that names an area")


def locate_address(address: Address, reference: Reference) -> Located:
    """Where an address lies: by its district code, else its postcode, else its country."""
    return _locate(address.lad_code, address.postcode, None, address.country, reference)


def locate_place(place: Place | None, reference: Reference) -> Located:
    """Where a place lies: by its district code, else its postcode, else its NHS site, else its country."""
    if place is None:
        return NOWHERE
    found = _locate(place.lad_code, place.postcode, place.ods_code, place.country, reference)
    if found.nation is None and place.type == "abroad":
        return Located(nation="overseas", by="a place abroad")
    return found


def _locate(
    lad_code: str | None, postcode: str | None, ods_code: str | None, country: str | None, reference: Reference
) -> Located:
    answers = (
        lad_code and _by_code(lad_code.strip().upper(), "district code", reference),
        postcode and _by_postcode(postcode, country, reference),
        ods_code and _by_site(ods_code, reference),
        country and _by_country(country, reference),
    )
    problems: list[Located] = []
    for found in answers:
        if found and found.problem is None:
            # A code of ONS's shape that we don't know is for a person, whatever the postcode says: one of them is wrong.
            return next((one for one in problems if one.by == "district code"), found)
        if found:
            problems.append(found)
    return problems[0] if problems else NOWHERE


def _by_code(code: str, by: str, reference: Reference) -> Located:
    if code in reference.geography.authorities:
        return Located(code, "england", by=by)
    nation = nation_of_code(code)
    if nation and nation != "england":
        return Located(nation=nation, by=by)
    # A code of another system (a council's own) says nothing, as long as something else does.
    return Located(problem="unknown-area", by=by if GSS_CODE.fullmatch(code) else "a code of another system")


def _by_postcode(postcode: str, country: str | None, reference: Reference) -> Located:
    tells, nation = reference.nation_of_postcode(postcode)
    district = reference.district(postcode)
    if district:
        return _by_code(district, "postcode", reference)
    if tells:
        return Located(nation=nation, problem=None if nation else "no-area", by="pseudo-postcode or postcode area")
    abroad = _by_country(country, reference) if country else None
    if abroad and abroad.outside_england:
        return abroad
    return Located(problem="unknown-postcode", by="postcode")


def _by_site(ods_code: str, reference: Reference) -> Located | None:
    site = reference.site(ods_code)
    if site is None:
        return None
    if site.lad_code:
        return _by_code(site.lad_code, "NHS site", reference)
    return _by_postcode(site.postcode, None, reference) if site.postcode else None


def _by_country(country: str, reference: Reference) -> Located:
    nation = reference.nation_of_country(country)
    if nation in (None, "england"):
        return Located(nation=nation, problem="no-area", by="country")
    return Located(nation=nation, by="country")
