"""What people decide: agreements between panels, residence, links, releases, confirmations. First-class input of the core."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from integration_engine.record.codes import Role
from integration_engine.record.dates import LONDON
from integration_engine.record.process import PROCESS, check_steps

DecisionKind = Literal[
    "agreement",
    "residence",
    "looked-after",
    "review-non-resident",
    "link",
    "unlink",
    "confirm-death",
    "deny-death",
    "restrict",
    "release",
    "live-birth",
    "age",
    "process",
]


WITHDRAW = "withdraw"
"""The key of a value that takes back what was decided of that kind before."""

# What the value of a decision must hold (one of these), for the kinds that decide on something.
_VALUES: dict[str, tuple[str, ...]] = {
    "agreement": ("cdop",),
    "residence": ("lad_code",),
    "looked-after": ("local_authority",),
    "review-non-resident": ("review",),
    "live-birth": ("live_birth", "termination", "professional_attending"),
    "age": ("under_18",),
}
_YES_OR_NO = {"review", "under_18", "adoption"}
_YES_NO_UNKNOWN = {"live_birth", "termination", "professional_attending"}


def _zoned(at: datetime) -> datetime:
    """A time without a zone is London's, as everywhere."""
    return at if at.tzinfo else at.replace(tzinfo=LONDON)


def _printable(name: str) -> str:
    """Raises ValueError where an id holds what no id does, and not every database would take."""
    if not name.isprintable():
        raise ValueError("is no id")
    return name


Named = Annotated[str, Field(min_length=1), AfterValidator(_printable)]


class Decision(BaseModel):
    """One decision by one person, with who, when and why. For one kind and one subject the latest ``at`` stands.

    ``about`` names what it is about: in files ``file#index`` references or case ids, in the engine notice or case ids.
    ``value`` depends on the kind: ``agreement`` {cdop}, ``residence`` {lad_code}, ``looked-after``
    {local_authority}, ``review-non-resident`` {review}, ``live-birth`` {live_birth, termination,
    professional_attending}, ``age`` {under_18}, ``process`` the steps of the review (``process.STEPS``), of which all
    decisions about a case count together.

    A ``link`` with ``adoption: true`` says that the first named is who the child is now and the others who they were before:
    the case is restricted from then on.

    A later decision of the same kind stands in place of an earlier one; with ``withdraw: true`` in its value (or its one
    field ``null``) nothing stands any more, as if the kind had never been decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Named
    at: Annotated[datetime, AfterValidator(_zoned)]
    by: str = Field(min_length=1)
    role: Role
    kind: DecisionKind
    about: tuple[Named, ...] = Field(min_length=1)
    value: dict[str, Any] = {}
    reason: str = Field(min_length=1)

    @property
    def withdraws(self) -> bool:
        """Whether it only takes back what was decided of its kind before."""
        if self.value.get(WITHDRAW) is True:
            return True
        wanted = _VALUES.get(self.kind, ())
        told = [self.value[name] for name in wanted if name in self.value]
        return bool(told) and all(value is None for value in told)

    @model_validator(mode="after")
    def _says_what_was_decided(self) -> "Decision":
        if not isinstance(self.value.get(WITHDRAW, False), bool):
            raise ValueError("value.withdraw is true or false")  # noqa: TRY004 - pydantic reports ValueError
        if self.withdraws:
            return self
        if self.kind == PROCESS:
            check_steps({name: value for name, value in self.value.items() if name != WITHDRAW})
        wanted = _VALUES.get(self.kind, ())
        if wanted and not any(self.value.get(name) not in (None, "") for name in wanted):
            raise ValueError(f"a decision of kind {self.kind} needs value.{' or value.'.join(wanted)}")
        for name in (*wanted, *(("adoption",) if self.kind == "link" else ())):
            _check(name, self.value.get(name))
        return self


def _check(name: str, value: Any) -> None:
    """Raises ValueError naming the field whose value isn't what it takes."""
    if value is None or (isinstance(value, bool) and name in _YES_OR_NO | _YES_NO_UNKNOWN):
        return
    if name in _YES_OR_NO:
        raise ValueError(f"value.{name} is true or false")
    if name in _YES_NO_UNKNOWN and value != "unknown":
        raise ValueError(f'value.{name} is true, false or "unknown"')
    if not isinstance(value, str):
        raise ValueError(f"value.{name} is a code")  # noqa: TRY004 - pydantic reports ValueError


def one_a_name(decisions: Sequence[Decision]) -> str | None:
    """The first id that two different decisions bear, None where each has its own."""
    seen: dict[str, Decision] = {}
    return next((d.id for d in decisions if seen.setdefault(d.id, d) != d), None)


def review_id(kind: str, a: str, b: str) -> str:
    """The stable id of what a person is asked about two notices, or about a case."""
    return "r-" + hashlib.sha256("\x1f".join((kind, *sorted((a, b)))).encode()).hexdigest()[:24]
