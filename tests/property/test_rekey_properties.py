"""Rekeys of any shape: chains, circles, forks and merges end in the same answer whatever comes first, and join nobody under
another name."""

from itertools import combinations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.rekeys import rekeyed, same_name
from integration_engine.linkage.resolve import resolve
from tests.linkage_rows import ROWAN, number, said

NUMBERS = [number(n) for n in range(1, 6)]
REFS = [f"RXA|{n}" for n in range(1, 4)]
NAMES = [("Rowan", "Fairclough"), ("Rowan", "Marsh"), ("Baby", "Fairclough"), ("Jack", "Fairclough"), ("Baby", None)]


@st.composite
def worlds(draw: st.DrawFn) -> list[Evidence]:
    found: list[Evidence] = []
    for n in range(draw(st.integers(1, 6))):
        given_name, family = draw(st.sampled_from(NAMES))
        ref = draw(st.sampled_from([None, "1", "2", "3"]))
        more = {"birth_order": draw(st.sampled_from([None, None, 1, 2]))}
        whose = draw(st.sampled_from([None, *NUMBERS]))
        found.append(said(f"n{n}", ROWAN, more, given=given_name, family=family, nhs_number=whose, local_ref=ref))
    numbers, refs = [f"nhs:{one}" for one in NUMBERS], [f"ref:{one}" for one in REFS]
    for n in range(draw(st.integers(0, 6))):
        pool = draw(st.sampled_from([numbers, numbers, refs, numbers + refs]))
        old, new = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        if old != new:
            both = draw(st.sampled_from([None, (refs[0], refs[1])])) if pool is numbers else None
            found.append(Evidence(f"r{n}", intent="rekey", rekey=(old, new), rekey_refs=both))
    earlier = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS))
    for n, (now, before) in enumerate(draw(st.lists(earlier, max_size=2))):
        if now != before:
            found.append(Evidence(f"f{n}", nhs=now, nhs_before=(before,), given=("rowan",), family=("fairclough",)))
    return found


@settings(max_examples=400, deadline=None)
@given(worlds(), st.integers(0, 2**16))
def test_rekeys_of_any_shape_come_to_the_same_in_any_order(evidence: list[Evidence], seed: int) -> None:
    shuffled = [*evidence, *evidence[::2]]
    Random(seed).shuffle(shuffled)
    assert rekeyed(shuffled) == rekeyed(evidence)
    assert resolve(shuffled) == resolve(evidence)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_no_rekey_joins_two_numbers_of_children_who_are_called_otherwise(evidence: list[Evidence]) -> None:
    by_id = {e.id: e for e in evidence}
    for cluster in resolve(evidence).clusters:
        for a, b in combinations(sorted(cluster), 2):
            one, other = by_id[a], by_id[b]
            if one.nhs and other.nhs and one.nhs != other.nhs and one.family and other.family:
                assert same_name(one, other), (a, b)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_what_stands_for_an_identifier_stands_for_itself(evidence: list[Evidence]) -> None:
    found = rekeyed(evidence)
    for identifier, root in found.same.items():
        assert found.same.get(root, root) == root
        assert identifier.split(":")[0] == root.split(":")[0]
    for e in evidence:
        assert found.apply(found.apply(e)) == found.apply(e)
