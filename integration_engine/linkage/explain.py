"""Why two notices are, or are not, taken for one child: the waterfall of one pair."""

from dataclasses import dataclass
from typing import Literal

from integration_engine.linkage.agreement import names_only_an_identifier
from integration_engine.linkage.blocking import keys
from integration_engine.linkage.comparison import Step, compare
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.graph import Edge
from integration_engine.linkage.holds import holds
from integration_engine.linkage.model import Model, shipped
from integration_engine.linkage.vetoes import vetoes


@dataclass(frozen=True, slots=True)
class Waterfall:
    """``steps`` add up to ``score`` (bits, prior first). ``verdict``: ``link`` and ``review`` as the pair alone would have
    it, ``apart`` below review, ``not-compared`` where no blocking key is shared. What the neighbourhood knows (a twin, a
    close rival) can only turn a link into a review. ``joined_from`` and ``asked_from`` are the thresholds of this pair."""

    a: str
    b: str
    steps: tuple[Step, ...]
    score: float
    vetoes: tuple[str, ...]
    holds: tuple[str, ...]
    verdict: Literal["link", "review", "apart", "not-compared"]
    model: str
    joined_from: float
    asked_from: float


def explain(a: Evidence, b: Evidence, model: Model | None = None) -> Waterfall:
    """The waterfall of one pair, whichever way round it is asked."""
    model = model or shipped()
    a, b = (a, b) if a.id <= b.id else (b, a)
    compared = compare(a, b, model, explain=True)
    barred, held = vetoes(a, b, compared), holds(a, b, compared)
    joined = model.grown.link if compared.grown else model.link
    asked = model.review_vetoed if barred else model.review
    verdict: Literal["link", "review", "apart", "not-compared"]
    if keys(a, model).isdisjoint(keys(b, model)):
        verdict = "not-compared"
    elif Edge(a.id, b.id, compared, barred, held, names_only_an_identifier(a, b, compared)).sure(model):
        verdict = "link"
    else:
        verdict = "review" if compared.score >= asked else "apart"
    return Waterfall(
        a.id, b.id, compared.steps, round(compared.score, 2), barred, held, verdict, model.version, joined, asked
    )
