"""Alembic's entry: runs the revisions on the connection it is given, inside that connection's transaction."""

from alembic import context

from integration_engine.store import clocks, identities, receipts, reviews, watch
from integration_engine.store.tables import METADATA

# Their tables are in METADATA once they are imported.
_ = (clocks, identities, receipts, reviews, watch)

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
