"""One pair in full: its waterfall, and what became of it once all notices were known."""

from dataclasses import asdict, dataclass
from typing import Any

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.explain import Waterfall, explain
from integration_engine.linkage.verdicts import Verdict, Verdicts
from integration_engine.linkage.versions import names_version
from integration_engine.linkage.wording import reason


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the waterfall: it begins at ``before`` bits and is ``bits`` long; ``span`` are the least and the greatest
    weight that the waterfall passes."""

    comparison: str
    level: str
    bits: float
    before: float
    span: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Account:
    """``a`` and ``b`` are the two sides as linkage reads them; ``names`` is the version of the tables of names, that of the
    weights stands in the waterfall."""

    a: Evidence
    b: Evidence
    waterfall: Waterfall
    verdict: Verdict
    names: str

    @property
    def steps(self) -> tuple[Step, ...]:
        weights = [0.0]
        for step in self.waterfall.steps:
            weights.append(weights[-1] + step.bits)
        span = (min(weights), max(weights))
        return tuple(
            Step(step.comparison, step.level, step.bits, before, span)
            for step, before in zip(self.waterfall.steps, weights, strict=False)
        )

    def to_json(self) -> dict[str, Any]:
        """The waterfall, and under ``final`` what became of the pair."""
        shown, verdict = self.waterfall, self.verdict
        codes = (*shown.vetoes, *shown.holds, *verdict.why)
        return asdict(shown) | {
            "names": self.names,
            "final": {
                "state": verdict.state,
                "why": [asdict(why) for why in verdict.reasons],
                "unasked": verdict.unasked or None,
                "way": [{"a": edge.a, "b": edge.b, "score": round(edge.compared.score, 2)} for edge in verdict.way],
            },
            "sentences": {code: reason(code) for code in dict.fromkeys(codes)},
        }


def account(verdicts: Verdicts, a: str, b: str) -> Account:
    """The account of two notices. Raises KeyError where there is no such notice."""
    a, b = sorted((a, b))
    model, one, other = verdicts.clusters.model, verdicts.items[a], verdicts.items[b]
    return Account(one, other, explain(one, other, model), verdicts.of(a, b), names_version())
