"""The rules that an operator may switch."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

CdopDue = Literal["24h", "48h", "next-working-day"]


@with_config(ConfigDict(extra="forbid"))
class SwitchSettings(TypedDict, total=False):
    """The rules that an operator may switch, as ``[switches]``: named as in routing's ``Switches``, which says what each
    means and gives the defaults (``Switches(**settings.switches)``). They are named here too because the gateway reads
    settings and may not know routing."""

    looked_after_leads: bool
    home_before_custody: bool
    leap_birthday_in_march: bool
    age_on: Literal["death", "event"]
    cdop_due: CdopDue
    cdop_due_of: dict[str, CdopDue]
    jar_attendance_hours: Annotated[int, Field(ge=0, le=48)]
    jar_team: Literal["death", "residence"]
    jar_abroad: Literal["modified", "none"]
    police_lead: Literal["event", "death"]
    newborn_days: Annotated[int, Field(ge=0, le=365)]
    key_worker_days: Annotated[int, Field(ge=0)]
