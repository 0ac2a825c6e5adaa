"""An evaluation counts what was joined, asked and lost; the same figures come out when counted pair by pair here."""

from itertools import combinations
from typing import Any

import pytest

from integration_engine.linkage.evaluation import LEAST_PAIRS, NO_NOISE, Truth, evaluate
from integration_engine.linkage.evidence import evidence_of_row
from integration_engine.linkage.recall import recall, widest_gap, wilson
from integration_engine.linkage.resolve import Resolution, Review, resolve
from integration_engine.linkage.truth import Pair
from tests.linkage_stream import stream

ROWS = stream()
TRUTH = {
    row["id"]: Truth(
        row["truth"], row["group"], row["kind"], row["name_group"], tuple(sorted(row["noise"])), row["source"]
    )
    for row in ROWS
}
RESOLUTION = resolve(map(evidence_of_row, ROWS))
FOUND = evaluate(RESOLUTION, TRUTH)
PAIRS = list(combinations([row["id"] for row in ROWS], 2))
CLUSTER = {id: number for number, cluster in enumerate(RESOLUTION.clusters) for id in cluster}


def one_child(a: str, b: str) -> bool:
    return TRUTH[a].child == TRUTH[b].child


def made(clusters: list[set[str]], reviews: list[tuple[str, str, str]] = []) -> Resolution:
    asked = tuple(Review(a, b, 1.0, (why,), False) for a, b, why in reviews)
    return Resolution(tuple(frozenset(cluster) for cluster in clusters), asked)


def test_precision_and_recall_are_those_of_all_pairs_counted_one_by_one() -> None:
    together = [pair for pair in PAIRS if CLUSTER[pair[0]] == CLUSTER[pair[1]]]
    real = [pair for pair in PAIRS if one_child(*pair)]
    right = [pair for pair in together if one_child(*pair)]
    assert len(real) > 80
    assert FOUND.precision == len(right) / len(together)
    assert FOUND.recall == len(right) / len(real)
    assert FOUND.f1 == pytest.approx(2 * len(right) / (len(together) + len(real)))


def test_b_cubed_is_the_mean_over_notices() -> None:
    ids = [row["id"] for row in ROWS]
    share = [
        (
            sum(CLUSTER[a] == CLUSTER[b] and one_child(a, b) for b in ids),
            sum(CLUSTER[a] == CLUSTER[b] for b in ids),
            sum(one_child(a, b) for b in ids),
        )
        for a in ids
    ]
    assert FOUND.bcubed_precision == pytest.approx(sum(both / mine for both, mine, _ in share) / len(ids))
    assert FOUND.bcubed_recall == pytest.approx(sum(both / real for both, _, real in share) / len(ids))


def test_what_review_adds_is_what_accepting_every_true_question_joins() -> None:
    label = dict(CLUSTER)
    for review in RESOLUTION.reviews:
        if one_child(review.a, review.b):
            gone, kept = label[review.a], label[review.b]
            label = {id: kept if held == gone else held for id, held in label.items()}
    real = [pair for pair in PAIRS if one_child(*pair)]
    after = [pair for pair in real if label[pair[0]] == label[pair[1]]]
    assert FOUND.recall_after_review == len(after) / len(real)
    assert FOUND.all_pairs.lost == len(real) - len(after)
    assert FOUND.review_true_share == sum(one_child(r.a, r.b) for r in RESOLUTION.reviews) / len(RESOLUTION.reviews)


@pytest.mark.parametrize("parts", ["name_groups", "kinds"])
def test_groups_share_out_every_pair(parts: str) -> None:
    groups = getattr(FOUND, parts).values()
    for count in ("pairs", "joined", "asked", "lost"):
        assert sum(getattr(group, count) for group in groups) == getattr(FOUND.all_pairs, count)


def test_a_mistake_counts_with_every_pair_that_either_notice_bears_it_in() -> None:
    marked = [pair for pair in PAIRS if one_child(*pair) and any("unnamed" in TRUTH[id].noise for id in pair)]
    clean = [pair for pair in PAIRS if one_child(*pair) and not any(TRUTH[id].noise for id in pair)]
    assert FOUND.noises["unnamed"].pairs == len(marked)
    assert FOUND.noises[NO_NOISE].pairs == len(clean)
    assert FOUND.noises[NO_NOISE].share > FOUND.noises["nhs_missing"].share


def test_a_cluster_of_two_children_is_counted_by_how_they_are_related() -> None:
    truth = {"a": Truth("1", "f", "multiple"), "b": Truth("2", "f", "multiple"), "c": Truth("3", "g", "single")}
    found = evaluate(made([{"a", "b", "c"}]), truth)
    assert found.wrong_clusters == 1
    assert found.false_merges == {"multiple": 1, "unrelated": 2}
    assert found.wrong_clusters_by_kind == {"multiple": 1, "unrelated": 1}
    assert found.twin_false_merges == 1
    assert found.precision == 0


def test_two_formats_of_one_hospital_are_one_agency() -> None:
    sources = {"a": "hospital_hl7", "b": "hospital_fhir", "c": "police"}
    truth = {id: Truth("1", source=source) for id, source in sources.items()}
    found = evaluate(made([{"a", "b"}, {"c"}]), truth)
    assert (found.between_agencies.pairs, found.between_agencies.joined) == (2, 0)


def test_each_reason_has_its_own_share_of_true_questions() -> None:
    truth = {id: Truth(id[0]) for id in ("a1", "a2", "b1", "b2", "c1")}
    asked = [("a1", "a2", "rival-close"), ("b1", "b2", "rival-close"), ("b1", "c1", "sexes-differ")]
    found = evaluate(made([{id} for id in truth], asked), truth)
    assert {code: (said.pairs, said.true) for code, said in found.reviews_by_reason.items()} == {
        "rival-close": (2, 2),
        "sexes-differ": (1, 0),
    }
    assert found.review_load == 100


def test_a_pair_that_neither_linkage_nor_a_person_joins_is_lost() -> None:
    truth = {"a": Truth("1"), "b": Truth("1"), "c": Truth("1"), "d": Truth("1")}
    found = evaluate(made([{"a"}, {"b"}, {"c"}, {"d"}], [("a", "b", "x"), ("b", "c", "x")]), truth)
    assert (found.all_pairs.asked, found.all_pairs.lost) == (3, 3)


def test_notices_without_truth_do_not_count() -> None:
    found = evaluate(made([{"a", "b", "x"}], [("a", "x", "y")]), {"a": Truth("1"), "b": Truth("1")})
    assert (found.notices, found.reviews, found.precision, found.recall) == (2, 0, 1.0, 1.0)


def test_an_interval_counts_children_and_not_pairs() -> None:
    """One child whose many pairs are all missed makes recall far less sure than as many children with one each."""
    one = [Pair("a", "x", "y", False, False)] * 10 + [Pair(f"b{n}", "x", "y", True, False) for n in range(90)]
    many = [Pair(f"a{n}", "x", "y", n >= 10, False) for n in range(100)]
    wide, narrow = recall(one), recall(many)
    assert wide.share == narrow.share == 0.9
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert narrow.low == pytest.approx(wilson(90, 100)[0], abs=0.005)


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 15 of 148 is 0.0624 to 0.1605, 0 of 20 is 0 to 0.1611."""
    for part, whole, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_a_gap_is_between_groups_large_enough_to_speak_of() -> None:
    def group(joined: int, pairs: int) -> Any:
        return recall(Pair(f"c{n}", "x", "y", n < joined, False) for n in range(pairs))

    groups = {"small": group(1, 10), "worst": group(180, LEAST_PAIRS), "best": group(390, 2 * LEAST_PAIRS)}
    gap = widest_gap(groups, LEAST_PAIRS)
    assert gap
    assert (gap.worst, gap.best) == ("worst", "best")
    assert gap.size == pytest.approx(0.075)
    assert widest_gap({"small": groups["small"], "best": groups["best"]}, LEAST_PAIRS) is None
