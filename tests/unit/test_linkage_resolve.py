"""Resolve: people's decisions, rekeys, what goes to a person, what is related, and no order in any of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.linkage.comparison import nhs_level
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.rekeys import rekeyed
from integration_engine.linkage.resolve import Constraint, bonded, resolve
from integration_engine.record.notice import DeathNotice
from tests.linkage_rows import BABY, ROWAN, number, said, together

OTHER = {"sender": "COR-LEEDS", "source": "coroner"}
POLICE = {"sender": "E23000009", "source": "police"}


def rekey(id: str, kind: str, child: dict[str, Any] | None = None, **identifiers: str) -> Evidence:
    return evidence_of(
        DeathNotice.model_validate(
            {
                "id": id,
                "submission": "s",
                "source": {"kind": "hospital-hl7", "partner": "RXA", "local_ref": identifiers.get("new_local_ref")},
                "received_at": datetime(2026, 2, 3, 9, tzinfo=UTC),
                "profile": "p",
                "intent": "rekey",
                "rekey": {"kind": kind} | identifiers,
                "child": child or {},
            }
        )
    )


def test_every_notice_is_in_exactly_one_cluster() -> None:
    evidence = [said("a", ROWAN), said("b", ROWAN, OTHER), said("c", BABY)]
    clusters = resolve(evidence).clusters
    assert sorted(id for cluster in clusters for id in cluster) == ["a", "b", "c"]


def test_a_child_whom_a_system_tells_of_two_hundred_times_is_one_cluster() -> None:
    """Who looked for rivals of each pair among all others would be at it for minutes."""
    assert [len(cluster) for cluster in resolve([said(f"n{n}", ROWAN) for n in range(200)]).clusters] == [200]


def test_nothing_resolves_to_nothing() -> None:
    assert resolve([]).clusters == ()


def test_a_notice_given_twice_counts_once() -> None:
    once = resolve([said("a", ROWAN), said("b", ROWAN, OTHER)])
    assert resolve([said("a", ROWAN), said("b", ROWAN, OTHER), said("a", ROWAN)]) == once


def test_a_person_may_link_what_is_vetoed() -> None:
    evidence = [said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN, OTHER, nhs_number=number(2))]
    found = resolve(evidence, [Constraint("a", "b", "link")])
    assert together(found, "a", "b")
    assert not found.reviews


def test_later_evidence_joins_what_a_person_linked() -> None:
    evidence = [
        said("a", ROWAN, nhs_number=number(1)),
        said("b", ROWAN, OTHER, nhs_number=number(2)),
        said("later", ROWAN, POLICE, nhs_number=number(1)),
    ]
    assert together(resolve(evidence, [Constraint("b", "a", "link")]), "a", "b", "later")


def test_a_person_may_keep_apart_what_would_be_joined_and_is_not_asked_again() -> None:
    evidence = [said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN, OTHER, nhs_number=number(1))]
    found = resolve(evidence, [Constraint("b", "a", "unlink")])
    assert not together(found, "a", "b")
    assert not found.reviews


def test_an_unlink_is_not_undone_by_a_third_notice() -> None:
    evidence = [said(id, ROWAN, nhs_number=number(1), sender=id, source="coroner") for id in ("a", "b", "c")]
    assert not together(resolve(evidence, [Constraint("a", "b", "unlink")]), "a", "b")


def test_people_who_disagree_are_shown_that_they_do() -> None:
    evidence = [said("a", ROWAN), said("b", ROWAN, OTHER), said("c", ROWAN, POLICE)]
    people = [Constraint("a", "b", "link"), Constraint("b", "c", "link"), Constraint("a", "c", "unlink")]
    found = resolve(evidence, people)
    assert not together(found, "a", "c")
    assert any(review.why == ("people-disagree",) for review in found.reviews)
    assert resolve(reversed(evidence), reversed(people)) == found


def test_decisions_about_notices_elsewhere_change_nothing() -> None:
    assert resolve([said("a", ROWAN)], [Constraint("a", "gone", "link")]).clusters == (frozenset({"a"}),)


def test_a_rekey_under_one_name_joins_two_valid_numbers() -> None:
    evidence = [said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN, OTHER, nhs_number=number(2))]
    change = rekey("r", "replaced", old_nhs_number=number(1), new_nhs_number=number(2))
    found = resolve([*evidence, change])
    assert together(found, "a", "b", "r")
    assert not found.restricted


def test_a_rekey_under_another_name_joins_nothing_and_restricts_everything_it_ties() -> None:
    before = said("before", ROWAN, nhs_number=number(1))
    after = said("after", ROWAN, OTHER, given="Leo", family="Marsh", nhs_number=number(2))
    change = rekey("r", "replaced", old_nhs_number=number(1), new_nhs_number=number(2))
    found = resolve([before, after, change])
    assert not together(found, "before", "after")
    assert found.restricted == {"before", "after", "r"}


def test_an_adoption_keeps_the_given_name_and_is_still_another_name() -> None:
    before = said("before", ROWAN, nhs_number=number(1))
    after = said("after", ROWAN, OTHER, family="Marsh", nhs_number=number(2))
    found = resolve([before, after, rekey("r", "replaced", old_nhs_number=number(1), new_nhs_number=number(2))])
    assert found.restricted == {"before", "after", "r"}


def test_two_local_ids_that_a_hospital_merged_are_one_child() -> None:
    evidence = [said("a", ROWAN, local_ref="M-1"), said("b", ROWAN, local_ref="M-2")]
    assert not together(resolve(evidence), "a", "b")
    merged = rekey("r", "merged", old_local_ref="M-1", new_local_ref="M-2")
    assert together(resolve([*evidence, merged]), "a", "b", "r")


def test_one_merge_of_numbers_and_local_ids_joins_both() -> None:
    child = {"given_names": ["Rowan"]}
    numbers = {"old_nhs_number": number(1), "new_nhs_number": number(2)}
    merged = rekey("r", "merged", child, **numbers, old_local_ref="M-1", new_local_ref="M-2")
    old = said("a", ROWAN, sender="RXA", local_ref="M-1", nhs_number=number(1))
    assert together(resolve([old, merged]), "a", "r")
    new = said("b", ROWAN, sender="RXA", local_ref="M-2", nhs_number=number(2))
    assert together(resolve([old, new, merged]), "a", "b", "r")


def test_a_mistyped_number_is_held_against_the_number_stated_not_the_one_a_rekey_put_in_its_place() -> None:
    mistyped = said("a", ROWAN, OTHER, nhs_number="9990000010")
    stated = said("b", BABY, nhs_number="9990000026")
    change = rekey("r", "replaced", old_nhs_number="9990000018", new_nhs_number="9990000026")
    moved = rekeyed([mistyped, stated, change]).apply(stated)
    assert moved.nhs == "9990000018"
    assert nhs_level(mistyped, moved) == nhs_level(mistyped, stated) == "typed-different"


def test_an_invalidated_number_joins_nobody_and_bars_nobody() -> None:
    dead = rekey("r", "invalidated", old_nhs_number=number(1))
    strangers = [said("a", ROWAN, nhs_number=number(1)), said("b", BABY, OTHER, nhs_number=number(1), postcode=None)]
    assert not together(resolve([*strangers, dead]), "a", "b")
    same = [said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN, OTHER, nhs_number=number(2))]
    assert together(resolve([*same, dead]), "a", "b")


def test_a_retraction_finds_its_child_by_number_alone() -> None:
    told = said("a", ROWAN, nhs_number=number(1))
    assert together(resolve([told, said("b", {"message_type": "retract", "nhs_number": number(1)}, OTHER)]), "a", "b")


def test_a_retraction_finds_its_child_by_the_partners_own_id() -> None:
    told = said("a", ROWAN, local_ref="M-1")
    taken_back = said("b", {"message_type": "retract", "local_ref": "M-1", "sender": "RXA", "source": "hospital_hl7"})
    assert together(resolve([told, taken_back]), "a", "b")


def test_the_most_telling_pair_stands_for_two_clusters() -> None:
    vague = [said(f"v{n}", BABY, OTHER, local_ref="C-1") for n in range(3)]
    known = [said(f"k{n}", BABY, local_ref="B-1", given="Chidi") for n in range(3)]
    found = resolve([*vague, *known])
    assert len(found.clusters) == 2
    assert len(found.reviews) == 1


def test_two_children_told_apart_twice_over_are_nobodys_question() -> None:
    # Another number and another given name: brothers in one fire.
    found = resolve(
        [said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN, OTHER, given="Jack", nhs_number=number(2))]
    )
    assert not found.reviews


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"birth_order": 1}, {"birth_order": 2}, "multiple-birth"),
        ({"nhs_number": number(1), "given": "Chidi"}, {"nhs_number": number(2), "given": "Obinna"}, "multiple-birth"),
    ],
)
def test_twins_know_of_each_other(one: dict, other: dict, why: str) -> None:
    found = resolve([said("a", BABY, one), said("b", BABY, OTHER, other)])
    assert found.related == (("a", "b", why),)


def test_children_of_one_event_know_of_each_other() -> None:
    one = said("a", ROWAN, POLICE, event_ref="E-7", nhs_number=number(1))
    two = said("b", BABY, POLICE, event_ref="E-7", given="Ada", postcode="M1 1AA", address_line="2 Oak Way")
    assert ("a", "b", "same-event") in resolve([one, two]).related


def test_a_notice_with_no_bond_changes_nothing() -> None:
    evidence = [said("a", ROWAN), said("b", ROWAN, OTHER)]
    stranger = said("z", family="Zelenka", given="Petra", birth_date="2011-01-30", death_datetime="2025-07-07")
    before, after = resolve(evidence), resolve([*evidence, stranger])
    assert set(after.clusters) == {*before.clusters, frozenset({"z"})}
    assert not any(bonded(stranger, e) for e in evidence)
