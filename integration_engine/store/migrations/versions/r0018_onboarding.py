"""Onboarding: which of a partner's kinds are live, its broker accounts, and what it tried in the sandbox.

A store from before this knew no gate: whatever a partner was registered for was live, and stays so.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and open every gate that never was shut."""
    op.add_column("partner", sa.Column("open_kinds", sa.Text(), nullable=False, server_default="[]"))
    op.execute("UPDATE partner SET open_kinds = kinds")
    op.create_table(
        "broker_account",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("hashed", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"]),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "rehearsal",
        sa.Column("content_key", sa.LargeBinary(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("content_key"),
    )
    op.create_index("ix_rehearsal_partner", "rehearsal", ["partner", "kind", "at"], unique=False)
    # a partner's own last messages, without walking everybody's
    op.create_index("ix_submission_partner", "submission", ["partner", "received_at"], unique=False)
    op.create_index("ix_refusal_partner", "refusal", ["partner", "last_at"], unique=False)
