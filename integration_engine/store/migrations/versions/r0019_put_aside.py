"""What lies in a dead queue by a fault of ours, for its sender to see that it is kept, and what was decided about it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What lies there already is told when an operator looks next."""
    op.create_table(
        "put_aside",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("message_key", sa.LargeBinary(), nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("became_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("partner", "name"),
    )
