"""Clocks, holdings and when to look again are written in the transaction that writes their case and its deliveries, by one
function: checking each against them, ten a death, cost a sixth of the database's time and found nothing."""

from alembic import op

revision = "0011"
down_revision = "0010"

_CHECKED = {"clock": ("case_id",), "case_watch": ("case_id",), "holding": ("case_id", "delivery_id")}
# SQLite's constraints have no names until they are read under a convention.
_NAMES = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}


def upgrade() -> None:
    """Take the references away; on SQLite the tables are written anew."""
    for name, columns in _CHECKED.items():
        with op.batch_alter_table(name, naming_convention=_NAMES) as table:
            for column in columns:
                table.drop_constraint(f"{name}_{column}_fkey", type_="foreignkey")
