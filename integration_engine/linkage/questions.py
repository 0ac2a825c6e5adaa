"""A question for a person as data: both sides, field by field; what agrees; why they are asked; what would settle it.

The same in ``cdr try``, the store, the console and an export. The weight stands apart from the rest (``weight``): whoever
decides looks at the two sides first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from integration_engine.linkage import homes, wording
from integration_engine.linkage.comparison import Step, compare
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.holds import holds
from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import TABLES
from integration_engine.linkage.reviews import Review
from integration_engine.linkage.versions import versions
from integration_engine.linkage.vetoes import vetoes
from integration_engine.record.decision import review_id
from integration_engine.record.fields import at_path
from integration_engine.record.notice import DeathNotice
from integration_engine.record.statement import agrees, plain

FILE = TABLES / "review.yaml"
Agreement = Literal["agree", "partly", "differ", "one-side"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Teller(_Part):
    """One notice of a side: who says it and when; nothing about the child. ``read``: it is the one that was compared."""

    notice: str
    kind: str
    partner: str | None
    stated_at: str | None
    read: bool


class Said(_Part):
    """One value of a side, and the notices that give it."""

    value: Any
    notices: tuple[str, ...]


class Line(_Part):
    """One field of both sides. ``partly``: the sides share a value, and one of them gives another besides. Without values
    where whoever looks may see codes only."""

    field: str
    label: str
    agreement: Agreement
    a: tuple[Said, ...] = ()
    b: tuple[Said, ...] = ()


class Agreed(_Part):
    """How the two notices that were compared agree in one comparison of the model, in its code and in words."""

    comparison: str
    level: str
    text: str


class Why(_Part):
    """One code of why a person is asked, its sentence, and what would settle it, the cheapest first."""

    code: str
    text: str
    settle: tuple[str, ...]


class Bar(_Part):
    """One bar of the waterfall, in bits."""

    comparison: str
    level: str
    bits: float


class Weight(_Part):
    """What the model makes of it, in bits: told only to whoever asks for it."""

    bits: float
    steps: tuple[Bar, ...]


class Question(_Part):
    """Are these two one child? ``a`` and ``b`` are the notices that were compared, ``sides`` the notices of each side, the
    first that of ``a``. ``people``: how many have to say that they are one child; ``readers`` have decided. ``likelier``:
    of two children that one side may be, whether this is the likelier; None where nothing suggests either. ``versions`` are
    those of the model and of the tables of names."""

    model_config = ConfigDict(title="review/1")
    schema_: Literal["review/1"] = Field(default="review/1", alias="schema")
    id: str
    a: str
    b: str
    sides: tuple[tuple[Teller, ...], tuple[Teller, ...]]
    fields: tuple[Line, ...]
    evidence: tuple[Agreed, ...]
    why: tuple[Why, ...]
    multiple_birth: bool
    people: int
    readers: tuple[str, ...]
    likelier: bool | None
    versions: dict[str, str]
    weight: Weight | None = None

    @property
    def settle(self) -> tuple[str, ...]:
        """What would settle it, each once."""
        return tuple(dict.fromkeys(hint for why in self.why for hint in why.settle))

    def named(self, names: Mapping[str, str]) -> "Question":
        """With other names for the notices."""

        def lines(said: Iterable[Said]) -> tuple[Said, ...]:
            return tuple(s.model_copy(update={"notices": tuple(names[n] for n in s.notices)}) for s in said)

        return self.model_copy(
            update={
                "a": names[self.a],
                "b": names[self.b],
                "sides": tuple(
                    tuple(t.model_copy(update={"notice": names[t.notice]}) for t in side) for side in self.sides
                ),
                "fields": tuple(x.model_copy(update={"a": lines(x.a), "b": lines(x.b)}) for x in self.fields),
            }
        )

    def codes_only(self) -> "Question":
        """Without anything that a notice says of the child."""
        bare = tuple(line.model_copy(update={"a": (), "b": ()}) for line in self.fields)
        return self.model_copy(update={"fields": bare})


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
