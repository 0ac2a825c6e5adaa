"""Shuffling finds an answer that hangs on the order, and only that."""

from integration_engine.appraisal.neighbourhoods import neighbourhoods
from integration_engine.appraisal.shuffles import Moved, shuffled
from integration_engine.linkage.evidence import evidence_of_row
from integration_engine.linkage.resolve import Constraint, Resolution, resolve
from tests.linkage_rows import ROWAN, number, said
from tests.linkage_stream import stream

EVIDENCE = [evidence_of_row(row) for row in stream(40)]
WORDS = [Constraint("N1-0", "N7-0", "link"), Constraint("N3-0", "N3-1", "unlink")]


def test_no_order_changes_anything_with_or_without_peoples_words() -> None:
    for words in ([], WORDS):
        first = resolve(EVIDENCE, words)
        assert set(shuffled(EVIDENCE, words, first, 5)) == {Moved(0, 0)}


def test_what_comes_out_otherwise_is_counted() -> None:
    """Held against an answer in which one child's two notices are apart and nobody is asked anything."""
    first = resolve(EVIDENCE)
    joined = next(cluster for cluster in first.clusters if len(cluster) == 2)
    others = tuple(cluster for cluster in first.clusters if cluster != joined)
    wrong = Resolution((*others, *(frozenset({id}) for id in joined)))
    assert set(shuffled(EVIDENCE, [], wrong, 2)) == {Moved(1, len(first.reviews))}


def test_many_notices_are_shared_out_among_processes_and_come_out_the_same() -> None:
    many = [evidence_of_row(row) for row in stream(700)]
    assert list(shuffled(many, [], resolve(many), 16)) == [Moved(0, 0)] * 16


def test_a_neighbourhood_is_what_may_be_one_child_or_family_and_what_people_named_together() -> None:
    a, b = said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN)
    stranger = {"given": "Zofia", "family": "Nowak", "birth_date": "2012-01-01", "death_datetime": "2026-05-01"}
    far = said("far", ROWAN, stranger, postcode="M1 1AA", address_line="1 Way Road", place_of_death=None)
    assert sorted(map(sorted, neighbourhoods([a, b, far]))) == [["a", "b"], ["far"]]
    assert len(neighbourhoods([a, b, far], [Constraint("a", "far", "unlink")])) == 1
