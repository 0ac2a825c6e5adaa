"""Over the store: a message rewrites nothing outside its neighbourhood, not a byte; and bonds lead to all of it."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from benchmarks.told import Told
from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.resolve import bonded
from integration_engine.pipeline import process
from integration_engine.store import audit
from integration_engine.store.bonds import Tied, drop_bonds, write_bonds
from integration_engine.store.database import Store, table
from integration_engine.store.tables import BondRow, CaseRow, NoticeRow, ReviewRow
from tests.linkage_rows import number
from tests.store_samples import NOW, new_store, rules

_VALUES: dict[str, Sequence[Any]] = {
    "source": ["hospital_hl7", "hospital_fhir", "police"],
    "sender": ["RXA", "RXB", "E23000009"],
    "local_ref": [None, None, "1", "2"],
    "message_type": ["new", "new", "new", "retract"],
    "nhs_number": [None, None, number(1), number(2), number(3)],
    "given": ["Rowan", "Rowan", "Tansy", "Baby", "Twin 1", "Twin 2", None],
    "family": ["Fairclough", "Fairclough", "Khan", "Okafor", None],
    "sex": ["M", "F", None],
    "birth_date": ["2026-01-30", "2026-01-31", "2018-05-14", "2018-05-14", "2011-11-20", None],
    "death_datetime": ["2026-02-03", "2026-02-03T04:10", "2026-02-09", "2025-06-07", None],
    "postcode": ["LS6 2AB", "M1 1AA", "BS1 4DJ", None],
    "address_line": ["14 Elder Road", "2 Oak Way", None],
    "mother_nhs_number": [None, None, number(9)],
    "birth_order": [None, None, 1, 2],
    "event_ref": [None, None, None, "E-1"],
    "renumbered": [None] * 12 + [number(2)],
    "place_of_death": ["Leeds Example Infirmary", None],
}
_Row = dict[str, Any]
_rows = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in _VALUES.items()})


def as_told(rows: Sequence[_Row], start: int = 0) -> list[_Row]:
    found = []
    for n, row in enumerate(rows, start):
        said = row if row["nhs_number"] and row["message_type"] == "new" else row | {"renumbered": None}
        found.append(said | {"id": f"n{n}", "notified_at": f"2026-02-10T09:{n:02d}:00"})
    return found


def rows_in(store: Store, model: Any) -> dict[str, tuple[Any, ...]]:
    with store.reading() as transaction:
        return {row.id: tuple(row) for row in transaction.connection.execute(select(table(model)))}


def homes(store: Store) -> dict[str, str | None]:
    with store.reading() as transaction:
        notice = table(NoticeRow).c
        return {row.id: row.case_id for row in transaction.connection.execute(select(notice.id, notice.case_id))}


def neighbourhood(start: str, evidence: dict[str, Evidence]) -> set[str]:
    blocks = {id: keys(e) for id, e in evidence.items()}
    reached, todo = {start}, [start]
    while todo:
        here = todo.pop()
        near = {
            there
            for there in evidence.keys() - reached
            if not blocks[here].isdisjoint(blocks[there]) and bonded(evidence[here], evidence[there])
        }
        reached |= near
        todo += near
    return reached


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_rows, min_size=3, max_size=12), st.lists(_rows, min_size=1, max_size=2))
def test_cases_outside_a_messages_neighbourhood_keep_version_and_content_byte_for_byte(
    held: list[_Row], came: list[_Row]
) -> None:
    told = Told([*as_told(held), *as_told(came, len(held))])
    before, after = told.submissions[: len(held)], told.submissions[len(held) :]
    evidence = {notice.id: evidence_of(notice) for notice in told.notices(told.submissions)}
    touched = set().union(*(neighbourhood(n.id, evidence) for n in told.notices(after)))
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
        process(store, before, read=told.read, now=NOW, **rules())
        cases, reviews, homes_before = rows_in(store, CaseRow), rows_in(store, ReviewRow), homes(store)
        process(store, after, read=told.read, now=NOW.replace(hour=12), **rules())
        cases_after, reviews_after = rows_in(store, CaseRow), rows_in(store, ReviewRow)
        reached = touched | {name for name, home in homes_before.items() if home in _homes_of(touched, homes_before)}
        outside = {home for name, home in homes_before.items() if home and name not in reached}
        assert {case: cases_after[case] for case in outside} == {case: cases[case] for case in outside}
        for name, row in reviews.items():
            if {row[2], row[3]}.isdisjoint(reached):
                assert reviews_after[name] == row
        assert audit.verify(store).broken is None
        store.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_rows, min_size=3, max_size=12), st.integers(1, 4))
def test_over_bonds_everybody_is_reached_who_can_touch_what_is_decided_and_no_bond_is_too_many(
    rows: list[_Row], at_once: int
) -> None:
    told = Told(as_told(rows))
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
        for start in range(0, len(rows), at_once):
            process(store, told.submissions[start : start + at_once], read=told.read, now=NOW, **rules())
        kept = homes(store).keys()
        with store.reading() as transaction:
            bonds = {tuple(sorted(row)) for row in transaction.connection.execute(select(table(BondRow)))}
        store.close()
    evidence = {n.id: evidence_of(n) for n in told.notices(told.submissions) if n.id in kept}
    tied = Tied(bonds)
    groups = {frozenset(neighbourhood(name, evidence)) for name in evidence}
    assert all(tied.reach(a, b) for group in groups for a in group for b in group)
    assert len(bonds) == sum(len(group) - 1 for group in groups)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = new_store(f"sqlite:///{tmp_path_factory.mktemp('bare') / 'engine.db'}")
    yield store
    store.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7))), st.sets(st.integers(0, 7)))
def test_whoever_was_reached_by_way_of_a_notice_that_goes_is_reached_without_it(
    bare: Store, pairs: list[tuple[int, int]], going: set[int]
) -> None:
    bonds = [(f"n{a}", f"n{b}") for a, b in pairs if a != b]
    before = Tied(bonds)
    with bare.transaction() as transaction:
        transaction.connection.execute(delete(table(BondRow)))
        write_bonds(transaction, bonds)
        drop_bonds(transaction, {f"n{one}" for one in going})
        left = [tuple(row) for row in transaction.connection.execute(select(table(BondRow)))]
    stay = {f"n{one}" for one in range(8)} - {f"n{one}" for one in going}
    after = Tied(left)
    assert {name for pair in left for name in pair} <= stay
    assert all(after.reach(a, b) == before.reach(a, b) for a in stay for b in stay)


def _homes_of(names: set[str], homes: dict[str, str | None]) -> set[str]:
    return {home for name in names if (home := homes.get(name))}
