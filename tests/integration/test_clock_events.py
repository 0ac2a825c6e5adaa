"""Clocks in the store: armed with the case, raised once whoever looks, cleared when the due time moves or goes."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from adapters.adapter import Submission
from integration_engine import clockwork
from integration_engine.pipeline import Processed, process, record_decision
from integration_engine.record.clock_event import ClockEvent
from integration_engine.record.decision import Decision
from integration_engine.routing.clock_rules import load_clock_rules
from integration_engine.store import outbox, overview
from integration_engine.store.clocks import ClockRow, claim_events, events_published, raise_due, raise_events
from integration_engine.store.database import Store
from integration_engine.store.pressing import clock_counts, due_clocks
from tests.store_samples import NOW, nobodys_namesake, read, report, retraction, rules

CLOCKS = load_clock_rules()
# The child of the samples died at 04:10 on the day before: the panel's 24 hours are over, the nation's 48 are not.
NCMD_DUE = datetime.fromisoformat("2026-03-11T04:10:00+00:00")


def take(store: Store, *submissions: Submission, at: datetime = NOW) -> Processed:
    return process(store, submissions, read=read, now=at, **rules())


def child(n: int, **fields: Any) -> Submission:
    """One child of many who have nothing in common."""
    home = {"lines": [f"{n} Reed Way"], "lad_code": "E06000038", "use": "home"}
    told = {**nobodys_namesake(n), "birth_date": f"2010-01-{n + 1:02}", "addresses": [home]}
    return report(n, message_id=f"m-{n}", child=told, **fields)


def told(store: Store, at: datetime, **value: Any) -> None:
    (case,) = overview.recent_cases(store)
    decision = {"id": f"d-{at.isoformat()}", "at": at, "by": "someone", "role": "coordinator", "kind": "process"}
    said = Decision.model_validate(decision | {"about": [case.id], "value": value, "reason": "told by the panel"})
    record_decision(store, said, now=at, **rules())


def raised(store: Store, at: datetime) -> list[tuple[str, str]]:
    return sorted((event.clock, event.stage) for event in raise_due(store, at, CLOCKS))


def raise_again(store: Store, event: ClockEvent, at: datetime) -> None:
    with store.transaction() as transaction:
        raise_events(transaction, [event], at)


def published(store: Store, at: datetime) -> list[tuple[str, str]]:
    taken = claim_events(store, 100, at)
    events_published(store, taken, at)
    return sorted((each.event.clock, each.event.stage) for each in taken)


def test_a_case_arms_its_clocks_and_each_stage_is_raised_once(store: Store) -> None:
    take(store, report())
    assert {(row.clock, row.stage) for row in due_clocks(store, NOW, CLOCKS)} == {
        ("cdop_due", "overdue"), ("ncmd_due", None), ("cdrm_due", None),
    }  # fmt: skip
    assert raised(store, NOW) == [("cdop_due", "overdue")]
    assert raised(store, NOW) == []
    assert raised(store, NCMD_DUE - timedelta(hours=12)) == [("ncmd_due", "soon")]
    assert raised(store, NCMD_DUE) == []
    assert raised(store, NCMD_DUE + timedelta(seconds=1)) == [("ncmd_due", "overdue")]
    assert raised(store, NCMD_DUE + timedelta(days=1)) == []


def test_a_clock_looked_at_late_is_raised_as_overdue_and_not_as_soon_before(store: Store) -> None:
    take(store, report())
    assert raised(store, NCMD_DUE + timedelta(days=200)) == [
        ("cdop_due", "overdue"), ("cdrm_due", "overdue"), ("ncmd_due", "overdue"),
    ]  # fmt: skip


def test_a_delivery_that_the_broker_confirmed_tells_the_panel_that_leads(store: Store) -> None:
    done = take(store, report())
    lead = [row.id for row in done.outbox if row.recipient == "cdop.BERKS"]
    outbox.mark_published(store, lead, NOW)
    assert raised(store, NOW) == []
    assert ("cdop_due", True) in [(row.clock, row.told) for row in due_clocks(store, NOW, CLOCKS)]
    assert raised(store, NCMD_DUE + timedelta(hours=1)) == [("ncmd_due", "overdue")]


def test_clocks_that_deliveries_have_met_hide_no_overdue_one_behind_them(store: Store) -> None:
    met = take(store, child(0), child(1))
    outbox.mark_published(store, [row.id for row in met.outbox], NOW)
    take(store, child(2, death={"died_at": "2026-03-09T05:00"}))
    (event,) = raise_due(store, NOW, CLOCKS, limit=1)
    assert (event.clock, event.stage) == ("cdop_due", "overdue")


def test_a_delivery_to_another_panel_does_not(store: Store) -> None:
    done = take(store, report())
    outbox.mark_published(store, [row.id for row in done.outbox if row.recipient != "cdop.BERKS"], NOW)
    assert raised(store, NOW) == [("cdop_due", "overdue")]


def test_a_step_told_of_clears_what_was_raised(store: Store) -> None:
    take(store, report())
    raise_due(store, NCMD_DUE + timedelta(minutes=15), CLOCKS)
    assert published(store, NCMD_DUE) == [("cdop_due", "overdue"), ("ncmd_due", "overdue")]
    told(store, NCMD_DUE + timedelta(minutes=20), ncmd_told_at="2026-03-11T04:25:00Z", ncmd_late_reason="ward moved")
    assert published(store, NCMD_DUE + timedelta(minutes=21)) == [("ncmd_due", "cleared")]
    assert raised(store, NCMD_DUE + timedelta(days=1)) == []


def test_what_is_raised_again_while_its_first_raising_is_published_is_published_too(store: Store) -> None:
    take(store, report())
    (case,) = overview.recent_cases(store)
    overdue = ClockEvent(case.id, "ncmd_due", NCMD_DUE, "overdue")
    raise_again(store, overdue, NCMD_DUE + timedelta(minutes=1))
    on_its_way = claim_events(store, 100, NCMD_DUE + timedelta(minutes=1))
    raise_again(store, overdue, NCMD_DUE + timedelta(minutes=2))
    events_published(store, on_its_way, NCMD_DUE + timedelta(minutes=3))
    (again,) = claim_events(store, 100, NCMD_DUE + timedelta(minutes=3))
    assert again.raised_at == NCMD_DUE + timedelta(minutes=2)
    assert clockwork.message(again, CLOCKS).message_id != clockwork.message(on_its_way[0], CLOCKS).message_id


def test_a_due_time_that_moves_is_cleared_and_armed_anew(store: Store) -> None:
    take(store, report())
    raise_due(store, NCMD_DUE + timedelta(minutes=15), CLOCKS)
    published(store, NOW)
    later = report(
        30, partner="RTX", death={"died_at": "2026-03-09T06:10"}, message_id="m-2", stated_at="2026-03-11T05:00"
    )
    take(store, later, at=NCMD_DUE + timedelta(minutes=30))
    (ncmd,) = [row for row in due_clocks(store, NCMD_DUE, CLOCKS) if row.clock == "ncmd_due"]
    assert ncmd.due == NCMD_DUE + timedelta(hours=2)
    assert published(store, NCMD_DUE + timedelta(minutes=31)) == [("cdop_due", "cleared"), ("ncmd_due", "cleared")]
    assert raised(store, NCMD_DUE + timedelta(minutes=40)) == [("cdop_due", "overdue"), ("ncmd_due", "soon")]


def test_a_withdrawn_case_has_no_clocks_and_what_was_raised_is_cleared(store: Store) -> None:
    take(store, report())
    raise_due(store, NOW, CLOCKS)
    take(store, retraction(10), at=NOW + timedelta(minutes=10))
    assert due_clocks(store, NOW, CLOCKS) == ()
    assert published(store, NOW + timedelta(minutes=11)) == [("cdop_due", "cleared"), ("cdop_due", "overdue")]
    assert raised(store, NOW + timedelta(days=400)) == []


def test_what_was_cleared_and_comes_back_is_raised_again(store: Store) -> None:
    take(store, report())
    raise_due(store, NOW, CLOCKS)
    take(store, retraction(10), at=NOW + timedelta(minutes=10))
    published(store, NOW + timedelta(minutes=11))
    take(store, report(20, message_id="again"), at=NOW + timedelta(minutes=20))
    assert raised(store, NOW + timedelta(minutes=21)) == [("cdop_due", "overdue")]
    assert published(store, NOW + timedelta(minutes=22)) == [("cdop_due", "overdue")]


def test_many_that_look_at_once_raise_each_event_once(store: Store) -> None:
    take(store, *(child(n) for n in range(20)))
    late = NCMD_DUE + timedelta(days=1)

    def look(_: int) -> list[ClockEvent]:
        found: list[ClockEvent] = []
        while some := raise_due(store, late, CLOCKS, limit=3):
            found += some
        return found

    with ThreadPoolExecutor(4) as pool:
        seen = Counter(event.id for events in pool.map(look, range(4)) for event in events)
    assert set(seen.values()) == {1}
    assert len(seen) == 2 * len(overview.recent_cases(store)) == 40
    with ThreadPoolExecutor(4) as pool:
        claimed = Counter(
            each.event.id for taken in pool.map(lambda _: claim_events(store, 15, late), range(4)) for each in taken
        )
    assert set(claimed.values()) == {1}


def test_an_event_nobody_confirmed_is_taken_up_again_after_a_minute(store: Store) -> None:
    take(store, report())
    raise_due(store, NOW, CLOCKS)
    assert len(claim_events(store, 10, NOW)) == 1
    assert claim_events(store, 10, NOW + timedelta(seconds=59)) == ()
    (again,) = claim_events(store, 10, NOW + timedelta(seconds=60))
    assert again.lead == "BERKS"


def test_the_counts_are_of_what_the_store_holds_now(store: Store) -> None:
    take(store, report())
    counts = clock_counts(store, NCMD_DUE - timedelta(hours=1), CLOCKS)
    assert (counts["cdop_due", "overdue"], counts["ncmd_due", "soon"], counts["cdrm_due", "running"]) == (1, 1, 1)
    assert sum(counts.values()) == 3
    assert counts["jar_due", "overdue"] == 0


def test_clocks_are_kept_as_times_and_codes_alone(store: Store) -> None:
    assert set(ClockRow.model_fields) == {"case_id", "clock", "due", "stage"}
