"""The schema: models and migrations agree on both databases, and opening an old or foreign one is a clear state."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from integration_engine.security.keys import KeyMissing
from integration_engine.store import migrations
from integration_engine.store.database import NotUpgraded, Store, StoreError, briefly, upgrade_schema
from integration_engine.store.tables import METADATA
from tests.store_samples import keyring

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def test_models_and_migrations_agree(database_url: str) -> None:
    upgrade_schema(database_url)
    store = Store(database_url, keyring())
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    store.close()
    assert differences == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    assert upgrade_schema(database_url) == upgrade_schema(database_url)


def test_the_newest_revision_is_the_one_that_an_upgrade_ends_at(database_url: str) -> None:
    with briefly(database_url) as connection:
        assert migrations.revision(connection) is None
    upgrade_schema(database_url)
    with briefly(database_url) as connection:
        assert migrations.revision(connection) == migrations.newest()
        assert MigrationContext.configure(connection).get_current_revision() == migrations.newest()


def test_every_revision_has_a_number_of_its_own_and_follows_the_one_before() -> None:
    """Of two with one number alembic would run the later and say nothing but a warning."""
    numbers = sorted(file.name[1:5] for file in (Path(migrations.__file__).parent / "versions").glob("r*.py"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_a_database_that_was_never_upgraded_says_so(database_url: str) -> None:
    with pytest.raises(NotUpgraded, match="cdr db upgrade"):
        Store(database_url, keyring()).require_schema()


def test_a_lost_key_is_noticed_when_the_store_is_opened(database_url: str) -> None:
    upgrade_schema(database_url)
    Store(database_url, keyring(1)).require_keys(NOW)
    with pytest.raises(KeyMissing, match="not given"):
        Store(database_url, keyring(2)).require_keys(NOW)
    Store(database_url, keyring(2, 1)).require_keys(NOW)


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_audit_log_refuses_to_be_changed(database_url: str, change: str) -> None:
    upgrade_schema(database_url)
    store = Store(database_url, keyring())
    line = "INSERT INTO audit VALUES (1, '2026-03-10 09:00:00+00:00', 'a', 'b', 'c', '{}', '', '')"
    if store.engine.dialect.name == "sqlite":
        line = line.replace("+00:00", ".000000")
    with store.transaction() as transaction:
        transaction.connection.execute(text(line))
    with pytest.raises(StoreError), store.transaction() as transaction:
        transaction.connection.execute(text(change))
