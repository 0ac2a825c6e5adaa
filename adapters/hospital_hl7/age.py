"""Child or adult on the day of death, by what one person's part of a message says of birth, death and age."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from adapters.hospital_hl7.outcome import Context
from integration_engine.record.account import Age
from integration_engine.record.age import DOUBTS, Answer, child_or_adult, doubtful
from integration_engine.record.dates import earliest
from integration_engine.record.notice import Problem

# A sender's clock may run ahead of ours.
_TOMORROW = timedelta(days=1)


def is_to_come(died_at: str, received_at: datetime) -> bool:
    """Whether a death lies in the future of whoever received the message."""
    return earliest(died_at) > received_at + _TOMORROW


def birth_date_of(values: Mapping[str, Any]) -> str | None:
    """The birth date as mapped, a partial date."""
    born = values.get("child.birth_date")
    return born if isinstance(born, str) else None


def child_or_grown(
    values: Mapping[str, Any], died_at: str | None, told_on: str, context: Context, *, late: bool = False
) -> Answer:
    """Child or adult on the day of death, or on the day it was ``told_on``. ``late``: the death itself may lie some years
    back (a retraction, a merge)."""
    died_at = _believable(died_at, context)
    day = died_at or told_on
    if late and not died_at:
        told = date.fromisoformat(told_on[:10])
        day = (told - timedelta(days=366 * context.settings.late_years)).isoformat()
    return child_or_adult(birth_date_of(values), day, _stated_age(values), context.submission.age_rules)


def birth_date_doubted(
    values: Mapping[str, Any], died_at: str | None, told_on: str, context: Context
) -> tuple[Problem, ...]:
    """Why the birth date can't be believed, such as 19000101 for an unknown one, if it can't: it would make an adult of a
    child, and pass over the death or its retraction."""
    doubt = doubtful(birth_date_of(values), _believable(died_at, context) or told_on, _stated_age(values))
    return (Problem(code=doubt, text=f"{DOUBTS[doubt]}; it was left out", path="PID-7"),) if doubt else ()


def _believable(died_at: str | None, context: Context) -> str | None:
    """None for a day that hasn't come: who is said to die in a hundred years is no adult for that."""
    return died_at if died_at and not is_to_come(died_at, context.received_at) else None


def _stated_age(values: Mapping[str, Any]) -> Age | None:
    stated = values.get("child.age_at_death")
    return Age(**stated) if isinstance(stated, dict) else None
