"""Who may decide what, and that the table which says so can be trusted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from integration_engine.record.authority import KINDS_FILE, kinds, not_theirs, settled_by, waits
from integration_engine.record.codes import Role
from integration_engine.record.decision import Decision, DecisionKind

KINDS: tuple[DecisionKind, ...] = get_args(DecisionKind)
ROLES: tuple[Role, ...] = get_args(Role)
VALUES: dict[str, dict[str, Any]] = {
    "agreement": {"cdop": "BERKS"},
    "residence": {"lad_code": "E06000038"},
    "looked-after": {"local_authority": "E06000038"},
    "review-non-resident": {"review": True},
    "live-birth": {"live_birth": True},
    "age": {"under_18": True},
    "process": {"cdop_told_at": "2026-03-10T09:00:00+00:00"},
}
# What is about one identity of a restricted child beside another, or lets it out, is the restricted role's alone.
RESTRICTED_ALONE = {"link", "unlink", "release"}


def decided(kind: DecisionKind, role: Role, *, withdrawn: bool = False) -> Decision:
    return Decision(
        id="d",
        at=datetime(2026, 3, 10, 9, tzinfo=UTC),
        by="somebody",
        role=role,
        kind=kind,
        about=("n-1", "n-2"),
        value={"withdraw": True} if withdrawn else VALUES.get(kind, {}),
        reason="asked",
    )


def why(decision: Decision, *, protected: bool) -> str | None:
    found = not_theirs(decision, protected=protected)
    return found.code if found else None


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_everybody_who_decides_may_decide_about_a_case_that_is_not_restricted(kind: DecisionKind, role: Role) -> None:
    assert why(decided(kind, role), protected=False) is None


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_about_a_restricted_case_only_the_restricted_role_links_parts_and_releases(
    kind: DecisionKind, role: Role
) -> None:
    theirs = role == "restricted" or kind not in RESTRICTED_ALONE
    assert why(decided(kind, role), protected=True) == (None if theirs else "restricted-role")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_restricted_role_takes_a_restriction_back(kind: DecisionKind, role: Role) -> None:
    theirs = role == "restricted" or kind != "restrict"
    assert why(decided(kind, role, withdrawn=True), protected=False) == (None if theirs else "restricted-role")


def test_whatever_waits_for_a_person_can_be_settled_by_a_decision() -> None:
    assert {rule for rule in waits() if not settled_by(rule)} == set()
    assert [kind.kind for kind in settled_by("held.age")] == ["age", "release"]
    assert [kind.kind for kind in settled_by("linkage")] == ["link", "unlink"]


def test_two_notices_are_needed_to_join_or_part_them_and_one_for_anything_else() -> None:
    assert {kind.kind: kind.needs for kind in kinds().values() if kind.needs != 1} == {"link": 2, "unlink": 2}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        pytest.param("age", None, id="a kind is missing"),
        pytest.param("burial", {"title": "Bury", "settles": [], "roles": ["operator"]}, id="a kind nobody knows"),
        pytest.param("age", {"roles": ["operator", "porter"]}, id="a role nobody has"),
        pytest.param("release", {"protected": ["porter"]}, id="a role nobody has, for what is protected"),
        pytest.param("restrict", {"taken_back": ["porter"]}, id="a role nobody has, to take it back"),
        pytest.param("age", {"value": {"under_18": "a guess"}}, id="a type of field that isn't known"),
    ],
)
def test_a_table_that_disagrees_with_the_engine_is_refused(
    kind: str, changes: dict[str, Any] | None, tmp_path: Path
) -> None:
    table = yaml.safe_load(KINDS_FILE.read_text(encoding="utf-8"))
    table["kinds"][kind] = {**table["kinds"].get(kind, {}), **(changes or {})}
    if changes is None:
        del table["kinds"][kind]
    (tmp_path / "decisions.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")
    with pytest.raises(ValueError, match=r"decisions\.yaml"):
        kinds(tmp_path / "decisions.yaml")
