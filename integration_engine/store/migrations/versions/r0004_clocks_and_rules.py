"""When clocks are due and what was raised about them; by which rules each case was last decided, and when to look again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables. Cases from before were decided by rules that nobody noted: the engine decides them once more, which
    arms their clocks; where nothing changed, nothing is sent."""
    op.create_table(
        "clock",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("due", _INSTANT, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "clock"),
    )
    op.create_index("ix_clock_stage", "clock", ["stage", "clock", "due"], unique=False)
    op.create_table(
        "clock_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("due", _INSTANT, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("raised_at", _INSTANT, nullable=False),
        sa.Column("claimed_at", _INSTANT, nullable=True),
        sa.Column("published_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_clock_event_case_id", "clock_event", ["case_id"], unique=False)
    where = sa.text("published_at IS NULL")
    op.create_index(
        "ix_clock_event_unpublished", "clock_event", ["raised_at"], sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "ruling",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "case_watch",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("ruling", sa.Text(), nullable=False),
        sa.Column("look_again_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("ix_case_watch_ruling", "case_watch", ["ruling", "case_id"], unique=False)
    op.create_index("ix_case_watch_look_again_at", "case_watch", ["look_again_at"], unique=False)
    op.execute("INSERT INTO case_watch (case_id, ruling) SELECT id, '' FROM cases WHERE merged_into IS NULL")
