"""A case that was an adult's after all ends by its own sender's word; of an adult nobody held as a child a count is left."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from adapters.adapter import Submission
from integration_engine.pipeline import process
from integration_engine.store import overview
from integration_engine.store.database import Store, table
from integration_engine.store.tables import BlindIndexRow, NoticeRow, SubmissionRow
from integration_engine.synthetic import coroner, police
from integration_engine.synthetic.person import Child
from tests.store_samples import NOW, rules

BOY = Child("Larkhall", "Kit", "2012-07-05", "male", lines=("3 Weir Row",), postcode="RG1 1LZ")
GROWN_UP = replace(BOY, birth_date="1972-07-05")
FORCE, AREA = "E23000029", "berkshire"


def of_police(child: Child, version: int, status: str = "current") -> Submission:
    told = f"2026-03-09T{version:02}:00:00Z"
    event = {"event_id": "E1", "type": "fire"}
    persons = [police.deceased(child, "P1")]
    body = police.report(FORCE, "43-1", told, persons, event=event, version=version, status=status)
    return Submission(body, NOW, partner=FORCE)


def of_coroner(child: Child, event: str, day: int) -> Submission:
    row = coroner.row(AREA, "7/26", event, f"2026-03-{day:02}", child, date_of_death="2026-03-08")
    return Submission(coroner.upload([row]), NOW, "text/csv", partner=AREA)


PAIRS = [
    (of_police(BOY, 1), of_police(GROWN_UP, 2)),
    (of_police(BOY, 1), of_police(GROWN_UP, 2, "withdrawn")),
    (of_coroner(BOY, "REFERRED", 9), of_coroner(GROWN_UP, "CORRECTED", 10)),
    (of_coroner(BOY, "REFERRED", 9), of_coroner(GROWN_UP, "WITHDRAWN", 10)),
]


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
@pytest.mark.parametrize(("child", "adult"), PAIRS)
def test_who_was_an_adult_after_all_is_no_case_any_more(
    store: Store, child: Submission, adult: Submission, together: bool
) -> None:
    for batch in [[child, adult]] if together else [[child], [adult]]:
        process(store, batch, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    assert (case.state, case.rule) == ("withdrawn", "scope.retracted")


@pytest.mark.parametrize("adult", [adult for _, adult in PAIRS])
def test_of_an_adult_nothing_is_stored_but_a_count(store: Store, adult: Submission) -> None:
    process(store, [adult], now=NOW, **rules())
    with store.reading() as transaction:
        for rows in (SubmissionRow, NoticeRow, BlindIndexRow):
            assert transaction.connection.execute(select(func.count()).select_from(table(rows))).scalar_one() == 0
    assert {count.verdict for count in overview.counts(store, NOW.date())} == {"passed-over"}
