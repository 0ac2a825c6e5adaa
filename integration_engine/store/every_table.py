"""Every table of the store: a module's tables are in METADATA only once it is imported, and who walks over all must miss
none."""

from integration_engine.store import (  # noqa: F401 - imported for their tables
    accounts,
    browser_sessions,
    clocks,
    glass,
    indexing,
    machine_keys,
    partners,
    people,
    pointers,
    receipts,
    rehearsals,
    reviews,
    watch,
)
from integration_engine.store.tables import METADATA as METADATA  # noqa: PLC0414 - taken from here, complete
