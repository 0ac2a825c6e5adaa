"""How long the broker takes to confirm and a transaction to commit: heard from outside, so that neither knows of it."""

import time
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event

from integration_engine.monitoring import tracing
from integration_engine.monitoring.counters import COUNTERS, Counters, describe

CONFIRMS = describe(
    "cdr_broker_confirm_seconds",
    "histogram",
    "From handing a message over to the broker's confirm, the oldest of each.",
)
TRANSACTIONS = describe(
    "cdr_transaction_seconds", "histogram", "Writing transactions from waiting for their locks to the end of the commit.",
    "outcome",
)  # fmt: skip

_BEGAN, _FAILED = "cdr_began", "cdr_failed"
_TIMED: WeakSet[Engine] = WeakSet()


def confirmed(seconds: float) -> None:
    """For a ``Publisher``: it heard a confirm."""
    COUNTERS.observe(CONFIRMS, seconds)


def time_transactions(engine: Engine, counters: Counters = COUNTERS) -> None:
    """Observe every writing transaction of this engine from now on, with outcome ``committed`` or ``rolled-back``."""
    if engine in _TIMED:
        return
    _TIMED.add(engine)

    def began(connection: Connection) -> None:
        if "cdr_begin" in connection.get_execution_options():
            connection.info[_BEGAN] = time.perf_counter()

    def rolled_back(connection: Connection) -> None:
        # one that the database has ended has nothing left to ask, and asking would hide why it ended
        if not connection.invalidated and _BEGAN in connection.info:
            connection.info[_FAILED] = True

    def ended(_connection: Any, record: Any) -> None:
        # the connection is given back once the commit is through; SQLAlchemy tells of a commit before it makes it
        since = record.info.pop(_BEGAN, None)
        failed = record.info.pop(_FAILED, False)
        if since is not None:
            seconds, outcome = time.perf_counter() - since, "rolled-back" if failed else "committed"
            counters.observe(TRANSACTIONS, seconds, outcome=outcome)
            tracing.passed("transaction", seconds, {"cdr.outcome": outcome})

    # before the store's own listener, which waits for SQLite's write lock
    event.listen(engine, "begin", began, insert=True)
    event.listen(engine, "rollback", rolled_back)
    event.listen(engine.pool, "checkin", ended)
