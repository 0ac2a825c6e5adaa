"""What in a police report can't be believed, or says less than it seems to; and what shows that somebody was a child."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.adapter import Reading, Submission
from adapters.police.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile
from integration_engine.record.notice import DeathNotice
from tests.unit.test_police_adapter import CHILD, report

NAMELESS = {"person_id": "P1", "role": "deceased"}


def told(person: dict[str, Any], *others: dict[str, Any], **also: Any) -> Reading:
    came = Submission(json.dumps(report(person, *others, **also)).encode(), datetime(2026, 3, 9, 12, tzinfo=UTC))
    (reading,) = ADAPTER.read(came, load_profile("police-sudden-death"))
    return reading


def one(reading: Reading) -> DeathNotice:
    (notice,) = reading.notices
    return notice


def problems(reading: Reading) -> list[tuple[str, str]]:
    return [(problem.code, problem.path or "") for problem in reading.all_problems]


@pytest.mark.parametrize(
    ("field", "path"),
    [("life_extinct_at", "died_at"), ("found_at", "found_at"), ("last_seen_alive_at", "last_seen_alive_at")],
)
def test_midnight_is_a_day_without_a_time_wherever_it_stands(field: str, path: str) -> None:
    died = {} if field == "life_extinct_at" else {"life_extinct_at": "2026-03-09T04:10:00"}
    reading = told({**CHILD, **died, field: "2026-03-09T00:00:00"})
    assert getattr(one(reading).death, path) == "2026-03-09"
    assert problems(reading) == [("midnight-read-as-date", f"$.persons[0].{field}")]


def test_midnight_of_an_event_is_a_day_without_a_time_too() -> None:
    reading = told(CHILD, event={"event_id": "EV-1", "type": "fire", "at": "2026-03-08T00:00:00"})
    event = one(reading).death.event
    assert event is not None
    assert (event.at, problems(reading)) == ("2026-03-08", [("midnight-read-as-date", "$.event.at")])


@pytest.mark.parametrize("field", ["life_extinct_at", "found_at", "last_seen_alive_at", "date_of_birth"])
def test_a_time_that_has_not_come_is_left_out_and_loses_no_death(field: str) -> None:
    came = "2026-03-11" if field == "date_of_birth" else "2026-03-11T04:10:00"
    reading = told({**CHILD, field: came})
    notice = one(reading)
    values = (notice.death.died_at, notice.death.found_at, notice.death.last_seen_alive_at, notice.child.birth_date)
    assert values == (None, None, None, None if field == "date_of_birth" else "2016-01-31")
    assert ("date-in-future", f"$.persons[0].{field}") in problems(reading)


def test_an_event_that_has_not_come_is_left_out_and_loses_no_death() -> None:
    reading = told(CHILD, event={"event_id": "EV-1", "type": "fire", "at": "2027-03-08T09:00:00"})
    event = one(reading).death.event
    assert event is not None
    assert (event.at, problems(reading)) == (None, [("date-in-future", "$.event.at")])


def test_a_clock_of_a_force_may_run_a_day_ahead_of_ours() -> None:
    assert one(told({**CHILD, "life_extinct_at": "2026-03-10T11:00:00"})).death.died_at == "2026-03-10T11:00+00:00"


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ({"date_of_birth": "1900-01-01"}, "birth-date-impossible"),
        ({"date_of_birth": "1996-01-01", "age": "3 years"}, "age-disagrees"),
    ],
)
def test_a_birth_date_that_would_lose_a_child_is_left_out_and_the_force_is_told(
    person: dict[str, Any], why: str
) -> None:
    reading = told({**CHILD, **person})
    assert one(reading).child.birth_date is None
    assert problems(reading) == [(why, "$.persons[0].date_of_birth")]


def test_whether_a_birth_date_is_believed_is_asked_of_the_day_of_the_death() -> None:
    # Eighteen and a half when it was reported, sixteen when they died: no more than a birthday away from what is stated.
    late = {**CHILD, "date_of_birth": "2007-08-01", "age": "16 years", "life_extinct_at": "2024-03-09T04:10:00"}
    reading = told(late)
    assert (one(reading).child.birth_date, problems(reading)) == ("2007-08-01", [])


@pytest.mark.parametrize(
    "word",
    [
        *("child", "Baby", "INFANT", "newborn", "boy", "girl", "toddler", "neonate", "schoolboy", "schoolgirl"),
        *("teenager", "un-named baby", "boy/infant"),
    ],
)
@pytest.mark.parametrize("field", ["given_names", "family_name", "known_as"])
def test_a_word_that_only_fits_a_child_where_a_name_should_stand_is_a_sign(field: str, word: str) -> None:
    assert one(told({**NAMELESS, field: word})).child.signs_of_childhood == ("described-as-child",)


@pytest.mark.parametrize(
    ("person", "others", "sign"),
    [
        pytest.param({"school": "Hill Primary"}, (), "school", id="a school"),
        pytest.param({"looked_after": {"is": True}}, (), "looked-after", id="looked after"),
        pytest.param({"birth": {"gestation_weeks": 40}}, (), "birth-described", id="a birth"),
        pytest.param({"birth": {"termination": False}}, (), "birth-described", id="a birth, by what it was not"),
        pytest.param({}, ("mother",), "parent-named", id="a mother"),
        pytest.param({}, ("father",), "parent-named", id="a father"),
        pytest.param({}, ("carer",), "parent-named", id="a carer"),
        pytest.param({}, ("sibling",), "sibling-named", id="a brother or sister"),
    ],
)
def test_each_sign_of_childhood_is_told_alone(person: dict[str, Any], others: tuple[str, ...], sign: str) -> None:
    around = [{"person_id": "P2", "role": role, "family_name": "Quill"} for role in others]
    assert one(told({**NAMELESS, "family_name": "Quill", **person}, *around)).child.signs_of_childhood == (sign,)


@pytest.mark.parametrize("role", ["witness", "other"])
def test_who_only_saw_it_is_no_sign_of_childhood(role: str) -> None:
    saw = {"person_id": "P2", "role": role, "family_name": "Oak"}
    link = {"from": "P2", "to": "P1", "type": role}
    for relationships in ([], [link]):
        notice = one(told({**NAMELESS, "family_name": "Quill"}, saw, relationships=relationships))
        assert (notice.child.signs_of_childhood, notice.child.carers) == ((), ())


@pytest.mark.parametrize(
    ("person", "takes_back"),
    [
        pytest.param({}, True, id="injured"),
        pytest.param({"found_at": "2026-03-09T04:10:00"}, True, id="found"),
        pytest.param({"life_extinct_at": "2026-03-09T04:10:00"}, False, id="life was extinct all the same"),
        pytest.param({"date_of_birth": "1990-01-31"}, False, id="an adult"),
        pytest.param({"date_of_birth": "2008-03-09"}, False, id="an adult on that day"),
        pytest.param({"date_of_birth": "2008-03-10"}, True, id="a child on that day"),
    ],
)
def test_whom_a_later_version_calls_injured_lives_unless_it_says_when_life_was_extinct(
    person: dict[str, Any], takes_back: bool
) -> None:
    reading = told({**CHILD, "role": "injured", **person}, version=2)
    intents = [item.notice.intent for item in reading.items if item.notice]
    assert (reading.verdict, intents) == ("passed-over", ["retract"] if takes_back else [])


def test_who_came_of_age_since_the_event_was_a_child_in_the_earlier_version() -> None:
    event = {"event_id": "EV-1", "type": "fire", "at": "2026-03-01T09:00:00"}
    reading = told({**CHILD, "role": "injured", "date_of_birth": "2008-03-05"}, version=2, event=event)
    assert [item.notice.intent for item in reading.items if item.notice] == ["retract"]
