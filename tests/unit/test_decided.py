"""Which of people's decisions count: the latest of a kind, none that was taken back, and about a restricted child whose."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration_engine.decided import standing
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from tests.property.children import decided, notice

START = datetime(2026, 3, 12, 9, tzinfo=UTC)
HOME = {"addresses": [{"lad_code": "E06000038", "use": "home"}]}


def word(kind: str, *about: str, hour: int = 0, role: str = "coordinator", **value: Any) -> Decision:
    return Decision.model_validate(
        {
            "id": f"{kind}-{hour}-{role}",
            "at": START + timedelta(hours=hour),
            "by": "jane",
            "role": role,
            "kind": kind,
            "about": about or ("n",),
            "value": value,
            "reason": "asked",
        }
    )


def test_of_each_kind_the_latest_stands_and_none_that_was_taken_back() -> None:
    first, second = word("residence", lad_code="E06000038"), word("residence", hour=2, lad_code="E08000035")
    back = word("residence", hour=3, withdraw=True)
    other = word("confirm-death", hour=1)
    assert standing([first, other, second]) == {"residence": second, "confirm-death": other}
    assert standing([first, other, second, back]) == {"confirm-death": other}
    assert standing([first, back, word("residence", hour=4, lad_code="E06000038")])["residence"].at.hour == 13


def dead(name: str, **parts: Any) -> DeathNotice:
    child = {**HOME, **parts.pop("child", {})}
    return notice(name, death={"died_at": "2026-03-09"}, child=child, **parts)


OTHER = {"nhs_number": "9991001379", "family_name": "Vane", "given_names": ["Otto"], "birth_date": "2018-05-20"}
MARKED = {"restricted": "adoption"}


def aside(*told: Any) -> list[tuple[str, str]]:
    notices = [one for one in told if isinstance(one, DeathNotice)]
    decisions = [one for one in told if isinstance(one, Decision)]
    return [(one.decision, one.code) for one in decided(notices, *decisions).aside]


@pytest.mark.parametrize("kind", ["link", "unlink"])
def test_a_word_about_two_that_names_one_changes_nothing(kind: str) -> None:
    assert aside(dead("n"), word(kind, "n")) == [(f"{kind}-0-coordinator", "one-subject")]
    assert aside(dead("n"), word(kind, "n", "n")) == [(f"{kind}-0-coordinator", "one-subject")]
    assert aside(dead("n"), dead("m", child=OTHER), word(kind, "n", "m")) == []


@pytest.mark.parametrize("kind", ["link", "unlink", "release"])
def test_about_a_restricted_child_only_the_restricted_role_links_parts_and_releases(kind: str) -> None:
    told = dead("n", child=MARKED), dead("m", child=OTHER)
    assert aside(*told, word(kind, "n", "m")) == [(f"{kind}-0-coordinator", "restricted-role")]
    assert aside(*told, word(kind, "n", "m", role="restricted")) == []


def test_what_was_linked_before_a_child_was_restricted_stays_and_what_was_since_does_not() -> None:
    told = dead("n"), dead("m", child=OTHER)
    restricted = word("restrict", "n", hour=2)
    assert aside(*told, word("link", "n", "m", hour=1), restricted) == []
    assert len(decided(told, word("link", "n", "m", hour=1), restricted).cases) == 1
    assert aside(*told, word("link", "n", "m", hour=3), restricted) == [("link-3-coordinator", "restricted-role")]
    assert len(decided(told, word("link", "n", "m", hour=3), restricted).cases) == 2


def test_a_restriction_is_everybodys_to_make_and_the_restricted_roles_to_take_back() -> None:
    restricted = word("restrict", "n")
    (case,) = decided([dead("n")], restricted).cases
    assert (case.routing.state, case.routing.rule) == ("held", "held.restricted")
    kept = decided([dead("n")], restricted, word("restrict", "n", hour=1, withdraw=True))
    assert [one.code for one in kept.aside] == ["restricted-role"]
    assert kept.cases[0].routing.rule == "held.restricted"
    lifted = decided([dead("n")], restricted, word("restrict", "n", hour=1, role="restricted", withdraw=True))
    assert (lifted.aside, lifted.cases[0].routing.state) == ((), "open")


def test_a_decision_about_nobody_here_changes_nothing() -> None:
    assert decided([dead("n")], word("deny-death", "elsewhere")) == decided([dead("n")])


def test_a_case_is_named_by_its_own_id_as_well_as_by_its_notice() -> None:
    (case,) = decided([dead("n")]).cases
    for name in ("n", case.id):
        assert decided([dead("n")], word("deny-death", name)).cases[0].routing.state == "withdrawn"


def test_the_very_number_of_a_restricted_child_under_another_name_is_kept_back_until_somebody_who_may_parts_them() -> (
    None
):
    shadow = dead("m", partner="RXX", child={**OTHER, "nhs_number": "9991000003"})
    told = dead("n", child=MARKED), shadow
    assert {case.routing.rule for case in decided(told).cases} == {"held.restricted"}
    parted = decided(told, word("unlink", "n", "m", role="restricted"))
    assert {case.id: case.routing.rule == "held.restricted" for case in parted.cases} == {
        decided([told[0]]).cases[0].id: True,
        decided([told[1]]).cases[0].id: False,
    }
    again = decided(
        told,
        word("unlink", "n", "m", role="restricted"),
        word("unlink", "n", "m", hour=1, role="restricted", withdraw=True),
    )
    assert {case.routing.rule for case in again.cases} == {"held.restricted"}
