"""Police sudden-death reports: who makes a notice, what is refused and where, and what is never lost."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.adapter import MOST_BYTES_OF_OFFICES, Feed, Reading, Submission
from adapters.police.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile

RECEIVED = datetime(2026, 3, 9, 12, tzinfo=UTC)
CHILD = {"person_id": "P1", "role": "deceased", "family_name": "Quill", "date_of_birth": "2016-01-31"}


def report(*persons: dict[str, Any], **also: Any) -> dict[str, Any]:
    return {
        "schema": "police-sudden-death/1",
        "force": "E23000013",
        "report_id": "13-1",
        "version": 1,
        "status": "current",
        "reported_at": "2026-03-09T10:00:00",
        "event": {"event_id": "EV-1", "type": "fire"},
        "persons": list(persons or (CHILD,)),
        **also,
    }


def told(document: Any, **also: Any) -> Reading:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    (reading,) = ADAPTER.read(Submission(body, RECEIVED, **also), load_profile("police-sudden-death"))
    return reading


def test_each_deceased_child_of_one_event_has_a_notice_and_shares_the_event() -> None:
    cousin = {**CHILD, "person_id": "P3"}
    adult = {"person_id": "P2", "role": "deceased", "date_of_birth": "1980-01-01"}
    hurt = {**CHILD, "person_id": "P4", "role": "injured"}
    reading = told(report(CHILD, hurt, adult, cousin))
    assert [(item.index, item.verdict, item.reason) for item in reading.items] == [
        (0, "notice", "death"),
        (1, "passed-over", "scope.adult"),
        (2, "notice", "death"),
    ]
    one, other = reading.notices
    assert one.death.event is not None
    assert other.death.event is not None
    assert one.death.event.reference == other.death.event.reference == "E23000013/EV-1"
    assert [notice.source.local_ref for notice in reading.notices] == ["13-1/P1", "13-1/P3"]
    assert one.id != other.id


def test_a_year_of_death_mistyped_into_the_next_century_makes_no_adult_of_a_child() -> None:
    reading = told(report({**CHILD, "life_extinct_at": "2126-03-09T04:10:00Z"}))
    assert reading.verdict == "notice"
    assert {problem.code for problem in reading.all_problems} == {"date-in-future"}
    assert reading.notices[0].death.died_at is None


def test_an_adult_leaves_nothing_behind() -> None:
    reading = told(report({**CHILD, "date_of_birth": "1980-01-01"}))
    assert (reading.verdict, reading.reason, reading.notices) == ("passed-over", "scope.adult", ())
    assert "Quill" not in repr(reading)


def test_who_died_on_the_eighteenth_birthday_is_an_adult() -> None:
    born = {**CHILD, "date_of_birth": "2008-03-08"}
    assert told(report({**born, "life_extinct_at": "2026-03-08T00:05:00"})).reason == "scope.adult"
    assert told(report({**born, "life_extinct_at": "2026-03-07T23:50:00"})).verdict == "notice"


def test_without_a_time_of_death_the_report_is_the_latest_it_can_be() -> None:
    assert told(report({**CHILD, "date_of_birth": "2008-03-09"})).reason == "scope.adult"
    assert told(report({**CHILD, "date_of_birth": "2008-03-10"})).verdict == "notice"


def test_an_unknown_age_is_a_notice_whatever_else_is_missing() -> None:
    reading = told(report({"person_id": "P1", "role": "deceased"}))
    assert reading.verdict == "notice"
    assert reading.notices[0].child.signs_of_childhood == ()


def test_signs_of_childhood_are_told_where_the_age_is_not_known() -> None:
    person = {"person_id": "P1", "role": "deceased", "school": "Hill Primary", "looked_after": {"is": True}}
    mother = {"person_id": "P2", "role": "mother", "family_name": "Quill"}
    assert told(report(person, mother)).notices[0].child.signs_of_childhood == (
        "school",
        "looked-after",
        "parent-named",
    )
    assert told(report(CHILD, mother)).notices[0].child.signs_of_childhood == ()


def test_family_is_found_by_the_relationships_stated() -> None:
    twin = {**CHILD, "person_id": "P5", "role": "sibling", "given_names": "Max"}
    mothers = [
        {"person_id": "P2", "role": "mother", "given_names": "Ruth"},
        {"person_id": "P3", "role": "mother", "given_names": "Other"},
    ]
    links = [
        {"from": "P2", "to": "P1", "type": "mother"},
        {"from": "P6", "to": "P1", "type": "Grandmother"},
        {"from": "P1", "to": "P5", "type": "sibling"},
        {"from": "P9", "to": "P1", "type": "father"},
    ]
    carer = {"person_id": "P6", "role": "carer", "given_names": "Nan"}
    child = told(report(CHILD, *mothers, carer, twin, relationships=links)).notices[0].child
    assert child.mother is not None
    assert child.mother.given_names == ("Ruth",)
    assert [(one.relationship, one.given_names) for one in child.carers] == [("grandmother", ("Nan",))]
    assert [one.given_names for one in child.siblings] == [("Max",)]


def test_with_several_dead_a_mother_is_nobodys_until_said_whose() -> None:
    mother = {"person_id": "P2", "role": "mother", "given_names": "Ruth"}
    reading = told(report(CHILD, {**CHILD, "person_id": "P3"}, mother))
    assert [notice.child.mother for notice in reading.notices] == [None, None]


def test_a_withdrawn_report_takes_back_and_keeps_its_version() -> None:
    reading = told(report(version=4, status="withdrawn"))
    (notice,) = reading.notices
    assert (reading.verdict, notice.intent, notice.source.version) == ("retraction", "retract", 4)
    assert notice.retraction is not None
    assert notice.retraction.form == "withdrawn"


@pytest.mark.parametrize("persons", [[], [{**CHILD, "role": "witness"}]], ids=["no persons", "a witness only"])
def test_a_withdrawal_that_does_not_say_whose_death_it_takes_back_is_refused(persons: list[dict[str, Any]]) -> None:
    reading = told({**report(version=2, status="withdrawn"), "persons": persons})
    assert (reading.verdict, reading.reason, reading.statements) == ("refused", "no-persons", ())
    assert [problem.path for problem in reading.all_problems] == ["$.persons"]


INJURED = {**CHILD, "role": "injured"}


def test_an_injured_child_of_a_later_version_takes_an_earlier_death_back_and_is_nothing_alone() -> None:
    reading = told(report({**CHILD, "person_id": "P2"}, INJURED, version=2))
    assert [(item.index, item.verdict, item.reason) for item in reading.items] == [
        (0, "notice", "death"),
        (1, "passed-over", "no-death"),
    ]
    assert [notice.source.local_ref for notice in reading.notices] == ["13-1/P2"]
    notice = reading.items[1].notice
    assert notice is not None
    assert (notice.intent, notice.source.local_ref, notice.source.version) == ("retract", "13-1/P1", 2)
    assert notice.retraction is not None
    assert (notice.retraction.form, notice.retraction.routine) == ("not-dead", True)
    assert notice.death.event is not None
    assert (notice.death.event.reference, notice.death.died_at) == ("E23000013/EV-1", None)


@pytest.mark.parametrize(
    ("version", "changes"),
    [
        (1, {}),
        (2, {"date_of_birth": "1980-01-01"}),
        (2, {"life_extinct_at": "2026-03-09T04:00:00"}),
        (2, {"role": "witness"}),
    ],
    ids=["a first version", "an adult", "said to be dead in the same breath", "another role"],
)
def test_nothing_is_taken_back_by(version: int, changes: dict[str, str]) -> None:
    reading = told(report({**INJURED, **changes}, version=version))
    assert [(item.index, item.verdict, item.reason) for item in reading.items] == [(0, "passed-over", "no-death")]
    assert reading.statements == ()


def test_a_child_who_turned_eighteen_since_the_event_is_taken_back_all_the_same() -> None:
    event = {"event_id": "EV-1", "type": "fire", "at": "2026-03-01T10:00:00"}
    assert told(report({**INJURED, "date_of_birth": "2008-03-05"}, version=2, event=event)).statements
    assert not told(
        report({**INJURED, "date_of_birth": "2008-03-05"}, version=2, event={"event_id": "EV-1"})
    ).statements


@pytest.mark.parametrize(
    ("birth", "verdict", "reason"),
    [
        ({"outcome": "still", "professional_attending": True}, "passed-over", "scope.stillbirth"),
        ({"outcome": "still", "professional_attending": False}, "notice", "death"),
        ({"outcome": "still"}, "notice", "death"),
        ({"outcome": "still", "professional_attending": True, "suspected_stillbirth_at_home": True}, "notice", "death"),
        (
            {"outcome": "still", "professional_attending": False, "gestation_weeks": 23},
            "passed-over",
            "scope.stillbirth",
        ),
        ({"outcome": "still", "professional_attending": False, "gestation_weeks": 24}, "notice", "death"),
        ({"outcome": "live", "gestation_weeks": "22+1"}, "notice", "death"),
        ({"outcome": "live", "termination": True}, "passed-over", "scope.termination"),
        ({"outcome": "unknown", "professional_attending": True}, "notice", "death"),
    ],
)
def test_births_follow_the_rules_of_scope(birth: dict[str, Any], verdict: str, reason: str) -> None:
    reading = told(report({"person_id": "P1", "role": "deceased", "age": "newborn", "birth": birth}))
    assert (reading.verdict, reading.reason) == (verdict, reason)
    assert (reading.hint is not None) is (verdict == "passed-over")


def test_an_attended_stillbirth_is_pointed_to_mbrrace() -> None:
    birth = {"outcome": "still", "professional_attending": True}
    hint = told(report({"person_id": "P1", "role": "deceased", "birth": birth})).hint
    assert hint is not None
    assert "MBRRACE-UK" in hint


def test_a_found_time_is_no_known_time() -> None:
    notice = told(
        report({**CHILD, "found_at": "2026-03-08T07:00:00", "life_extinct_at": "2026-03-08T07:40:00"})
    ).notices[0]
    assert (notice.death.died_at, notice.death.died_at_basis) == ("2026-03-08T07:40+00:00", "found")


def test_a_time_that_has_not_come_is_left_out_and_told() -> None:
    reading = told(report({**CHILD, "life_extinct_at": "2026-04-09T07:00:00"}))
    (notice,) = reading.notices
    assert notice.death.died_at is None
    assert "death.died_at" not in notice.provenance
    assert [(problem.code, problem.path) for problem in notice.problems] == [
        ("date-in-future", "$.persons[0].life_extinct_at")
    ]


def test_every_value_says_where_in_the_report_it_stood() -> None:
    notice = told(report({"person_id": "P0", "role": "witness"}, CHILD)).notices[0]
    assert notice.provenance["child.family_name"].path == "$.persons[1].family_name"
    assert notice.provenance["police.force"].path == "$.force"


def test_codes_outside_their_list_and_unknown_members_cost_only_themselves() -> None:
    event = {"event_id": "EV-1", "type": "stabbing", "weather": "wet"}
    reading = told(report({**CHILD, "sex": "X"}, event=event))
    assert reading.verdict == "notice"
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [
        ("unknown-member", "$.event.weather"),
        ("unknown-code", "$.event.type"),
    ]
    assert reading.notices[0].child.sex == "unknown"


def test_a_force_cannot_speak_as_another() -> None:
    assert told(report(), partner="E23000038").reason == "wrong-sender"
    assert told(report(), partner="E23000013").verdict == "notice"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"", "bad-json", "$"),
        (b"{", "bad-json", "$"),
        (b'{"a": 1, "a": 2}', "duplicate-key", "$"),
        (b'{"a": NaN}', "not-a-number", "$"),
        (b'{"a": -Infinity}', "not-a-number", "$"),
        (b'{"a": 12345678901234567890}', "number-too-large", "$"),
        (b'{"a": ["x", "\\u0000"]}', "nul-character", "$.a[1]"),
        (b'{"a": "\\ud800"}', "lone-surrogate", "$.a"),
        (b"[" * 100_000, "too-deep", "$"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too-deep", "$"),
        (b'{"a": "\xff"}', "bad-encoding", "$"),
        (b"[]", "wrong-type", "$"),
        (b"[" + b" " * MOST_BYTES_OF_OFFICES, "too-large", "$"),
        (b"{}", "wrong-schema", "$.schema"),
        (b'{"schema": "police-sudden-death/2"}', "wrong-schema", "$.schema"),
    ],
)
def test_bytes_that_are_no_report_are_refused_with_code_and_place(body: bytes, code: str, path: str) -> None:
    profile = load_profile("police-sudden-death")
    body = body or b"{"
    (reading,) = ADAPTER.read(Submission(body, RECEIVED), profile)
    assert (reading.verdict, reading.reason) == ("refused", code)
    assert reading.all_problems[0].path == path


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"persons": {}}, "wrong-type", "$.persons"),
        ({"persons": [3]}, "wrong-type", "$.persons[0]"),
        ({"persons": [{**CHILD, "family_name": 7}]}, "wrong-type", "$.persons[0].family_name"),
        (
            {"persons": [{**CHILD, "birth": {"professional_attending": "true"}}]},
            "wrong-type",
            "$.persons[0].birth.professional_attending",
        ),
        ({"persons": [{"role": "deceased"}]}, "missing", "$.persons[0].person_id"),
        ({"persons": [{**CHILD, "role": "victim"}]}, "unknown-code", "$.persons[0].role"),
        ({"status": "maybe"}, "unknown-code", "$.status"),
        ({"force": "Wiltshire"}, "unknown-code", "$.force"),
        ({"version": 0}, "out-of-range", "$.version"),
        ({"version": "1"}, "wrong-type", "$.version"),
        ({"report_id": None}, "wrong-type", "$.report_id"),
        ({"relationships": [{"from": "P1", "to": "P2"}]}, "missing", "$.relationships[0].type"),
    ],
)
def test_a_report_of_the_wrong_shape_is_refused_with_code_and_place(
    change: dict[str, Any], code: str, path: str
) -> None:
    reading = told({**report(), **change})
    assert (reading.verdict, reading.reason) == ("refused", code)
    assert reading.all_problems[0].path == path


def test_refusals_never_repeat_what_was_sent() -> None:
    reading = told({**report({**CHILD, "Zebediah Quill": 1, "role": "Zebediah"})})
    assert "Zebediah" not in repr(reading.all_problems)


def test_the_same_report_is_the_same_notice_whenever_and_however_it_comes() -> None:
    body = json.dumps(report()).encode()
    first = told(body).notices[0]
    later = Submission(body, datetime(2026, 5, 1, tzinfo=UTC), message_id="by-post")
    (again,) = ADAPTER.read(later, load_profile("police-sudden-death"))
    assert again.notices[0].id == first.id


def test_members_that_are_null_are_absent() -> None:
    reading = told(
        report({**CHILD, "nhs_number": None, "address": None, "birth": None, "gp": None}, coroner=None, officer=None)
    )
    assert reading.verdict == "notice"
    assert not reading.all_problems


def test_two_children_of_one_number_are_refused_before_they_become_one() -> None:
    sister = {**CHILD, "given_names": "Ida"}
    reading = told(report(CHILD, sister))
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [
        ("duplicate-person", "$.persons[1].person_id")
    ]
    assert reading.verdict == "refused"


def test_bystanders_of_one_number_cost_nobodys_death() -> None:
    assert told(report(CHILD, *[{"person_id": "P9", "role": "witness"}] * 2)).verdict == "notice"


@pytest.mark.parametrize(
    ("means_it", "died"), [(None, "2026-03-09"), (True, "2026-03-09"), (False, "2026-03-09T00:00+00:00")]
)
def test_midnight_is_a_day_without_a_time_and_told_unless_the_feed_means_it(means_it: bool | None, died: str) -> None:
    feed = Feed("own", "E23000013", "police", "police-sudden-death", midnight_is_unknown=means_it)
    reading = told(report({**CHILD, "life_extinct_at": "2026-03-09T00:00:00"}), feed=feed)
    assert reading.notices[0].death.died_at == died
    codes = [(problem.code, problem.path) for problem in reading.all_problems]
    assert codes == ([] if means_it is False else [("midnight-read-as-date", "$.persons[0].life_extinct_at")])
