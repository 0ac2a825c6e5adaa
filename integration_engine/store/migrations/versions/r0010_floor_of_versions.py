"""The version below which nothing is told any more: whatever a store that was put back has forgotten lies below it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Stores that were put back before this have the versions of their cases lifted already and need no floor."""
    op.add_column("ledger_head", sa.Column("version_floor", sa.Integer(), nullable=False, server_default="0"))
