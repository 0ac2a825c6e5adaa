"""The coroner adapter: one reading, and so one answer, a row; what is kept of it is that row alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapters.adapter import Adapter, Feed, Item, Reading, Submission, content_hash
from adapters.coroner import workbook
from adapters.coroner.case_row import read_row
from adapters.coroner.composed import month_first
from adapters.coroner.forms import NEEDED, form_of, table
from adapters.csv_records import NotATable
from adapters.tables import headings_of
from integration_engine.mapping.profile import Profile, load_profile
from integration_engine.mapping.transforms import TRANSFORMS
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem

# So many known headings, the needed ones among them, are a coroner's table and no other kind's.
_LIKE_CASES = 4


@dataclass
class CoronerAdapter:
    """Case events as CSV, XLSX, JSON or XML. Profiles of this kind have no settings; their ``columns`` are synonyms."""

    kind: PartnerKind = "coroner"
    default_profile: str = "coroner-case"

    def recognises(self, body: bytes, name: str | None = None) -> bool:
        """A workbook, JSON or XML of case events, or a table with the headings of a reference and an event."""
        match form_of(body):
            case "xlsx":
                return body.startswith(workbook.OLD_EXCEL) or b"xl/" in body
            case "json":
                start = body[:2_000_000].lower()
                return b'"reference"' in start and b'"event"' in start and b'"area"' in start
            case "xml":
                return b"<cases" in body[:2000] or b":cases" in body[:2000]
            case _:
                return self._has_headings(body)

    def _has_headings(self, body: bytes) -> bool:
        try:
            found = headings_of(body, load_profile(self.default_profile).columns)
        except NotATable:
            return False
        return len(found) >= _LIKE_CASES and all(name in found for name in NEEDED)

    def screen(self, body: bytes) -> bool:
        """Always worth reading: the few rows about children can't be told by bytes."""
        return bool(body.strip())

    def screen_for(self, ways: Sequence[tuple[Profile, Feed | None]]) -> Callable[[bytes], bool]:
        return self.screen

    def sender(self, body: bytes) -> tuple[str | None, str | None]:
        """The coroner area that the first row names."""
        try:
            rows = table(body, load_profile(self.default_profile).columns).rows
        except NotATable:
            return None, None
        area = next((row.cells["area"] for row in rows if "area" in row.cells), None)
        return (TRANSFORMS["slug"].run(area) if area else None), None

    def read(self, submission: Submission, profile: Profile) -> Iterator[Reading]:
        """One reading a row, in order; the file's own problems are told with the first."""
        try:
            found = table(submission.body, profile.columns)
        except NotATable as error:
            yield _refused(error.problem, profile, content_hash(submission.body))
            return
        if not found.rows:
            empty = Problem(code="no-rows", text="a table without rows")
            yield replace(_refused(empty, profile, content_hash(submission.body)), problems=found.problems)
            return
        seen: set[str] = set()
        problems = (*found.problems, *month_first(found.rows))
        for row in found.rows:
            body = found.alone([row])
            told = read_row(row, found.headings, submission, profile, body)
            item = told.item
            if told.content in seen and item.verdict != "refused":
                again = Problem(code="duplicate-row", text="the same row stands above; it counts once", path=row.place)
                item = replace(item, problems=(*item.problems, again))
            seen.add(told.content)
            yield Reading(
                row.index,
                "coroner",
                profile.name,
                (item,),
                problems if row.index == 0 else (),
                "row-" + told.content[:24],
                told.partner,
                told.content,
                # Of an adult nothing is handed on.
                body=None if item.verdict == "passed-over" else body,
                body_type=found.written_as,
            )


def _refused(problem: Problem, profile: Profile, content: str) -> Reading:
    item = Item(0, "refused", problem.code, problems=(problem,))
    return Reading(0, "coroner", profile.name, (item,), content_hash=content)


ADAPTER: Adapter = CoronerAdapter()
