"""Cases decided again as the day, the tables and the switches move on: only what differs goes out, and each once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.adapter import Submission
from integration_engine.courier import Courier
from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.revisit import Revisited, Revisiting, revisit
from integration_engine.routing.fingerprint import fingerprint
from integration_engine.routing.reference import Reference, bundled, load_reference
from integration_engine.routing.switches import Switches
from integration_engine.store import audit, outbox, overview
from integration_engine.store.audit import verify
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from integration_engine.store.pressing import due_clocks
from integration_engine.store.watch import come_into_force, in_force, to_look_at, waiting
from tests.store_samples import NOW, nobodys_namesake, read, report, retraction

MERGER = """
footprint: thames-2027
from: 2027-04-01
cdops:
  - {code: THAMES, name: Thames Valley CDOP, replaces: [BERKS, OXON]}
"""
BEFORE, AFTER = datetime(2027, 3, 31, 22, 59, tzinfo=UTC), datetime(2027, 3, 31, 23, 1, tzinfo=UTC)
"""Either side of midnight in London, where summer time has begun."""


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    file: Path = tmp_path_factory.mktemp("footprint") / "thames.yaml"
    file.write_text(MERGER)
    return load_reference(overlay=file)


def child(n: int, **fields: Any) -> Submission:
    home = {"lines": [f"{n} Reed Way"], "lad_code": "E06000038", "use": "home"}
    told = {**nobodys_namesake(n), "birth_date": f"20{10 + n // 28}-01-{n % 28 + 1:02}", "addresses": [home]}
    worker = {"key_worker": {"name": "somebody"}}
    return report(n % 50, message_id=f"m-{n}", child=told, family=worker, **fields)


def take(store: Store, *submissions: Submission, reference: Reference, at: datetime = NOW) -> list[tuple[str, str]]:
    done = process(store, submissions, read=read, now=at, reference=reference, switches=Switches())
    return [(row.recipient, row.kind) for row in done.outbox]


def again(
    store: Store, reference: Reference, at: datetime, switches: Switches = Switches(), *, trial: bool = False
) -> Revisited:
    """Everything that is to be looked at, in batches, as one answer."""
    total, ruling = Revisited(), fingerprint(reference, switches)
    after = ""
    while cases := to_look_at(store, ruling, at, limit=5, after=after):
        done = revisit(store, cases, reference=reference, now=at, switches=switches, trial=trial)
        total = Revisited(total.cases + done.cases, total.differences + done.differences, total.outbox + done.outbox)
        after = cases[-1]
    return total


def test_on_the_day_a_footprint_starts_open_cases_move_to_the_successor(store: Store, merged: Reference) -> None:
    take(store, child(1), reference=merged)
    assert again(store, merged, BEFORE).cases == ()
    done = again(store, merged, AFTER)
    (moved,) = done.differences
    assert (moved.lead_before, moved.lead, moved.state) == ("BERKS", "THAMES", "open")
    # The child died in what was the other panel's area: it had a copy, and is no part of the case any more.
    assert set(moved.deliveries) == {
        ("cdop.THAMES", "transfer"),
        ("cdop.BERKS", "copy"),
        ("cdop.OXON", "withdraw"),
        ("national.ncmd", "transfer"),
    }
    assert again(store, merged, AFTER) == Revisited()
    assert verify(store).broken is None


def test_the_national_record_is_moved_and_never_made_a_second_time(store: Store, merged: Reference) -> None:
    take(store, child(1), reference=merged)
    kinds = [row.kind for row in again(store, merged, AFTER).outbox if row.recipient == "national.ncmd"]
    assert kinds == ["transfer"]


def test_a_case_that_comes_out_as_it_was_costs_nothing_outward(store: Store, merged: Reference) -> None:
    take(store, child(1), child(2), reference=bundled())
    lines = len(audit.lines(store, limit=1000))
    before = overview.recent_cases(store)
    done = again(store, merged, NOW)
    assert (len(done.cases), done.differences, done.outbox) == (2, (), ())
    assert overview.recent_cases(store) == before
    assert len(audit.lines(store, limit=1000)) == lines
    assert again(store, merged, NOW) == Revisited()


def test_a_corrected_table_moves_what_it_had_in_the_wrong_place(store: Store, merged: Reference) -> None:
    take(store, child(1), reference=bundled(), at=BEFORE)
    assert [one.lead for one in again(store, merged, AFTER).differences] == ["THAMES"]
    # ... and back, where the correction was the mistake.
    back = again(store, bundled(), AFTER + timedelta(hours=1))
    assert [(one.lead_before, one.lead) for one in back.differences] == [("THAMES", "BERKS")]


def test_a_family_without_a_key_worker_is_flagged_when_a_week_has_passed(store: Store) -> None:
    take(store, report(), reference=bundled())
    week = datetime(2026, 3, 16, 4, 10, tzinfo=UTC)
    assert again(store, bundled(), week).cases == ()
    (flagged,) = again(store, bundled(), week + timedelta(seconds=1)).differences
    assert ("cdop.BERKS", "update") in flagged.deliveries
    content = case_content(store, flagged.case)
    assert content is not None
    assert "no-key-worker" in content.content["shown"]["flags"]
    assert again(store, bundled(), week + timedelta(days=300)).cases == ()


def test_a_changed_switch_decides_again_what_it_touches(store: Store) -> None:
    take(store, child(1), reference=bundled())
    two_days = Switches(cdop_due="48h")
    (one,) = again(store, bundled(), NOW, two_days).differences
    assert ("cdop.BERKS", "update") in one.deliveries
    assert again(store, bundled(), NOW, two_days) == Revisited()


def test_a_trial_says_what_would_change_and_changes_nothing(store: Store, merged: Reference) -> None:
    take(store, *(child(n) for n in range(7)), reference=merged)
    cases, lines = overview.recent_cases(store), len(audit.lines(store, limit=1000))
    tried = again(store, merged, AFTER, trial=True)
    assert len(tried.differences) == 7
    assert (overview.recent_cases(store), len(audit.lines(store, limit=1000))) == (cases, lines)
    done = again(store, merged, AFTER)
    assert done.differences == tried.differences
    assert [(r.id, r.recipient) for r in done.outbox] == [(r.id, r.recipient) for r in tried.outbox]


def test_cut_off_between_two_batches_the_rest_is_done_later_and_nothing_twice(store: Store, merged: Reference) -> None:
    take(store, *(child(n) for n in range(12)), reference=merged)
    ruling = fingerprint(merged, Switches())
    first = to_look_at(store, ruling, AFTER, limit=5)
    done = revisit(store, first, reference=merged, now=AFTER, switches=Switches())
    assert len(done.differences) == 5
    assert waiting(store, ruling, AFTER) == 7
    rest = again(store, merged, AFTER)
    assert {one.case for one in rest.differences}.isdisjoint(one.case for one in done.differences)
    assert len(rest.differences) == 7


def test_a_transaction_that_is_rolled_back_leaves_its_cases_to_be_looked_at(store: Store, merged: Reference) -> None:
    take(store, child(1), reference=merged)
    _ = again(store, merged, AFTER, trial=True)
    assert waiting(store, fingerprint(merged, Switches()), AFTER) == 1


def test_a_withdrawn_case_is_not_looked_at_on_a_turning_day(store: Store, merged: Reference) -> None:
    take(store, report(), retraction(5), reference=merged)
    assert again(store, merged, AFTER).cases == ()


def test_what_people_decided_stands_when_the_map_turns(store: Store, merged: Reference) -> None:
    take(store, child(1), reference=merged)
    (case,) = overview.recent_cases(store)
    decision = {
        "id": "d-1", "at": NOW, "by": "someone", "role": "coordinator", "kind": "agreement", "about": [case.id],
        "value": {"cdop": "WOE"}, "reason": "both agreed",
    }  # fmt: skip
    record_decision(store, Decision.model_validate(decision), reference=merged, now=NOW, switches=Switches())
    done = again(store, merged, AFTER)
    assert {one.lead for one in done.differences} == {"WOE"}
    assert "transfer" not in {row.kind for row in done.outbox}


class Carried(Courier):
    """Takes what it is handed and leaves it in the outbox."""

    def __init__(self) -> None:
        self.rows: list[outbox.OutboxRow] = []

    def hand_over(self, rows: Any) -> None:
        self.rows += rows


def duty(store: Store, reference: Reference, at: datetime, courier: Carried) -> Revisiting:
    return Revisiting(store, courier, reference, Switches(), clock=lambda: at)


def finish(duty: Revisiting) -> int:
    looks = 0
    while duty.look():
        looks += 1
    return looks


def test_several_workers_decide_each_case_again_once(store: Store, merged: Reference) -> None:
    take(store, *(child(n) for n in range(30)), reference=bundled())
    carried = Carried()
    workers = [duty(store, merged, AFTER, carried) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        _ = list(pool.map(finish, workers))
    _ = [finish(worker) for worker in workers]
    assert len([row for row in carried.rows if row.kind == "transfer" and row.recipient == "cdop.THAMES"]) == 30
    assert len({row.id for row in carried.rows}) == len(carried.rows)
    assert verify(store).broken is None


def test_workers_of_older_rules_leave_alone_what_the_new_ones_decided(store: Store, merged: Reference) -> None:
    take(store, child(1), reference=bundled())
    old, new = duty(store, bundled(), AFTER, Carried()), duty(store, merged, AFTER, Carried())
    assert finish(old) == 0
    assert finish(new) == 1
    assert in_force(store) == fingerprint(merged, Switches())
    assert finish(old) == 0
    (case,) = overview.recent_cases(store)
    assert case.lead == "THAMES"


def test_rules_that_are_in_force_do_not_come_into_force_again(store: Store) -> None:
    assert come_into_force(store, "a", NOW)
    assert not come_into_force(store, "a", NOW)
    assert come_into_force(store, "b", NOW)
    assert come_into_force(store, "a", NOW)


def test_the_fingerprint_is_of_the_content_and_not_of_the_reading(merged: Reference, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.yaml"
    file.write_text(MERGER)
    assert fingerprint(load_reference(overlay=file), Switches()) == fingerprint(merged, Switches())
    assert fingerprint(bundled(), Switches()) != fingerprint(merged, Switches())
    assert fingerprint(bundled(), Switches(newborn_days=7)) != fingerprint(bundled(), Switches())
    asked = replace(bundled())
    before = fingerprint(asked, Switches())
    _ = asked.cdop_for("E06000038", NOW.date(), NOW.date())
    assert fingerprint(replace(asked), Switches()) == before


def test_cases_of_a_database_from_before_arm_their_clocks_and_send_nothing(store: Store) -> None:
    take(store, child(1), child(2), reference=bundled())
    armed = due_clocks(store, NOW, {})
    with store.transaction() as transaction:
        # As the migration leaves them: nobody noted by which rules they were decided.
        transaction.connection.execute(text("DELETE FROM clock"))
        transaction.connection.execute(text("UPDATE case_watch SET ruling = '', look_again_at = NULL"))
    done = again(store, bundled(), NOW)
    assert (len(done.cases), done.outbox) == (2, ())
    assert due_clocks(store, NOW, {}) == armed
    assert len(armed) == 6
