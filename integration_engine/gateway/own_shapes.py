"""What ``/partner/status`` answers: what a partner sees of itself. Times are ISO 8601, UTC."""

from typing import Literal

from typing_extensions import TypedDict

from adapters.adapter import Verdict
from integration_engine.gateway.shapes import Became, ToldProblem
from integration_engine.record.codes import PartnerKind


class OwnKind(TypedDict):
    """One kind that you are registered for; ``live``: the live doors take it."""

    kind: PartnerKind
    live: bool


class WayIn(TypedDict):
    """A token, key, certificate, account, mailbox, folder or port that lets you in. ``since`` is null where the operators'
    settings say so, ``until`` where it has no end of its own."""

    way: Literal["token", "key", "certificate", "broker", "mailbox", "folder", "port"]
    name: str
    since: str | None
    until: str | None


class TakenMessage(TypedDict):
    """A message of yours that is held; ``id`` is ours, to quote."""

    id: str
    kind: PartnerKind
    received_at: str
    taken_at: str
    verdicts: list[str]


class AsideMessage(TypedDict):
    """A message of yours that we could not deal with by a fault of ours; ``id`` is ours, to quote, ``receipt`` what you were
    answered, ``message_id`` your own where it can't be about a person. ``became``: people look at it (``waiting``), it is
    being worked at once more (``sent-again``; it goes from here when that is done), or nothing came of it (``discarded``),
    the last two since ``became_at``."""

    id: str
    kind: PartnerKind
    receipt: str | None
    message_id: str | None
    at: str
    became: Became
    became_at: str | None


class RefusedMessage(TypedDict):
    """What of yours was refused, and how often."""

    kind: PartnerKind
    reason: str
    problems: list[ToldProblem]
    first_at: str
    last_at: str
    times: int


class DayCount(TypedDict):
    """How many persons spoken of ended one way on one day (UTC); ``same-again``: the message came before."""

    day: str
    kind: PartnerKind
    verdict: Verdict | Literal["same-again"]
    reason: str
    persons: int


class UnmetExample(TypedDict):
    """The latest example of how a rule wasn't met: a place and a code."""

    path: str
    code: str


class RuleMet(TypedDict):
    """How what you tried stands to one rule. ``needed``: live shouldn't be without it."""

    rule: str
    title: str
    purpose: str
    needed: bool
    asked: int
    met: int
    example: UnmetExample | None


class TriedMessage(TypedDict):
    """A message that you tried in the sandbox."""

    message_id: str | None
    at: str
    verdict: Verdict
    reason: str


class Conformance(TypedDict):
    """How good what you tried of one kind was."""

    kind: PartnerKind
    messages: int
    ready: bool
    rules: list[RuleMet]
    tried: list[TriedMessage]


class OwnStatus(TypedDict):
    """What you sent and tried, what you were answered, and how you may come in."""

    partner: str
    kinds: list[OwnKind]
    ways_in: list[WayIn]
    taken: list[TakenMessage]
    put_aside: list[AsideMessage]
    refused: list[RefusedMessage]
    days: list[DayCount]
    sandbox: list[Conformance]
