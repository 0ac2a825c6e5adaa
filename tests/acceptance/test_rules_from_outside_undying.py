"""Retraction, by hand-written messages: every form against every state a case can be in, in both orders of arrival."""

from pathlib import Path

import pytest

from tests.acceptance.outside import DIED_IN_HOSPITAL, NHS, VISIT, Answer, adt, coroner, national, police, tried

NOON = "20260309120000"
DEAD = adt()
FORMS = {
    "PID-30 deleted": adt("A08", "2", sent=NOON, died="", dead='""', visit=VISIT),
    "PID-29 deleted": adt("A08", "2", sent=NOON, died='""', dead="", visit=VISIT),
    "both deleted": adt("A31", "2", sent=NOON, died='""', dead='""', visit=None),
    "resurrec": adt("A08", "2", sent=NOON, died="RESURREC", dead="", visit=VISIT),
    "zeros": adt("A08", "2", sent=NOON, died="00000000", dead="", visit=VISIT),
    "zeros with a time": adt("A08", "2", sent=NOON, died="00000000000000", dead="", visit=VISIT),
}
BOTH = FORMS["both deleted"]
CANCELS = {t: adt(t, "2", sent=NOON, visit=DIED_IN_HOSPITAL) for t in ("A13", "A23", "A29", "A11", "A12", "A27")}
POLICE = police({"nhs_number": NHS})
INFORMAL = national("1", "2026-03-09T06:00:00+00:00")
FORMAL = national("2", "2026-03-12T06:00:00+00:00")
EARLY_U = national("U", "2026-03-09T13:20:00+00:00", died=None)
LATE_U = national("U", "2026-03-13T06:00:00+00:00", died=None)
WITHDRAWN, OPEN = ("withdrawn", "scope.retracted"), ("open", "scope.child")
CANCELLED, DISPUTED = ("held", "held.cancelled-visit"), ("held", "held.disputed")


def outcome(answer: Answer) -> list[tuple[str, str]]:
    return [(case["state"], case["rule"]) for case in answer["cases"]]


@pytest.mark.parametrize("form", FORMS)
def test_a_retraction_withdraws_its_own_statement_in_any_order_and_once(tmp_path: Path, form: str) -> None:
    gone = FORMS[form]
    for messages in ([DEAD, gone], [gone, DEAD], [DEAD, gone, gone, DEAD]):
        answer = tried(tmp_path, messages)
        assert (outcome(answer), answer["waiting"]) == ([WITHDRAWN], [])


@pytest.mark.parametrize("form", FORMS)
def test_a_retraction_of_nothing_we_hold_waits(tmp_path: Path, form: str) -> None:
    answer = tried(tmp_path, [FORMS[form]])
    assert (answer["cases"], answer["waiting"]) == ([], ["m0#0"])


@pytest.mark.parametrize("form", FORMS)
def test_a_retraction_from_before_the_death_message_takes_nothing_back(tmp_path: Path, form: str) -> None:
    assert outcome(tried(tmp_path, [FORMS[form].replace(NOON, "20260309030000"), DEAD])) == [OPEN]


@pytest.mark.parametrize("form", FORMS)
def test_where_the_police_still_say_dead_a_person_decides(tmp_path: Path, form: str) -> None:
    answer = tried(tmp_path, [DEAD, FORMS[form], POLICE])
    assert outcome(answer) == [DISPUTED]
    assert "disputed" in answer["cases"][0]["flags"]


@pytest.mark.parametrize("trigger", ["A08", "A31"])
@pytest.mark.parametrize("dead", ["N", ""])
def test_a_plain_no_or_an_empty_field_takes_nothing_back(tmp_path: Path, trigger: str, dead: str) -> None:
    later = adt(trigger, "2", sent=NOON, died="", dead=dead, visit=VISIT if trigger == "A08" else None)
    assert outcome(tried(tmp_path, [DEAD, later])) == [OPEN]


@pytest.mark.parametrize("trigger", CANCELS)
def test_a_cancelled_visit_is_for_a_person_until_a_real_retraction_joins_it(tmp_path: Path, trigger: str) -> None:
    cancel, real = CANCELS[trigger], adt("A08", "3", sent="20260309130000", died="", dead='""', visit=VISIT)
    for messages in ([DEAD, cancel], [cancel, DEAD]):
        assert outcome(tried(tmp_path, messages)) == [CANCELLED]
    assert outcome(tried(tmp_path, [DEAD, cancel, real])) == [WITHDRAWN]
    assert outcome(tried(tmp_path, [DEAD, cancel, EARLY_U])) == [WITHDRAWN]
    assert outcome(tried(tmp_path, [DEAD, cancel, EARLY_U, POLICE])) == [DISPUTED]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([INFORMAL], OPEN),
        ([INFORMAL, EARLY_U], WITHDRAWN),
        ([EARLY_U, INFORMAL], WITHDRAWN),
        ([FORMAL, LATE_U], WITHDRAWN),
        ([LATE_U, FORMAL], WITHDRAWN),
        ([EARLY_U, FORMAL], OPEN),
        ([FORMAL, EARLY_U], OPEN),
        ([FORMAL, DEAD, BOTH], DISPUTED),
        ([FORMAL, LATE_U, DEAD], DISPUTED),
        ([INFORMAL, EARLY_U, DEAD, BOTH], WITHDRAWN),
    ],
)
def test_the_national_record_stands_by_what_it_said_last(
    tmp_path: Path, messages: list[str], expected: tuple[str, str]
) -> None:
    assert outcome(tried(tmp_path, messages)) == [expected]


def test_a_u_of_a_child_nobody_holds_waits(tmp_path: Path) -> None:
    answer = tried(tmp_path, [EARLY_U])
    assert (answer["cases"], answer["waiting"]) == ([], ["m0#0"])


@pytest.mark.parametrize(
    ("at", "expected"), [("2026-03-09T09:00:00+00:00", WITHDRAWN), ("2026-03-09T05:00:00+00:00", OPEN)]
)
def test_not_deceased_counts_only_after_the_deceased(tmp_path: Path, at: str, expected: tuple[str, str]) -> None:
    alive = national(None, at, died=None, deceasedBoolean=False)
    assert outcome(tried(tmp_path, [national(None, "2026-03-09T06:00:00+00:00"), alive])) == [expected]


def test_police_and_coroners_take_back_their_own(tmp_path: Path) -> None:
    gone = police(version=2, status="withdrawn", reported_at="2026-03-09T12:00:00Z")
    for messages in ([police(), gone], [gone, police()]):
        assert outcome(tried(tmp_path, messages)) == [WITHDRAWN]
    told, taken = {"event": "REFERRED"}, {"event": "WITHDRAWN", "event_at": "2026-03-10T08:00"}
    for upload in ([coroner(told), coroner(taken)], [coroner(taken), coroner(told)], [coroner(told, taken)]):
        assert outcome(tried(tmp_path, upload)) == [WITHDRAWN]
    closed = {"event": "DISCONTINUED", "event_at": "2026-03-10T08:00"}
    assert outcome(tried(tmp_path, [coroner(told, closed)])) == [OPEN]


def test_a_death_told_again_after_its_retraction_is_a_death(tmp_path: Path) -> None:
    assert outcome(tried(tmp_path, [DEAD, BOTH, adt("A03", "7", sent="20260309150000")])) == [OPEN]
