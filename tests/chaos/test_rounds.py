"""The short form of ``make chaos``: one round on each database, with the servers of the whole test run."""

from collections.abc import Iterator

import pytest

from integration_engine.services import Broker, Database
from tests.chaos.house import Ground
from tests.chaos.rounds import play

_KILLS = 10


@pytest.fixture(scope="module")
def ground(broker: Broker, postgres_server: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Ground.laid(broker, postgres_server, tmp_path_factory.mktemp("chaos"), ours=False) as laid:
        yield laid


@pytest.mark.chaos
@pytest.mark.parametrize(("seed", "store"), [("short-0", "postgresql"), ("short-1", "sqlite")])
def test_whatever_dies_every_acknowledged_message_is_accounted_for_and_every_case_told_once(
    ground: Ground, seed: str, store: str
) -> None:
    outcome = play(ground, seed, _KILLS)
    assert outcome.problems == []
    assert outcome.store == store
    assert outcome.killed >= _KILLS
    assert outcome.cases > 0
