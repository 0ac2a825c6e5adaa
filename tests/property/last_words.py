"""Each recipient's last word against how things stand: a file for each recipient, kept the way docs/cdops.md tells it to."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from integration_engine.core import Case
from integration_engine.recipients import recipients, unplaced
from integration_engine.shown import Shown
from integration_engine.store.database import Store, table
from integration_engine.store.tables import CaseRow

GONE = ("withdrawn", "out-of-scope")
Told = Mapping[str, Any]
LastWords = Mapping[tuple[str, str], Told]
"""The envelope that each recipient was last sent of each case."""


def hold_to_how_things_stand(store: Store, cases: Mapping[str, Case], last: LastWords) -> None:
    """Nobody knows otherwise, more or less than they should. ``cases`` are as the core has them, under the store's ids."""
    c = table(CaseRow).c
    with store.reading() as transaction:
        became = {row.id: row.merged_into for row in transaction.connection.execute(select(c.id, c.merged_into))}
    for home, case in cases.items():
        _as_it_stands(case, {who: told for (who, of), told in last.items() if of == home})
    for (who, of), told in last.items():
        if of in cases:
            continue
        into = became[of]
        if into is None:
            assert told["kind"] == "withdraw", "an ended case is still held"
        elif told["kind"] != "withdraw":
            assert told["kind"] == "merge"
            assert told["moved"]["into"], "a tombstone that points nowhere"
            _of_a_tombstone(cases.get(into), last.get((who, into)))


def _of_a_tombstone(case: Case | None, told: Told | None) -> None:
    """Who knows a case by the name of one that was merged into it learns what becomes of it."""
    state = case.routing.state if case else "withdrawn"
    if state in GONE:
        assert told is not None
        assert told["kind"] == "withdraw"
    elif state == "open":
        assert told is not None, "left with a pointer to a case it was told nothing of"
    elif case and case.routing.rule == "held.disputed":
        assert told is not None
        assert told["kind"] == "withdraw" or "disputed" in told["flags"]


def _as_it_stands(case: Case, last: Mapping[str, Told]) -> None:
    routing, shown = case.routing, Shown(case)
    holding = {who: told for who, told in last.items() if told["kind"] != "withdraw"}
    if routing.state in GONE:
        assert not holding, "taken back from some only"
        return
    if routing.state == "held":
        marked = {who: "disputed" in told.get("flags", ()) for who, told in holding.items()}
        if routing.rule == "held.disputed":
            assert all(marked.values()), "not everybody sees that it is disputed"
        if routing.rule in ("held.no-residence", "held.unknown-area", "held.unknown-postcode"):
            assert dict(unplaced(routing)).keys() <= holding.keys(), "nobody was told of a case that nobody can place"
        return
    targets = dict(recipients(routing))
    assert targets.keys() <= holding.keys(), "somebody was not told"
    for who, told in holding.items():
        if who in targets:
            part = targets[who].part
            assert told["part"] == part
            view = shown.to(part)
            for field in ("state", "rule", "record", "flags", "clocks", "differing", "routing"):
                assert told.get(field) == view.get(field), f"{field} is out of date"
        elif routing.lead is None:
            assert told["part"] in ("lead", "unassigned", "previous-lead"), "nobody leads: what they have stays known"
            assert "disputed" not in told.get("flags", ())
        else:
            assert told["part"] == "previous-lead"
            assert "record" not in told
            assert told["routing"]["lead"]["cdop"] == routing.lead.cdop, "points to a lead that isn't one"
            assert "disputed" not in told.get("flags", ())
    if routing.lead:
        assert [who for who, told in holding.items() if told["part"] == "lead"] == [f"cdop.{routing.lead.cdop}"]
