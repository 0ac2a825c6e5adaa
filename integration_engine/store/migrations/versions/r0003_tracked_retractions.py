"""Which deliveries take a death back, and how their recipients said that they know."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widen deliveries. Of those sent before, every withdrawal counts as a retraction: rather one too many is tracked."""
    op.add_column("delivery", sa.Column("answered_how", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("answer_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("delivery", sa.Column("retracts", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE delivery SET retracts = (kind = 'withdraw')")
    op.execute("UPDATE delivery SET answered_how = 'inbox' WHERE acknowledged_at IS NOT NULL")
    where = sa.text("retracts")
    op.create_index("ix_delivery_retracts", "delivery", ["sequence"], sqlite_where=where, postgresql_where=where)
