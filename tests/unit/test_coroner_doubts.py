"""What in a coroner's row is refused, doubted or taken back, and what shows that somebody was a child."""

import csv
import io
from datetime import UTC, datetime

import pytest

from adapters.adapter import Reading, Submission
from adapters.coroner.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile
from tests.unit.test_coroner_adapter import ROW


def one(partner: str | None = None, **also: str) -> Reading:
    row = {**ROW, **also}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row))
    writer.writeheader()
    writer.writerow(row)
    came = Submission(out.getvalue().encode(), datetime(2026, 4, 9, 12, tzinfo=UTC), partner=partner)
    (reading,) = ADAPTER.read(came, load_profile("coroner-case"))
    return reading


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.all_problems]


@pytest.mark.parametrize(
    "word", ["child", "Baby", "INFANT", "newborn", "boy", "girl", "neonate", "stillborn", "toddler", "baby/boy"]
)
@pytest.mark.parametrize("column", ["given_names", "family_name"])
def test_a_word_for_a_child_where_a_name_should_stand_is_a_sign(column: str, word: str) -> None:
    child = one(**{"date_of_birth": "", "given_names": "", "family_name": "", column: word}).notices[0].child
    assert child.signs_of_childhood == ("described-as-child",)


@pytest.mark.parametrize("told", [{"gestation_weeks": "38"}, {"live_birth": "Y"}])
def test_what_is_said_of_a_birth_is_a_sign(told: dict[str, str]) -> None:
    assert one(date_of_birth="", **told).notices[0].child.signs_of_childhood == ("birth-described",)
    assert one(**told).notices[0].child.signs_of_childhood == ()


def test_who_shows_no_sign_of_childhood_is_still_told_of() -> None:
    assert one(date_of_birth="").notices[0].child.signs_of_childhood == ()


@pytest.mark.parametrize(
    ("column", "path"), [("date_of_death", "death"), ("date_of_birth", "birth")], ids=["a death", "a birth"]
)
def test_a_day_that_has_not_come_is_refused_but_for_a_clock_a_day_ahead(column: str, path: str) -> None:
    assert (one(**{column: "2026-04-11"}).verdict, codes(one(**{column: "2026-04-11"}))) == (
        "refused",
        ["date-in-future"],
    )
    assert one(**{column: "2026-04-10"}).verdict == "notice", path


def test_a_death_on_the_day_of_the_birth_is_no_doubt_and_one_before_it_is() -> None:
    assert "death-before-birth" not in codes(one(date_of_birth="2026-03-09"))
    assert "death-before-birth" in codes(one(date_of_birth="2026-03-10"))


@pytest.mark.parametrize("event", ["WITHDRAWN", "CORRECTED"])
def test_an_adults_row_that_is_put_right_takes_back_what_was_said_of_a_child_and_says_no_more(event: str) -> None:
    reading = one(event=event, date_of_birth="1980-05-09")
    (notice,) = reading.notices
    assert (reading.verdict, notice.intent, notice.source.local_ref) == ("retraction", "retract", "7-2026")
    assert notice.retraction is not None
    assert (notice.retraction.form, notice.retraction.routine) == ("withdrawn", True)
    assert notice.child.model_dump(exclude_defaults=True) == {}
    assert (notice.death.model_dump(exclude_defaults=True), codes(reading)) == ({}, [])
    assert notice.coroner is not None
    assert (notice.coroner.area, notice.coroner.reference, notice.coroner.stage, notice.coroner.stage_at) == (
        "avon",
        "7-2026",
        event,
        "2026-03-10",
    )


def test_a_childs_row_that_is_corrected_takes_nothing_back_and_one_that_is_withdrawn_does() -> None:
    assert one(event="CORRECTED").notices[0].intent == "report"
    (withdrawn,) = one(event="WITHDRAWN").notices
    assert withdrawn.retraction is not None
    assert (withdrawn.intent, withdrawn.retraction.routine) == ("retract", None)


def test_a_row_is_its_senders_and_without_a_sender_its_areas() -> None:
    assert one().notices[0].source.partner == "avon"
    assert one(partner="avon").notices[0].source.partner == "avon"
    nameless = one(partner="avon", area="").notices[0]
    assert nameless.coroner is not None
    assert (nameless.source.partner, nameless.coroner.area) == ("avon", "avon")
    assert one(area="").reason == "missing"


def test_the_age_is_that_on_the_day_of_the_death_or_of_the_event_told_of() -> None:
    assert one(date_of_birth="2008-03-10").verdict == "notice"
    assert one(date_of_birth="2008-03-09").reason == "scope.adult"
    assert one(date_of_birth="2008-03-11", date_of_death="").verdict == "notice"
    assert one(date_of_birth="2008-03-10", date_of_death="").reason == "scope.adult"
