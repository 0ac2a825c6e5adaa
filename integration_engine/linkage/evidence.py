"""What linkage needs to know of one notice, in one normalised form whatever it came from.

Everything expensive (dates to days, names to words, numbers checked) happens here, once a notice; comparing two pieces of
evidence is then cheap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from integration_engine.linkage import cells, homes, names, stated, written
from integration_engine.record import dates
from integration_engine.record.account import UNSTATED, Place
from integration_engine.record.notice import DeathNotice
from integration_engine.record.outside import may_end

# NHS number status: traced in vain or in part, awaiting an answer, or not to be traced.
_NOT_VERIFIED = frozenset({"02", "03", "04", "05", "06", "07", "08"})
# No birth on record brought more children into the world.
_MOST_BORN = 20
_SEXES = {"male": "M", "female": "F", "m": "M", "f": "F", "1": "M", "2": "F"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One notice as linkage sees it. Days are proleptic ordinals (``date.toordinal``); an interval is closed; empty text,
    empty tuples and None are "not said".

    ``at`` orders evidence (with ``id``): when the notice was received. ``nhs`` is a valid number, ``nhs_stated`` the one
    stated where a rekey put another in its place, ``nhs_typed`` the digits of an invalid one, ``nhs_before`` valid numbers
    that its sender says the child had before. ``nhs_verified``: it is the national record's, or traced (status 01);
    ``nhs_doubted``: its own sender says that it isn't traced. ``given`` and ``family`` are levelled words without
    placeholders; ``unnamed`` says that a placeholder stood there. ``person`` is the partner's person id within ``report``
    and ``event_ref``. ``coroner_refs`` are the coroners' references that the notice gives the case, each ``area|number``
    (see ``coroners``): its own and, after a transfer, the other area's. ``registrations`` are entries in the registers of
    births and deaths, ``register|entry``. ``order`` is the stated birth order, ``order_hint`` what a placeholder says of it
    (``TWIN 2``). ``birth_unit`` is ``day`` for a full date, else what the interval rests on: ``month``, ``year`` or the
    unit of an age. ``places`` are the codes, postcodes and names of the place of death. ``mother_family`` are all her
    family names, ``mother_ref`` a hospital's own number for her. ``rekey`` are the two identifiers (numbers or
    partner-scoped local references) that a rekey joins, ``rekey_refs`` the local references it joins beside two numbers;
    ``dead_number`` one that it invalidates. ``ends`` says that a case of this child would be none (a stillbirth, a
    termination).
    """

    id: str
    at: str = ""
    kind: str = ""
    partner: str = ""
    intent: str = "report"
    local_ref: str = ""
    event_ref: str = ""
    report: str = ""
    person: str = ""
    coroner_refs: tuple[str, ...] = ()
    registrations: frozenset[str] = frozenset()
    nhs: str = ""
    nhs_stated: str = ""
    nhs_typed: str = ""
    nhs_before: tuple[str, ...] = ()
    nhs_verified: bool = False
    nhs_doubted: bool = False
    given: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    also_given: tuple[str, ...] = ()
    also_family: tuple[str, ...] = ()
    unnamed: bool = False
    sex: str = ""
    birth_from: int = 0
    birth_to: int = 0
    birth_unit: str = ""
    death_from: int = 0
    death_to: int = 0
    death_minute: int = 0
    postcodes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    gp: str = ""
    mother_given: str = ""
    mother_family: tuple[str, ...] = ()
    mother_nhs: str = ""
    mother_ref: str = ""
    order: int = 0
    order_hint: int = 0
    multiple: bool = False
    weight_g: int = 0
    gestation_days: int = 0
    rekey: tuple[str, str] | None = None
    rekey_refs: tuple[str, str] | None = None
    dead_number: str = ""
    ends: bool = False
    grown: bool = False
    timeless: bool = False

    @property
    def birth_day(self) -> int:
        """The birth date as a day, 0 where it isn't known to the day."""
        return self.birth_from if self.birth_unit == "day" else 0

    @property
    def death_day(self) -> int:
        """The date of death as a day, 0 where it isn't known to the day."""
        return self.death_from if self.death_from == self.death_to else 0

    @property
    def known_multiple(self) -> bool:
        """Whether this notice itself says that the child is one of a multiple birth."""
        return self.multiple or bool(self.order) or bool(self.order_hint)


# A row that tells neither when it was told nor when anybody died is read as of the day the engine's first notices are.
_FIRST_TOLD = date(2026, 1, 1).toordinal()


def _also(*texts: str | None) -> tuple[str, ...]:
    """The words of given names that a child is known by."""
    return tuple(word for text in texts if text and not names.placeholder(text) for word in names.called(text))


def _former(*texts: str | None) -> tuple[str, ...]:
    """The words of family names that a child had."""
    return tuple(word for text in texts if text and not names.placeholder(text) for word in names.words(text))


def evidence_of(notice: DeathNotice) -> Evidence:
    """What a notice says, for linkage. Never fails: what can't be read is not said."""
    child, death, source, police = notice.child, notice.death, notice.source, notice.police
    mothers_name = stated.first_name(child.mother)
    named = written.named(
        " ".join(child.given_names), child.family_name or "", bool(child.name_is_placeholder), mothers_name
    )
    died_from, died_to, minute = stated.death(notice)
    told = notice.received_at.toordinal()
    born_from, born_to, unit = written.born(child.birth_date, child.age_at_death, (died_from, died_to), told)
    mother, multiple = child.mother, child.multiple_birth
    lived = stated.homes(child.addresses, mother.address if mother else None)
    valid, typed = written.number(child.nhs_number or "")
    typed = typed or stated.mistyped(child)
    partner = source.partner or ""
    report = f"{partner}|{police.report_id}" if police and police.report_id else ""
    person = police.person_id or "" if police else ""
    known = report and person and not person.startswith(UNSTATED)
    local = f"{report}|{person}" if known else source.local_ref or stated.own_reference(notice)
    rekey, rekey_refs, dead = stated.rekey(notice)
    order, hint, disagree = stated.orders(multiple.order or 0 if multiple else 0, named.hint.order or 0)
    return Evidence(
        id=notice.id,
        at=notice.received_at.astimezone(dates.LONDON).isoformat(),
        kind=source.kind,
        partner=partner,
        intent=notice.intent,
        local_ref=f"{partner}|{local}" if local and partner else "",
        event_ref=death.event.reference or "" if death.event else "",
        report=report,
        person=person,
        coroner_refs=stated.coroner_refs(notice.coroner, partner if source.kind == "coroner" else "")
        if notice.coroner
        else (),
        nhs=valid,
        nhs_typed=typed,
        nhs_before=stated.former_numbers(child),
        nhs_verified=bool(valid) and (child.nhs_number_status == "01" or source.kind == "national"),
        nhs_doubted=bool(valid) and child.nhs_number_status in _NOT_VERIFIED and source.kind != "national",
        registrations=stated.registrations(child),
        given=named.given,
        family=named.family,
        also_given=_also(*child.known_as) + named.also,
        also_family=_former(*child.former_names),
        unnamed=named.unnamed,
        sex=_SEXES.get(child.sex or "", "") or named.hint.sex or "",
        birth_from=born_from,
        birth_to=born_to,
        birth_unit=unit,
        death_from=died_from,
        death_to=died_to,
        death_minute=minute,
        postcodes=tuple(dict.fromkeys(filter(None, (homes.postcode_of(a.postcode or "") for a in lived)))),
        addresses=tuple(dict.fromkeys(filter(None, (homes.address_of(*a.lines) for a in lived)))),
        places=written.place_of(death.place) if death.place else frozenset(),
        gp=(child.gp_practice or "").upper(),
        mother_given=mothers_name or named.hint.mother or "",
        mother_family=stated.mothers_families(mother) if mother else (),
        mother_nhs=written.number(mother.nhs_number or "")[0] if mother else "",
        mother_ref=stated.mothers_ref(mother, partner) if mother else "",
        order=order,
        order_hint=hint,
        multiple=named.hint.multiple or stated.multiple(multiple) or disagree,
        weight_g=child.birth_weight_g or 0,
        gestation_days=child.gestation_days or 0,
        rekey=rekey,
        rekey_refs=rekey_refs,
        dead_number=dead,
        ends=may_end(notice),
        grown=written.grown(born_to, died_from, told),
    )


def _first(found: tuple[str, ...]) -> str:
    return found[0] if found else ""


def _born(birth: str, age: str, died: tuple[int, int], told: str) -> tuple[int, int, str]:
    """The birth interval of a row. A birth date may be partial; an age counts from the death, else from the row's date."""
    first, last, _ = cells.moment_of(birth)
    if last:
        days = last - first
        return first, last, "day" if not days else "month" if days < 31 else "year"
    return written.born(None, cells.age_of(age), died, cells.moment_of(told)[1])


def evidence_of_row(row: Mapping[str, Any]) -> Evidence:
    """What one row of the tabular form says. Tolerant: unknown columns are ignored, what can't be read is not said."""

    def said(column: str) -> str:
        return cells.text_of(row, column)

    mother = _first(names.called(said("mother_given")))
    named = written.named(said("given"), said("family"), mother=mother)
    middle = () if names.placeholder(said("middle")) else names.called(said("middle"))
    valid, typed = written.number(said("nhs_number"))
    died_from, died_to, minute = cells.moment_of(said("death_datetime"))
    born_from, born_to, unit = _born(said("birth_date"), said("age_text"), (died_from, died_to), said("notified_at"))
    partner, local = said("sender"), said("local_ref")
    postcode, address = homes.postcode_of(said("postcode")), homes.address_of(said("address_line"))
    stated_order = cells.number_of(said("birth_order"), _MOST_BORN)
    order, hint, disagree = stated.orders(stated_order, named.hint.order or 0)
    return Evidence(
        id=said("id"),
        at=said("notified_at"),
        kind=said("source").replace("_", "-"),
        partner=partner,
        intent={"retract": "retract", "rekey": "rekey"}.get(said("message_type"), "report"),
        local_ref=f"{partner}|{local}" if partner and local else "",
        event_ref=said("event_ref"),
        nhs=valid,
        nhs_typed=typed,
        given=named.given + middle,
        family=named.family,
        also_given=_also(said("known_as")) + named.also,
        unnamed=named.unnamed and not (middle and not said("given")),
        sex=_SEXES.get(said("sex").lower(), "") or named.hint.sex or "",
        birth_from=born_from,
        birth_to=born_to,
        birth_unit=unit,
        death_from=died_from,
        death_to=died_to,
        death_minute=minute,
        postcodes=(postcode,) if postcode else (),
        addresses=(address,) if address else (),
        places=written.place_of(Place(name=said("place_of_death") or None)),
        gp=said("gp_ods").upper(),
        mother_given=mother or named.hint.mother or "",
        mother_nhs=written.number(said("mother_nhs_number"))[0],
        order=order,
        order_hint=hint,
        multiple=cells.is_yes(said("multiple_birth")) or named.hint.multiple or order > 1 or disagree,
        weight_g=cells.grams_of(said("birth_weight_g")),
        gestation_days=cells.gestation_of(said("gestation_weeks")),
        grown=written.grown(born_to, died_from, cells.moment_of(said("notified_at"))[1] or _FIRST_TOLD),
        timeless=not (born_to or died_to or mother or order or hint or cells.is_yes(said("multiple_birth"))),
    )
