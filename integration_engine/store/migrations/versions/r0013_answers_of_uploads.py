"""What an upload was answered, of refused files too: an office looks up what it was told last week."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """What was uploaded before has its two counts and was taken."""
    op.add_column("upload", sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("upload", sa.Column("warnings", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("upload", sa.Column("passed_over", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("upload", sa.Column("sealed", sa.LargeBinary(), nullable=True))
