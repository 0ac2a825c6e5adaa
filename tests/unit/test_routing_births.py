"""Which births are reviewed: what the record, the coroner and people say of a baby's birth, and what else shows a child."""

from typing import Any

import pytest

from integration_engine.record.decision import Decision
from integration_engine.routing.route import Switches
from tests.unit.test_routing_rules import AT_HOME, READING, decision, notice, routed

BABY = {"birth_date": "2026-05-28", "addresses": [READING | {"use": "home"}]}
OUT, UNATTENDED, CHILD = "scope.stillbirth", "scope.unattended-stillbirth", "scope.child"
HERE = {"died_at": "2026-05-28T10:00"}


def rule_of(child: dict[str, Any], death: dict[str, Any], *decisions: Decision, **parts: Any) -> str:
    return routed(BABY | child, HERE | death, *decisions, **parts).rule


@pytest.mark.parametrize(
    ("child", "death", "rule"),
    [
        pytest.param({}, {"live_birth": "no", "professional_attending_birth": "yes"}, OUT, id="attended"),
        pytest.param({}, {"live_birth": "no", "professional_attending_birth": "no"}, UNATTENDED, id="unattended"),
        pytest.param({}, {"live_birth": "no"}, OUT, id="nobody says, in care"),
        pytest.param({}, {"live_birth": "no", "place": {"type": "home"}}, UNATTENDED, id="nobody says, at home"),
        pytest.param(
            {},
            {"live_birth": "no", "place": {"type": "home"}, "professional_attending_birth": "yes"},
            OUT,
            id="attended, at home",
        ),
        pytest.param({}, {"suspected_stillbirth_at_home": True}, UNATTENDED, id="suspected at home"),
        pytest.param(
            {}, {"signs_of_life": False, "professional_attending_birth": "no"}, UNATTENDED, id="no sign of life"
        ),
        pytest.param({}, {"live_birth": "no", "signs_of_life": True}, CHILD, id="a sign of life"),
        pytest.param({}, {"live_birth": "yes"}, CHILD, id="live"),
        pytest.param({"gestation_days": 155}, {"live_birth": "yes"}, CHILD, id="live at 22+1"),
        pytest.param(
            {"gestation_days": 167}, {"live_birth": "no", "professional_attending_birth": "no"}, OUT, id="lost at 23+6"
        ),
        pytest.param(
            {"gestation_days": 168},
            {"live_birth": "no", "professional_attending_birth": "no"},
            UNATTENDED,
            id="stillborn at 24+0",
        ),
        pytest.param(
            {"gestation_days": 160}, {"suspected_stillbirth_at_home": True}, UNATTENDED, id="early, nobody says if live"
        ),
        pytest.param({}, {"termination": True, "live_birth": "yes"}, "scope.termination", id="a termination"),
    ],
)
def test_the_circumstances_of_birth_decide_before_the_age(
    child: dict[str, Any], death: dict[str, Any], rule: str
) -> None:
    assert rule_of(child, death) == rule


@pytest.mark.parametrize(
    ("conclusions", "rule"), [(["stillbirth"], OUT), (["natural-causes"], UNATTENDED), ([], UNATTENDED)]
)
def test_a_coroners_stillbirth_ends_what_was_taken_in(conclusions: list[str], rule: str) -> None:
    unattended = {"live_birth": "no", "professional_attending_birth": "no"}
    assert rule_of({}, unattended, coroner={"conclusions": conclusions}) == rule


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"termination": False}, CHILD),
        ({"termination": True}, "scope.termination"),
        ({"live_birth": "unknown"}, "scope.termination"),
    ],
)
def test_what_a_person_says_of_a_termination_outweighs_the_record(said: dict[str, Any], rule: str) -> None:
    assert rule_of({}, {"termination": True, "live_birth": "yes"}, decision("live-birth", **said)) == rule


def test_that_nobody_attended_an_early_loss_a_person_may_say() -> None:
    lost = {"gestation_days": 160}, {"live_birth": "no", "professional_attending_birth": "no"}
    assert rule_of(*lost, decision("live-birth", professional_attending=False)) == UNATTENDED
    assert rule_of(*lost, decision("live-birth", professional_attending=True)) == OUT
    assert rule_of(*lost, decision("live-birth", live_birth=True)) == CHILD


CORRECTED = notice("o", "2026-05-29T10:00", outside="scope.stillbirth", death={"live_birth": "no"})
AFTERWARDS = notice("o", "2026-05-31T10:00", outside="scope.stillbirth", death={"live_birth": "no"})
TOLD_FIRST = notice("d", "2026-05-28T12:00", source={"kind": "hospital-hl7", "partner": "RTH"})


@pytest.mark.parametrize(
    ("notices", "said", "rule"),
    [
        pytest.param((CORRECTED,), {}, OUT, id="its only source"),
        pytest.param((CORRECTED, TOLD_FIRST), {}, "held.disputed", id="another source told a child's death"),
        pytest.param((CORRECTED, TOLD_FIRST), {"live_birth": False}, OUT, id="a person: stillborn"),
        pytest.param((CORRECTED, TOLD_FIRST), {"live_birth": True}, CHILD, id="a person: live"),
        pytest.param((AFTERWARDS, TOLD_FIRST), {"live_birth": True}, "held.disputed", id="live, and corrected since"),
        pytest.param((CORRECTED, TOLD_FIRST), {"professional_attending": False}, UNATTENDED, id="a person: unattended"),
        pytest.param(
            (CORRECTED, TOLD_FIRST), {"live_birth": False, "professional_attending": True}, OUT, id="a person: attended"
        ),
    ],
)
def test_what_a_source_corrects_of_a_birth_is_weighed_with_what_people_said(
    notices: tuple[Any, ...], said: dict[str, Any], rule: str
) -> None:
    decisions = [decision("live-birth", **said)] if said else []
    assert rule_of({}, {"live_birth": "no"}, *decisions, notices=notices) == rule


UNATTENDED_SAID = notice(
    "o", "2026-05-29T10:00", outside="scope.stillbirth",
    death={"live_birth": "no", "professional_attending_birth": "no"},
)  # fmt: skip
LIVE_SAID = notice(
    "l", "2026-05-29T12:00", source={"kind": "hospital-hl7", "partner": "RTH"}, death={"live_birth": "yes"}
)


@pytest.mark.parametrize(
    ("notices", "said", "rule"),
    [
        pytest.param((UNATTENDED_SAID,), {}, UNATTENDED, id="unattended"),
        pytest.param((UNATTENDED_SAID,), {"live_birth": False}, UNATTENDED, id="a person: stillborn, unattended still"),
        pytest.param((UNATTENDED_SAID,), {"professional_attending": True}, OUT, id="a person: attended"),
        pytest.param((CORRECTED, LIVE_SAID), {}, CHILD, id="somebody saw it alive"),
        pytest.param((CORRECTED, LIVE_SAID), {"professional_attending": False}, CHILD, id="alive, and unattended"),
        pytest.param((CORRECTED, LIVE_SAID), {"live_birth": False}, OUT, id="a person: stillborn all the same"),
    ],
)
def test_whoever_was_there_a_baby_that_lived_is_a_child(
    notices: tuple[Any, ...], said: dict[str, Any], rule: str
) -> None:
    decisions = [decision("live-birth", **said)] if said else []
    assert rule_of({}, {"live_birth": "no"}, *decisions, notices=notices) == rule


NO_AGE = {"addresses": [READING | {"use": "home"}]}


@pytest.mark.parametrize(
    ("child", "death"),
    [
        ({"signs_of_childhood": ["school"]}, {}),
        ({"school": "Hill Primary"}, {}),
        ({"mother": {"name": "Wren Heron"}}, {}),
        ({"carers": [{"relationship": "father"}]}, {}),
        ({"siblings": [{"relationship": "sibling"}]}, {}),
        ({"gestation_days": 280}, {}),
        ({"birth_weight_g": 3200}, {}),
        ({"looked_after": {"is": True}}, {}),
        ({"multiple_birth": {"count": 2}}, {}),
        ({}, {"live_birth": "yes"}),
        ({}, {"signs_of_life": True}),
    ],
)
def test_each_sign_of_childhood_takes_a_child_of_unknown_age_in(child: dict[str, Any], death: dict[str, Any]) -> None:
    found = routed(NO_AGE | child, HERE | death)
    assert (found.rule, found.state, "age-unconfirmed" in found.flags) == ("scope.age-unconfirmed", "open", True)


def test_nothing_that_speaks_of_a_child_holds_an_unknown_age() -> None:
    found = routed(NO_AGE, HERE)
    assert (found.state, found.rule, "age-unconfirmed" in found.flags) == ("held", "held.age", True)


def test_what_two_sources_say_otherwise_of_a_birth_is_flagged_as_disputed() -> None:
    flags = {rule: routed(BABY, HERE | {"live_birth": "no"}, notices=told).flags for rule, told in (
        ("held", (CORRECTED, TOLD_FIRST)), ("out", (CORRECTED,)),
    )}  # fmt: skip
    assert {rule: "disputed" in raised for rule, raised in flags.items()} == {"held": True, "out": False}


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        ("2026-05-27T10:00", CHILD),
        ("2026-05", "scope.age-unconfirmed"),
        ("2026-05-29T10:00", "scope.adult"),
        (None, "scope.adult"),
    ],
)
def test_the_age_at_the_event_counts_where_that_is_switched_on_and_never_one_after_the_death(
    at: str | None, rule: str
) -> None:
    came_of_age = AT_HOME | {"birth_date": "2008-05-28"}
    hurt = HERE | {"event": {"type": "road-traffic-collision", "at": at}}
    assert routed(came_of_age, hurt, switches=Switches(age_on="event")).rule == rule
    assert routed(came_of_age, hurt).rule == "scope.adult"
