"""``review/1``: a question for a person as data - both sides, field by field; what agrees; why they are asked; what would
settle it. The same in ``cdr try``, the store, the console and an export. The weight stands apart from the rest: whoever
decides looks at the two sides first."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
