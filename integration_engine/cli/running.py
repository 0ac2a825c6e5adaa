"""What every command that goes on running needs: to be asked to stop, the rules in force, and a database that answers."""

import logging
import signal
import threading
from typing import TYPE_CHECKING

import typer

from integration_engine.settings import Settings, SettingsError

if TYPE_CHECKING:
    from integration_engine.in_force import Rules
    from integration_engine.store.database import Store

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""How often somebody who waits looks whether they were asked to stop."""


class Stop:
    """Set by a signal, looked at by whoever runs. A plain flag: what a signal's handler may touch safely."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def rules_of(settings: Settings) -> "Rules":
    """The rules in force. Tables, footprints, switches or lead times that can't be end the program, with everything that is
    wrong."""
    from integration_engine.clockwork import clock_rules
    from integration_engine.in_force import rules_in_force
    from integration_engine.routing.tables import ReferenceDataError

    try:
        _ = clock_rules(settings)
        return rules_in_force(settings)
    except (ReferenceDataError, SettingsError) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None


def store_of(settings: Settings, stop: Stop) -> "Store | None":
    """The store, as soon as the database answers; None where we were asked to stop before that."""
    from tenacity import RetryError, Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential
    from tenacity.nap import sleep_using_event

    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.store.database import NotUpgraded, Transient, open_store

    asked = threading.Event()

    def opened() -> "Store":
        if stop.asked:
            asked.set()
        return open_store(settings)

    waiting = Retrying(
        retry=retry_if_exception_type(Transient),
        wait=wait_exponential(0.2, max=5),
        stop=stop_when_event_set(asked),
        sleep=sleep_using_event(asked),
        before_sleep=lambda state: log.warning("the store is away", extra={"attempt": state.attempt_number}),
    )
    try:
        return waiting(opened)
    except RetryError:
        return None
    except (NotUpgraded, KeyMissing, KeyUnreadable) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
