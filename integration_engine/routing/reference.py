"""The dated reference data of routing: loaded once, then asked in memory. Pure after loading.

Tables live in ``mappings/reference``; an operator's own postcode and site lookups replace the bundled samples.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

from integration_engine.record.codes import Residency
from integration_engine.routing.footprints import Footprint, Layers, bodies_of, load_bodies, load_covers
from integration_engine.routing.geography import Geography, load_geography, nation_of_code
from integration_engine.routing.overlay import Overlay, overlaid, read_overlay
from integration_engine.routing.postcodes import PackedPostcodes, Postcodes, canonical_postcode, load_sample
from integration_engine.routing.processes import Process, load_processes
from integration_engine.routing.sites import Site, Sites, load_sites
from integration_engine.routing.table_folder import BUNDLED, TableFolder, open_folder
from integration_engine.routing.tables import WEAK, Problem, ReferenceDataError, refuse, rows
from integration_engine.routing.triggers import Trigger, load_triggers
from integration_engine.routing.working_days import WorkingDays, load_bank_holidays, load_working_days

__all__ = ["BUNDLED", "Force", "Reference", "bundled", "load_reference"]

POSTCODES_VARIABLE = "CDR_POSTCODES"
SITES_VARIABLE = "CDR_SITES"

_PSEUDO = "ZZ99"
_RESIDENCIES: Mapping[str, Residency] = {
    "england": "england",
    "wales": "wales",
    "scotland": "scotland",
    "northern-ireland": "northern-ireland",
    "isle-of-man": "isle-of-man",
    "channel-islands": "channel-islands",
    "overseas": "overseas",
}


@dataclass(frozen=True, slots=True)
class Force:
    """A territorial police force: ONS code, name, and its two-digit number in PNC and STATS19."""

    code: str
    name: str
    number: str


@dataclass(frozen=True, eq=False)
class Reference:
    """Everything routing looks up. ``pseudo`` are pseudo-postcodes (None: names no area), ``postcode_areas`` the letters of
    postcode areas that lie wholly outside England, ``countries`` spellings of countries (None: says nothing of a nation),
    ``bank_holidays`` the list that the rule of ``working_days`` is held against."""

    geography: Geography
    cdops: Footprint
    jar_teams: Footprint
    police: Footprint
    coroners: Footprint
    forces: Mapping[str, Force]
    postcodes: Postcodes
    sites: Sites
    pseudo: Mapping[str, Residency | None]
    postcode_areas: Mapping[str, Residency]
    countries: Mapping[str, Residency | None]
    working_days: WorkingDays
    bank_holidays: Mapping[date, str]
    jar_triggers: tuple[Trigger, ...]
    processes: tuple[Process, ...]

    @cached_property
    def meaning_of_flags(self) -> Mapping[str, str]:
        """When each flag of the table of processes is raised, in words."""
        return {process.flag: process.when for process in self.processes}

    @property
    def layers(self) -> Layers:
        """The map and the four footprints on it."""
        return Layers(self.geography, self.cdops, self.jar_teams, self.police, self.coroners)

    def cdop_for(self, lad_code: str, on: date, today: date = date.max) -> tuple[str | None, str] | None:
        """The panel that covered an authority on a day, and the one whose work that is today. None for an unknown code.

        The first is None where the day lies before the table's knowledge; then the earliest panel known is taken.
        """
        owner = self.cdops.owner(lad_code, on, today)
        return (owner.then, owner.now) if owner else None

    def weak_footing(self, lad_code: str, on: date, today: date = date.max) -> str | None:
        """How weakly the table knows whose an authority was on a day and is today, where it does: the weakest word of its
        rows. Weak rows never change an answer; they are there to be confirmed with the panel."""
        rows_asked = (*self.cdops.rows_of(lad_code, on), *self.cdops.rows_of(lad_code, today))
        return min((row.confidence for row in rows_asked if row.confidence in WEAK), key=WEAK.index, default=None)

    def cdop_name(self, code: str) -> str:
        """A panel's name, or its code where it has none."""
        body = self.cdops.bodies.get(code)
        return body.name if body else code

    def jar_team(self, lad_code: str, on: date, today: date = date.max) -> str | None:
        """The joint agency response team that covers an authority and is at work today."""
        owner = self.jar_teams.owner(lad_code, on, today)
        return owner.now if owner else None

    def police_force(self, lad_code: str, on: date) -> str | None:
        """The territorial force of a district on a day; None where unknown or where several share it."""
        if lad_code not in self.geography.authorities:
            # Wales: the forces' table has its districts, the authorities' table holds England's alone.
            there = [cover.owner for cover in self.police.by_area.get(lad_code, ()) if cover.span.holds(on)]
            return there[0] if len(there) == 1 else None
        owner = self.police.owner(lad_code, on, on)
        return owner.now if owner else None

    def force(self, code: str) -> Force | None:
        """A force by its ONS code (E23000038) or its two-digit number (54)."""
        return self.forces.get(code.strip().upper())

    def coroner_areas(self, lad_code: str, on: date) -> tuple[str, ...]:
        """The slugs of the coroner areas of an authority on a day; several where the split isn't known."""
        return self.coroners.owners(lad_code, on)

    def district(self, postcode: str) -> str | None:
        """The district code of a postcode, in any spelling; None where the lookup doesn't hold it. Not only England's."""
        canonical = canonical_postcode(postcode)
        return self.postcodes.district(canonical) if canonical else None

    def nation_of_postcode(self, postcode: str) -> tuple[bool, Residency | None]:
        """Whether a postcode tells a nation without a district, and which: a pseudo-postcode (``None``: it names no area)
        or one of an area that lies wholly in another nation."""
        canonical = canonical_postcode(postcode) or ""
        if canonical.startswith(_PSEUDO):
            # Beyond the listed ones each pseudo-postcode stands for a country (ONS list of pseudo country postcodes).
            return True, self.pseudo.get(canonical, "overseas")
        letters = canonical[:2] if canonical[1:2].isalpha() else canonical[:1]
        nation = self.postcode_areas.get(letters)
        return nation is not None, nation

    def nation_of_country(self, country: str) -> Residency | None:
        """The nation that a country's code or name tells; None where it says nothing (GBR) or isn't known."""
        word = country.strip().upper()
        if word in self.countries:
            return self.countries[word]
        return nation_of_code(word) or ("overseas" if word.isalpha() and len(word) in (2, 3) else None)

    def site(self, ods_code: str) -> Site | None:
        """The NHS site of an ODS code, by its longest known beginning."""
        return self.sites.find(ods_code)


def load_reference(
    directory: Path | None = None,
    postcodes: Path | None = None,
    sites: Path | None = None,
    overlay: Path | Sequence[Path] | None = None,
) -> Reference:
    """Load the reference tables.

    Parameters: the folder of tables, whole or of an operator's own ones over the shipped (``table_folder``); a packed
    postcode lookup and a sites table (those that ``CDR_POSTCODES`` and ``CDR_SITES`` name, else the bundled samples); the
    local footprints to lay over. What the engine is set to use is ``in_force``'s to say. The shipped tables as they are come
    with this program, and are read once a process.
    Raises ReferenceDataError, which names file and row of everything that is wrong.
    """
    laid = (overlay,) if isinstance(overlay, Path) else tuple(overlay or ())
    postcodes, sites = postcodes or _named_by(POSTCODES_VARIABLE), sites or _named_by(SITES_VARIABLE)
    if not (directory or postcodes or sites or laid):
        return bundled()
    return _load(open_folder(directory), postcodes, sites, laid)


def _load(folder: TableFolder, postcodes: Path | None, sites: Path | None, overlays: Sequence[Path]) -> Reference:
    forces = _forces(folder.find("police-forces.csv"))
    layers = overlaid(_layers(folder, forces), _read_all(overlays))
    return Reference(
        geography=layers.geography,
        cdops=layers.cdops,
        jar_teams=layers.jar_teams,
        police=layers.police,
        coroners=layers.coroners,
        forces=forces,
        postcodes=PackedPostcodes(postcodes) if postcodes else load_sample(folder.find("postcodes.csv")),
        sites=load_sites(sites or folder.find("sites.csv")),
        pseudo={
            canonical_postcode(row["postcode"]) or "": _residency(where, row["residency"])
            for where, row in rows(folder.find("pseudo-postcodes.csv"), ("postcode", "residency"))
        },
        postcode_areas={
            row["area"]: nation
            for where, row in rows(folder.find("postcode-areas.csv"), ("area", "residency"))
            if (nation := _residency(where, row["residency"]))
        },
        countries={
            row["country"].upper(): _residency(where, row["residency"])
            for where, row in rows(folder.find("countries.csv"), ("country", "residency"))
        },
        working_days=load_working_days(folder.find("bank-holidays.yaml")),
        bank_holidays=load_bank_holidays(folder.find("bank-holidays.csv")),
        jar_triggers=load_triggers(folder.find("jar-triggers.yaml")),
        processes=load_processes(folder.find("processes.yaml")),
    )


def _layers(folder: TableFolder, forces: Mapping[str, Force]) -> Layers:
    geography = load_geography(folder.find("authorities.csv"))
    police = load_covers(folder.find("police-areas.csv"), "force", "area")
    coroners = load_covers(folder.find("coroner-areas.csv"), "slug", "area", "part")
    return Layers(
        geography,
        Footprint(
            geography,
            load_bodies(folder.find("cdops.csv"), "nhs_region"),
            load_covers(folder.find("cdop-footprints.csv"), "cdop", "authority"),
        ),
        Footprint(
            geography,
            load_bodies(folder.find("jar-teams.csv")),
            load_covers(folder.find("jar-footprints.csv"), "team", "area"),
        ),
        Footprint(geography, bodies_of(police, {force.code: force.name for force in forces.values()}), police),
        Footprint(geography, bodies_of(coroners, _coroner_names(folder)), coroners),
    )


def _read_all(paths: Sequence[Path]) -> list[Overlay]:
    """Every footprint file, or everything that is wrong with any of them."""
    read: list[Overlay] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            read.append(read_overlay(path))
        except ReferenceDataError as refused:
            problems += refused.problems
    refuse(problems)
    return read


def _named_by(variable: str) -> Path | None:
    path = os.environ.get(variable)
    return Path(path) if path else None


def _residency(where: str, word: str) -> Residency | None:
    if word and word not in _RESIDENCIES:
        raise ReferenceDataError("unknown-residency", where, f"residency is blank or one of {', '.join(_RESIDENCIES)}")
    return _RESIDENCIES.get(word)


def _forces(path: Path) -> Mapping[str, Force]:
    found = [Force(row["code"], row["name"], row["number"]) for _, row in rows(path, ("code", "name", "number"))]
    return {force.number: force for force in found} | {force.code: force for force in found}


def _coroner_names(folder: TableFolder) -> Mapping[str, str]:
    return {row["slug"]: row["name"] for _, row in rows(folder.find("coroner-areas.csv"), ("slug", "name"))}


@lru_cache(maxsize=1)
def bundled() -> Reference:
    """The reference data as shipped, read once a process and blind to the environment. For tests and examples."""
    return _load(TableFolder(), None, None, ())
