"""Sealing keys are changed while the engine runs: the store says which one seals, and which are done with."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nothing is said yet: the first of the keys given seals, as before."""
    op.add_column("ledger_head", sa.Column("sealing_key", sa.Text(), nullable=True))
    op.add_column("key_in_use", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
