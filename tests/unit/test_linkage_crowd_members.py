"""For whom another notice may stand among very many that say the very same, and for whom nobody does."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.linkage.crowds import Crowds, crowds_among
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.people import Constraint
from integration_engine.linkage.resolution import Resolution
from tests.linkage_rows import ROWAN, said

SENT = {"local_ref": "M-1"}


def again(count: int, **changes: Any) -> dict[str, Evidence]:
    one = replace(said("n", ROWAN, SENT), **changes)
    return {f"n{number}": replace(one, id=f"n{number}") for number in range(count)}


def word(a: str, b: str) -> Constraint:
    return Constraint(a, b, "link", "jane", datetime(2026, 3, 9, tzinfo=UTC), 0)


def test_two_stand_for_all_of_more_than_three_that_say_the_same() -> None:
    assert crowds_among(again(5), ()) == Crowds((("n0", "n1"),), (("n2", "n3", "n4"),))
    assert crowds_among(dict(reversed(again(5).items())), ()) == crowds_among(again(5), ())
    assert crowds_among(again(3), ()) == Crowds()


def test_who_says_anything_else_stands_for_itself() -> None:
    told = {**again(4), "y": said("y", ROWAN, SENT, family="Oyelaran"), "z": said("z", ROWAN, SENT, sex="F")}
    assert crowds_among(told, ()).others == (("n2", "n3"),)


@pytest.mark.parametrize("mark", ["grown", "timeless", "ends"])
def test_nobody_stands_for_an_adult_for_what_is_dated_by_nothing_nor_for_what_would_end_a_case(mark: str) -> None:
    assert crowds_among(again(5, **{mark: True}), ()) == Crowds()


def test_nobody_stands_for_a_notice_that_people_spoke_of_and_the_first_received_stands_beside_the_two() -> None:
    told = {name: replace(e, at=f"2026-03-09T{9 - n:02}:00:00+00:00") for n, (name, e) in enumerate(again(7).items())}
    found = crowds_among(told, [word("n0", "z"), word("z", "n1")])
    assert found == Crowds((("n2", "n3", "n6"),), (("n4", "n5"),))


def test_the_others_end_where_those_end_that_stand_for_them() -> None:
    crowd = Crowds((("n0", "n1"),), (("n2", "n3"),))
    assert crowd.left_out == {"n2", "n3"}
    found = Resolution(
        clusters=(frozenset({"a"}), frozenset({"n0", "n1", "b"})),
        reviews=(),
        related=(),
        restricted=frozenset({"n0"}),
        former=frozenset({"n0", "n1"}),
        current=frozenset({"a"}),
    )
    whole = crowd.filled_in(found)
    assert whole.clusters == (frozenset({"a"}), frozenset({"n0", "n1", "n2", "n3", "b"}))
    assert (whole.restricted, whole.former, whole.current) == (
        {"n0", "n2", "n3"},
        {"n0", "n1", "n2", "n3"},
        {"a"},
    )


def test_a_crowd_whose_stand_ins_end_apart_is_none() -> None:
    crowds = Crowds((("n0", "n1"), ("m0", "m1")), (("n2",), ("m2",)))
    assert crowds.without_torn({"n0": "a", "n1": "b", "m0": "c", "m1": "c"}) == Crowds((("m0", "m1"),), (("m2",),))
