"""Train the linkage model: how often true pairs and unrelated pairs show each level.

    python benchmarks/linkage_model.py NOTICES.jsonl --truth COLUMN --to mappings/linkage/model-2.json

m is counted on every pair of notices of one child, u on random pairs of different children; both are smoothed, and bounded
where a set of this size can't know better. The truth column serves here only; linkage never reads it.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

from integration_engine.linkage.comparison import compare
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.levels import LEVELS
from integration_engine.linkage.model import Model, Stratum

# Levels no such set can show, or shows too rarely to count: stated by judgement, as (m, u).
STATED = {
    ("nhs", "equal"): (0.95, 1e-7),
    ("nhs", "typed-equal"): (0.5, 1e-6),
    ("nhs", "slip"): (0.8, 2e-5),
    ("nhs", "typed-near"): (0.3, 2e-5),
    ("nhs", "different"): (0.015, 1.0),
    ("nhs", "typed-different"): (0.2, 1.0),
    ("mother_nhs", "equal"): (0.97, 1e-4),
    ("mother_nhs", "different"): (0.01, 1.0),
    ("local_ref", "equal"): (0.98, 1e-5),
    ("local_ref", "different"): (0.01, 1.0),
    ("person", "equal"): (0.99, 1e-5),
    ("person", "different"): (0.005, 1.0),
    # An area's own reference names one case; a number without its area one of eighty areas' in any of ten years.
    ("coroner", "equal"): (0.98, 1e-5),
    ("coroner", "number"): (0.9, 1e-3),
    ("coroner", "different"): (0.05, 1.0),
    # An entry in the register is one person's; a correction or an interim certificate has another number.
    ("registration", "equal"): (0.98, 1e-5),
    ("registration", "different"): (0.05, 1.0),
    ("event", "equal"): (0.9, 0.05),
    ("order", "different"): (0.01, 0.5),
    ("order", "equal"): (0.99, 0.5),
    # The rarity of a shared name is added on top, so u here is only the split among ways of writing it.
    ("given", "equal"): (0.9, 1.0),
    ("given", "variant"): (0.05, 0.4),
    ("given", "slip"): (0.03, 0.3),
    ("given", "perhaps"): (0.01, 0.3),
    ("given", "crossed"): (0.02, 0.4),
    ("given", "swapped"): (0.01, 0.3),
    ("given", "half-swapped"): (0.01, 0.05),
    ("given", "initial"): (0.01, 0.05),
    ("second", "agree"): (0.95, 1.0),
    ("family", "equal"): (0.85, 1.0),
    ("family", "variant"): (0.05, 0.4),
    ("family", "slip"): (0.03, 0.3),
    ("family", "part"): (0.05, 1.0),
    ("family", "former"): (0.05, 0.4),
    ("family", "swapped"): (0.01, 0.3),
    ("family", "half-swapped"): (0.01, 0.05),
    # An age is an interval: the longer, the more children were born in it. Newborns are many, so days say little more.
    ("birth", "within-minutes"): (0.95, 0.015),
    ("birth", "within-hours"): (0.95, 0.015),
    ("birth", "within-days"): (0.95, 0.015),
    ("birth", "within-weeks"): (0.95, 0.02),
    ("birth", "within-months"): (0.95, 0.03),
    ("birth", "within-month"): (0.95, 0.02),
    ("birth", "within-years"): (0.95, 0.12),
    ("birth", "within-year"): (0.95, 0.12),
    ("birth", "near"): (0.04, 0.1),
    # Of two newborns born the same day a good part die the same day too: the birth date has said most of it.
    ("death", "equal-newborn"): (0.75, 0.15),
    ("death", "same-hour-newborn"): (0.9, 0.03),
    ("home", "postcode"): (0.1, 2e-4),
    ("home", "house"): (0.06, 2e-4),
    ("home", "postcode-and-street"): (0.1, 2e-4),
    ("home", "street"): (0.02, 0.004),
    ("home", "near"): (0.02, 6e-4),
    # Families move, hospitals keep old practices, and a stepmother may be written for the mother.
    ("practice", "equal"): (0.9, 0.02),
    ("practice", "different"): (0.15, 0.98),
    ("mother", "different"): (0.06, 0.97),
    ("place", "different"): (0.45, 0.98),
    ("weight", "near"): (0.05, 0.09),
    ("weight", "different"): (0.08, 0.87),
    ("gestation", "near"): (0.1, 0.18),
    ("gestation", "different"): (0.12, 0.73),
}
# Where both are of age. No stream of children shows them: stated from how many share what in a country of grown-ups. Births
# spread over eighty years, homes over millions; one in twenty goes by another given name in another register; and of two
# registers' rows that find no better partner, odds that are even are good enough (``link_bits``).
GROWN_UPS = {
    "prior_bits": -12.0,
    "link_bits": 0.0,
    "household_cap_bits": 26.0,
    "comparisons": {
        "given": {"conflict": {"m": 0.05, "u": 0.985}},
        "birth": {
            "equal": {"m": 0.9, "u": 3.4e-5},
            "swapped": {"m": 0.01, "u": 2e-5},
            "edit": {"m": 0.015, "u": 1e-3},
            "other": {"m": 0.02, "u": 0.98},
        },
        "home": {
            "same": {"m": 0.7, "u": 1e-6},
            "house": {"m": 0.06, "u": 2e-5},
            "postcode-and-street": {"m": 0.1, "u": 5e-6},
        },
    },
}
LEAST_M, LEAST_U = 0.004, 2e-4
SMOOTH = 2.0
RAREST, UNSEEN = 2**-12, 1 / 1500


def blank() -> Model:
    """A model without weights, to count levels with."""
    bits: dict[str, dict[str, float]] = {name: {} for name in LEVELS}
    of_age = Stratum(0, 0, 99, bits)
    return Model("training", "", 0, 0, 0, 0, 0, 99, bits, {"given": {}, "family": {}}, UNSEEN, of_age)


def counted(pairs: list[tuple[Evidence, Evidence]]) -> dict[str, Counter[str]]:
    model = blank()
    found: dict[str, Counter[str]] = {name: Counter() for name in LEVELS}
    for a, b in pairs:
        c = compare(a, b, model)
        for name in LEVELS:
            level = getattr(c, name)
            if level:
                found[name][level] += 1
    return found


def train(rows: list[dict], truth: str) -> dict:
    evidence = [evidence_of_row(row) for row in rows]
    children: dict[str, list[Evidence]] = defaultdict(list)
    for row, e in zip(rows, evidence, strict=True):
        children[row[truth]].append(e)
    same = [pair for notices in children.values() for pair in combinations(notices, 2)]
    chance = random.Random(1)
    of = {e.id: row[truth] for row, e in zip(rows, evidence, strict=True)}
    others = [(a, b) for a, b in (chance.sample(evidence, 2) for _ in range(400_000)) if of[a.id] != of[b.id]]
    yes, no = counted(same), counted(others)
    comparisons: dict[str, dict[str, dict[str, float]]] = {}
    for name, levels in LEVELS.items():
        n_yes, n_no = sum(yes[name].values()), sum(no[name].values())
        comparisons[name] = {}
        for level in levels:
            m = (yes[name][level] + SMOOTH) / (n_yes + SMOOTH * len(levels))
            u = (no[name][level] + SMOOTH) / (n_no + SMOOTH * len(levels))
            m, u = STATED.get((name, level), (max(m, LEAST_M), max(u, LEAST_U)))
            comparisons[name][level] = {"m": float(f"{m:.3g}"), "u": float(f"{u:.3g}")}
    return {
        "format": "linkage-model/2",
        "version": "2",
        "made": (
            "benchmarks/linkage_model.py on a synthetic development stream of 13,112 invented notices of 5,000 children: "
            f"m from {len(same):,} pairs of one child, u from {len(others):,} random pairs, smoothed and bounded; levels "
            "such a stream can't show are stated by judgement in that script."
        ),
        "prior_bits": -16.0,
        "household_cap_bits": 14.0,
        "thresholds": {"link": 12.0, "review": 0.0, "review_vetoed": 10.0, "margin": 6.0},
        "comparisons": comparisons,
        "grown_ups": GROWN_UPS,
        "name_shares": "name-shares-1.csv",
        "rarest_name_share": RAREST,
        "unseen_name_share": round(UNSEEN, 6),
    }


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("notices", type=Path)
    ask.add_argument("--truth", required=True)
    ask.add_argument("--to", type=Path, required=True)
    said = ask.parse_args()
    rows = [json.loads(line) for line in said.notices.read_text(encoding="utf-8").splitlines() if line.strip()]
    said.to.write_text(json.dumps(train(rows, said.truth), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
