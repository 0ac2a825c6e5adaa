"""The schema's history, and the way from any version of it to the newest. Run by ``cdr db upgrade`` and by first starts.

Alembic is loaded only to upgrade: every process asks at its start where the schema is.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

_HERE = Path(__file__).parent
_VERSION = "alembic_version"
# Two processes that start at once must not both upgrade; any number will do as long as nothing else here uses it.
_UPGRADE_LOCK = 0x636472


@cache
def newest() -> str:
    """The newest revision this program knows: the number in its file's name (``r0001_first_schema.py``)."""
    return max(file.name for file in (_HERE / "versions").glob("r*.py"))[1:5]


def revision(connection: Connection) -> str | None:
    """The revision a database is at; None where it has never been upgraded."""
    if not inspect(connection).has_table(_VERSION):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalar_one_or_none()  # noqa: S608 - ours
    return found


def upgrade(connection: Connection) -> str:
    """Bring the database behind this connection to the newest revision and return it. Commits."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    writing = connection.execution_options(cdr_begin="BEGIN IMMEDIATE")
    with writing.begin():
        if writing.dialect.name == "postgresql":
            writing.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        command.upgrade(config, "head")
    return newest()
