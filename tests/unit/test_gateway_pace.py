"""Who guesses wrong, or sends too fast, waits; nobody else does."""

import contextlib

import pytest
from starlette.requests import Request

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.pace import Buckets, Failures


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def came_from(address: str) -> Request:
    return Request({"type": "http", "client": (address, 40000), "headers": []})


def test_a_bucket_gives_what_it_holds_and_then_what_runs_in() -> None:
    time = Time()
    buckets = Buckets(2, 0.5, time)
    assert [buckets.take("a"), buckets.take("a"), buckets.take("a")] == [0, 0, 2.0]
    assert buckets.take("b") == 0, "another's bucket is another"
    time.now += 2
    assert [buckets.take("a"), buckets.take("a")] == [0, 2.0]
    time.now += 3600
    assert buckets.left("a") == 2, "no more runs in than it holds"


def test_an_address_that_guessed_wrong_too_often_waits_and_the_others_do_not() -> None:
    time = Time()
    failures = Failures(3, 6, time)
    for _ in range(3):
        failures.require(came_from("192.0.2.1"))
        failures.count(came_from("192.0.2.1"))
    with pytest.raises(Refusal) as refused:
        failures.require(came_from("192.0.2.1"))
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "10")
    failures.require(came_from("192.0.2.2"))
    time.now += 10
    failures.require(came_from("192.0.2.1"))


def test_a_crowd_of_guesses_at_once_is_no_more_than_the_same_one_after_the_other() -> None:
    failures = Failures(3, 6, Time())
    with contextlib.ExitStack() as under_way:
        for _ in range(3):
            under_way.enter_context(failures.guess(came_from("192.0.2.1")))
        with pytest.raises(Refusal), failures.guess(came_from("192.0.2.1")):
            pass
        with failures.guess(came_from("192.0.2.2")) as right:
            right()
    with pytest.raises(Refusal):
        failures.require(came_from("192.0.2.1"))


def test_who_was_right_and_what_nobody_could_look_at_is_no_wrong_guess() -> None:
    failures = Failures(1, 6, Time())
    for _ in range(5):
        with failures.guess(came_from("192.0.2.1")) as right:
            right()
            right()
        with pytest.raises(ConnectionError), failures.guess(came_from("192.0.2.1")):
            raise ConnectionError
    with failures.guess(came_from("192.0.2.1")):
        pass
    with pytest.raises(Refusal), failures.guess(came_from("192.0.2.1")):
        pass


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    buckets = Buckets(1, 1, Time())
    for n in range(10_050):
        buckets.take(str(n))
    assert buckets.take("10049") > 0
    assert buckets.take("1") == 0


def test_the_addresses_of_one_network_of_ipv6_are_one_guesser() -> None:
    failures = Failures(2, 6, Time())
    for host in ("2001:db8::1", "2001:db8::ffff:1"):
        failures.count(came_from(host))
    with pytest.raises(Refusal):
        failures.require(came_from("2001:db8:0:0:9::9"))
    failures.require(came_from("2001:db8:0:1::1"))
    for _ in range(2):
        failures.count(came_from("::ffff:192.0.2.1"))
    with pytest.raises(Refusal):
        failures.require(came_from("192.0.2.1"))
    failures.require(came_from("what a proxy made up"))
