"""Does anybody still say this child is dead? Each source's last word, weighed against the others'.

Within one source the statement it made last, by its own times, stands. An empty field is no statement. A cancelled visit
takes nothing back by itself: a person decides, unless a real retraction joins it. A retraction stands when no independent
source still says dead and no formal registration does; otherwise the case is disputed.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from integration_engine.record.dates import earliest, latest
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice, Form

Outcome = Literal["dead", "retracted", "cancelled-visit", "disputed", "contradiction", "indirect", "none"]
NATIONAL = "national"
# An ODS site code: the trust's three characters and two more.
_SITE = re.compile(r"[A-Za-z][A-Za-z0-9]{2}(?:[A-Za-z0-9]{2})?")
_TRUST_LETTERS = 3
_OF_A_VISIT = (Form.CANCELLED_VISIT, Form.VISIT_CORRECTED)

LastWord = Literal["dead", "retracted", "cancelled", "silent"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the case stands between life and death.

    ``outcome``: ``dead``; ``retracted`` (withdraw it); ``cancelled-visit``, ``disputed``, ``contradiction`` and
    ``indirect`` (a person decides); ``none`` (nobody ever said dead: a retraction or rekey that waits).
    ``silenced`` are the ids of notices their own source took back: they no longer count in the fold.
    """

    outcome: Outcome
    formal: bool = False
    silenced: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Voice:
    """One source's statements in its own order, and what they come to."""

    name: str
    statements: tuple[DeathNotice, ...]
    word: LastWord
    spoke_of_death: bool
    silenced: frozenset[str]

    @property
    def standing_reports(self) -> tuple[DeathNotice, ...]:
        return tuple(n for n in self.statements if n.intent == "report" and n.id not in self.silenced)


def said_at(notice: DeathNotice) -> tuple[float, int, bool, str]:
    """The order of one source's statements: its own time, its version count, a report before its retraction, the id.

    Of a retraction that gives only the day (or the minute) the last moment it can mean counts: a death told that day with its
    time is what it takes back.
    """
    moment = notice.received_at
    if notice.stated_at:
        moment = latest(notice.stated_at) if notice.intent == "retract" else earliest(notice.stated_at)
    return (moment.timestamp(), notice.source.version or 0, notice.intent == "retract", notice.id)


def source_of(notice: DeathNotice) -> str:
    """Who speaks: the national record is one source whoever relays it; a hospital trust is one source, whichever of its
    sites and systems tells it; any other partner is itself. A GP, another trust, a force or a coroner is independent."""
    source = notice.source
    if source.kind == NATIONAL:
        return NATIONAL
    if source.partner and source.kind.startswith("hospital-") and _SITE.fullmatch(source.partner):
        return source.partner[:_TRUST_LETTERS].upper()
    return source.partner or source.kind


def _is_cancel(notice: DeathNotice) -> bool:
    """Whether this only questions a death: a visit cancelled or corrected, or a laboratory's or letter's word."""
    if notice.intent != "retract":
        return False
    return bool(notice.source.indirect) or (notice.retraction is not None and notice.retraction.form in _OF_A_VISIT)


def _concerns(cancel: DeathNotice, visits: Collection[str]) -> bool:
    """Whether a cancelled visit can be one of those that ended in this death (one at least; empty: it isn't named): two
    named, different visits are not. That a visit didn't end in death any message may say: it has to be the very one."""
    named = cancel.source.visit
    if cancel.retraction and cancel.retraction.form == Form.VISIT_CORRECTED:
        return named in visits
    return not named or named in visits or "" in visits


def in_its_own_order(statements: Sequence[DeathNotice]) -> tuple[DeathNotice, ...]:
    """One source's statements, first to last. Where it counts the versions of a report the count is its word on which came
    last: a clock that was put back, or a version written up late, doesn't outdo it."""
    if len(statements) == 1:
        return tuple(statements)
    versions: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for notice in statements:
        if notice.source.version is not None and notice.source.local_ref:
            versions[notice.source.local_ref].append((notice.source.version, said_at(notice)[0]))
    # By report and version the latest time of any version up to it.
    by_then: dict[tuple[str, int], float] = {}
    for report, counted in versions.items():
        latest_of = float("-inf")
        for number, at in sorted(counted):
            latest_of = by_then[report, number] = max(latest_of, at)

    def place(notice: DeathNotice) -> tuple[float, int, bool, str]:
        moment, version, taken_back, name = said_at(notice)
        told = by_then.get((notice.source.local_ref or "", version)) if notice.source.version is not None else None
        return (moment if told is None else max(moment, told), version, taken_back, name)

    return tuple(sorted(statements, key=place))


def _voice(name: str, statements: Sequence[DeathNotice]) -> _Voice:
    ordered = in_its_own_order([n for n in statements if n.intent != "rekey"])
    word: LastWord = "silent"
    silenced: set[str] = set()
    since: list[str] = []
    visits: set[str] = set()
    for notice in ordered:
        if notice.intent == "report":
            since.append(notice.id)
            visits.add(notice.source.visit or "")
            word = "dead"
        elif not _is_cancel(notice):
            silenced.update(since)
            since.clear()
            word = "retracted"
        elif word == "dead" and _concerns(notice, visits):
            word = "cancelled"
    return _Voice(name, ordered, word, bool(visits), frozenset(silenced))


def _still_says_dead(voice: _Voice, taken_back: Sequence[_Voice]) -> bool:
    """Whether this source contradicts a retraction. The national record's informal status only repeats what a trust or
    practice told it, so it does not stand against that source's own retraction; a formal registration does."""
    if voice.word != "dead":
        return False
    informal = voice.name == NATIONAL and not _formal(voice)
    return not (informal and any(other.spoke_of_death for other in taken_back))


def _formal(voice: _Voice) -> bool:
    return voice.word == "dead" and any(n.death.status == "formal" for n in voice.standing_reports)


def _ruling(decided: Mapping[str, Decision]) -> Decision | None:
    """The later of what people decided about the death itself."""
    rulings = [decided[kind] for kind in ("confirm-death", "deny-death") if kind in decided]
    return max(rulings, key=lambda decision: (decision.at, decision.id), default=None)


def said_after(notice: DeathNotice, moment: datetime) -> bool:
    """Whether this was said when a person had already decided: then it is news to them. Where a retraction's own time doesn't
    tell (none, or only the day) the time we received it does: it is never taken for one that they knew of. Nor is a
    correction to a birth that isn't reviewed."""
    if notice.stated_at and earliest(notice.stated_at) > moment:
        return True
    may_be = notice.stated_at is None or latest(notice.stated_at) > moment
    takes_back = notice.intent == "retract" or notice.outside is not None
    return takes_back and may_be and notice.received_at > moment


def _weigh(voices: Sequence[_Voice]) -> Outcome:
    if not any(voice.spoke_of_death for voice in voices):
        return "none"
    taken_back = [voice for voice in voices if voice.word == "retracted"]
    if taken_back:
        disputed = any(_still_says_dead(voice, taken_back) for voice in voices)
        return "disputed" if disputed else "retracted"
    if any(voice.word == "cancelled" for voice in voices):
        return "cancelled-visit"
    last_reports = [voice.standing_reports[-1] for voice in voices if voice.standing_reports]
    if any(report.contradiction for report in last_reports):
        return "contradiction"
    if all(n.source.indirect for voice in voices for n in voice.standing_reports):
        return "indirect"
    return "dead"


def standing(notices: Iterable[DeathNotice], decided: Mapping[str, Decision] = {}) -> Standing:
    """Weigh one cluster's notices and what people decided about it. The order of ``notices`` doesn't matter.

    A person's word settles everything said before it; what a source says afterwards against it is disputed.
    """
    by_source: defaultdict[str, list[DeathNotice]] = defaultdict(list)
    for notice in notices:
        by_source[source_of(notice)].append(notice)
    voices = [_voice(name, statements) for name, statements in sorted(by_source.items())]
    outcome = _weigh(voices)
    ruling = _ruling(decided)
    if ruling and outcome != "none":
        confirmed = ruling.kind == "confirm-death"
        against = "retract" if confirmed else "report"
        news = any(said_after(n, ruling.at) and n.intent == against for voice in voices for n in voice.statements)
        outcome = "disputed" if news else "dead" if confirmed else "retracted"
    return Standing(
        outcome,
        formal=any(_formal(voice) for voice in voices),
        silenced=frozenset().union(*(voice.silenced for voice in voices)),
    )
