"""What people decide: agreements between panels, residence, links, releases, confirmations. First-class input of the core."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from integration_engine.record.codes import Role
from integration_engine.record.steps import PROCESS, check_steps

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


# What the value of a decision must hold (one of these), for the kinds that decide on something.
_VALUES: dict[str, tuple[str, ...]] = {
    "agreement": ("cdop",),
    "residence": ("lad_code",),
    "looked-after": ("local_authority",),
    "review-non-resident": ("review",),
    "live-birth": ("live_birth", "termination", "professional_attending"),
    "age": ("under_18",),
}


class Decision(BaseModel):
    """One decision by one person, with who, when and why. For one kind and one subject the latest ``at`` stands.

    ``about`` names what it is about: in files ``file#index`` references or case ids, in the engine notice or case ids.
    ``value`` depends on the kind: ``agreement`` {cdop}, ``residence`` {lad_code}, ``looked-after``
    {local_authority}, ``review-non-resident`` {review}, ``live-birth`` {live_birth, termination,
    professional_attending}, ``age`` {under_18}, ``process`` the steps of the review (``steps.STEPS``), of which all
    decisions about a case count together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(min_length=1)
    at: datetime
    by: str = Field(min_length=1)
    role: Role
    kind: DecisionKind
    about: tuple[str, ...] = Field(min_length=1)
    value: dict[str, Any] = {}
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _says_what_was_decided(self) -> "Decision":
        if self.kind == PROCESS:
            check_steps(self.value)
        wanted = _VALUES.get(self.kind, ())
        if wanted and not any(self.value.get(name) not in (None, "") for name in wanted):
            raise ValueError(f"a decision of kind {self.kind} needs value.{' or value.'.join(wanted)}")
        return self
