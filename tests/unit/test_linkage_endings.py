"""What would end a case joins it by the child's own identifier alone, by whatever way round."""

from dataclasses import replace
from typing import Any

import pytest

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.resolve import resolve

DAY = 738_000
LIVED = Evidence(
    "lived", "2021-01-01T01", "hospital-hl7", "RTH", given=("arlo", "fenwick"), family=("quernmore",), sex="M",
    birth_from=DAY, birth_to=DAY, birth_unit="day", death_from=DAY, death_to=DAY, postcodes=("B13 8QE",),
    addresses=("8 quarry lane",), mother_given="opal", mother_nhs="9990665622",
)  # fmt: skip
STILL = replace(LIVED, id="still", at="2021-01-01T02", ends=True)


def joined(*evidence: Evidence) -> list[set[str]]:
    return [set(cluster) for cluster in resolve(evidence).clusters if len(cluster) > 1]


def test_without_a_stillbirth_name_home_and_mother_are_enough() -> None:
    assert joined(LIVED, replace(STILL, ends=False)) == [{"lived", "still"}]


def test_a_stillbirth_wants_more() -> None:
    found = resolve([LIVED, STILL])
    assert all(len(cluster) == 1 for cluster in found.clusters)
    (review,) = found.reviews
    assert "would-end-the-case" in review.why


@pytest.mark.parametrize(
    "own",
    [{"nhs": "9991000003"}, {"local_ref": "RTH|M17"}, {"coroner_refs": ("oxfordshire|66-2021",)}],
    ids=["nhs", "local", "coroner"],
)
def test_an_identifier_of_the_childs_own_is_enough(own: dict[str, Any]) -> None:
    assert joined(replace(LIVED, **own), replace(STILL, **own)) == [{"lived", "still"}]


@pytest.mark.parametrize("at_birth", [{"weight_g": 1500}, {"gestation_days": 170}, {"order": 2}], ids=str)
def test_the_wards_own_number_is_not_where_the_births_differ(at_birth: dict[str, Any]) -> None:
    known = replace(LIVED, local_ref="RTH|M17", weight_g=2600, gestation_days=230, order=1)
    still = replace(STILL, local_ref="RTH|M17", **at_birth)
    assert joined(known, still) == []


def test_a_retraction_between_the_two_carries_no_stillbirth_over() -> None:
    """It is the stillborn baby's by its number, and by name, home and mother the live-born one's too."""
    still = replace(STILL, local_ref="RTH|M17", given=(), unnamed=True, postcodes=(), addresses=())
    undone = replace(LIVED, id="undone", intent="retract", local_ref="RTH|M17")
    clusters = joined(LIVED, still, undone)
    assert not any({"lived", "still"} <= cluster for cluster in clusters)
    assert clusters


def test_a_stillbirth_joined_by_its_own_number_parts_no_others() -> None:
    lived, still = replace(LIVED, nhs="9991000003"), replace(STILL, nhs="9991000003")
    police = replace(LIVED, id="police", kind="police", partner="E23000014")
    assert joined(lived, still, police) == [{"lived", "still", "police"}]
