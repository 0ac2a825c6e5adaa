"""Where the broker and the database come from when nobody set them up: one given by the environment, a container, a
private server of this machine's own programs, or Debian's packages installed for it.

For the demo and the tests. A production engine is given ``CDR_AMQP_URL`` and ``CDR_DATABASE_URL`` and never comes here.

    with rabbitmq() as broker, postgres() as database:
        broker.url, broker.management_url, database.url

What is started here listens on loopback only, on ports found free, keeps its data in a temporary folder, and ends with
the process that asked for it, however that process ends.
"""

from integration_engine.services.postgres import Database, postgres
from integration_engine.services.rabbitmq import Broker, rabbitmq
from integration_engine.services.unavailable import ServiceUnavailable

__all__ = ["Broker", "Database", "ServiceUnavailable", "postgres", "rabbitmq"]
