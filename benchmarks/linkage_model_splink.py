"""Splink as the teacher of the linkage model: it counts and maximises, our own comparison says which level a pair shows.

Splink compares in SQL. Each of its comparisons asks a function that we register with its database, which compares the two
notices as the engine does; so what is trained is what runs.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.comparison_library import CustomComparison
from splink.internals.splink_dataframe import SplinkDataFrame

from benchmarks.linkage_model_weights import LEAST_U, Found, middle
from integration_engine.linkage.comparison import Compared, compare
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.levels import LEVELS
from integration_engine.linkage.model import Model, Stratum
from integration_engine.linkage.names import skeleton, spelled

# Splink can't train a comparison that has only one level: what agrees by being said at all is stated.
TRAINED = {comparison: levels for comparison, levels in LEVELS.items() if len(levels) > 1}
_NOT_SAID = -1
_RANDOM_PAIRS = 2e5
_SEED = 1
# Expectation maximisation settles within this many rounds. A level that only strangers show would meanwhile fall below what a
# float can hold, which Splink refuses: between rounds nothing is held to be rarer than the least.
_ROUNDS = 5
_LEAST = 1e-5
# Of the pairs of one child, the share that one valid NHS number finds.
_FOUND_BY_NUMBER = 0.6

# What each round of expectation maximisation holds fixed; a comparison is learnt in the rounds that don't use it.
BLOCKED_ON = (("nhs",), ("birth", "family"), ("death", "given"))
_KEYS: dict[str, Callable[[Evidence], str | int | None]] = {
    "nhs": lambda e: e.nhs or None,
    "birth": lambda e: e.birth_day or None,
    "death": lambda e: e.death_day or None,
    "given": lambda e: spelled(e.given[0]) if e.given else None,
    "family": lambda e: skeleton(e.family[0]) if e.family else None,
}


@dataclass(frozen=True)
class Chances:
    """What Splink learnt of one level: how often unrelated pairs show it, and pairs of one child, the latter by labels and
    by expectation maximisation without them; None where it could learn nothing."""

    u: float | None
    by_labels: float | None
    by_em: float | None


Taught = Mapping[str, Mapping[str, Chances]]
Learnt = Mapping[tuple[str, str], tuple[float | None, float | None]]


class Pairs:
    """The level of every comparison for two notices by number, each pair compared once."""

    def __init__(self, evidence: list[Evidence]) -> None:
        self.evidence = evidence
        self.model = _weightless()
        self.seen: dict[int, bytes] = {}

    def levels(self, one: int, other: int) -> bytes:
        """One more than the number of each comparison's level, in order; 0 where a side says nothing."""
        a, b = (one, other) if one < other else (other, one)
        pair = a * len(self.evidence) + b
        found = self.seen.get(pair)
        if found is None:
            found = self.seen[pair] = _numbered(compare(self.evidence[a], self.evidence[b], self.model))
        return found

    def function(self, place: int) -> Callable[[pa.ChunkedArray, pa.ChunkedArray], pa.Array]:
        """The numbers of one comparison's levels for columns of notices, as the database wants it."""

        def answer(ones: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.Array:
            both = zip(ones.to_pylist(), others.to_pylist(), strict=True)
            return pa.array([self.levels(a, b)[place] - 1 for a, b in both], pa.int32())

        return answer


def _weightless() -> Model:
    """A model to find levels with: it need know none of them yet."""
    bits: dict[str, dict[str, float]] = {comparison: {} for comparison in LEVELS}
    no_names: dict[str, dict[str, float]] = {"given": {}, "family": {}}
    return Model("training", "", 0, 0, 0, 0, 0, 0, bits, no_names, 1, Stratum(0, 0, 0, bits))


def _numbered(compared: Compared) -> bytes:
    said = ((levels, getattr(compared, comparison)) for comparison, levels in TRAINED.items())
    return bytes(levels.index(level) + 1 if level else 0 for levels, level in said)


def taught(evidence: list[Evidence], children: list[str]) -> Taught:
    """Train on notices whose children are known."""
    logging.getLogger("splink").setLevel(logging.ERROR)  # what no stream shows is stated, and said in the model
    table, settings = _prepared(evidence, children)
    linker = Linker(table, settings, log_level=None)
    linker.training.estimate_u_using_random_sampling(_RANDOM_PAIRS, seed=_SEED, min_count_per_level=None, num_chunks=1)
    linker.training.estimate_probability_two_random_records_match([_rule(("nhs",))], recall=_FOUND_BY_NUMBER)
    settings = linker.misc.save_model_to_json()
    by_em = [_maximised(table, settings, columns) for columns in BLOCKED_ON]
    labelled = Linker(table, settings, log_level=None)
    labelled.training.estimate_m_from_label_column("child")
    by_labels = _learnt(labelled.misc.save_model_to_json())
    return {
        comparison: {
            level: Chances(
                u=by_labels[comparison, level][1],
                by_labels=by_labels[comparison, level][0],
                by_em=middle(found[comparison, level][0] for found in by_em if (comparison, level) in found),
            )
            for level in levels
        }
        for comparison, levels in TRAINED.items()
    }


def _maximised(table: SplinkDataFrame, settings: dict[str, Any], columns: tuple[str, ...]) -> Learnt:
    """What expectation maximisation learns from pairs that agree on these, of all other comparisons."""
    for _ in range(_ROUNDS):
        linker = Linker(table, settings, log_level=None)
        linker.training.estimate_parameters_using_expectation_maximisation(_rule(columns))
        settings = linker.misc.save_model_to_json()
        for comparison in settings["comparisons"]:
            for level in comparison["comparison_levels"]:
                if "m_probability" in level:
                    level["m_probability"] = max(level["m_probability"], _LEAST)
    return {key: chances for key, chances in _learnt(settings).items() if key[0] not in columns}


def _prepared(evidence: list[Evidence], children: list[str]) -> tuple[SplinkDataFrame, dict[str, Any]]:
    """The notices in a database that can compare them, and the settings of a model with nothing learnt."""
    database = duckdb.connect()
    database.execute("set threads to 1")  # the order of sums, so that the same notices give the same model
    pairs = Pairs(evidence)
    for place, comparison in enumerate(TRAINED):
        database.create_function(
            f"{comparison}_level", pairs.function(place), ["BIGINT", "BIGINT"], "INTEGER", type="arrow"
        )
    for column, key in _KEYS.items():
        keys = [None if (found := key(e)) is None else str(found) for e in evidence]
        database.create_function(
            f"{column}_key", _looked_up(keys), ["BIGINT"], "VARCHAR", type="arrow", null_handling="special"
        )
    numbers = list(range(len(evidence)))
    table = pa.table({"unique_id": numbers, "child": children} | {f"{name}_of": numbers for name in TRAINED})
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[CustomComparison([*_levels(name)], output_column_name=name) for name in TRAINED],
        max_iterations=1,
        retain_matching_columns=False,
        linker_uid="cdr",
    )
    return DuckDBAPI(database).register(table, dataset_display_name="notices"), settings.create_settings_dict("duckdb")


def _looked_up(keys: list[str | None]) -> Callable[[pa.ChunkedArray], pa.Array]:
    return lambda numbers: pa.array([keys[number] for number in numbers.to_pylist()], pa.string())


def _levels(comparison: str) -> Iterator[dict[str, Any]]:
    level = f"{comparison}_level({comparison}_of_l, {comparison}_of_r)"
    yield {"sql_condition": f"{level} = {_NOT_SAID}", "label_for_charts": "not said", "is_null_level": True}
    for number, name in enumerate(TRAINED[comparison][:-1]):
        yield {"sql_condition": f"{level} = {number}", "label_for_charts": name}
    yield {"sql_condition": "ELSE", "label_for_charts": TRAINED[comparison][-1]}


def _rule(columns: tuple[str, ...]) -> str:
    return " and ".join(f"{name}_key(l.{name}_of) = {name}_key(r.{name}_of)" for name in columns)


def _learnt(settings: dict[str, Any]) -> Learnt:
    """m and u of each level, as far as they were learnt."""
    return {
        (comparison["output_column_name"], level["label_for_charts"]): (
            level.get("m_probability"),
            level.get("u_probability"),
        )
        for comparison in settings["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    }


@dataclass(frozen=True)
class Lesson:
    """What one stream taught; ``same`` of its ``notices``' random pairs are of one child, as a share."""

    name: str
    notices: int
    same: float
    chances: Taught


def lesson(name: str, rows: list[dict[str, Any]], truth: str) -> Lesson:
    """Train on rows, of which the column ``truth`` names the child."""
    children = [str(row[truth]) for row in rows]
    same = sum(n * (n - 1) for n in Counter(children).values()) / (len(rows) * (len(rows) - 1))
    return Lesson(name, len(rows), same, taught([evidence_of_row(row) for row in rows], children))


def found(lessons: list[Lesson]) -> Found:
    """``m`` and ``u`` of each level over all streams, and ``em`` beside them, as far as any showed it."""
    return {
        (name, level): _over_all(lessons, name, level) if name in TRAINED else {}
        for name, levels in LEVELS.items()
        for level in levels
    }


def _over_all(lessons: list[Lesson], comparison: str, level: str) -> dict[str, float]:
    seen = [(each.same, each.chances[comparison][level]) for each in lessons]
    # Random pairs are of one child now and then, which is all that some levels show.
    unrelated = [c.u - same * (c.by_labels or 0.0) for same, c in seen if c.u is not None]
    over = {
        "m": middle(c.by_labels for _, c in seen),
        "u": middle(max(u, LEAST_U / 10) for u in unrelated),
        "em": middle(c.by_em for _, c in seen),
    }
    return {name: value for name, value in over.items() if value is not None}
