"""The parts of a notice in linkage's terms: when the child died, who the mother is, which identifiers a rekey joins.

Nothing here fails: what can't be read is not said.
"""

from integration_engine.linkage import coroners, names, written
from integration_engine.record import dates
from integration_engine.record.account import Address, Child, Coroner, MultipleBirth, Person
from integration_engine.record.identity import FORMER
from integration_engine.record.notice import DeathNotice


def death(notice: DeathNotice) -> tuple[int, int, int]:
    """Earliest and latest day of death, and the minute where a time is stated."""
    death = notice.death
    if death.died_at:
        first, last = written.days_of(dates.day_of(death.died_at))
        minute = int(dates.earliest(death.died_at).timestamp()) // 60 if last and len(death.died_at) > 10 else 0
        return first, last, minute
    if death.found_at:
        found = written.days_of(dates.day_of(death.found_at))[1]
        seen = written.days_of(dates.day_of(death.last_seen_alive_at))[0] if death.last_seen_alive_at else 0
        return (min(seen or found - 1, found), found, 0) if found else (0, 0, 0)
    return 0, 0, 0


def own_reference(notice: DeathNotice) -> str:
    """A coroner's own number of the case, for rows that have no other id."""
    return (notice.coroner.reference or "") if notice.coroner and notice.source.kind == "coroner" else ""


def coroner_refs(coroner: Coroner, office: str) -> tuple[str, ...]:
    told = (
        coroners.reference(coroner.area or office, coroner.reference),
        coroners.reference(coroner.transferred_from, coroner.transferred_from_reference),
        coroners.reference(coroner.transferred_to, coroner.transferred_to_reference),
    )
    return tuple(dict.fromkeys(filter(None, told)))


# HL7 table 0203, in FHIR as in HL7 v2: certificate and file numbers of the registers.
_REGISTERS = {"BC": "birth", "BCT": "birth", "BCFN": "birth", "DC": "death", "DCFN": "death"}
# Shorter, and another register's is as likely.
_SHORTEST_ENTRY = 8


def registrations(child: Child) -> frozenset[str]:
    """Entries in the registers of births and deaths that the child is known by: one person's, whoever names them."""
    told = (
        (_REGISTERS.get((i.type or "").upper()), names.plain(i.value).replace(" ", "")) for i in child.other_identifiers
    )
    return frozenset(f"{register}|{entry}" for register, entry in told if register and _is_an_entry(entry))


def _is_an_entry(text: str) -> bool:
    return len(text) >= _SHORTEST_ENTRY and any(map(str.isdigit, text)) and len(set(text)) > 2


def former_numbers(child: Child) -> tuple[str, ...]:
    """Valid NHS numbers that the sender keeps as earlier ones."""
    kept = (written.number(i.value)[0] for i in child.other_identifiers if i.type == FORMER)
    return tuple(sorted({number for number in kept if number and number != child.nhs_number}))


def mistyped(child: Child) -> str:
    """The digits of an NHS number that fails its check, kept among the other identifiers."""
    kept = (i.value for i in child.other_identifiers if i.problem and "nhs" in f"{i.type} {i.system}".lower())
    return next((written.number(value)[1] for value in kept), "")


def first_name(mother: Person | None) -> str:
    return next(iter(names.called(" ".join(mother.given_names) or mother.name or "")), "") if mother else ""


def mothers_families(mother: Person) -> tuple[str, ...]:
    """Her family names: the one she bears now and those she bore before, a maiden name among them."""
    return tuple(word for name in (mother.family_name, *mother.former_names) if name for word in names.words(name))


def mothers_ref(mother: Person, partner: str) -> str:
    """The first of a hospital's own numbers for her that can be one: ``0`` or ``NONE`` would be every mother's."""
    kept = (one.value.strip() for one in mother.other_identifiers)
    value = next((one for one in kept if len(set(one)) > 2 and any(map(str.isdigit, one))), "")
    return f"{partner}|{value}" if partner and value else ""


def orders(order: int, hint: int) -> tuple[int, int, bool]:
    """A stated place in the birth order and what a placeholder says of it, and whether the two disagree. Then neither counts:
    whichever is wrong is the twin's."""
    return (0, 0, True) if order and hint and order != hint else (order, hint, False)


def multiple(birth: MultipleBirth | None) -> bool:
    return bool(birth and (birth.is_multiple or (birth.count or 0) > 1 or (birth.order or 0) > 1))


def homes(addresses: tuple[Address, ...], mothers: Address | None) -> list[Address]:
    """Where the family may be known to live, the home first; a correspondence address says nothing."""
    lived = [address for address in addresses if address.use != "correspondence"]
    return sorted(lived, key=lambda address: address.use not in ("home", None)) + ([mothers] if mothers else [])


_Pair = tuple[str, str] | None


def rekey(notice: DeathNotice) -> tuple[_Pair, _Pair, str]:
    """The two identifiers a rekey joins, the local references it joins besides, and the number it declares nobody's."""
    change = notice.rekey
    if change is None:
        return None, None, ""
    old, new = written.number(change.old_nhs_number or "")[0], written.number(change.new_nhs_number or "")[0]
    if change.kind == "invalidated":
        return None, None, old or written.number(notice.child.nhs_number or "")[0]
    partner, before, after = notice.source.partner, change.old_local_ref, change.new_local_ref
    refs = (f"ref:{partner}|{before}", f"ref:{partner}|{after}") if partner and before and after else None
    if old and new and old != new:
        return (f"nhs:{old}", f"nhs:{new}"), refs if before != after else None, ""
    if refs or not partner:
        return refs, None, ""
    # A number on one side and a hospital's own on the other: each is whose the other is.
    if before and new:
        return (f"ref:{partner}|{before}", f"nhs:{new}"), None, ""
    return ((f"nhs:{old}", f"ref:{partner}|{after}") if old and after else None), None, ""
