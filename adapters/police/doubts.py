"""Values of a report that can't be believed, or say less than they seem to: each is taken out and told, the death is not."""

import re
from datetime import timedelta
from typing import Any

from adapters.adapter import Submission
from integration_engine.mapping.profile import Mapped
from integration_engine.record.account import Age
from integration_engine.record.age import DOUBTS, doubtful
from integration_engine.record.dates import day_of, earliest
from integration_engine.record.notice import Problem

# A force's clock may run ahead of ours, and a report may be written while it is being sent.
FUTURE_TOLERANCE = timedelta(days=1)
_MIDNIGHT = re.compile(r"T00:00(?=[+-])")


def midnights(values: dict[str, Any], mapped: Mapped, submission: Submission) -> list[Problem]:
    """A time of 00:00 is a day without a time, unless the feed says that it means it."""
    if submission.feed is not None and submission.feed.midnight_is_unknown is False:
        return []
    found = []
    for path in ("death.died_at", "death.found_at", "death.last_seen_alive_at", "death.event.at"):
        if _MIDNIGHT.search(values.get(path) or ""):
            values[path] = day_of(values[path])
            text = f"{path}: a time of 00:00 was read as time unknown"
            found.append(Problem(code="midnight-read-as-date", text=text, path=mapped.provenance[path].path))
    return found


def birth_date_doubted(values: dict[str, Any], mapped: Mapped, told_at: str) -> list[Problem]:
    """A birth date that can't be believed is taken out, the death is not."""
    stated = values.get("child.age_at_death")
    died_at = values.get("death.died_at") or day_of(told_at)
    doubt = doubtful(values.get("child.birth_date"), died_at, Age(**stated) if stated else None)
    if not doubt:
        return []
    del values["child.birth_date"]
    text = f"child.birth_date: {DOUBTS[doubt]}; it was left out"
    return [Problem(code=doubt, text=text, path=mapped.provenance["child.birth_date"].path)]


def future(values: dict[str, Any], mapped: Mapped, submission: Submission) -> list[Problem]:
    """Problems of times that haven't come yet; such a time is taken out, the death is not."""
    found = []
    for path in ("death.died_at", "death.found_at", "death.last_seen_alive_at", "child.birth_date", "death.event.at"):
        value = values.get(path)
        if value and earliest(value) > submission.received_at + FUTURE_TOLERANCE:
            at = mapped.provenance[path].path
            found.append(Problem(code="date-in-future", text=f"{path}: a time that has not come yet", path=at))
            del values[path]
    return found
