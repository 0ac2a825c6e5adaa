"""National events that point to a record, the service that holds it, and one process that fetches. All invented."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from adapters.adapter import Submission
from integration_engine.broker.connection import user_of
from integration_engine.broker.publisher import Publisher
from integration_engine.demographics import Demographics
from integration_engine.fetching import Fetching
from integration_engine.monitoring.counters import Counters
from integration_engine.pipeline import Later, process
from integration_engine.settings.demographics import DemographicsSettings
from integration_engine.store import pointers
from integration_engine.store.database import Store, table
from tests.demographics_stand_in import StandIn
from tests.fhir_samples import WREN, dead, status
from tests.store_samples import NOW, rules

KEY = "hospital-fhir.PDS"
OF_PDS = {"extension": status("2"), "address": [{"use": "home", "line": ["3 Reed Lane"], "postalCode": "RG1 2LU"}]}


def event(number: str = WREN, name: str = "s-1", **changes: Any) -> bytes:
    """A national event that tells a number and where to ask."""
    told = {
        "specversion": "1.0",
        "id": name,
        "source": "https://fhir.nhs.uk/Id/nhsSpineASID/1",
        "type": "pds-death-notification-2",
        "time": "2026-03-10T09:00:00Z",
        "dataref": f"https://pds.example/Patient/{number}",
        "subject": number,
    }
    return json.dumps(told | changes).encode()


def record(number: str = WREN, **changes: Any) -> dict[str, Any]:
    """The national record of a girl who has died."""
    identifier = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}]
    return dead(**{"id": number, "identifier": identifier, **OF_PDS, **changes})


def take(store: Store, *bodies: bytes, fetches: bool = True) -> None:
    """What a worker does with events, in one transaction."""
    came = [Submission(body, NOW, "application/json", partner="PDS") for body in bodies]
    process(store, came, now=NOW, later=Later(fetches=fetches), **rules())


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def fetching(
    url: str, store: Store, service: StandIn, clock: Callable[[], datetime] | None = None
) -> Iterator[Fetching]:
    """One process's fetching, not yet looking."""
    with Publisher(url, "worker") as publisher:
        assert publisher.wait_ready(10)
        asked = Demographics(DemographicsSettings(url=service.url, timeout_seconds=5))
        now = clock or (lambda: datetime.now(UTC))
        yield Fetching(store, publisher, asked, user_of(url), counters=Counters(), clock=now)


def why(store: Store) -> list[str]:
    return [each.why for each in pointers.waiting(store)]


def rows(store: Store, *models: Any) -> int:
    with store.reading() as transaction:
        return sum(
            transaction.connection.execute(select(func.count()).select_from(table(model))).scalar_one()
            for model in models
        )
