"""Clerical review from the first notice to the last word, on both databases: what `cdr try` answers on the same messages and
decisions is what the engine comes to, questions included, and what it exports gives it again."""

from pathlib import Path
from typing import Any

import pytest

from integration_engine.core import case_id
from integration_engine.store import overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from integration_engine.store.decisions import every_decision
from tests.integration.test_decisions_everywhere import TWO, Messages, decided, record, take, trial
from tests.native_messages import AVA_OTHER, adt
from tests.store_samples import new_store

BABY = {"f5": "HARROW^BABY", "f7": "20260308", "f29": "20260309041000", "f24": "Y"}
TWINS = {
    "one.hl7": adt("A03", "T1", f3="4512345^^^RTH^PI", **BABY, f25="1"),
    "copy.hl7": adt("A03", "T2", f3="777^^^RXH^PI", sender="RXH", **BABY),
}
PAIR = ("one.hl7#0", "copy.hl7#0")
# The other hospital finds that the number it gave was the mother's, and the child's own.
FOUND = adt("A08", "LOR0020", f3=f"{AVA_OTHER}^^^NHS^NH~4512345^^^RTH^PI", sent="20260320090000")
SAME_AGAIN = adt("A08", "LOR0021", f3=f"{AVA_OTHER}^^^NHS^NH~777^^^RXH^PI", sender="RXH", sent="20260320090000")


@pytest.fixture
def store(database_url: str) -> Any:
    opened = new_store(database_url)
    yield opened
    opened.close()


class Engine:
    """The engine on these messages, held against ``cdr try`` after every step."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.messages: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.told: list[dict[str, Any]] = []

    def hears(self, messages: Messages) -> "Engine":
        self.messages |= messages
        self.names |= take(self.store, messages)
        return self

    def is_told(self, by: str, kind: str, *about: str, day: int) -> "Engine":
        told = decided(kind, *about, id=f"{by}-{kind}-{day}", by=by, at=f"2026-03-{day}T12:00:00Z")
        self.told.append(told)
        record(self.store, told, self.names)
        return self

    def state(self) -> tuple[list[list[str]], dict[tuple[str, ...], set[str]]]:
        """The cases by their notices, and by pair why each question is asked: in the engine as on the files."""
        exported = [kept.decision.model_dump(mode="json") for kept in every_decision(self.store)]
        known = {name: ref for ref, name in self.names.items()}
        asked = {
            tuple(sorted((known[review.a], known[review.b]))): set(review.why)
            for review in overview.open_reviews(self.store)
        }
        contents = [case_content(self.store, case.id) for case in overview.recent_cases(self.store)]
        cases = sorted(sorted(known[name] for name in held.content["notices"]) for held in contents if held)
        for told in (self.told, exported):
            answer = trial(self.folder, self.messages, told)
            on_files = {tuple(sorted((Path(r["a"]).name, Path(r["b"]).name))): set(r["why"]) for r in answer["reviews"]}
            assert on_files == asked
            assert sorted(sorted(Path(ref).name for ref in case["from"]) for case in answer["cases"]) == cases
        return cases, asked


def test_two_people_join_twins_and_what_one_said_before_changes_nothing(store: Store, tmp_path: Path) -> None:
    engine = Engine(store, tmp_path).hears(TWINS)
    apart, asked = engine.state()
    assert len(apart) == 2
    assert asked.keys() == {tuple(sorted(PAIR))}
    cases, asked = engine.is_told("Ann", "link", *PAIR, day=12).state()
    assert cases == apart
    assert "one-of-two" in asked[tuple(sorted(PAIR))]
    cases, _ = engine.is_told("ann", "link", *PAIR, day=13).state()
    assert cases == apart
    cases, asked = engine.is_told("Bo", "link", *PAIR, day=14).state()
    assert (cases, asked) == ([sorted(PAIR)], {})
    cases, asked = engine.is_told("Cy", "unlink", *PAIR, day=15).state()
    assert cases == apart
    assert "readers-disagree" in asked[tuple(sorted(PAIR))]


def test_two_people_may_name_the_cases_instead_of_the_notices(store: Store, tmp_path: Path) -> None:
    engine = Engine(store, tmp_path).hears(TWINS)
    cases = [case_id(engine.names[ref]) for ref in PAIR]
    engine.is_told("Ann", "link", *cases, day=12).is_told("Bo", "link", *PAIR, day=13)
    joined, asked = engine.state()
    assert (joined, asked) == ([sorted(PAIR)], {})


def test_a_rejected_pair_rests_until_something_new_is_told_and_joins_only_by_a_persons_word(
    store: Store, tmp_path: Path
) -> None:
    engine = Engine(store, tmp_path).hears(TWO)
    _, asked = engine.state()
    assert asked
    cases, asked = engine.is_told("Ann", "unlink", "m.hl7#0", "n.hl7#0", day=12).state()
    assert (len(cases), asked) == (2, {})
    cases, asked = engine.hears({"again.hl7": SAME_AGAIN}).state()
    assert (len(cases), asked) == (2, {})
    cases, asked = engine.hears({"found.hl7": FOUND}).state()
    assert len(cases) >= 2
    assert "new-evidence-since-rejected" in {code for codes in asked.values() for code in codes}
    for pair in list(asked):
        engine.is_told("Bo", "link", *pair, day=25)
    cases, asked = engine.state()
    assert (len(cases), asked) == (1, {})
