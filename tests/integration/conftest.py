"""What the tests of the engine's joints share: a store on either database, and a small topology on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_engine.broker.management import Management
from integration_engine.broker.topology import Topology
from integration_engine.security.identity import Role
from integration_engine.services import Broker
from integration_engine.services.mesh import Sandbox, mesh
from integration_engine.store.database import Store
from tests.access_doors import Doors, opened_doors
from tests.demographics_stand_in import StandIn, standing_in
from tests.drop_house import Drop, drop_folder
from tests.gateway_house import House, own_vhost
from tests.mesh_house import MAILBOXES, MeshHouse, mesh_house
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


@pytest.fixture(scope="module")
def gateway_queues(broker: Broker, management: Management) -> Iterator[str]:
    """The AMQP URL of a virtual host with the gateway's queues, for the tests of one module."""
    with own_vhost(broker, management) as url:
        yield url


@pytest.fixture
def drop(gateway_queues: str, sqlite_url: str, tmp_path: Path) -> Iterator[Drop]:
    """An empty drop folder that nobody watches yet."""
    with drop_folder(gateway_queues, sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def service() -> Iterator[StandIn]:
    """A demographics service that says what tests tell it to."""
    with standing_in() as running:
        yield running


@pytest.fixture(scope="module")
def mesh_sandbox() -> Iterator[Sandbox]:
    with mesh(MAILBOXES) as running:
        yield running


@pytest.fixture
def mail(mesh_sandbox: Sandbox, amqp_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[MeshHouse]:
    """Our mailboxes and everybody's, all empty, and the queues that messages go to."""
    prepared(amqp_url, tmp_path)
    with mesh_house(mesh_sandbox, amqp_url, sqlite_url, tmp_path) as opened:
        for mailbox in MAILBOXES:
            opened.got(mailbox)
        yield opened
