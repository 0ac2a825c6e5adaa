"""What the console says in words: alarms, fields, values, decisions, and what happened to a case."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from integration_engine.console.wording import (
    _CODES,
    ALARMS,
    DELIVERIES,
    LABELS,
    LOOKS,
    SOURCES,
    decided_text,
    field_of,
    happened,
    text_of,
    value_of,
)
from integration_engine.crowded import ASKED_TOO_OFTEN, TOLD_TOO_OFTEN
from integration_engine.envelope import Kind
from integration_engine.mailroom import UNDELIVERED
from integration_engine.record.authority import kinds
from integration_engine.record.codes import EthnicCategory, NhsNumberStatus, SourceKind
from integration_engine.record.decision import Decision
from integration_engine.store import audit, glass, inbox, retractions
from integration_engine.store.audit import Line

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def test_every_alarm_that_can_be_raised_says_what_to_do() -> None:
    known = {UNDELIVERED, ASKED_TOO_OFTEN, TOLD_TOO_OFTEN, glass.CODE, inbox.SAME_ID_OTHER_BODY, audit.ALARM}
    assert set(ALARMS) == known | set(retractions._CODES)


def test_a_field_and_a_value_are_read_as_people_say_them() -> None:
    assert field_of("child.nhs_number") == "Child: NHS number"
    assert field_of("mother.nhs_number_status") == "Mother: NHS number status"
    home = {"lines": ["1 Quay Street"], "postcode": "RG1 1LZ", "use": "home", "source_rank": 1}
    assert text_of([home, {"lines": ["Ward 5"], "use": "temporary"}]) == "1 Quay Street, RG1 1LZ; Ward 5 (temporary)"
    assert text_of([{"value": "1001", "system": "RA7", "type": "PI"}]) == "1001 (RA7 PI)"
    assert text_of({"value": 3, "unit": "days"}) == "3 days"
    assert text_of({"ods_code": "RTH", "source_rank": 1}) == "ODS code: RTH"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2014-05-09", "Fri 9 May 2014"),
        ("2026-07-09T04:10+01:00", "Thu 9 Jul 2026 04:10 BST"),
        ("2026-03", "2026-03"),
        ("2026-02-31", "2026-02-31"),
    ],
    ids=["a day", "a time", "a month or a reference", "no day there is"],
)
def test_days_and_times_of_a_record_are_written_as_everywhere_else(value: str, read: str) -> None:
    assert text_of(value) == read


def test_every_field_of_a_decision_has_a_label() -> None:
    assert {name for kind in kinds().values() for name in kind.value} == LABELS.keys()


def test_a_decision_is_read_by_the_labels_of_its_form() -> None:
    said: dict[str, Any] = {
        "id": "d-1",
        "at": NOW,
        "by": "jane",
        "role": "coordinator",
        "about": ("c-1",),
        "reason": "so",
    }
    agreed = Decision.model_validate(said | {"kind": "agreement", "value": {"cdop": "WOE"}})
    young = Decision.model_validate(said | {"kind": "age", "value": {"under_18": True}})
    assert decided_text(agreed) == "Panel that leads: WOE"
    assert decided_text(young) == "Under 18 on the day of death? yes"


CHANGED = {
    "version": 2,
    "state": "out-of-scope",
    "rule": "scope.adult",
    "lead": None,
    "deliveries": [["d-1", "cdop.BERKS", "withdraw"]],
}


@pytest.mark.parametrize(
    ("action", "actor", "detail", "read"),
    [
        (
            "case.opened",
            "engine",
            {"version": 1, "state": "open", "rule": "scope.child", "lead": "BERKS", "deliveries": []},
            "Opened, version 1: open (scope.child), BERKS leads. Sent to nobody.",
        ),
        (
            "case.changed",
            "engine",
            CHANGED,
            "Changed, version 2: out of scope (scope.adult), nobody leads. Sent to cdop.BERKS (a case taken back).",
        ),
        ("case.merged", "engine", {"into": "c-2"}, "Became one with case c-2: they are about the same child."),
        ("case.ended", "engine", {}, "Ended: nothing that was told makes it a case any more."),
        ("case.glass-broken", "wes", {}, "Opened in an emergency by wes."),
        ("case.read", "op", {"details": False}, "Looked at by op, codes only."),
        ("case.read", "wes", {"details": True, "glass": True}, "Looked at by wes, in full, in an emergency."),
        ("case.history-read", "guardian", {}, "Sealed history looked at by guardian."),
    ],
)
def test_what_happened_to_a_case_is_told_in_a_sentence(
    action: str, actor: str, detail: dict[str, Any], read: str
) -> None:
    assert happened(Line(1, NOW, actor, action, "c-1", detail)) == read
    assert (action in LOOKS) == ("ooked at" in read)


def test_a_code_is_shown_with_what_it_stands_for() -> None:
    assert value_of("child.nhs_number_status", "01") == "01 (verified)"
    assert value_of("child.ethnic_category", "99") == "99 (not known)"
    assert value_of("child.family_name", "A") == "A", "where it is one"


def test_every_code_that_a_field_may_have_and_every_source_is_said_in_words() -> None:
    assert set(_CODES["child.nhs_number_status"]) == set(get_args(NhsNumberStatus))
    assert set(_CODES["child.ethnic_category"]) == set(get_args(EthnicCategory))
    assert set(SOURCES) == set(get_args(SourceKind)) - {"other"}
    assert set(DELIVERIES) == set(get_args(Kind))
