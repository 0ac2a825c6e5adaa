"""The schema's history, and the way from any version of it to the newest. Run by ``cdr db upgrade`` and by first starts."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

# Two processes that start at once must not both upgrade; any number will do as long as nothing else here uses it.
_UPGRADE_LOCK = 0x636472


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


@cache
def newest() -> str:
    """The newest revision this program knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def revision(connection: Connection) -> str | None:
    """The revision a database is at; None where it has never been upgraded."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection) -> str:
    """Bring the database behind this connection to the newest revision and return it. Commits."""
    config = _config()
    config.attributes["connection"] = connection
    writing = connection.execution_options(cdr_begin="BEGIN IMMEDIATE")
    with writing.begin():
        if writing.dialect.name == "postgresql":
            writing.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        command.upgrade(config, "head")
    return newest()
