"""What no input may do to linkage: depend on order, outvote a veto, or reach beyond the notices bonded to it."""

from dataclasses import replace
from itertools import combinations
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.explain import explain
from integration_engine.linkage.resolve import Constraint, Resolution, bonded, resolve
from tests.property.heard import cases, notices

_TWIN = {
    "notified_at": "2026-02-04T09:00:00", "source": "hospital_hl7", "given": "Rowan", "family": "Fairclough", "sex": "M",
    "birth_date": "2026-01-30", "death_datetime": "2026-02-03", "postcode": "LS6 2AB", "address_line": "14 Elder Road",
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 2**16))
def test_any_order_and_any_repetition_resolves_alike(case: tuple[list[Evidence], list[Constraint]], seed: int) -> None:
    evidence, constraints = case
    again, decided = [*evidence, *evidence[::2]], [*constraints, *constraints]
    Random(seed).shuffle(again)
    Random(seed).shuffle(decided)
    assert resolve(again, decided) == resolve(evidence, constraints)


def cluster_of(found: Resolution, id: str) -> frozenset[str]:
    return next(cluster for cluster in found.clusters if id in cluster)


@settings(max_examples=250, deadline=None)
@given(notices())
def test_two_valid_numbers_never_share_a_cluster_without_a_rekey(evidence: list[Evidence]) -> None:
    told = [replace(e, nhs_verified=bool(e.nhs)) for e in evidence if not (e.rekey or e.dead_number)]
    by_id = {e.id: e for e in told}
    for cluster in resolve(told).clusters:
        assert len({by_id[id].nhs for id in cluster} - {""}) <= 1


@settings(max_examples=250, deadline=None)
@given(notices())
def test_no_veto_is_outvoted(evidence: list[Evidence]) -> None:
    told = {e.id: e for e in evidence if not (e.rekey or e.dead_number)}
    for cluster in resolve(told.values()).clusters:
        first_and_second = [set(told[id].given) for id in cluster if len(told[id].given) > 1]
        for a, b in combinations(sorted(cluster), 2):
            codes = set(explain(told[a], told[b]).vetoes)
            # Names that some notice of the cluster has side by side, or forms of, are one child's names.
            if codes & {"given-names-differ"} and (first_and_second or told[a].nhs == told[b].nhs != ""):
                codes -= {"given-names-differ", "sexes-differ"}
            if not told[a].given or not told[b].given:
                codes -= {"sexes-differ"}
            assert not codes, (a, b)


def outvoted(about: list[Constraint]) -> bool:
    """Whether of those who read a pair two or more keep it apart, and more than join it: then nobody is asked again."""
    standing = {c.person: c.kind for c in sorted(about, key=lambda c: (c.turn, c.kind, c.person))}
    apart = sum(kind == "unlink" for kind in standing.values())
    return apart > 1 and apart > len(standing) - apart


@settings(max_examples=250, deadline=None)
@given(cases())
@example(
    (
        [evidence_of_row({"id": "n0", **_TWIN}), evidence_of_row({"id": "n1", "birth_order": 1, **_TWIN})],
        [
            Constraint("n0", "n1", "link", "bo", turn=1),
            Constraint("n0", "n1", "unlink", "ann"),
            Constraint("n0", "n1", "unlink", "cy"),
        ],
    )
)
def test_a_persons_last_word_stays_unless_people_disagree_or_a_second_is_to_read(
    case: tuple[list[Evidence], list[Constraint]],
) -> None:
    evidence, constraints = case
    found = resolve(evidence, constraints)
    still_asked = {code for review in found.reviews for code in review.why}
    later_links = max((c.turn for c in constraints if c.kind == "link"), default=-1)
    for decided in constraints:
        joined = decided.b in cluster_of(found, decided.a)
        about = [c for c in constraints if c.pair == decided.pair]
        if decided.turn < max(c.turn for c in about):
            continue
        if decided.kind == "link":
            asked = not still_asked.isdisjoint({"people-disagree", "one-of-two", "readers-disagree"})
            assert joined or asked or outvoted(about)
        elif decided.turn >= later_links:
            assert not joined


@settings(max_examples=250, deadline=None)
@given(notices(most=6), st.integers(0, 5), st.integers(0, 5))
def test_one_person_never_joins_twins_however_often(evidence: list[Evidence], one: int, other: int) -> None:
    told = {e.id: replace(e, order=1, order_hint=0) if e.id.startswith("n") else e for e in evidence}
    pair = sorted({f"n{one}", f"n{other}"} & told.keys())
    if len(pair) < 2:
        return
    before = resolve(told.values())
    words = [Constraint(*pair, "link", by, turn=turn) for turn, by in enumerate(("ann", "Ann ", "ann"))]
    assert set(resolve(told.values(), words).clusters) == set(before.clusters)
    both = resolve(told.values(), [*words, Constraint(*pair, "link", "bo", turn=3)])
    assert pair[1] in cluster_of(both, pair[0])


def neighbourhood(start: str, evidence: dict[str, Evidence]) -> set[str]:
    blocks = {id: keys(e) for id, e in evidence.items()}
    reached, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for there in evidence.keys() - reached:
            if not blocks[here].isdisjoint(blocks[there]) and bonded(evidence[here], evidence[there]):
                reached.add(there)
                todo.append(there)
    return reached


@settings(max_examples=250, deadline=None)
@given(notices(most=12))
def test_resolving_a_neighbourhood_alone_gives_what_resolving_everything_gives(evidence: list[Evidence]) -> None:
    everything = {e.id: e for e in evidence}
    whole = resolve(evidence)
    for id in everything:
        hood = neighbourhood(id, everything)
        alone = resolve(everything[name] for name in hood)
        assert set(alone.clusters) == {cluster for cluster in whole.clusters if cluster & hood}
        assert alone.reviews == tuple(r for r in whole.reviews if {r.a, r.b} <= hood)
        assert alone.related == tuple(r for r in whole.related if {r[0], r[1]} <= hood)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_what_people_said_stays_within_the_neighbourhoods_that_they_spoke_of(
    case: tuple[list[Evidence], list[Constraint]],
) -> None:
    evidence, constraints = case
    everything = {e.id: e for e in evidence}
    whole = resolve(evidence, constraints)
    for id in everything:
        hood = neighbourhood(id, everything)
        while tied := {end for c in constraints for end in c.pair if hood & set(c.pair)} - hood:
            hood |= set().union(*(neighbourhood(end, everything) for end in tied))
        alone = resolve((everything[name] for name in hood), [c for c in constraints if c.a in hood])
        assert set(alone.clusters) == {cluster for cluster in whole.clusters if cluster & hood}
        assert alone.reviews == tuple(r for r in whole.reviews if {r.a, r.b} <= hood)


@settings(max_examples=100, deadline=None)
@given(notices(), notices(most=3))
def test_a_notice_never_changes_clusters_outside_its_neighbourhood(held: list[Evidence], came: list[Evidence]) -> None:
    new = [replace(e, id="new-" + e.id) for e in came]
    everything = {e.id: e for e in [*held, *new]}
    touched = set().union(*(neighbourhood(e.id, everything) for e in new))
    before, after = resolve(held), resolve(everything.values())
    untouched = {cluster for cluster in before.clusters if not cluster & touched}
    assert untouched <= set(after.clusters)


@settings(max_examples=250, deadline=None)
@given(notices(most=10), st.integers(1, 9))
def test_no_case_that_was_one_is_parted_without_a_person_being_asked(evidence: list[Evidence], count: int) -> None:
    told = [e for e in evidence if not (e.rekey or e.dead_number)]
    before, after = resolve(told[:count]), resolve(told)
    tied = [(cluster_of(after, review.a), cluster_of(after, review.b)) for review in after.reviews]
    for cluster in before.clusters:
        pieces = {cluster_of(after, id) for id in cluster}
        reached, todo = set(), [next(iter(pieces))]
        while todo:
            reached.add(here := todo.pop())
            todo += [
                y if x == here else x for x, y in tied if here in (x, y) and (y if x == here else x) not in reached
            ]
        assert pieces <= reached


@settings(max_examples=150, deadline=None)
@given(notices(most=2))
def test_comparing_is_the_same_both_ways_round(evidence: list[Evidence]) -> None:
    a, b = evidence[:2]
    assert explain(a, b) == explain(b, a)
