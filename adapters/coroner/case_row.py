"""One row of `coroner-case/1`: accepted, accepted with warnings, or refused with the column and the reason."""

import contextlib
import csv
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import ValidationError

from adapters.adapter import ADULT, Item, Submission, content_hash, notice_id
from adapters.coroner.composed import composed, without_midnight
from adapters.coroner.forms import DATES
from adapters.tables import Row
from integration_engine.mapping import moments
from integration_engine.mapping.files import mappings
from integration_engine.mapping.notices import notice_from
from integration_engine.mapping.paths import RowSource
from integration_engine.mapping.profile import Mapped, Profile
from integration_engine.mapping.registry import Refused
from integration_engine.record import names
from integration_engine.record.account import Age
from integration_engine.record.age import DOUBTS, Answer, child_or_adult, doubtful
from integration_engine.record.dates import canonical, day_of, earliest, latest
from integration_engine.record.notice import Form, Problem, Provenance

# An office's clock may run ahead of ours.
FUTURE_TOLERANCE = timedelta(days=1)

# A row with one of these wrong would tell of another child, another day or another outcome: it goes back to be corrected.
# Anything else that can't be read is left out with a warning.
_REFUSING = {"two-digit-year", "bad-date"}
_REFUSING_CODES = {"coroner.stage", "coroner.conclusions"}
# What a spreadsheet makes of 7-2026 or 12/26 in a cell that isn't formatted as text.
_A_DAY = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|(?:\d{1,2}-)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2}(?:\d\d)?"
    r"|\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.ASCII | re.IGNORECASE,
)
_REFERENCES = ("reference", "transferred_to_reference", "transferred_from_reference")
# All that is said of an adult whose case is put right: which case it is.
_WHOSE_CASE = frozenset({"coroner.area", "coroner.reference", "coroner.stage", "coroner.stage_at"})
_CHILD_WORDS = frozenset({"child", "baby", "infant", "newborn", "boy", "girl", "neonate", "stillborn", "toddler"})


@dataclass(frozen=True, slots=True)
class Told:
    """One row's answer, with its fingerprint and who sent it."""

    item: Item
    content: str
    partner: str | None


@cache
def areas() -> frozenset[str]:
    """The slugs of the coroner areas there are and were."""
    with (mappings() / "reference" / "coroner-areas.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["slug"] for row in csv.DictReader(file))


def fingerprint(cells: Mapping[str, str]) -> str:
    """The same row gives the same fingerprint in any file, form, order of columns or spelling of its dates."""
    said = {}
    for column, value in sorted(cells.items()):
        text = " ".join(value.split())
        if column in DATES:
            with contextlib.suppress(Refused):
                text = moments.datetime(without_midnight(text)) or text
        said[column] = text
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def read_row(row: Row, headings: Mapping[str, str], submission: Submission, profile: Profile, body: bytes) -> Told:
    """What one row comes to; ``body`` is the row as a file of its own."""
    # What a row that can't be read says, nobody knows: only its bytes tell it from another.
    content = fingerprint(row.cells) if row.refusal is None else content_hash(body)
    # A day of a workbook has no time; the same row as CSV is to say the same.
    unknown = submission.feed is None or submission.feed.midnight_is_unknown is not False
    cells, elsewhere, problems = composed(row, headings, midnight_is_unknown=unknown)
    source = RowSource(cells, headings, row.place, elsewhere, row.joint)
    mapped = profile.map(source)
    values = dict(mapped.values)
    partner = submission.partner or values.get("coroner.area")
    refusals = [row.refusal] if row.refusal else _refusals(source, values, mapped, submission)
    if refusals:
        item = Item(row.index, "refused", refusals[0].code, problems=tuple(refusals))
        return Told(item, content, partner)
    provenance = _within_row(mapped.provenance, row)
    if "coroner.area" not in values and submission.partner:
        values["coroner.area"] = submission.partner
        provenance["coroner.area"] = Provenance(path="sender", profile=profile.name, rule="sender")
    answer, doubts = _age(source, values, submission)
    taken_back = values["coroner.stage"] == "WITHDRAWN" or (
        answer == "adult" and values["coroner.stage"] == "CORRECTED"
    )
    if answer == "adult":
        if not taken_back:
            return Told(Item(row.index, "passed-over", ADULT), content, partner)
        values = {path: value for path, value in values.items() if path in _WHOSE_CASE}
    else:
        _derived(values, provenance, row, profile, certain=answer == "child")
        problems += [*doubts, *_warnings(source, values, submission)]
    provenance = {path: where for path, where in provenance.items() if path in values}
    envelope: dict[str, Any] = {
        "id": notice_id("coroner", partner, None, content, 0),
        "submission": "s-" + content[:24],
        "source": {
            "kind": "coroner",
            "partner": partner,
            "message_id": "row-" + content[:24],
            "event": values["coroner.stage"],
            "local_ref": values["coroner.reference"],
        },
        "stated_at": values.get("coroner.stage_at"),
        "received_at": submission.received_at,
        "profile": profile.name,
        "profile_version": profile.version,
        "problems": problems,
    }
    if taken_back:
        # That an adult's case is put right matters only where somebody had said that it was a child's.
        routine = True if answer == "adult" else None
        envelope |= {"intent": "retract", "retraction": {"form": Form.WITHDRAWN, "routine": routine}}
    try:
        notice = notice_from(Mapped(values, provenance, () if answer == "adult" else mapped.problems), **envelope)
    except ValidationError:
        wrong = Problem(
            code="bad-envelope", text="the row's own reference can't be read", path=source.place_of("reference")
        )
        return Told(Item(row.index, "refused", wrong.code, problems=(wrong,)), content, partner)
    if taken_back:
        return Told(Item(row.index, "retraction", Form.WITHDRAWN, notice, notice.problems), content, partner)
    return Told(Item(row.index, "notice", "death", notice, notice.problems), content, partner)


def _age(source: RowSource, values: dict[str, Any], submission: Submission) -> tuple[Answer, list[Problem]]:
    """Whether the row is about a child. A birth date that can't be believed is taken out of ``values`` and told."""
    told_at = _first_of(values.get("coroner.stage_at"), canonical(submission.received_at.isoformat()))
    died_at = values.get("death.died_at") or day_of(told_at)
    stated = values.get("child.age_at_death")
    age = Age(**stated) if stated else None
    doubts = []
    if doubt := doubtful(values.get("child.birth_date"), died_at, age):
        text = f"date_of_birth: {DOUBTS[doubt]}; it was left out"
        doubts.append(Problem(code=doubt, text=text, path=source.place_of("date_of_birth")))
        del values["child.birth_date"]
    return child_or_adult(values.get("child.birth_date"), died_at, age, submission.age_rules), doubts


def _within_row(provenance: Mapping[str, Provenance], row: Row) -> dict[str, Provenance]:
    """Where each value stands in its row. Which row of which file that was is the reference's business: the same row sent
    again at another place of another file is the same statement, word for word."""
    return {
        field: where.model_copy(update={"path": where.path.replace(f"{row.place}{row.joint}", "")})
        for field, where in provenance.items()
    }


def _first_of(stated: str | None, received: str) -> str:
    return stated if stated and earliest(stated) < earliest(received) else received


def _refusals(source: RowSource, values: Mapping[str, Any], mapped: Mapped, submission: Submission) -> list[Problem]:
    if not source.find("reference") and not source.find("event"):
        text = "neither a reference nor an event: leave the row out, if it is a total or a note"
        return [Problem(code="missing", text=text, path=source.place_of("reference"))]
    found = [
        Problem(code="missing", text=f"{column} is needed", path=source.place_of(column))
        for column in ("area", "reference", "event")
        if not source.find(column) and not (column == "area" and submission.partner in areas())
    ]
    for problem in mapped.problems:
        field = problem.text.partition(":")[0]
        if problem.code in _REFUSING or (problem.code == "unknown-code" and field in _REFUSING_CODES):
            found.append(problem)
    area = values.get("coroner.area")
    if area and submission.partner in areas() and submission.partner != area:
        text = "the row names another coroner area than the one that sent it"
        found.append(Problem(code="wrong-sender", text=text, path=source.place_of("area")))
    text = "the spreadsheet has made a day of this reference: format the column as text and write it again"
    found += [
        Problem(code="reference-is-a-day", text=text, path=source.place_of(column))
        for column in _REFERENCES
        if _A_DAY.fullmatch(source.row.get(column, ""))
    ]
    latest_possible = submission.received_at + FUTURE_TOLERANCE
    for path, column in (("death.died_at", "date_of_death"), ("child.birth_date", "date_of_birth")):
        value = values.get(path)
        if value and earliest(value) > latest_possible:
            found.append(
                Problem(
                    code="date-in-future", text=f"{column}: a day that has not come yet", path=source.place_of(column)
                )
            )
    return list(dict.fromkeys(found))


def _warnings(source: RowSource, values: Mapping[str, Any], submission: Submission) -> list[Problem]:
    found = []

    def warn(code: str, text: str, column: str) -> None:
        found.append(Problem(code=code, text=text, path=source.place_of(column)))

    if values.get("coroner.conclusions") == ["neglect"]:
        warn("neglect-alone", "neglect only ever rides on another conclusion", "conclusion")
    if "coroner.stage_at" not in values:
        warn("missing", "a day is needed here, to know which statement came last", "event_at")
    elif earliest(values["coroner.stage_at"]) > submission.received_at + FUTURE_TOLERANCE:
        warn("date-in-future", "event_at: a day that has not come yet", "event_at")
    born, died = values.get("child.birth_date"), values.get("death.died_at")
    if born and died and latest(died) < earliest(born):
        warn("death-before-birth", "the death is before the birth", "date_of_death")
    if values.get("coroner.area") and values["coroner.area"] not in areas():
        warn("unknown-area", "a coroner area that the reference data doesn't have", "area")
    return found


def _derived(
    values: dict[str, Any],
    provenance: dict[str, Provenance],
    row: Row,
    profile: Profile,
    *,
    certain: bool,
) -> None:
    """What follows from the values and no path can say."""

    def put(path: str, value: Any, place: str, rule: str) -> None:
        values[path] = value
        provenance[path] = Provenance(path=place, profile=profile.name, rule=rule)

    if names.is_placeholder(values.get("child.given_names", ()), values.get("child.family_name")):
        put("child.name_is_placeholder", True, "given_names, family_name", "placeholder-names")
    if not certain:
        told = " ".join(row.cells.get(name, "") for name in ("given_names", "family_name", "age")).casefold()
        signs = ["described-as-child"] if not _CHILD_WORDS.isdisjoint(told.replace("/", " ").split()) else []
        if values.get("child.gestation_days") or values.get("death.live_birth"):
            signs.append("birth-described")
        if signs:
            put("child.signs_of_childhood", signs, "given_names, family_name, age", "signs-of-childhood")
