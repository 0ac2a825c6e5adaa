"""What people decide, by a decisions file: each kind, the latest that stands, and who may decide about a protected child."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.outside import Answer, adt, case_of, coroner, decision, lead, police, tried

PLAIN = adt()
NOWHERE = adt(address="^^^^ZZ99 3VZ^^H")
FOREIGN = adt(address="1 Rue^^Paris^^^FRA^H")
AGELESS = adt(born="")
INDIRECT = adt(message="ORU", trigger="R01")
CONTRADICTING = adt(dead="N")
CANCEL = adt("A13", "2", sent="20260309090000")
UNDEAD = adt("A08", "2", sent="20260309090000", died='""', dead='""', visit=None)
NEWBORN = adt(born="20260309")
TWICE = [PLAIN, police({"nhs_number": "9991000003"})]
LATER, LATEST = "2026-03-09T14:00:00Z", "2026-03-09T15:00:00Z"
CARE = {"looked_after": {"is": True, "local_authority": "E08000012"}}


@pytest.mark.parametrize(
    ("messages", "decisions", "state", "rule", "led"),
    [
        ([PLAIN], [decision("agreement", {"cdop": "OXON"})], "open", "scope.child", "OXON"),
        ([police(CARE)], [decision("agreement", {"cdop": "OXON"})], "open", "scope.child", "OXON"),
        ([NOWHERE], [decision("residence", {"lad_code": "E07000178"})], "open", "scope.child", "OXON"),
        ([NOWHERE], [decision("residence", {"lad_code": "E08000019"})], "open", "scope.child", "SHEFFIELD"),
        ([NOWHERE], [decision("residence", {"lad_code": "W06000006"})], "open", "scope.child", "HIPS"),
        ([PLAIN], [decision("looked-after", {"local_authority": "E08000012"})], "open", "scope.child", "MERSEY"),
        ([FOREIGN], [decision("review-non-resident", {"review": False})], "out-of-scope", "not-reviewed", "HIPS"),
        ([FOREIGN], [decision("review-non-resident", {"review": True})], "open", "scope.child", "HIPS"),
        ([PLAIN], [decision("review-non-resident", {"review": False})], "open", "scope.child", "BERKS"),
        ([CONTRADICTING], [], "held", "held.contradiction", "BERKS"),
        ([CONTRADICTING], [decision("confirm-death")], "open", "scope.child", "BERKS"),
        ([CONTRADICTING], [decision("deny-death")], "withdrawn", "scope.retracted", "BERKS"),
        ([PLAIN, CANCEL], [decision("confirm-death")], "open", "scope.child", "BERKS"),
        ([PLAIN, CANCEL], [decision("deny-death")], "withdrawn", "scope.retracted", "BERKS"),
        ([*TWICE, UNDEAD], [decision("confirm-death")], "open", "scope.child", "BERKS"),
        ([*TWICE, UNDEAD], [decision("deny-death")], "withdrawn", "scope.retracted", "BERKS"),
        ([INDIRECT], [], "held", "held.indirect-source", "BERKS"),
        ([INDIRECT], [decision("confirm-death")], "open", "scope.child", "BERKS"),
        ([INDIRECT], [decision("release")], "open", "scope.child", "BERKS"),
        ([CONTRADICTING], [decision("release")], "open", "scope.child", "BERKS"),
        ([AGELESS], [], "held", "held.age", "BERKS"),
        ([AGELESS], [decision("age", {"under_18": True})], "open", "scope.child", "BERKS"),
        ([AGELESS], [decision("age", {"under_18": False})], "out-of-scope", "scope.adult", "BERKS"),
        ([PLAIN], [decision("restrict")], "held", "held.restricted", "BERKS"),
    ],
)
def test_a_decision_settles_what_it_is_about(
    tmp_path: Path, messages: list[str], decisions: list[Answer], state: str, rule: str, led: str
) -> None:
    case = case_of(tried(tmp_path, messages, decisions=decisions))
    assert (case["state"], case["rule"], case["lead"]["cdop"]) == (state, rule, led)


def test_a_case_without_a_home_can_be_released_without_a_lead(tmp_path: Path) -> None:
    case = case_of(tried(tmp_path, [NOWHERE], decisions=[decision("release")]))
    assert (case["state"], case["lead"]) == ("open", None)


def agree(panel: str, at: str) -> Answer:
    return decision("agreement", {"cdop": panel}, at=at)


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([agree("OXON", LATER), agree("BUCKS", LATEST)], ("BUCKS", "lead.agreement")),
        ([agree("BUCKS", LATEST), agree("OXON", LATER)], ("BUCKS", "lead.agreement")),
        ([agree("BUCKS", "2026-03-09T15:00:00+02:00"), agree("OXON", LATER)], ("OXON", "lead.agreement")),
        ([agree("OXON", LATER), decision("agreement", {"withdraw": True}, at=LATEST)], ("BERKS", "lead.usual-address")),
    ],
)
def test_the_latest_stands_whatever_its_place_in_the_file(
    tmp_path: Path, decisions: list[Answer], expected: tuple[str, str]
) -> None:
    assert lead(case_of(tried(tmp_path, [PLAIN], decisions=decisions))) == expected


def test_a_case_is_named_by_its_own_id_as_well(tmp_path: Path) -> None:
    name = case_of(tried(tmp_path, [PLAIN]))["case"]
    agreed = decision("agreement", {"cdop": "OXON"}) | {"about": [name]}
    (tmp_path / "by-case.json").write_text(json.dumps([agreed]))
    case = case_of(tried(tmp_path, [PLAIN], "--decisions", str(tmp_path / "by-case.json")))
    assert lead(case) == ("OXON", "lead.agreement")


@pytest.mark.parametrize(
    ("value", "state", "rule"),
    [
        ({"live_birth": False, "professional_attending": True}, "out-of-scope", "scope.stillbirth"),
        ({"live_birth": False, "professional_attending": False}, "open", "scope.unattended-stillbirth"),
        ({"live_birth": True, "termination": True}, "out-of-scope", "scope.termination"),
        ({"live_birth": True}, "open", "scope.child"),
    ],
)
def test_a_person_says_how_a_baby_was_born(tmp_path: Path, value: dict[str, Any], state: str, rule: str) -> None:
    case = case_of(tried(tmp_path, [NEWBORN], decisions=[decision("live-birth", value)]))
    assert (case["state"], case["rule"]) == (state, rule)


def test_notices_are_joined_and_parted_by_the_latest_word(tmp_path: Path) -> None:
    both = ("m0#0", "m1#0")
    other = coroner({"given_names": "Ruby", "postcode": ""})
    assert len(tried(tmp_path, [PLAIN, other])["cases"]) == 2
    joined, parted = decision("link", {}, *both, at=LATER), decision("unlink", {}, *reversed(both), at=LATEST)
    assert len(tried(tmp_path, [PLAIN, other], decisions=[joined])["cases"]) == 1
    assert len(tried(tmp_path, [PLAIN, other], decisions=[parted, joined])["cases"]) == 2
    assert len(tried(tmp_path, TWICE, decisions=[decision("unlink", {}, *both)])["cases"]) == 2


PROTECTED = {
    "hospital": adt(more="PD1||||||||||||Y"),
    "police": police({"restricted": "protected-identity"}),
    "police, adoption": police({"restricted": "adoption"}),
    "coroner": coroner({"restricted": "yes"}),
}


@pytest.mark.parametrize("form", PROTECTED)
@pytest.mark.parametrize(("role", "state"), [("restricted", "open"), ("coordinator", "held"), ("operator", "held")])
def test_only_the_restricted_role_releases_a_protected_child(tmp_path: Path, form: str, role: str, state: str) -> None:
    message = PROTECTED[form]
    held = case_of(tried(tmp_path, [message]))
    assert (held["state"], held["rule"]) == ("held", "held.restricted")
    assert case_of(tried(tmp_path, [message], decisions=[decision("release", role=role)]))["state"] == state


@pytest.mark.parametrize(
    "message", [adt(more="PD1||||||||||||N"), police({"restricted": "none"}), coroner({"restricted": "no"})]
)
def test_a_child_said_not_to_be_protected_is_an_ordinary_case(tmp_path: Path, message: str) -> None:
    assert case_of(tried(tmp_path, [message]))["state"] == "open"
