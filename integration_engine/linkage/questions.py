"""Questions for a person (``question``), made of what linkage found and of what notices say; and how each is kept until it is
settled."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel

from integration_engine.linkage import homes, wording
from integration_engine.linkage.comparison import Step, compare
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.holds import holds
from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import TABLES
from integration_engine.linkage.question import Agreed, Agreement, Bar, Line, Question, Said, Teller, Weight, Why
from integration_engine.linkage.reviews import Review
from integration_engine.linkage.versions import versions
from integration_engine.linkage.vetoes import vetoes
from integration_engine.record.decision import review_id
from integration_engine.record.fields import at_path
from integration_engine.record.notice import DeathNotice
from integration_engine.record.statement import agrees, plain

FILE = TABLES / "review.yaml"


def question(
    review: Review, sides: Sequence[Collection[str]], notices: Mapping[str, DeathNotice], *, weight: bool = False
) -> Question:
    """The question of a review. ``sides`` are the ids of the notices of each case (or of what waits alone), in either order;
    ``notices`` holds them. ``weight``: with the waterfall. Raises KeyError where a notice is missing."""
    mine, theirs = (sorted(_side(name, sides, other)) for name, other in ((review.a, review.b), (review.b, review.a)))
    tellers = tuple(
        tuple(_teller(notices[name], name in (review.a, review.b)) for name in side) for side in (mine, theirs)
    )
    return Question(
        id=review_id("linkage", review.a, review.b),
        a=review.a,
        b=review.b,
        sides=(tellers[0], tellers[1]),
        fields=tuple(_lines([notices[n] for n in mine], [notices[n] for n in theirs])),
        weight=Weight(bits=review.score, steps=_bars(review)) if weight else None,
        **codes(review),
    )


def codes(review: Review) -> dict[str, Any]:
    """The part of a question that says nothing about a child beyond how two notices agree."""
    return {
        "evidence": tuple(
            Agreed(
                comparison=step.comparison,
                level=step.level,
                text=f"{wording.comparison(step.comparison)}: {wording.level(step.comparison, step.level)}",
            )
            for step in review.steps
            if step.level
        ),
        "why": tuple(Why(code=code, text=wording.reason(code), settle=settling(code)) for code in review.why),
        "multiple_birth": review.multiple,
        "people": 2 if review.multiple else 1,
        "readers": review.readers,
        "likelier": review.likelier,
        "versions": versions(),
    }


def kept(review: Review) -> dict[str, Any]:
    """What is kept of a question, in plain JSON values: by which model and tables it was asked, and the weight of each
    level. ``as_kept`` reads it."""
    return {
        "why": list(review.why),
        "vetoed": review.vetoed,
        "multiple": review.multiple,
        "readers": list(review.readers),
        "likelier": review.likelier,
        "steps": [[step.comparison, step.level, step.bits] for step in review.steps],
        "versions": versions(),
    }


def as_kept(a: str, b: str, score: float, told: Mapping[str, Any]) -> Review:
    """The review that was kept. What an earlier program didn't keep of it isn't known."""
    return Review(
        a,
        b,
        score,
        tuple(told.get("why", ())),
        bool(told.get("vetoed")),
        bool(told.get("multiple")),
        tuple(told.get("readers", ())),
        tuple(Step(*step) for step in told.get("steps", ())),
        told.get("likelier"),
    )


def unasked(a: Evidence, b: Evidence) -> Review:
    """Two notices that nobody was asked about, as evidence alone has them: what somebody decided of them rests on that."""
    compared = compare(a, b, shipped(), explain=True)
    multiple = a.known_multiple or b.known_multiple
    barred = vetoes(a, b, compared)
    return Review(
        a.id,
        b.id,
        round(compared.score, 2),
        (*barred, *holds(a, b, compared)),
        bool(barred),
        multiple,
        (),
        compared.steps,
    )


def without_values(review: Review) -> dict[str, Any]:
    """A question about rows that nobody need read to answer why it is asked: in plain JSON values, with the weight."""
    told = {name: _plain(part) for name, part in codes(review).items()}
    weight = Weight(bits=review.score, steps=_bars(review)).model_dump()
    return {"id": review_id("linkage", review.a, review.b), "a": review.a, "b": review.b, **told, "weight": weight}


def _plain(part: Any) -> Any:
    return [p.model_dump() if isinstance(p, BaseModel) else p for p in part] if isinstance(part, tuple) else part


def settling(code: str) -> tuple[str, ...]:
    """What would settle a question asked for this reason."""
    return tuple(_told()["settle"].get(code, ()))


def settled_codes() -> frozenset[str]:
    """Every code that the table knows."""
    return frozenset(_told()["settle"])


def fields_shown() -> Mapping[str, str]:
    """The fields laid side by side, in order, each with its name for people."""
    fields: Mapping[str, str] = _told()["fields"]
    return fields


def _bars(review: Review) -> tuple[Bar, ...]:
    return tuple(Bar(comparison=step.comparison, level=step.level, bits=step.bits) for step in review.steps)


def _side(name: str, sides: Sequence[Collection[str]], other: str) -> Collection[str]:
    """The notices that stand with one; it alone where the other stands with it too (they are one case now)."""
    own = next((side for side in sides if name in side), (name,))
    return (name,) if other in own else own


def _teller(notice: DeathNotice, read: bool) -> Teller:
    source = notice.source
    return Teller(notice=notice.id, kind=source.kind, partner=source.partner, stated_at=notice.stated_at, read=read)


def _lines(mine: Sequence[DeathNotice], theirs: Sequence[DeathNotice]) -> Iterable[Line]:
    one, two = ([(n.id, n.model_dump(mode="json", by_alias=True)) for n in side] for side in (mine, theirs))
    for path, label in fields_shown().items():
        a, b = _said(path, one), _said(path, two)
        if a or b:
            yield Line(field=path, label=label, agreement=_agreement(path, a, b), a=a, b=b)


def _said(path: str, told: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Said, ...]:
    found: dict[str, tuple[Any, list[str]]] = {}
    for name, notice in told:
        value = at_path(notice, path)
        # Of a list of addresses or identifiers each is a value of its own; a name is one value, however many words it has.
        values = value if isinstance(value, list) and any(isinstance(part, dict) for part in value) else [value]
        for each in values:
            if each is not None:
                found.setdefault(repr(plain(each)), (each, []))[1].append(name)
    return tuple(Said(value=value, notices=tuple(dict.fromkeys(names))) for value, names in found.values())


def _agreement(path: str, a: Sequence[Said], b: Sequence[Said]) -> Agreement:
    if not a or not b:
        return "one-side"
    met = [[_same(path, x.value, y.value) for y in b] for x in a]
    if not any(map(any, met)):
        return "differ"
    matched = all(map(any, met)) and all(any(row[n] for row in met) for n in range(len(b)))
    return "agree" if matched else "partly"


def _same(path: str, one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict) and "lines" in one | other:
        return _home(one) == _home(other)
    return agrees(path, one, other) or agrees(path, other, one)


def _home(address: Mapping[str, Any]) -> tuple[str, str]:
    return homes.postcode_of(address.get("postcode") or ""), homes.address_of(*address.get("lines", ()))


@cache
def _told() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found
