"""Several workers at once on one PostgreSQL: whoever comes first, the cases are those of one worker alone."""

import random
import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine.core import decide
from integration_engine.pipeline import process
from integration_engine.shown import Shown
from integration_engine.store import audit, overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store, Transient, table
from integration_engine.store.tables import DeliveryRow
from tests.store_samples import BRISTOL, NOW, READING, keyring, new_store, read, report, rules

NUMBERS = ("9991000003", "9991001379", "9991004114", "9991006850", "9991008225", "9991009590")
NAMES = ("Tansy", "Sorrel", "Rowan", "Bryony", "Linden", "Hazel")
FAMILIES = ("Marchbanks", "Ravensworth", "Quillfeather", "Thistlewood", "Fennimore", "Applegarth")


def stories() -> list[Submission]:
    """Six children, each told of by three partners that share no single key: number, name and date, reference."""
    told = []
    for n, (number, given, family) in enumerate(zip(NUMBERS, NAMES, FAMILIES, strict=True)):
        home = {"addresses": [{"lines": [f"{n} Elder Way"], "lad_code": (READING, BRISTOL)[n % 2], "use": "home"}]}
        child: dict[str, Any] = {
            "family_name": family,
            "given_names": [given],
            "birth_date": f"201{n}-05-0{n + 1}",
            **home,
        }
        told += [
            report(n, child={**child, "nhs_number": number}),
            report(n + 10, partner="RXX", child={**child, "nhs_number": number, "birth_date": None}),
            report(n + 20, partner="E23000038", kind="police", child={**child, "nhs_number": None}),
            report(n + 30, partner="RYY", child={**child, "nhs_number": number, "given_names": [given, "Wren"]}),
        ]
    return told


def work(url: str, batches: Sequence[Sequence[Submission]], failures: list[BaseException]) -> None:
    store = Store(url, keyring())
    try:
        for batch in batches:
            while True:
                try:
                    process(store, batch, read=read, now=NOW, **rules())
                    break
                except Transient:
                    continue
    except BaseException as failure:
        failures.append(failure)
        raise
    finally:
        store.close()


def held(store: Store) -> list[tuple[Any, ...]]:
    found = []
    for case in overview.recent_cases(store, limit=1000):
        content = case_content(store, case.id)
        assert content is not None
        found.append((sorted(content.content["notices"]), case.state, case.lead, content.content["shown"]["record"]))
    return sorted(found, key=lambda row: row[0])


def test_eight_workers_with_overlapping_messages_make_the_cases_of_one(postgres_url: str) -> None:
    store = new_store(postgres_url)
    messages = stories()
    workers, failures = [], list[BaseException]()
    for seed in range(8):
        own = random.Random(seed).sample(messages, k=len(messages) * 3 // 4) if seed else messages
        own = random.Random(seed).sample(own, k=len(own))
        batches = [own[n : n + 3] for n in range(0, len(own), 3)]
        workers.append(threading.Thread(target=work, args=(postgres_url, batches, failures)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    alone = decide(
        [n for m in messages for r in read(m) for n in r.notices], (), rules()["reference"], NOW, rules()["switches"]
    )
    assert held(store) == sorted(
        (
            sorted(n.id for n in case.notices),
            case.routing.state,
            case.routing.lead.cdop if case.routing.lead else None,
            Shown(case).full["record"],
        )
        for case in alone.cases
    )
    assert audit.verify(store).broken is None
    with store.reading() as transaction:
        sequence = table(DeliveryRow).c.sequence
        numbers = list(transaction.connection.scalars(select(sequence).order_by(sequence)))
    assert numbers == list(range(1, len(numbers) + 1))
    store.close()
