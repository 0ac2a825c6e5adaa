"""What one message meets, and what many of them come to: a score by rule, each with an example of how it isn't met."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from adapters.adapter import Item, Reading
from integration_engine.conformance.rules import ABSENT, PERSON_CHECKS, Finding
from integration_engine.mapping.files import mappings

READABLE, MESSAGE_ID = "readable", "message-id"


class RulesError(ValueError):
    """``conformance.yaml`` doesn't say what it has to. The text names the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``kinds`` are the kinds of partner it is asked of, none for all; ``needed``: live shouldn't be without it."""

    rule: str
    title: str
    purpose: str
    kinds: tuple[str, ...] = ()
    needed: bool = False

    def asked_of(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one message stands to one rule: of how many persons it was asked, how many met it, and an example of how not."""

    rule: str
    asked: int
    met: int
    path: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class RuleScore:
    """How a partner's messages stand to one rule. ``share`` is met of asked, 0 to 1, None where it was never asked; ``path``
    and ``code`` are the latest example of how it isn't met."""

    rule: Rule
    asked: int
    met: int
    path: str = ""
    code: str = ""

    @property
    def share(self) -> float | None:
        return self.met / self.asked if self.asked else None

    @property
    def holds(self) -> bool:
        """Whether it keeps nobody from going live: not needed, or met whenever it was asked."""
        return not self.rule.needed or self.met == self.asked

    def written(self) -> dict[str, Any]:
        """As JSON."""
        said = {"rule": self.rule.rule, "title": self.rule.title, "purpose": self.rule.purpose}
        example = {"path": self.path, "code": self.code} if self.met < self.asked else None
        return {**said, "needed": self.rule.needed, "asked": self.asked, "met": self.met, "example": example}


@cache
def rules() -> tuple[Rule, ...]:
    """The shipped rules, in their order. Raises RulesError."""
    content = yaml.safe_load((mappings() / "conformance.yaml").read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("schema") != "conformance/1":
        raise RulesError("conformance.yaml: is not a conformance/1 file")
    found = tuple(Rule(**{**each, "kinds": tuple(each.get("kinds", ()))}) for each in content["rules"])
    known = {READABLE, MESSAGE_ID, *PERSON_CHECKS}
    if wrong := known.symmetric_difference(rule.rule for rule in found):
        raise RulesError(
            f"conformance.yaml: {', '.join(sorted(wrong))}: described without a check, or the other way round"
        )
    return found


def assess(kind: str, readings: Sequence[Reading]) -> tuple[Outcome, ...]:
    """How one submission stands to every rule that is asked of its kind. Readings of what is no death (passed over,
    retractions) are asked only whether they can be read."""
    items = [(reading, item) for reading in readings for item in reading.items]
    reported = [(reading, item) for reading, item in items if _reports(item)]
    found = []
    for rule in rules():
        if not rule.asked_of(kind):
            continue
        findings: list[Finding | None]
        if rule.rule == READABLE:
            findings = [_readable(reading, item) for reading, item in items]
        elif rule.rule == MESSAGE_ID:
            findings = [
                Finding(bool(reading.message_id), "", "" if reading.message_id else ABSENT) for reading in readings
            ]
        else:
            findings = [_of_person(rule.rule, reading, item) for reading, item in reported]
        asked = [finding for finding in findings if finding is not None]
        if asked:
            found.append(_outcome(rule.rule, asked))
    return tuple(found)


def score(kind: str, outcomes: Iterable[Sequence[Outcome]]) -> tuple[RuleScore, ...]:
    """What many messages come to, the latest first: every rule asked of the kind, in the rules' order."""
    asked: dict[str, list[Outcome]] = {}
    for message in outcomes:
        for outcome in message:
            asked.setdefault(outcome.rule, []).append(outcome)
    return tuple(_total(rule, asked.get(rule.rule, [])) for rule in rules() if rule.asked_of(kind))


def ready(scores: Sequence[RuleScore]) -> bool:
    """Whether every needed rule is met by every message that it was asked of, and a death was among them."""
    deaths = any(each.asked for each in scores if each.rule.rule in PERSON_CHECKS)
    return deaths and all(each.holds for each in scores)


def written(outcomes: Sequence[Outcome]) -> list[list[Any]]:
    """Outcomes as they are kept."""
    return [[each.rule, each.asked, each.met, each.path, each.code] for each in outcomes]


def read(kept: Iterable[Sequence[Any]]) -> tuple[Outcome, ...]:
    """Outcomes as they were kept; rules that there are no more are left out."""
    known = {rule.rule for rule in rules()}
    return tuple(Outcome(*each) for each in kept if each[0] in known)


def _reports(item: Item) -> bool:
    return item.verdict == "notice" and item.notice is not None and item.notice.intent == "report"


def _readable(reading: Reading, item: Item) -> Finding:
    if item.verdict != "refused":
        return Finding(True)
    problem = next(iter((*item.problems, *reading.problems)), None)
    return Finding(False, (problem.path or "") if problem else "", problem.code if problem else item.reason)


def _of_person(rule: str, reading: Reading, item: Item) -> Finding | None:
    if item.notice is None:
        return None
    return PERSON_CHECKS[rule](item.notice, (*reading.problems, *item.problems, *item.notice.problems))


def _outcome(rule: str, findings: Sequence[Finding]) -> Outcome:
    unmet = next((finding for finding in findings if not finding.met), Finding(True))
    return Outcome(rule, len(findings), sum(finding.met for finding in findings), unmet.path, unmet.code)


def _total(rule: Rule, outcomes: Sequence[Outcome]) -> RuleScore:
    unmet = next((each for each in outcomes if each.met < each.asked), None)
    asked, met = sum(each.asked for each in outcomes), sum(each.met for each in outcomes)
    return RuleScore(rule, asked, met, unmet.path if unmet else "", unmet.code if unmet else "")


def as_json(scores: Sequence[RuleScore]) -> Mapping[str, Any]:
    """A score as partners and operators are shown it."""
    return {"ready": ready(scores), "rules": [each.written() for each in scores]}
