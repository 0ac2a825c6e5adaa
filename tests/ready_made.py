"""Empty databases of the newest schema. The migrations are run once for each process of a test run; after that an SQLite file
is copied, and what the migrations had PostgreSQL do is done again in one go. What migrations are is ``test_store_schema``'s.

A new store notes by which rules its keys are made: a test that is a program of other rules has migrations of its own.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url

from integration_engine.services.postgres import plain
from integration_engine.store import indexing, migrations
from integration_engine.store.database import upgrade_schema


def made_ready(url: str) -> None:
    """Bring a database to the newest schema, as ``upgrade_schema`` does, and sooner where it has none yet."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        if file.exists():
            upgrade_schema(url)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_file(indexing.fingerprint()), file)
    elif not _made_by_script(url):
        upgrade_schema(url)


@cache
def _file(_rules: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cdr-ready-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    upgrade_schema(f"sqlite:///{folder / 'engine.db'}")
    return folder / "engine.db"


_SCRIPTS: dict[str, str] = {}
"""By the fingerprint of the rules."""


def _made_by_script(url: str) -> bool:
    """Whether it could be: where there is a schema already, or no script yet, the migrations have to do it."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        if connection.execute("select to_regclass('alembic_version')").fetchone() != (None,):
            return False
        rules = indexing.fingerprint()
        if rules not in _SCRIPTS:
            _SCRIPTS[rules] = _what_migrations_do(url, psycopg.ClientCursor(connection))
        else:
            connection.execute(_SCRIPTS[rules])  # type: ignore[arg-type]  # no literal of ours: the migrations' own
    return True


def _what_migrations_do(url: str, cursor: "psycopg.ClientCursor[Any]") -> str:
    """Run the migrations, and write down every statement by which they change something."""
    written: list[str] = []
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))

    @event.listens_for(engine, "before_cursor_execute")
    def write_down(_c: Any, _k: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        if not statement.lstrip().upper().startswith("SELECT"):
            each = parameters if executemany else [parameters]
            written.extend(cursor.mogrify(statement, one) for one in each)  # type: ignore[arg-type]

    with engine.connect() as connection:
        migrations.upgrade(connection)
    engine.dispose()
    return ";\n".join(written)
