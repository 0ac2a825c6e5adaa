"""The linkage model's file: what streams taught and what is stated, level by level, with where each comes from."""

from collections.abc import Iterable, Mapping
from math import exp, log, log2
from pathlib import Path
from typing import Any

import yaml

from integration_engine.linkage.levels import LEVELS
from integration_engine.linkage.model import VERSION
from integration_engine.linkage.shares import TABLE

STATED = Path(__file__).with_name("linkage_model_stated.yaml")
# Streams of thousands of pairs can't show that a level is rarer than this; real partners err in ways that none invents.
LEAST_M, LEAST_U, MOST = 0.004, 2e-4, 0.995
RAREST_NAME = 2**-12
# A name in no table is mostly of a community that no count covers: borne by one in 150 of a community of a hundredth of all
# children it is, by the table's own measure, as common as this.
UNSEEN_NAME = 1 / 1500
# So near to never that no stream tells it from never.
_NEVER = 1e-5

Found = Mapping[tuple[str, str], Mapping[str, float]]
Judged = tuple[float | None, float | None, str]


def middle(chances: Iterable[float | None]) -> float | None:
    """The mean of chances in log-odds, where a rare chance counts as much as a common one; None where there are none."""
    odds = [log(found / (1 - found)) for c in chances if c is not None for found in [min(max(c, _NEVER), 1 - _NEVER)]]
    return 1 / (1 + exp(-sum(odds) / len(odds))) if odds else None


def bounded(chance: float, least: float) -> float:
    return min(max(chance, least), MOST)


def stated(text: Mapping[str, Any]) -> dict[tuple[str, str], Judged]:
    """m, u and the reason by comparison and level; None where what was learnt stands."""
    return {
        (comparison, level): (*chances, group["why"])
        for group in text["levels"]
        for comparison, levels in group.items()
        if comparison != "why"
        for level, chances in levels.items()
    }


def weight(found: Mapping[str, float], said: Judged | None) -> dict[str, Any]:
    """One level of the file: m, u and the bits they make, where they come from, and what the streams showed."""
    m, u, why = said or (None, None, "")
    entry: dict[str, Any] = {
        "m": _short(bounded(found.get("m", 0.0), LEAST_M) if m is None else m),
        "u": _short(bounded(found.get("u", 0.0), LEAST_U) if u is None else u),
    }
    entry["bits"] = round(log2(entry["m"] / entry["u"]), 2)
    taught = [side for side, judged in (("m", m), ("u", u)) if judged is None]
    entry["from"] = {2: "learnt", 1: f"{''.join(taught)} learnt, the other stated", 0: "stated"}[len(taught)]
    if why:
        entry["why"] = why
    if found:
        entry["found"] = {name: _short(value) for name, value in found.items()}
    return entry


def comparisons(found: Found) -> dict[str, Any]:
    """Every level's entry. Exits where a level was neither found in a stream nor stated: nothing is known of it."""
    judged = stated(yaml.safe_load(STATED.read_text(encoding="utf-8")))
    entries: dict[str, Any] = {}
    for comparison, levels in LEVELS.items():
        entries[comparison] = {}
        for level in levels:
            said = judged.pop((comparison, level), None)
            if said is None and not {"m", "u"} & found[comparison, level].keys():
                raise SystemExit(f"{comparison} {level}: no stream shows it and {STATED.name} says nothing of it")
            entries[comparison][level] = weight(found[comparison, level], said)
    if judged:
        raise SystemExit(f"{STATED.name} speaks of what is no level: {sorted(judged)}")
    return entries


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def model(found: Found, made: str) -> dict[str, Any]:
    """The whole file."""
    return {
        "format": f"linkage-model/{VERSION}",
        "version": str(VERSION),
        "made": made,
        "prior_bits": -16.0,
        "household_cap_bits": 14.0,
        "thresholds": {"link": 12.0, "review": 0.0, "review_vetoed": 10.0, "margin": 6.0},
        "comparisons": comparisons(found),
        "grown_ups": yaml.safe_load(STATED.read_text(encoding="utf-8"))["grown_ups"],
        "name_shares": TABLE.name,
        "rarest_name_share": RAREST_NAME,
        "unseen_name_share": _short(UNSEEN_NAME),
    }


def found_in(text: Mapping[str, Any]) -> Found:
    """What the streams showed, as a file written before keeps it."""
    return {
        (comparison, level): text["comparisons"].get(comparison, {}).get(level, {}).get("found", {})
        for comparison, levels in LEVELS.items()
        for level in levels
    }
