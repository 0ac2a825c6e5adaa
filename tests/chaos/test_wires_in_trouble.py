"""Connections that are reset, cut in the middle or held up."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import INTAKE
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store
from tests.chaos.proxy import Proxy
from tests.store_samples import new_store
from tests.worker_samples import KEY, death, eventually, prepared, ready, send, taken, working

pytestmark = pytest.mark.chaos
_REPORTS = 30


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    yield opened
    opened.close()


def _wired(url: str, chance: random.Random | None = None) -> tuple[Proxy, str]:
    parts = urlsplit(url)
    wire = Proxy((parts.hostname or "", parts.port or 0), chance)
    return wire, url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{wire.port}")


def test_a_publisher_whose_connections_are_reset_as_they_open_connects_once_that_ends(
    amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    wire, url = _wired(amqp_url)
    with wire:
        wire.refuse()
        with Publisher(url, "t") as publisher:
            eventually(lambda: wire.cuts >= 4)
            wire.accept()
            assert publisher.wait_ready(30)
            assert publisher.publish_all([Message(INTAKE, KEY, death(1))]) == [None]


@pytest.mark.parametrize("seed", range(3))
def test_a_line_to_the_broker_that_is_cut_in_the_middle_of_anything_loses_nothing(
    amqp_url: str, store: Store, tmp_path: Path, seed: int
) -> None:
    topology = prepared(amqp_url, tmp_path)
    chance = random.Random(seed)
    wire, url = _wired(amqp_url, chance)
    with wire, working(url, store, topology):
        for first in range(0, _REPORTS, 5):
            send(amqp_url, *map(death, range(first, first + 5)))
            time.sleep(chance.uniform(0, 0.1))
            wire.cut_in_the_middle()
        eventually(lambda: len(overview.recent_cases(store, 100)) == _REPORTS and not outbox.depth(store).waiting, 60)
        eventually(lambda: ready(amqp_url, "intake.police") == 0)
    assert wire.cuts
    told = {properties.message_id for properties, _ in taken(amqp_url, "cdop.BERKS")}
    assert len(told) == _REPORTS
    assert (ready(amqp_url, "dead.police"), ready(amqp_url, "refused.police")) == (0, 0)
    assert audit.verify(store).broken is None
