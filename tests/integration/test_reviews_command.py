"""``cdr reviews``: open questions as codes, one question in full for who may, and what people decided as labelled pairs."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.schemas import schemas
from integration_engine.security.keys import write_new
from integration_engine.settings import load_settings
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, open_store
from tests.integration.test_pipeline_store import decide, take
from tests.store_samples import report

TWIN: dict[str, Any] = {
    "nhs_number": None,
    "given_names": [],
    "name_is_placeholder": True,
    "multiple_birth": {"count": 2},
}


@pytest.fixture
def engine(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An engine's store with one question about two notices, of which a multiple birth is known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", database_url)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    write_new(tmp_path / "keys.json")
    store = open_store(load_settings(), upgrade=True)
    take(store, report(child=TWIN), report(5, partner="RXX", child=TWIN))
    return store


def reviews(*options: str, status: int = 0) -> str:
    result = CliRunner().invoke(_build(["reviews"]), ["reviews", *options])
    assert result.exit_code == status, result.output
    return result.stdout


def only(store: Store) -> overview.OpenReview:
    (review,) = overview.open_reviews(store)
    return review


def test_the_list_has_ids_and_codes_and_nothing_of_a_child(engine: Store) -> None:
    review = only(engine)
    row = json.loads(reviews("--json"))
    assert (row["id"], row["people"], row["decided"]) == (review.id, 2, 0)
    assert row["why"] == list(review.why)
    assert len(row["cases"]) == 2
    for text in (reviews("--json"), reviews()):
        assert not [said for said in ("uillfeather", "Larkspur", "2014-05-09") if said in text]
    decide(engine, "link", review.a, review.b)
    assert json.loads(reviews("--json"))["decided"] == 1


def test_one_question_is_shown_in_full_to_who_may_and_the_look_is_audited(engine: Store) -> None:
    review = only(engine)
    bare = json.loads(reviews("show", review.id, "--json"))
    Draft202012Validator(schemas()["review-1.json"]).validate(bare)
    assert "uillfeather" not in json.dumps(bare)
    full = json.loads(reviews("show", review.id, "--json", "--role", "coordinator", "--by", "jane", "--weight"))
    Draft202012Validator(schemas()["review-1.json"]).validate(full)
    assert "uillfeather" in json.dumps(full)
    assert full["weight"]["bits"] == review.score
    looks = [(line.actor, line.action) for line in audit.lines(engine, subject=review.id)]
    assert looks[-1] == (f"jane ({at_the_keyboard()})", "review.weight-read")
    assert "Family name" in reviews("show", review.id, "--role", "coordinator")
    reviews("show", "r-nothing", status=1)
    reviews("show", review.id, "--role", "passer-by", status=2)


def test_a_second_reader_isnt_shown_that_somebody_decided(engine: Store) -> None:
    review = only(engine)
    before = reviews("show", review.id, "--json", "--role", "coordinator", "--by", "joan")
    decide(engine, "link", review.a, review.b, by="jane")
    assert reviews("show", review.id, "--json", "--role", "coordinator", "--by", "joan") == before
    after = json.loads(reviews("show", review.id, "--json", "--role", "coordinator", "--by", "jane"))
    assert after["readers"] == ["jane"]


def test_what_people_decided_is_exported_as_labelled_pairs_without_a_childs_or_a_readers_name(
    engine: Store, tmp_path: Path
) -> None:
    review = only(engine)
    asked = review.why
    decide(engine, "link", review.a, review.b, by="jane")
    decide(engine, "unlink", review.a, review.b, by="joan", minutes=70)
    decide(engine, "unlink", review.a, review.b, by="Jane", minutes=80)
    text = reviews("export")
    pairs = [json.loads(line) for line in text.splitlines()]
    assert [pair["verdict"] for pair in pairs] == ["same-child", "two-children", "two-children"]
    assert {pair["review"] for pair in pairs} == {review.id}
    assert pairs[0]["reader"] == pairs[2]["reader"] != pairs[1]["reader"]
    assert tuple(pairs[0]["why"]) == asked
    assert "readers-disagree" in pairs[2]["why"]
    assert pairs[0]["levels"]["family"] == "equal"
    assert pairs[0]["versions"].keys() == {"model", "names"}
    assert not [said for said in ("uillfeather", "jane", "joan", "wren", "9991000003") if said in text.casefold()]
    reviews("export", "--to", str(tmp_path / "pairs.jsonl"))
    assert (tmp_path / "pairs.jsonl").read_text() == text
    assert overview.open_reviews(engine) == ()
