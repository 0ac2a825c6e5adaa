"""What reading one person's part of a message needs and comes to."""

from dataclasses import dataclass
from datetime import datetime

from adapters.adapter import Submission, Verdict
from adapters.hospital_hl7.header import Header
from adapters.hospital_hl7.settings import ReadingSettings
from integration_engine.mapping.profile import Profile
from integration_engine.record.notice import DeathNotice, Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finding: a verdict with its reason, and for what is kept the notice."""

    verdict: Verdict
    reason: str
    notice: DeathNotice | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What all persons of one message share."""

    header: Header
    settings: ReadingSettings
    profile: Profile
    submission: Submission
    content: str
    problems: tuple[Problem, ...] = ()

    @property
    def partner(self) -> str | None:
        """Who says it: whoever proved to, else whom the message names."""
        return self.submission.partner or self.header.facility or None

    @property
    def received_at(self) -> datetime:
        return self.submission.received_at
