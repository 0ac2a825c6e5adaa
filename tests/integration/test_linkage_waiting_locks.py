"""What arrives while a worker waits for its neighbourhood: it decides on what stands when its turn comes, not on what it saw.

Each test holds the locks that others will ask for, lets them queue in the order it wants, and steps aside.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from adapters.adapter import Submission
from integration_engine.core import decide
from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import evidence_of
from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.store import audit
from integration_engine.store.database import Store, Transient
from integration_engine.store.neighbourhood import lock_notices
from tests.property.test_pipeline_order import decided, held
from tests.store_samples import BRISTOL, NOW, keyring, new_store, read, report, retraction, rules

ELSEWHERE = [{"lines": ["1 Kelp Quay"], "postcode": "BS1 4DJ", "lad_code": BRISTOL, "use": "home"}]
STRANGER: dict[str, Any] = {
    "nhs_number": "9991004114", "family_name": "Ravensworth", "given_names": ["Wilfred"], "birth_date": "2014-02-03",
    "sex": "male", "addresses": ELSEWHERE,
}  # fmt: skip
NUMBERED: dict[str, Any] = {"nhs_number": "9991004114", "addresses": ELSEWHERE}


def notice_of(submission: Submission) -> DeathNotice:
    (reading,) = read(submission)
    (notice,) = reading.notices
    return notice


def waiting(store: Store) -> int:
    with store.reading() as transaction:
        asked = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(transaction.connection.execute(asked).scalar_one())


class Queue:
    """Workers that wait behind locks of ours, one after the other."""

    def __init__(self, store: Store, url: str) -> None:
        self.store, self.url = store, url
        self.threads: list[threading.Thread] = []
        self.failures: list[BaseException] = []

    def lets_in(self, work: Callable[[Store], object]) -> None:
        """Start a worker and return when it waits."""
        self.threads.append(threading.Thread(target=self._worked, args=(work,)))
        self.threads[-1].start()
        until = time.monotonic() + 60
        while waiting(self.store) < len(self.threads):
            assert time.monotonic() < until, "the worker never came to the lock"
            assert not self.failures
            time.sleep(0.01)

    def _worked(self, work: Callable[[Store], object]) -> None:
        own = Store(self.url, keyring())
        try:
            for _ in range(20):
                try:
                    work(own)
                except Transient:
                    continue
                return
            raise AssertionError("a worker never got through")
        except BaseException as failure:
            self.failures.append(failure)
            raise
        finally:
            own.close()


@contextmanager
def held_back(store: Store, url: str, notices: Iterable[Submission]) -> Iterator[Queue]:
    """While the block lasts nobody gets these notices; after it everybody is let through."""
    queue = Queue(store, url)
    with store.transaction() as transaction:
        lock_notices(transaction, [notice_of(one).id for one in notices])
        yield queue
    for thread in queue.threads:
        thread.join()
    assert queue.failures == []


def take(*submissions: Submission) -> Callable[[Store], object]:
    return lambda store: process(store, submissions, read=read, now=NOW, **rules())


def told(kind: str, *about: Submission) -> Decision:
    names = [notice_of(one).id for one in about]
    return Decision.model_validate(
        {
            "id": f"d-{kind}", "at": NOW + timedelta(hours=1), "by": "coordinator.one", "role": "coordinator",
            "kind": kind, "about": names, "value": {}, "reason": "asked the ward",
        }
    )  # fmt: skip


def agree(store: Store, submissions: Iterable[Submission], decisions: Iterable[Decision] = ()) -> bool:
    """Whether the store holds what the pure core makes of everything."""
    notices = [notice_of(one) for one in submissions]
    alone = decide(notices, decisions, rules()["reference"], NOW, rules()["switches"])
    assert held(store) == decided(alone.cases)
    return audit.verify(store).broken is None


def test_a_notice_that_comes_to_a_neighbour_while_another_waits_is_seen(postgres_url: str) -> None:
    store = new_store(postgres_url)
    own = {"source": {"kind": "hospital-hl7", "partner": "RTH", "local_ref": "M17"}}
    first, last = report(**own), report(3, partner="RZZ", child={"nhs_number": None})
    nobody = dict.fromkeys(("nhs_number", "family_name", "birth_date", "sex"), None) | {
        "given_names": [],
        "addresses": [],
    }
    between = retraction(2, child=nobody, death={"died_at": None, "place": None}, **own)
    assert keys(evidence_of(notice_of(between))).isdisjoint(keys(evidence_of(notice_of(last))))
    take(first)(store)
    with held_back(store, postgres_url, [first]) as queue:
        queue.lets_in(take(between))
        queue.lets_in(take(last))
    assert agree(store, [first, between, last])
    store.close()


def test_a_rekey_that_comes_meanwhile_counts(postgres_url: str) -> None:
    store = new_store(postgres_url)
    first, other = report(), report(1, partner="RXX", child=NUMBERED)
    change = {"kind": "replaced", "old_nhs_number": "9991000003", "new_nhs_number": "9991004114"}
    rekey = report(2, partner="national", kind="national", intent="rekey", rekey=change)
    last = report(3, partner="RZZ", child={"nhs_number": None})
    take(first, other)(store)
    assert len(held(store)) == 2
    with held_back(store, postgres_url, [first]) as queue:
        queue.lets_in(take(rekey))
        queue.lets_in(take(last))
    assert len(held(store)) == 1
    assert agree(store, [first, other, rekey, last])
    store.close()


def test_what_a_person_decides_meanwhile_counts(postgres_url: str) -> None:
    store = new_store(postgres_url)
    first = report(child={"nhs_number": None})
    other = report(1, partner="RXX", child={**NUMBERED, "given_names": ["Wilfred"], "family_name": "Ravensworth"})
    last = report(3, partner="RZZ", child={"nhs_number": None})
    take(first, other)(store)
    link = told("link", first, other)
    with held_back(store, postgres_url, [first]) as queue:
        queue.lets_in(lambda own: record_decision(own, link, now=NOW, **rules()))
        queue.lets_in(take(last))
    (only,) = held(store)
    assert len(only[0]) == 3
    assert agree(store, [first, other, last], [link])
    store.close()


def test_a_notice_that_is_dropped_meanwhile_ties_nothing(postgres_url: str) -> None:
    store = new_store(postgres_url)
    baby = {
        "nhs_number": None, "family_name": "Ravensworth", "given_names": [], "name_is_placeholder": True,
        "birth_date": "2026-03-08", "addresses": ELSEWHERE, "mother": {"given_names": ["Ada"], "nhs_number": "9991001379"},
    }  # fmt: skip
    died: dict[str, Any] = {"died_at": "2026-03-08T04:10"}
    first = report(partner="RXX", child=baby, death=died)
    unborn = {**died, "live_birth": "no", "professional_attending_birth": "yes"}
    stillborn = report(1, partner="RYY", child=baby, death=unborn, outside="scope.stillbirth")
    last = report(2, partner="RZZ", child=baby, death=died)
    take(first, stillborn)(store)
    unlink = told("unlink", first, stillborn)
    with held_back(store, postgres_url, [stillborn]) as queue:
        queue.lets_in(lambda own: record_decision(own, unlink, now=NOW, **rules()))
        queue.lets_in(take(last))
    with store.reading() as transaction:
        left = set(transaction.connection.scalars(text("SELECT id FROM notice")))
    assert left == {notice_of(first).id, notice_of(last).id}
    assert agree(store, [first, last])
    store.close()


def test_two_workers_that_ask_for_the_same_notices_from_both_ends_both_get_through(postgres_url: str) -> None:
    store = new_store(postgres_url)
    far, near = {"addresses": ELSEWHERE, "nhs_number": None}, {"nhs_number": None}
    first = report()
    second = report(1, partner="RXX", child={"addresses": ELSEWHERE})
    one, two = report(2, partner="RYY", child=near), report(3, partner="RZZ", child=far)
    take(first, second)(store)
    with held_back(store, postgres_url, [first, second]) as queue:
        queue.lets_in(take(one))
        queue.lets_in(take(two))
    assert agree(store, [first, second, one, two])
    store.close()


def test_a_notice_that_another_takes_while_a_batch_is_decided_is_linked_all_the_same(postgres_url: str) -> None:
    """A batch waits for somebody it knows of; meanwhile another worker takes one who is bonded to a newcomer of it only."""
    store = new_store(postgres_url)
    known, again = report(), report(1, partner="RXX")
    one = report(2, partner="RYY", child=STRANGER)
    two = report(3, partner="RZZ", child=STRANGER)
    take(known)(store)
    with held_back(store, postgres_url, [known]) as queue:
        queue.lets_in(take(again, one))
        take(two)(store)
        assert len(held(store)) == 2
    assert len(held(store)) == 2
    assert agree(store, [known, again, one, two])
    store.close()


def test_a_batch_that_is_overtaken_counts_its_messages_once(postgres_url: str) -> None:
    store = new_store(postgres_url)
    known = report()
    take(known)(store)
    with held_back(store, postgres_url, [known]) as queue:
        queue.lets_in(take(report(1, partner="RXX"), report(2, partner="RYY", child=STRANGER)))
        take(report(3, partner="RZZ", child=STRANGER))(store)
    with store.reading() as transaction:
        counted = transaction.connection.execute(text("SELECT partner, items FROM tally ORDER BY partner")).all()
    assert [tuple(row) for row in counted if row.partner in ("RXX", "RYY", "RZZ")] == [
        ("RXX", 1),
        ("RYY", 1),
        ("RZZ", 1),
    ]
    store.close()


def test_a_file_with_more_messages_than_the_server_has_room_for_waits_until_it_is_alone(postgres_url: str) -> None:
    store = new_store(postgres_url)
    with store.transaction() as transaction:
        transaction.lock(n.to_bytes(8) for n in range(100_000))
        impatient = Store(postgres_url + "?options=-c%20lock_timeout%3D50ms", keyring())
        for name in (b"\x00" * 8, b"any name"):
            try:
                with impatient.transaction() as other:
                    other.lock([name])
            except Transient:
                continue
            raise AssertionError("somebody got in beside it")
    with impatient.transaction() as other:
        other.lock([b"any name"])
    impatient.close()
    store.close()
