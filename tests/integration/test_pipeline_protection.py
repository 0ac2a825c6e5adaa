"""A stolen database says nothing about any child, and without the key nothing opens."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.security.keys import KeyMissing
from integration_engine.store import overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from integration_engine.store.deliveries import decline, deliveries
from tests.store_samples import NOW, keyring, new_store, read, report, rules

SECRETS = ("Quillfeather", "Barnaby", "9991000003", "2014-05-09", "20140509", "Larkspur", "RG1 8DN", "found by Wren")


@pytest.fixture
def filled(sqlite_url: str) -> Iterator[Store]:
    """A store that has been through everything: two sources, a decision, a decline, a refusal."""
    store = new_store(sqlite_url)
    first = report(message_id="9991000003-1", death={"circumstances": "found by Wren"})
    second = report(5, partner="E23000038", kind="police", child={"nhs_number": None, "known_as": ["Barney"]})
    for submission in (first, second, report(6, verdict="refused", reason="bad-date", message_id="Quillfeather")):
        process(store, [submission], read=read, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    decision = Decision.model_validate(
        {
            "id": "d1",
            "at": NOW,
            "by": "coordinator.one",
            "role": "coordinator",
            "kind": "agreement",
            "about": [case.id],
            "value": {"cdop": "WOE"},
            "reason": "Barnaby Quillfeather was found by Wren",
        }
    )
    record_decision(store, decision, now=NOW + timedelta(hours=1), **rules())
    sent = deliveries(store, "cdop.BERKS", by="berks", now=NOW)
    decline(store, "cdop.BERKS", sent[0].id, by="berks", reason="Barnaby is not ours", now=NOW)
    yield store
    store.close()


def test_no_name_number_birth_date_address_or_free_text_is_in_the_files(filled: Store) -> None:
    with filled.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(FULL)"))
    folder = Path(filled.engine.url.database or "").parent
    content = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert len(content) > 50_000
    for secret in SECRETS:
        for spelling in (secret, secret.upper(), secret.lower(), secret.encode().hex()):
            assert spelling.encode() not in content
            assert spelling.encode("utf-16-le") not in content


def test_the_lists_an_operator_sees_name_no_child(filled: Store) -> None:
    shown = repr(
        [
            overview.recent_cases(filled),
            overview.counts(filled, NOW.date()),
            overview.refusals(filled),
            overview.alarms(filled),
            overview.open_reviews(filled),
            overview.deliveries_by_recipient(filled),
        ]
    )
    assert not re.search("|".join(SECRETS), shown)


def test_without_the_key_a_case_does_not_open(filled: Store) -> None:
    (case,) = overview.recent_cases(filled)
    thief = Store(filled.engine.url.render_as_string(hide_password=False), keyring(9))
    with pytest.raises(KeyMissing):
        case_content(thief, case.id)


def test_after_a_rotation_of_both_keys_the_next_notice_still_finds_its_case(filled: Store) -> None:
    rotated = Store(filled.engine.url.render_as_string(hide_password=False), keyring(2, 1, index=2))
    more = report(20, partner="RXX", death={"expected": "expected"})
    process(
        rotated,
        [more, report(message_id="9991000003-1", death={"circumstances": "found by Wren"})],
        read=read,
        now=NOW,
        **rules(),
    )
    (case,) = overview.recent_cases(rotated)
    content = case_content(rotated, case.id)
    assert content is not None
    assert len(content.content["notices"]) == 3
