"""How the linkage model's file is put together: what was learnt within bounds, what is stated, and where each comes from."""

import json
from math import log2
from typing import Any

import pytest
import yaml

from benchmarks.linkage_model_weights import (
    LEAST_M,
    LEAST_U,
    STATED,
    comparisons,
    found_in,
    middle,
    model,
    stated,
    weight,
)
from integration_engine.linkage.names import TABLES

SHIPPED: dict[str, Any] = json.loads((TABLES / "model-2.json").read_text(encoding="utf-8"))
LEVELS = [(name, level, entry) for name, levels in SHIPPED["comparisons"].items() for level, entry in levels.items()]


def test_the_shipped_model_says_what_is_stated_today() -> None:
    """``python -m benchmarks.linkage_model --restate`` puts it right where it doesn't."""
    assert model(found_in(SHIPPED), SHIPPED["made"]) == SHIPPED


@pytest.mark.parametrize(("name", "level", "entry"), LEVELS)
def test_every_level_shows_its_bits_and_where_they_come_from(name: str, level: str, entry: dict[str, Any]) -> None:
    assert entry["bits"] == pytest.approx(log2(entry["m"] / entry["u"]), abs=0.01)
    assert ("found" in entry) or entry["from"] == "stated"
    assert ("why" in entry) == (entry["from"] != "learnt")


def test_labels_and_expectation_maximisation_find_nearly_the_same() -> None:
    """What says that the model could be trained without a truth: the levels that make most of a score agree."""
    common = [e["found"] for _, _, e in LEVELS if e.get("found", {}).get("m", 0) > 0.1 and "em" in e["found"]]
    near = [found for found in common if abs(found["m"] - found["em"]) < 0.05]
    assert len(near) > 0.9 * len(common) > 10


def test_what_was_learnt_is_bounded_and_what_is_stated_is_not() -> None:
    learnt = weight({"m": 0.0001, "u": 0.0}, None)
    assert (learnt["m"], learnt["u"], learnt["from"]) == (LEAST_M, LEAST_U, "learnt")
    half = weight({"m": 0.9, "u": 0.3}, (None, 1e-7, "numbers are unique"))
    assert (half["m"], half["u"], half["from"]) == (0.9, 1e-7, "m learnt, the other stated")
    assert half["found"] == {"m": 0.9, "u": 0.3}
    whole = weight({}, (0.01, 0.5, "seldom said"))
    assert (whole["m"], whole["u"], whole["from"], whole["why"]) == (0.01, 0.5, "stated", "seldom said")


def test_the_middle_of_two_chances_counts_a_rare_one_as_much_as_a_common_one() -> None:
    assert middle([0.01, 0.99]) == pytest.approx(0.5)
    assert middle([None, 0.2, None]) == pytest.approx(0.2)
    assert middle([None]) is None


def test_a_level_that_nobody_knows_anything_of_is_not_written() -> None:
    found = dict(found_in(SHIPPED))
    found["sex", "equal"] = {}
    with pytest.raises(SystemExit, match="sex equal: no stream shows it"):
        comparisons(found)


def test_every_reason_is_given_once_and_for_levels_that_are_there() -> None:
    text = yaml.safe_load(STATED.read_text(encoding="utf-8"))
    named = sum(len(levels) for group in text["levels"] for name, levels in group.items() if name != "why")
    assert len(stated(text)) == named
    assert len({group["why"] for group in text["levels"]}) == len(text["levels"])
