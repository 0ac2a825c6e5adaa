"""Very many notices about one child: each is taken, none makes the next one dear, and no other child waits for it."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from adapters.adapter import Submission
from integration_engine import crowded, pipeline
from integration_engine.broker.consumer import Pace
from integration_engine.broker.topology import Topology
from integration_engine.core import decide
from integration_engine.linkage import resolve as linkage
from integration_engine.linkage.clusters import Clusters
from integration_engine.pipeline import Later, process
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store, table
from integration_engine.store.tables import BondRow, NoticeRow
from tests.integration.test_withdrawals_go_first import overhearing
from tests.store_samples import NOW, read, report, rules
from tests.worker_samples import FORCE, death, eventually, ready, send, working

OTHERS = ("Tansy", "Sorrel", "Bryony")


def again(count: int, start: int = 0, **fields: Any) -> list[Submission]:
    """One hospital's word about one boy, again and again."""
    return [report(n, message_id=f"again {n}", **fields) for n in range(start, start + count)]


def other(number: int) -> Submission:
    """A word about another child."""
    name = OTHERS[number]
    child = {
        "family_name": f"{name}field",
        "given_names": [name],
        "nhs_number": None,
        "birth_date": f"201{number}-01-0{number + 1}",
    }
    return report(
        number, message_id=name, child=child | {"addresses": [{"lines": [f"{number} Elder Way"], "use": "home"}]}
    )


def take(store: Store, *messages: Submission) -> pipeline.Processed:
    return process(store, messages, read=read, now=NOW, **rules())


def held(store: Store, model: Any) -> int:
    with store.reading() as transaction:
        return int(transaction.connection.execute(select(func.count()).select_from(table(model))).scalar_one())


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often linkage laid two notices side by side, counted in its first item."""
    count, compare = [0], linkage.compare

    def counted(*pair: Any, **how: Any) -> Any:
        count[0] += 1
        return compare(*pair, **how)

    monkeypatch.setattr(linkage, "compare", counted)
    return count


def test_one_more_notice_takes_as_many_comparisons_however_many_say_the_same(store: Store, compared: list[int]) -> None:
    taken, cost = 0, []
    for held_before in (20, 60):
        take(store, *again(held_before - taken, taken))
        compared[0] = 0
        take(store, *again(1, held_before))
        taken = held_before + 1
        cost.append(compared[0])
    assert cost[0] == cost[1] < 20
    assert len(overview.recent_cases(store)) == 1
    assert audit.verify(store).broken is None


def test_a_batch_with_a_crowd_compares_the_other_children_no_oftener(store: Store, compared: list[int]) -> None:
    take(store, *again(40))
    compared[0] = 0
    take(store, *again(1, 40))
    alone = compared[0]
    compared[0] = 0
    take(store, *again(1, 41), *map(other, range(3)))
    assert compared[0] == alone


def test_a_child_told_of_again_and_again_has_as_many_bonds_as_it_takes_to_hold_together(store: Store) -> None:
    take(store, *again(30))
    for message in again(10, 30):
        take(store, message)
    assert held(store, NoticeRow) == 40
    assert held(store, BondRow) == 2 * 39


def test_what_differs_and_is_told_again_goes_to_nobody_a_second_time(store: Store) -> None:
    assert take(store, *again(1)).outbox
    assert take(store, *again(1, 50, partner="RXX", child={"birth_date": "2014-05-10"})).outbox
    assert not take(store, *again(5, 1)).outbox


def test_of_a_batch_the_messages_of_a_crowd_are_named_and_nothing_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowded, "A_CROWD", 5)
    take(store, *again(6))
    before = held(store, NoticeRow)
    batch = [other(0), *again(1, 6), other(1), *again(1, 7)]
    with pytest.raises(crowded.Crowded) as raised:
        process(store, batch, read=read, now=NOW, later=Later(crowds=True), **rules())
    assert raised.value.places == {1, 3}
    assert held(store, NoticeRow) == before
    assert process(store, again(2, 6), read=read, now=NOW, later=Later(crowds=True), **rules()).new == 2


def version(number: int) -> bytes:
    """A later version of a police report, which tells something new each time."""
    told = json.loads(death(0)) | {"version": number}
    told["event"]["circumstances"] = f"As known on day {number}."
    return json.dumps(told).encode()


def test_other_childrens_deliveries_leave_before_a_crowd_of_their_batch_is_decided(
    amqp_url: str, store: Store, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowded, "A_CROWD", 5)
    told = [Submission(version(number), NOW, partner=FORCE) for number in range(1, 7)]
    rows = process(store, told, kinds=["police"] * 6, now=NOW, **rules()).outbox
    outbox.mark_published(store, [row.id for row in rows], NOW)
    crowd = {row.case for row in rows}
    send(amqp_url, version(7), death(1), death(2))
    with overhearing(amqp_url) as heard:
        with working(amqp_url, store, topology, pace=Pace(3, 20.0, 10)):
            eventually(lambda: not ready(amqp_url, "intake.police") and not outbox.depth(store).waiting)
        of = [case for _, _, case in heard()]
    assert len(of) == 9
    assert set(of[6:]) == crowd
    assert crowd.isdisjoint(of[:6])
    assert audit.verify(store).broken is None


def test_whoever_tells_of_a_child_for_the_hundredth_time_raises_one_alarm(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowded, "_TOLD_OFTEN", 5)
    assert not take(store, *again(5)).alarms
    (alarm,) = take(store, *again(1, 5, partner="RXX")).alarms
    (case,) = overview.recent_cases(store)
    assert (alarm.code, alarm.partner, alarm.subject) == ("told-too-often", "RXX", case.id)
    assert not take(store, *again(3, 6)).alarms
    assert [raised.subject for raised in overview.alarms(store, 10)] == [case.id]


def named(number: int) -> Submission:
    """A word about a child of whom another says the same but for the second name."""
    return report(number, message_id=f"named {number}", child={"given_names": ["Barnaby", f"Lark{chr(97 + number)}"]})


def test_more_questions_than_anybody_can_answer_raise_one_alarm(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowded, "_ASKED_OFTEN", 10)
    assert not take(store, *map(named, range(5))).alarms
    (alarm,) = take(store, *map(named, range(5, 12))).alarms
    assert (alarm.code, alarm.partner) == ("asked-too-often", "RTH")
    assert alarm.subject in {case.id for case in overview.recent_cases(store)}
    assert not take(store, *map(named, range(12, 15))).alarms


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often it was found out what tells two clusters apart, counted in its first item."""
    count, between = [0], Clusters.barred_between

    def counted(clusters: Clusters, one: str, other: str) -> frozenset[str]:
        count[0] += 1
        return between(clusters, one, other)

    monkeypatch.setattr(Clusters, "barred_between", counted)
    return count


def hour(number: int) -> Submission:
    """A word about one boy, who died at another hour in each."""
    return report(number, message_id=f"hour {number}", death={"died_at": f"2026-03-09T{number:02}:10"})


def test_of_more_that_differs_than_can_be_decided_nothing_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowded, "MOST_DIFFERENT", 5)
    take(store, *map(hour, range(6)))
    before = held(store, NoticeRow)
    with pytest.raises(crowded.Overcrowded):
        take(store, hour(6), other(0))
    assert held(store, NoticeRow) == before
    assert take(store, other(0)).new == 1


def test_the_same_again_is_never_too_much(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowded, "MOST_DIFFERENT", 5)
    take(store, *again(8))
    assert take(store, *again(2, 8), hour(0)).new == 3


def test_what_is_too_much_lies_in_the_dead_queue_and_others_are_taken(
    amqp_url: str, store: Store, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowded, "MOST_DIFFERENT", 5)
    told = [death(0).replace(b"T04:10:00Z", b"T%02d:10:00Z" % hour) for hour in range(8)]
    submissions = [Submission(body, NOW, partner=FORCE) for body in told[:6]]
    process(store, submissions, kinds=["police"] * 6, now=NOW, **rules())
    send(amqp_url, told[6], death(1), told[7], death(2))
    with working(amqp_url, store, topology, pace=Pace(4, 20.0, 10), delays=()):
        eventually(lambda: ready(amqp_url, "dead.police") == 2 and not ready(amqp_url, "intake.police"))
    assert held(store, NoticeRow) == 8
    assert len(overview.recent_cases(store)) == 3
    assert audit.verify(store).broken is None


def nameless(number: int) -> Submission:
    """A word of the police about a child of Reading who has no name or number yet."""
    nobody = {"nhs_number": None, "family_name": None, "given_names": None}
    source = {"kind": "police", "partner": FORCE, "event": f"event {number % 5}"}
    return report(number, message_id=f"nameless {number}", source=source, child=nobody)


def test_twice_as_many_nameless_children_are_four_times_the_pairs_and_no_more(weighed: list[int]) -> None:
    cost = []
    for count in (12, 24):
        weighed[0] = 0
        told = [item.notice for n in range(count) for reading in read(nameless(n)) for item in reading.items]
        outcome = decide(filter(None, told), [], now=NOW, **rules())
        assert len(outcome.reviews) > count
        cost.append(weighed[0])
    assert cost[1] < 5 * cost[0]
