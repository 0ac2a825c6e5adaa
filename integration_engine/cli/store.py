"""The store that the settings name, for one command. Where it can't be opened, the command ends and says why: a sentence, or
with ``--json`` its code."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from integration_engine.cli.ending import USAGE, give_up

if TYPE_CHECKING:
    from integration_engine.store.database import Store


@contextmanager
def opened(as_json: bool = False, *, status: int = USAGE) -> "Iterator[Store]":
    """The store for the length of the block. What can't be read of it there ends the command too, with this ``status``."""
    from integration_engine.security.keys import KeyMissing, KeyUnreadable, SealBroken
    from integration_engine.settings import SettingsError, load_settings
    from integration_engine.store.database import StoreError, open_store

    try:
        with closing(open_store(load_settings())) as store:
            yield store
    except (KeyMissing, KeyUnreadable, SealBroken, SettingsError, StoreError) as problem:
        give_up(problem.code, str(problem), as_json, status)


def of_the_register() -> "Store":
    """The store that holds the register of who may come in, for as long as the command runs. An embedded database is made on
    first use; a server's schema is changed by ``cdr db upgrade`` alone."""
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.settings import SettingsError, load_settings
    from integration_engine.store.database import StoreError, open_store

    try:
        settings = load_settings()
        embedded = settings.database_url.get_secret_value().startswith("sqlite")
        return open_store(settings, upgrade=embedded)
    except (SettingsError, StoreError, KeyMissing, KeyUnreadable) as error:
        give_up(error.code, str(error), status=USAGE)
