"""Alembic's entry: runs the revisions on the connection it is given, inside that connection's transaction. A store
that is new holds nothing, so the rules of this program are those it begins with."""

from datetime import UTC, datetime

from alembic import context

from integration_engine.store import clocks, glass, identities, indexing, machine_keys, people, pointers, receipts, reviews, watch
from integration_engine.store.tables import METADATA

# Their tables are in METADATA once they are imported.
_ = (clocks, glass, identities, indexing, machine_keys, people, pointers, receipts, reviews, watch)

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
indexing.begin_with_nothing(context.config.attributes["connection"], datetime.now(UTC))
