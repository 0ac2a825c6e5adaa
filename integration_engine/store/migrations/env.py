"""Alembic's entry: runs the revisions on the connection it is given, inside that connection's transaction. A store
that is new holds nothing, so the rules of this program are those it begins with."""

from datetime import UTC, datetime

from alembic import context

from integration_engine.store import indexing
from integration_engine.store.every_table import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
indexing.begin_with_nothing(context.config.attributes["connection"], datetime.now(UTC))
