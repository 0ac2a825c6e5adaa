"""Who may come in: partners, hashed tokens, feeds, browser sessions; and which uploads were taken."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the register's tables."""
    op.create_table(
        "partner",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("organisations", sa.Text(), nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "credential",
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("hashed", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"]),
        sa.PrimaryKeyConstraint("lookup"),
    )
    op.create_index("ix_credential_partner", "credential", ["partner"], unique=False)
    op.create_table(
        "feed",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"]),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "browser_session",
        sa.Column("hashed", sa.Text(), nullable=False),
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["lookup"], ["credential.lookup"]),
        sa.PrimaryKeyConstraint("hashed"),
    )
    op.create_table(
        "upload",
        sa.Column("content_key", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("taken_at", _INSTANT, nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("content_key"),
    )
    op.create_index("ix_upload_partner", "upload", ["partner", "taken_at"], unique=False)
