"""Eight workers at once, on either database, whatever comes to whom and when: the cases are those of the whole set.

Longer, for a night: ``CDR_TOGETHER_CHILDREN=500 CDR_TOGETHER_SEEDS=20 pytest tests/integration/test_linkage_together.py``
"""

import os
import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from adapters.adapter import Submission
from benchmarks.linkage_stream.profile import profile
from benchmarks.linkage_stream.stream import stream
from benchmarks.told import Told
from integration_engine.core import decide
from integration_engine.pipeline import process
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, Transient, table
from integration_engine.store.tables import DeliveryRow, NoticeRow, SubmissionRow
from integration_engine.synthetic.person import invented_nhs_number
from tests.property.test_pipeline_order import decided, held
from tests.store_samples import NOW, keyring, new_store, rules

WORKERS = 8
CHILDREN = int(os.environ.get("CDR_TOGETHER_CHILDREN", "50"))
SEEDS = range(int(os.environ.get("CDR_TOGETHER_SEEDS", "2")))


def story(seed: int) -> Told:
    """A stream of twins, siblings, namesakes and one event, with updates and messages sent again; a few children get another
    number, and a message that says so."""
    rows = [dict(row) for row in stream(CHILDREN, seed, profile("stress"))]
    first: dict[str, dict[str, Any]] = {}
    changes = []
    for row in rows:
        before = first.setdefault(row["truth"], row)
        if (
            before is not row
            and before["nhs_number"]
            and row["nhs_number"] == before["nhs_number"]
            and len(changes) < 4
        ):
            row["nhs_number"] = invented_nhs_number(98_000 + len(changes))
            changes.append(
                {
                    "id": f"rekey-{len(changes)}",
                    "source": "other",
                    "sender": "national",
                    "notified_at": row["notified_at"],
                }
                | {"nhs_number": before["nhs_number"], "renumbered": row["nhs_number"]}
            )
    return Told([*rows, *changes])


def dealt(told: Told, seed: int) -> list[list[list[Submission]]]:
    """Every message to some worker in batches of any size, a third of them to another as well."""
    chance = random.Random(seed)
    messages = [*told.submissions, *chance.sample(told.submissions, len(told.submissions) // 3)]
    chance.shuffle(messages)
    hands: list[list[list[Submission]]] = [[] for _ in range(WORKERS)]
    while messages:
        size = chance.choice((1, 1, 2, 5, 12))
        hands[chance.randrange(WORKERS)].append(messages[:size])
        del messages[:size]
    return hands


def work(url: str, told: Told, batches: Sequence[Sequence[Submission]], failures: list[BaseException]) -> None:
    """What a worker does with a batch that the database can't take now: the same batch again."""
    store = Store(url, keyring())
    try:
        for batch in batches:
            while True:
                try:
                    process(store, batch, read=told.read, now=NOW, **rules())
                except Transient:
                    continue
                break
    except BaseException as failure:
        failures.append(failure)
        raise
    finally:
        store.close()


@pytest.fixture
def opened(database_url: str) -> Iterator[Store]:
    store = new_store(database_url)
    yield store
    store.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_eight_workers_make_the_cases_of_the_whole_set(opened: Store, database_url: str, seed: int) -> None:
    told, failures = story(seed), list[BaseException]()
    workers = [
        threading.Thread(target=work, args=(database_url, told, batches, failures)) for batches in dealt(told, seed)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    alone = decide(told.notices(told.submissions), (), rules()["reference"], NOW, rules()["switches"])
    assert held(opened) == decided(alone.cases)
    assert {frozenset((r.a, r.b)) for r in overview.open_reviews(opened, limit=10_000)} == {
        frozenset((r.a, r.b)) for r in alone.reviews
    }
    assert audit.verify(opened).broken is None
    with opened.reading() as transaction:
        count = lambda model: transaction.connection.scalar(select(func.count()).select_from(table(model)))  # noqa: E731
        assert count(SubmissionRow) == len({one.body for one in told.submissions})
        assert count(NoticeRow) == len({n.id for c in alone.cases for n in c.notices}) + len(alone.waiting)
        sequence = table(DeliveryRow).c.sequence
        numbers = list(transaction.connection.scalars(select(sequence).order_by(sequence)))
    assert numbers == list(range(1, len(numbers) + 1))
