"""How many questions about one case are asked at a time: the heaviest, and each that is answered makes room."""

from collections import Counter
from itertools import combinations

import pytest

from integration_engine.linkage import reviews
from integration_engine.linkage.people import Constraint
from integration_engine.linkage.resolve import Resolution, resolve
from tests.linkage_rows import ROWAN, said

NAMELESS = [said(f"n{n}", ROWAN, given=None, event_ref=f"E-{n}") for n in range(7)]


@pytest.fixture(autouse=True)
def three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "MOST_ASKED", 3)


def pairs(found: Resolution) -> set[frozenset[str]]:
    return {frozenset((review.a, review.b)) for review in found.reviews}


def apart(found: Resolution, turn: int) -> list[Constraint]:
    """Somebody answers all that is asked: two children each."""
    return [Constraint(r.a, r.b, "unlink", "ann", turn=turn + n) for n, r in enumerate(found.reviews)]


def test_of_more_questions_than_can_be_answered_each_case_has_its_share() -> None:
    found = resolve(NAMELESS)
    assert len(found.clusters) == 7
    asked = Counter(id for pair in pairs(found) for id in pair)
    assert set(asked) == {e.id for e in NAMELESS}
    assert min(asked.values()) >= 3
    assert len(found.reviews) < 7 * 6 / 2


def test_what_is_answered_makes_room_until_everything_was_asked() -> None:
    words: list[Constraint] = []
    seen: set[frozenset[str]] = set()
    while (found := resolve(NAMELESS, words)).reviews:
        assert not pairs(found) & seen
        seen |= pairs(found)
        words += apart(found, len(words))
    assert len(seen) == 7 * 6 / 2


def test_the_heaviest_are_asked_first() -> None:
    alike = [said(f"n{n}", ROWAN, given=None, event_ref=f"A-{n}") for n in range(4)]
    homeless = [
        said(f"b{n}", ROWAN, given=None, event_ref=f"B-{n}", postcode=None, address_line=None) for n in range(5)
    ]
    found = resolve([*homeless, *alike])
    heaviest = {frozenset(pair) for pair in combinations([e.id for e in alike], 2)}
    assert heaviest <= pairs(found)
    assert heaviest == {frozenset((review.a, review.b)) for review in found.reviews[:6]}
    assert len(found.reviews) < 9 * 8 / 2


def test_the_order_in_which_it_was_told_makes_no_difference() -> None:
    assert resolve(NAMELESS) == resolve(reversed(NAMELESS))
