"""A file of many rows through broker and worker: each row is kept, or laid aside, by itself."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from adapters import registry
from adapters.adapter import Submission
from integration_engine.broker.topology import Topology
from integration_engine.store import overview
from integration_engine.store.database import Store, table
from integration_engine.store.sealing import unseal
from integration_engine.store.tables import SubmissionRow
from tests.store_samples import new_store
from tests.worker_samples import FORCE, eventually, ready, send, taken, working

HEADINGS = ("area", "reference", "event", "event_at", "family_name", "given_names", "date_of_birth")
CASES = (
    ("avon", "1-2026", "REFERRED", "2026-03-09", "Fenwickson", "Zoe", "2014-05-09"),
    ("avon", "2-2026", "REFERRED", "2026-03-09", "Pettigrewe", "Ida", "31/02/2016"),
    ("avon", "3-2026", "REFERRED", "2026-03-09", "Grownman", "Ned", "1950-01-01"),
    ("avon", "4-2026", "", "2026-03-09", "Quarrystone", "Bo", "2016-01-02"),
    ("avon", "5-2026", "REFERRED", "2026-03-09", "Ashdownly", "Kit", "2015-05-09"),
)
EXPORT = (
    "Sudden Death No,Revision,Reported Date Time,Occurrence No,Involvement,Nominal No,Surname,DOB\r\n"
    "SD/1,1,09/03/2026 21:15,OC-1,Deceased,N1,Fenwickson,09/11/2018\r\n"
    "SD/2,x,09/03/2026 21:15,OC-2,Deceased,N2,Pettigrewe,01/01/2015\r\n"
    "SD/3,1,09/03/2026 21:15,OC-3,Deceased,N3,Grownman,01/01/1950\r\n"
)
NAMES = ("Fenwickson", "Pettigrewe", "Grownman", "Quarrystone", "Ashdownly")


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    yield opened
    opened.close()


def as_csv() -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADINGS, *CASES])
    return out.getvalue().encode()


def as_xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (HEADINGS, *CASES):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def named(body: bytes) -> list[str]:
    return [name for name in NAMES if name in body.decode()]


def kept(store: Store) -> list[bytes]:
    with store.reading() as transaction:
        sealed = transaction.connection.execute(select(table(SubmissionRow).c.sealed)).scalars()
        return [unseal(transaction.keys, each) for each in sealed]


@pytest.mark.parametrize("body", [as_csv(), as_xlsx()], ids=["csv", "xlsx"])
def test_only_the_bad_rows_of_an_upload_are_laid_aside_each_by_itself(
    amqp_url: str, store: Store, topology: Topology, body: bytes
) -> None:
    send(amqp_url, body, key="coroner.avon")
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "refused.coroner") == 2 and ready(amqp_url, "intake.coroner") == 0)
    refused = {
        properties.headers["cdr-reason"]: (properties, row) for properties, row in taken(amqp_url, "refused.coroner")
    }
    assert {reason: named(row) for reason, (_, row) in refused.items()} == {
        "bad-date": ["Pettigrewe"],
        "missing": ["Quarrystone"],
    }
    assert len({properties.message_id for properties, _ in refused.values()}) == 2
    for reason, (properties, row) in refused.items():
        assert properties.content_type.startswith("text/csv")
        assert [each["reason"] for each in json.loads(properties.headers["cdr-reasons"])] == [reason]
        (again,) = registry.read(Submission(row, datetime(2026, 3, 10, tzinfo=UTC)))
        assert (again.verdict, again.reason) == ("refused", reason)


@pytest.mark.parametrize("body", [as_csv(), as_xlsx()], ids=["csv", "xlsx"])
def test_each_accepted_row_keeps_its_own_evidence_and_a_corrected_one_joins_them(
    amqp_url: str, store: Store, topology: Topology, body: bytes
) -> None:
    send(amqp_url, body, key="coroner.avon")
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "refused.coroner") == 2)
        assert sorted(map(named, kept(store))) == [["Ashdownly"], ["Fenwickson"]]
        wrong = next(row for _, row in taken(amqp_url, "refused.coroner") if b"31/02" in row)
        send(amqp_url, wrong.replace(b"31/02", b"28/02"), *kept(store), key="coroner.avon")
        eventually(lambda: len(overview.recent_cases(store)) == 3)
    assert sorted(map(named, kept(store))) == [["Ashdownly"], ["Fenwickson"], ["Pettigrewe"]]


def test_only_the_bad_report_of_a_police_export_is_laid_aside(amqp_url: str, store: Store, topology: Topology) -> None:
    send(amqp_url, EXPORT.encode(), key=f"police.{FORCE}")
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "refused.police") == 1)
    [(properties, body)] = taken(amqp_url, "refused.police")
    assert (named(body), properties.headers["cdr-reason"]) == (["Pettigrewe"], "wrong-type")
    assert properties.content_type.startswith("text/csv")
    assert [named(each) for each in kept(store)] == [["Fenwickson"]]
