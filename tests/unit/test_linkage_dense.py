"""Where very many children share a home, a date, a name or a number, each notice still meets only a few others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from benchmarks import dense
from benchmarks.linkage_blocking import blocked
from benchmarks.linkage_stream.profile import profile
from benchmarks.linkage_stream.stream import stream
from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.resolve import bonded, resolve
from tests.linkage_rows import BABY, ROWAN, said

CHILDREN = 1000
MOST_COMPARISONS = 20
"""A notice, at a thousand children within fifteen months. Without longer keys it is 160 for a common full name and 1,300
for a mother's number given to every baby of a ward."""
MOST_TOGETHER = 8


def average_neighbourhood(evidence: Mapping[str, Evidence], pairs: Iterable[tuple[str, str]]) -> float:
    """How many notices have to be decided with a new one, on average."""
    of = {id: id for id in evidence}

    def root(id: str) -> str:
        while of[id] != id:
            of[id] = of[of[id]]
            id = of[id]
        return id

    for a, b in pairs:
        if bonded(evidence[a], evidence[b]):
            of[root(a)] = root(b)
    sizes: dict[str, int] = defaultdict(int)
    for id in evidence:
        sizes[root(id)] += 1
    return sum(size * size for size in sizes.values()) / len(evidence)


@pytest.mark.parametrize("story", dense.STORIES)
def test_a_crowd_is_neither_compared_nor_decided_with_each_of_its_notices(story: str) -> None:
    rows = dense.STORIES[story](CHILDREN)
    found = blocked(rows)
    assert found.compared < MOST_COMPARISONS
    evidence = {row["id"]: evidence_of_row(row) for row in rows}
    assert average_neighbourhood(evidence, found.kinds) < MOST_TOGETHER


@pytest.mark.parametrize("story", dense.STORIES)
def test_notices_of_one_child_of_a_crowd_still_meet(story: str) -> None:
    assert blocked(dense.STORIES[story](300)).recall >= 0.98


@pytest.mark.parametrize("name", ["ordinary", "names"])
@pytest.mark.parametrize("seed", [11, 12])
def test_of_an_unseen_stream_997_pairs_of_one_child_in_a_thousand_meet(name: str, seed: int) -> None:
    found = blocked(stream(1500, seed, profile(name)))
    assert found.recall >= 0.997
    assert found.compared < 2


def meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return not keys(said("a", one)).isdisjoint(keys(said("b", other)))


def test_a_common_name_at_a_home_meets_itself_again_in_the_month_of_birth_or_death_or_under_its_full_name() -> None:
    khan = ROWAN | {"given": "Rowan", "family": "Khan", "birth_date": "2018-05-14", "death_datetime": "2026-02-03"}
    elsewhen = {"birth_date": "2011-11-20", "death_datetime": "2024-09-09"}
    assert meet(khan, khan | elsewhen)
    assert meet(khan, khan | elsewhen | {"given": "Tansy", "birth_date": "2018-05-30"})
    assert meet(khan, khan | elsewhen | {"given": "Tansy", "death_datetime": "2026-02-27"})
    assert not meet(khan, khan | elsewhen | {"given": "Tansy"})
    rare = khan | {"family": "Fairclough"}
    assert meet(rare, rare | elsewhen | {"given": "Tansy"})


def test_a_postcode_without_a_house_is_a_home_only_with_a_name() -> None:
    baby = BABY | {"address_line": None, "place_of_death": None}
    assert not meet(baby, baby | {"family": "Fairclough"})
    assert meet(baby, baby | {"birth_date": None, "death_datetime": None})
    housed = BABY | {"place_of_death": None}
    assert meet(housed, housed | {"family": "Fairclough"})


def test_the_first_of_january_counts_as_a_birthday_within_a_month_of_death_only() -> None:
    child = ROWAN | {"birth_date": "2010-01-01", "postcode": None, "address_line": None}
    other = child | {"family": "Fennimore", "death_datetime": "2025-06-07"}
    assert not meet(child, other)
    assert meet(child, other | {"death_datetime": "2026-02-20"})
    assert meet(child | {"birth_date": "2010-01-02"}, other | {"birth_date": "2010-01-02"})


def test_a_month_of_death_is_kept_in_common_across_its_end() -> None:
    child = ROWAN | {"given": "Muhammad", "family": "Khan", "postcode": None, "address_line": None}
    child |= {"birth_date": "2010-01-01", "place_of_death": None}
    assert meet(child | {"death_datetime": "2026-01-31"}, child | {"death_datetime": "2026-02-01"})


def test_children_born_on_one_day_at_one_address_are_twins_only_of_one_family() -> None:
    one = said("a", ROWAN, {"given": "Rowan", "mother_given": "Ifeoma"})
    assert related(one, said("b", ROWAN, {"given": "Tansy"})) == ("multiple-birth",)
    assert related(one, said("b", ROWAN, {"given": "Tansy", "family": "Okafor", "mother_given": "Ifeoma"})) == (
        "multiple-birth",
    )
    assert related(one, said("b", ROWAN, {"given": "Tansy", "family": "Okafor", "mother_given": "Grace"})) == ()


def related(*evidence: Evidence) -> tuple[str, ...]:
    return tuple(why for _, _, why in resolve(evidence).related)
