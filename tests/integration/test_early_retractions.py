"""A retraction that overtakes the death it takes back finds it all the same; one that touches nobody leaves a count, once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from integration_engine.broker.consumer import Pace
from integration_engine.store import overview
from integration_engine.store.database import Store
from tests.integration.test_pipeline_living import ALIVE, DEAD, DISCHARGE_CANCELLED, rows
from tests.store_samples import new_store
from tests.worker_samples import eventually, prepared, ready, send, working

_ONE_BY_ONE = Pace(batch=1)
_QUEUES = ("intake.hospital-hl7", "intake.hospital-fhir", "delay.100ms", "delay.200ms")


def _at_rest(url: str) -> bool:
    return not any(ready(url, queue) for queue in _QUEUES)


def _counts(store: Store) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for count in overview.counts(store, datetime.now(UTC).date() - timedelta(days=1)):
        found[count.verdict, count.reason] += count.items
    return dict(found)


def test_a_cancelled_discharge_that_comes_before_the_death_holds_the_case(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    topology, store = prepared(amqp_url, tmp_path), new_store(database_url)
    with working(amqp_url, store, topology, pace=_ONE_BY_ONE):
        send(amqp_url, DISCHARGE_CANCELLED, DEAD, key="hospital-hl7.RTH")
        eventually(lambda: [case.rule for case in overview.recent_cases(store)] == ["held.cancelled-visit"])
    assert _counts(store) == {("notice", "death"): 1, ("retraction", "against-a-death"): 1}
    store.close()


def test_the_living_are_counted_once_and_nothing_of_them_is_left(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    topology, store = prepared(amqp_url, tmp_path), new_store(database_url)
    with working(amqp_url, store, topology):
        send(amqp_url, DISCHARGE_CANCELLED, key="hospital-hl7.RTH")
        send(amqp_url, ALIVE, key="hospital-fhir.RTH")
        eventually(lambda: _counts(store) == {("passed-over", "living"): 2})
        eventually(lambda: _at_rest(amqp_url))
    assert _counts(store) == {("passed-over", "living"): 2}
    assert rows(store) == 0
    store.close()
