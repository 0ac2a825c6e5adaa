"""A records system's flat CSV export of sudden-death reports: one row a person, rows of one report joined by its number.

No two forces' exports are alike, so nearly all of it is the profile's: column names (``columns``), pick lists (``code``
of each rule) and these settings:

* ``roles``: what the words of the column ``role`` mean: deceased, injured, mother, father, carer, sibling, witness, other.
* ``force``: the ONS force code, where the export has no column ``force``.
* ``withdrawn``: words of the column ``status`` that take a report back.

Columns read here, beside those of the profile's rules: ``report_id`` and ``role`` (both needed), ``person_id``, ``version``,
``status``, ``reported_at``, ``force``, ``event_id``, ``incident_ref``, ``school``. Where one person died, the mother's row in
the same report is read beside their own, its columns as ``mother_...``. What happened (``event_...``, ``suspicious``,
``circumstances``, references, coroner and officer) is read from another row of the report where a person's own has it not.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapters.adapter import content_hash
from adapters.csv_records import NotATable
from adapters.police.people import Envelope, Subject, described_as_child
from adapters.strict_json import NotReadable
from adapters.tables import Row, Table, from_csv, headings_of
from integration_engine.mapping.codes import folded
from integration_engine.mapping.paths import RowSource
from integration_engine.mapping.profile import Profile, load_profile, shipped_profiles
from integration_engine.record.account import UNSTATED
from integration_engine.record.notice import Problem

NEEDED = ("report_id", "role")
SETTINGS = ("roles", "force", "withdrawn")
READ = frozenset(
    {*NEEDED, "person_id", "version", "status", "reported_at", "force", "event_id", "incident_ref", "school"}
    | {"given_names", "family_name", "full_name", "age"}
)
"""Columns that are read here, whatever rules read them."""
_EVENT = "event_"
_REPORT = frozenset(
    {
        "incident_ref",
        "crime_ref",
        "suspicious",
        "circumstances",
        "coroner_area",
        "coroner_ref",
        "officer",
        "officer_collar",
    }
)
ROLES = frozenset({"deceased", "injured", "mother", "father", "carer", "sibling", "witness", "other"})


@dataclass(frozen=True, slots=True)
class Part:
    """One report of an export: whom it is about, or why it is refused. ``first`` is the index of its first row, ``place``
    where people find that, ``body`` its rows as an export of their own."""

    first: int
    place: str
    content: str
    body: bytes
    envelope: Envelope | None = None
    people: tuple[Subject, ...] = ()
    problems: tuple[Problem, ...] = ()
    refusal: tuple[Problem, ...] = ()


@lru_cache(maxsize=1)
def _exports() -> tuple[Profile, ...]:
    """The shipped profiles of exports."""
    found = [load_profile(path) for path in shipped_profiles() if path.parent.name == "police"]
    return tuple(profile for profile in found if profile.language == "columns")


def profile_for(body: bytes) -> Profile | None:
    """The shipped profile whose columns the table's headings match best, or None where none has the needed ones."""
    best: tuple[int, Profile] | None = None
    for profile in _exports():
        try:
            headings = headings_of(body, profile.columns)
        except NotATable:
            continue
        if all(name in headings for name in NEEDED) and (best is None or len(headings) > best[0]):
            best = len(headings), profile
    return best[1] if best else None


def reports(body: bytes, profile: Profile) -> Iterator[Part]:
    """The reports of an export, in order of their first rows. Raises NotReadable where the whole can't be read."""
    try:
        table = from_csv(body, profile.columns, NEEDED, lambda word: folded(word) in _roles(profile))
    except NotATable as error:
        raise NotReadable(error.problem) from error
    if not table.rows:
        raise NotReadable(Problem(code="no-rows", text="a table without rows"))
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        if row.refusal is not None:
            body = table.alone([row])
            # What a row that can't be read says, nobody knows: only its bytes tell it from another.
            yield Part(row.index, row.place, content_hash(body), body, refusal=(row.refusal,))
        elif "report_id" not in row.cells:
            missing = Problem(code="missing", text="a report's number is needed", path=f"{row.place}, column report_id")
            yield Part(row.index, row.place, _content([row]), table.alone([row]), refusal=(missing,))
        else:
            groups.setdefault((row.cells["report_id"], row.cells.get("version", "")), []).append(row)
    for rows in groups.values():
        yield _part(rows, table, profile)


def _content(rows: Sequence[Row]) -> str:
    """The fingerprint of what rows say, whatever file, order of columns or spelling of headings they came in."""
    said = json.dumps([dict(sorted(row.cells.items())) for row in rows], ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _part(rows: Sequence[Row], table: Table, profile: Profile) -> Part:
    content, body = _content(rows), table.alone(rows)
    refusals: list[Problem] = []
    roles: list[tuple[Row, str]] = []
    known = _roles(profile)
    for row in rows:
        role = known.get(folded(row.cells.get("role", "")))
        if role not in ROLES:
            why = (
                "the role is needed" if "role" not in row.cells else "a role that the profile's pick list doesn't have"
            )
            code = "missing" if "role" not in row.cells else "unknown-code"
            refusals.append(Problem(code=code, text=why, path=f"{row.place}, column {table.headings['role']}"))
        roles.append((row, str(role)))
    roles, doubled = _doubled(roles)
    refusals += [*doubled, *_at_odds(rows, table, profile)]
    force = next((row.cells["force"] for row in rows if "force" in row.cells), profile.settings.get("force"))
    if not force:
        refusals.append(Problem(code="missing", text="neither a column nor the profile's settings name the force"))
    version = next((row.cells["version"] for row in rows if "version" in row.cells), "1")
    if not version.isascii() or not version.isdigit() or not 1 <= int(version[:9]) <= 1_000_000:
        refusals.append(Problem(code="wrong-type", text="a version is a whole number from 1", path=rows[0].place))
    if refusals:
        return Part(rows[0].index, rows[0].place, content, body, refusal=tuple(refusals))
    envelope = _envelope(rows, str(force).strip().upper(), int(version), profile)
    return Part(
        rows[0].index, rows[0].place, content, body, envelope, tuple(_people(roles, envelope, table)), table.problems
    )


def _doubled(roles: Sequence[tuple[Row, str]]) -> tuple[list[tuple[Row, str]], list[Problem]]:
    """The rows without those that only say again what another says; and a problem for each other that has the person number
    of a dead: two children would be taken for one, and one of them lost."""
    once, problems = [], []
    by_number: dict[str, tuple[Row, str]] = {}
    for row, role in roles:
        number = row.cells.get("person_id", "")
        first, first_role = by_number.setdefault(number, (row, role))
        if not number or first is row:
            once.append((row, role))
        elif row.cells != first.cells and "deceased" in (role, first_role):
            text = "two rows with one person's number say different things"
            problems.append(Problem(code="duplicate-person", text=text, path=row.place))
        elif row.cells != first.cells:
            once.append((row, role))
    return once, problems


def _roles(profile: Profile) -> dict[str, str]:
    return {folded(str(word)): str(role) for word, role in (profile.settings.get("roles") or {}).items()}


def _withdrawing(profile: Profile) -> frozenset[str]:
    words: Any = profile.settings.get("withdrawn") or ()
    return frozenset(folded(str(word)) for word in words)


def _at_odds(rows: Sequence[Row], table: Table, profile: Profile) -> Iterator[Problem]:
    """Rows of one report that say different things of the whole of it: whose it is, and whether it stands. By the first of
    them, or by any, a death would be withdrawn that stands, or the other way round."""
    withdrawing = _withdrawing(profile)
    readings: Mapping[str, Callable[[str], str | bool]] = {
        "status": lambda word: folded(word) in withdrawing,
        "force": lambda code: code.strip().upper(),
    }
    for column, read in readings.items():
        told = [(read(row.cells[column]), row) for row in rows if column in row.cells]
        if other := next((row for said, row in told if said != told[0][0]), None):
            text = "the rows of one report differ here: all of it is withdrawn or none, and it is one force's"
            yield Problem(code="rows-differ", text=text, path=f"{other.place}, column {table.headings[column]}")


def _envelope(rows: Sequence[Row], force: str, version: int, profile: Profile) -> Envelope:
    def said(column: str) -> str | None:
        return next((row.cells[column] for row in rows if column in row.cells), None)

    return Envelope(
        force=force,
        report_id=rows[0].cells["report_id"],
        version=version,
        withdrawn=folded(said("status") or "") in _withdrawing(profile),
        reported_at=said("reported_at"),
        event_id=said("event_id") or said("incident_ref"),
    )


def _people(roles: Sequence[tuple[Row, str]], envelope: Envelope, table: Table) -> Iterator[Subject]:
    # An export may say what happened, and who is told of it, in one of the report's rows only: it is so of all who died.
    of_report = {
        column: row
        for row, _ in reversed(roles)
        for column in row.cells
        if column.startswith(_EVENT) or column in _REPORT
    }
    mothers = [row for row, role in roles if role == "mother"]
    dead = [row for row, role in roles if role == "deceased"]
    # An injured person without an id of their own could be any of those who died in an earlier version.
    hurt = [row for row, role in roles if role == "injured" and "person_id" in row.cells] if envelope.replaces else []
    around = {role for _, role in roles}
    for position, row in enumerate([*dead, *hurt]):
        alive = position >= len(dead)
        like = len(dead) + len(hurt) if alive else len(dead)
        # Without an id of their own the only one is the same person in every version; of several nobody knows which is which.
        unsaid = "1" if len(dead) + len(hurt) == 1 else f"{UNSTATED}{envelope.version}.{position + 1}"
        cells = {"person_id": unsaid, "force": envelope.force, **row.cells}
        elsewhere = {"force": "(the profile)"} if "force" not in row.cells else {}
        for column, told in of_report.items():
            if column not in cells:
                cells[column] = told.cells[column]
                elsewhere[column] = f"{told.place}, column {table.headings[column]}"
        # Whose mother she is, a flat export doesn't say: with several dead she may be a cousin's.
        if len(mothers) == 1 and like == 1:
            for column, value in mothers[0].cells.items():
                if (name := f"mother_{column}") not in cells:
                    cells[name] = value
                    elsewhere[name] = f"{mothers[0].place}, column {table.headings.get(column, column)}"
        source = RowSource(cells, table.headings, row.place, elsewhere)
        yield Subject(position, row.index, cells["person_id"], source, row.place, envelope, _signs(row, around), alive)


def _signs(row: Row, around: set[str]) -> tuple[str, ...]:
    told = ["school"] if "school" in row.cells else []
    if described_as_child(
        " ".join(row.cells.get(name, "") for name in ("given_names", "family_name", "full_name", "age"))
    ):
        told.append("described-as-child")
    if around & {"mother", "father", "carer"} or any(name.startswith("mother_") for name in row.cells):
        told.append("parent-named")
    return tuple(told)
