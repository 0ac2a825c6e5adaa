"""What the tests of the engine's joints share: a store on either database, and a small topology on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_engine.broker.topology import Topology
from integration_engine.store.database import Store
from tests.store_samples import new_store
from tests.worker_samples import prepared


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = new_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def topology(amqp_url: str, tmp_path: Path) -> Topology:
    return prepared(amqp_url, tmp_path)
