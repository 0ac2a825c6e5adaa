"""Machines prove themselves by what they sign or by a certificate: their public keys, which statements were used before, and
which access tokens were given for a key."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of public keys and used statements, and say of a token for which key it was given."""
    op.create_table(
        "machine_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_machine_key_partner", "machine_key", ["partner"], unique=False)
    op.create_table(
        "used_assertion",
        sa.Column("hashed", sa.Text(), nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("hashed"),
    )
    op.create_index("ix_used_assertion_until", "used_assertion", ["until"], unique=False)
    op.add_column("credential", sa.Column("given_for", sa.Text(), nullable=True))
