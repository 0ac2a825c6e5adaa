"""Very many notices that say the very same: the answer is that of all of them, for the work of a few."""

from random import Random

from hypothesis import given, settings

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.people import Constraint
from integration_engine.linkage.resolve import bonded, bonds, resolve, resolved
from tests.property.heard import crowds

Case = tuple[list[Evidence], list[Constraint]]


@settings(max_examples=250, deadline=None)
@given(crowds())
def test_a_crowd_resolves_as_all_of_it_does(case: Case) -> None:
    evidence, words = case
    assert resolve(evidence, words) == resolved(evidence, words)[0]


@settings(max_examples=100, deadline=None)
@given(crowds())
def test_without_people_a_crowd_resolves_as_all_of_it_does(case: Case) -> None:
    assert resolve(case[0]) == resolved(case[0])[0]


@settings(max_examples=50, deadline=None)
@given(crowds())
def test_bonds_of_a_crowd_are_those_of_each_pair(case: Case) -> None:
    evidence, _ = case
    said = {e.id: e for e in evidence}
    pairs = [(a, b) for a in said for b in said if a < b]
    Random(1).shuffle(pairs)
    assert set(bonds(pairs, said)) == {(a, b) for a, b in pairs if bonded(said[a], said[b])}
