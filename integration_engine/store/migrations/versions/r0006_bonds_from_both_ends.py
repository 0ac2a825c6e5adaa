"""A notice that isn't kept after all is dropped with its bonds, whichever end it stands at, without reading all bonds."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index that a bond's other end is found by."""
    op.create_index("ix_bond_other", "bond", ["other"], unique=False)
