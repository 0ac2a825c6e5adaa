"""Merges, and their undoing, on both databases: everybody who holds either case is told, and what was before is there again
exactly; only versions and history go on."""

from collections import defaultdict
from typing import Any

import orjson
import pytest

from integration_engine.pipeline import Processed
from integration_engine.store import audit, overview
from integration_engine.store.database import Store
from tests.held_state import held_state, holdings
from tests.integration.test_pipeline_store import decide, take, two_sides_of_one_child
from tests.store_samples import report


def told(*processed: Processed) -> dict[tuple[str, str], list[tuple[str, dict[str, list[str]] | None]]]:
    """By recipient and case what was delivered in order: its kind and the cases it names."""
    found = defaultdict(list)
    for done in processed:
        for row in done.outbox:
            body = orjson.loads(row.body)
            found[row.recipient, row.case].append((row.kind, body.get("moved")))
    return found


def by_lead(store: Store) -> tuple[str, str]:
    """The case that BERKS leads and the one that WOE leads."""
    first, second = sorted(overview.recent_cases(store), key=lambda case: case.lead or "")
    return first.id, second.id


@pytest.mark.parametrize("undoing", ["withdrawn", "unlink"])
def test_an_undone_link_leaves_everything_as_it_was(store: Store, undoing: str) -> None:
    take(store, *two_sides_of_one_child())
    first, second = by_lead(store)
    before, held_before = held_state(store), holdings(store)
    decide(store, "link", first, second)
    assert held_state(store) != before
    if undoing == "unlink":
        decide(store, "unlink", first, second, minutes=90)
    else:
        decide(store, "link", first, second, minutes=90, withdraw=True)
    assert held_state(store) == before
    held_after = holdings(store)
    assert {place: held_after[place] for place in held_before} == held_before
    # Whoever held neither case and was told of the merged one is told that it is over.
    assert {standing for place, (standing, _) in held_after.items() if place not in held_before} <= {
        "withdrawn",
        "pointer",
    }
    versions = {case.id: case.version for case in overview.recent_cases(store)}
    assert min(versions.values()) == 3
    assert audit.verify(store).broken is None


def test_every_holder_of_either_case_is_told_of_the_merge_and_of_the_parting(store: Store) -> None:
    take(store, *two_sides_of_one_child())
    first, second = by_lead(store)
    holders = {recipient: case for case, recipient in holdings(store) if recipient != "national.ncmd"}
    assert {"cdop.BERKS", "cdop.OXON", "cdop.WOE"} <= holders.keys()
    merged = told(decide(store, "link", first, second))
    for recipient, case in holders.items():
        moved = [m for kind, m in merged[recipient, case] if m]
        assert moved, recipient
        assert moved[-1] == ({"into": [first], "out_of": []} if case == second else {"into": [], "out_of": [second]})
    parted = told(decide(store, "link", first, second, minutes=90, withdraw=True))
    for recipient, case in holders.items():
        moved = [m for kind, m in parted[recipient, case] if m]
        assert moved, recipient
        assert moved[-1] == ({"into": [second], "out_of": []} if case == first else {"into": [], "out_of": [first]})
    assert parted["national.ncmd", first]
    assert parted["national.ncmd", second]


TWIN: dict[str, Any] = {
    "nhs_number": None,
    "given_names": [],
    "name_is_placeholder": True,
    "birth_date": "2026-03-08",
    "mother": {"nhs_number": "9991001379"},
}


def test_a_later_twin_parts_a_case_announces_it_to_every_holder_and_asks_a_person(store: Store) -> None:
    """What the mother's number joined by itself, while nobody knew of a twin."""
    take(store, report(child=TWIN), report(5, partner="RXX", child=TWIN))
    (one,) = overview.recent_cases(store)
    holders = {recipient for case, recipient in holdings(store) if case == one.id}
    later = take(
        store, report(30, partner="RYY", child=TWIN | {"multiple_birth": {"count": 2, "order": 2}}), minutes=30
    )
    cases = {case.id for case in overview.recent_cases(store)}
    assert one.id in cases
    assert len(cases) == 3
    heard = told(later)
    for recipient in holders:
        kinds = {kind for kind, _ in heard[recipient, one.id]}
        assert kinds == {"split"}, recipient
        named = {name for _, moved in heard[recipient, one.id] if moved for name in moved["into"]}
        assert len(named) == 1
        (new,) = named
        assert heard[recipient, new][0][1] == {"into": [], "out_of": [one.id]}
    asked = {code for review in overview.open_reviews(store) for code in review.why}
    assert {"case-split", "multiple-birth-or-sibling-known"} <= asked
    moves = [line.detail for line in audit.lines(store) if line.action == "case.changed" and "moved" in line.detail]
    assert moves[-1]["linkage"].keys() == {"model", "names"}


def test_an_ordinary_cases_holders_never_hear_of_the_restricted_case_it_was_joined_with(store: Store) -> None:
    take(store, *two_sides_of_one_child())
    first, second = by_lead(store)
    decide(store, "restrict", second, minutes=50, role="restricted")
    merged = decide(store, "link", first, second, role="restricted")
    parted = decide(store, "link", first, second, minutes=90, withdraw=True, role="restricted")
    for row in (*merged.outbox, *parted.outbox):
        if row.case == first:
            assert second not in row.body.decode(), (row.recipient, row.kind)
