"""What a decision has to say before it counts, and when it only takes another back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from integration_engine.record.decision import Decision, one_a_name, review_id


def decided(kind: str = "confirm-death", value: dict[str, Any] | None = None, **changes: Any) -> Decision:
    told = {"id": "d-1", "at": datetime(2026, 3, 10, 9, tzinfo=UTC), "by": "jane", "role": "coordinator", "kind": kind}
    return Decision.model_validate({**told, "about": ["n-1"], "value": value or {}, "reason": "asked", **changes})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("agreement", {"cdop": "BERKS"}),
        ("residence", {"lad_code": "E06000038"}),
        ("looked-after", {"local_authority": "E06000038"}),
        ("review-non-resident", {"review": False}),
        ("age", {"under_18": False}),
        ("live-birth", {"live_birth": "unknown"}),
        ("live-birth", {"termination": False}),
        ("live-birth", {"professional_attending": True, "live_birth": None}),
        ("link", {}),
        ("link", {"adoption": True}),
    ],
)
def test_a_decision_that_says_what_was_decided_is_one(kind: str, value: dict[str, Any]) -> None:
    assert decided(kind, value).withdraws is False


@pytest.mark.parametrize(
    ("kind", "value", "named"),
    [
        ("agreement", {}, "value.cdop"),
        ("agreement", {"cdop": ""}, "value.cdop"),
        ("agreement", {"cdop": True}, "value.cdop"),
        ("residence", {"lad_code": 6}, "value.lad_code"),
        ("age", {"under_18": "yes"}, "value.under_18"),
        ("age", {"under_18": "unknown"}, "value.under_18"),
        ("review-non-resident", {"review": 1}, "value.review"),
        ("live-birth", {"live_birth": "perhaps"}, "value.live_birth"),
        ("live-birth", {"born": True}, "value.live_birth or value.termination or value.professional_attending"),
        ("link", {"adoption": "n-1"}, "value.adoption"),
        ("confirm-death", {"withdraw": "yes"}, "value.withdraw"),
    ],
)
def test_a_decision_that_does_not_say_what_was_decided_is_refused_by_the_name_of_what_is_missing(
    kind: str, value: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        decided(kind, value)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("agreement", {"cdop": None}),
        ("agreement", {"withdraw": True}),
        ("confirm-death", {"withdraw": True}),
        ("live-birth", {"live_birth": None, "termination": None, "professional_attending": None}),
    ],
)
def test_what_only_takes_a_decision_back_needs_no_value(kind: str, value: dict[str, Any]) -> None:
    assert decided(kind, value).withdraws is True


@pytest.mark.parametrize("name", ["", "n\x00", "n\n2"])
def test_an_id_that_no_id_can_be_is_refused(name: str) -> None:
    for changes in ({"id": name}, {"about": [name]}):
        with pytest.raises(ValidationError):
            decided(**changes)


def test_a_time_without_a_zone_is_londons() -> None:
    assert decided(at="2026-07-10T09:00:00").at == datetime(2026, 7, 10, 8, tzinfo=UTC)


def test_the_same_decision_twice_is_one_and_another_of_its_name_is_found() -> None:
    assert one_a_name([decided(), decided()]) is None
    assert one_a_name([decided(), decided(id="d-2"), decided(reason="asked again")]) == "d-1"


def test_a_question_about_two_has_one_id_whoever_is_named_first_and_no_other_has_it() -> None:
    asked = {review_id("linkage", a, b) for a, b in (("n-1", "n-2"), ("n-2", "n-1"))}
    others = {
        review_id("linkage", "n-1", "n-3"),
        review_id("transfer", "n-1", "n-2"),
        review_id("linkage", "n-2", "n-3"),
    }
    assert (len(asked), len(others), asked & others) == (1, 3, set())
