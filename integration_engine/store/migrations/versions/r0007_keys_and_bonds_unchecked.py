"""Blind keys and bonds name notices that are written and dropped in the same transaction as they are: checking each key
against its notice, some forty a notice, cost a fifth of the database's time and found nothing."""

from alembic import op

revision = "0007"
down_revision = "0006"

_CHECKED = {"blind_index": ("notice_id",), "bond": ("notice_id", "other")}
# SQLite's constraints have no names until they are read under a convention.
_NAMES = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}


def upgrade() -> None:
    """Take the references away; on SQLite the tables are written anew."""
    for name, columns in _CHECKED.items():
        with op.batch_alter_table(name, naming_convention=_NAMES) as table:
            for column in columns:
                table.drop_constraint(f"{name}_{column}_fkey", type_="foreignkey")
