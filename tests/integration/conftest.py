"""What the tests of the engine's joints share: a store on either database, and a small topology on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_engine.broker.management import Management
from integration_engine.broker.topology import Topology
from integration_engine.security.identity import Role
from integration_engine.services import Broker
from integration_engine.store.database import Store
from tests.access_doors import Doors, opened_doors
from tests.gateway_house import House
from tests.store_samples import new_store
from tests.worker_samples import prepared


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = new_store(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def opened(
    broker: Broker, management: Management, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    """A gateway with every door there is, and somebody of every role: who may not come in is tried at each."""
    with opened_doors(broker, management, module_database_url, tmp_path_factory.mktemp("house")) as found:
        roles: dict[str, tuple[Role, tuple[str, ...]]] = {
            "jane": ("coordinator", ("BERKS",)),
            "doc": ("designated-doctor", ("OXON",)),
            "JAR-OXON": ("jar", ()),
            "ncmd": ("national", ()),
        }
        for name, (role, areas) in roles.items():
            found.house.tokens[name] = found.house.identities.add(name, role, organisations=areas).text
        yield found


@pytest.fixture
def doors(opened: Doors) -> House:
    return opened.house


@pytest.fixture
def topology(amqp_url: str, tmp_path: Path) -> Topology:
    return prepared(amqp_url, tmp_path)
