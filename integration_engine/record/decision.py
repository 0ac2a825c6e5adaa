"""What people decide: agreements between panels, residence, links, releases, confirmations. First-class input of the core."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from integration_engine.record.codes import Role

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
]


class Decision(BaseModel):
    """One decision by one person, with who, when and why. For one kind and one subject the latest ``at`` stands.

    ``about`` names what it is about: in files ``file#index`` references or case ids, in the engine notice or case ids.
    ``value`` depends on the kind: ``agreement`` {cdop}, ``residence`` {lad_code}, ``looked-after``
    {local_authority}, ``review-non-resident`` {review}, ``live-birth`` {live_birth, termination,
    professional_attending}, ``age`` {under_18}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    at: datetime
    by: str = Field(min_length=1)
    role: Role
    kind: DecisionKind
    about: tuple[str, ...] = Field(min_length=1)
    value: dict[str, Any] = {}
    reason: str = Field(min_length=1)
