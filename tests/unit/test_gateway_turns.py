"""The pace of a sender: a second's worth at once, the rest one after another, nothing saved up for later."""

import pytest

from integration_engine.gateway.turns import Pace, Paces


def test_a_seconds_worth_comes_at_once_and_the_rest_waits_its_turn() -> None:
    pace = Pace(4)
    waits = [pace.turn(100.0) for _ in range(8)]
    assert waits == pytest.approx([0, 0, 0, 0, 0.25, 0.5, 0.75, 1.0])


def test_nothing_is_saved_up_over_a_quiet_hour() -> None:
    pace = Pace(4)
    pace.turn(0.0)
    assert [pace.turn(3600.0) for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0.25, 0.5])


def test_who_keeps_to_the_pace_never_waits() -> None:
    pace = Pace(4)
    assert [pace.turn(number / 4) for number in range(100)] == [0.0] * 100


def test_less_than_one_a_second_is_a_pace_too() -> None:
    pace = Pace(0.1)
    assert [pace.turn(50.0) for _ in range(3)] == pytest.approx([0, 10, 20])


def test_none_is_no_limit() -> None:
    pace = Pace(0)
    assert {pace.turn(1.0) for _ in range(10_000)} == {0.0}


def test_a_partner_has_one_pace_and_another_partner_another() -> None:
    paces = Paces(2)
    assert paces.of("RTH") is paces.of("RTH")
    assert [paces.of("RTH").turn(0.0) for _ in range(3)] == pytest.approx([0, 0, 0.5])
    assert paces.of("RXH").turn(0.0) == 0
