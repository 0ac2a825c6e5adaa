"""The core on files: what every message of a set of files comes to, without store or broker.

Adapters and core, nothing else. A reference ``file#index`` stands for what it names wherever the engine has an id, in what
comes in (people's decisions) and in what goes out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from adapters.adapter import Item, Reading
from integration_engine.core import Case, Outcome, case_id, decide
from integration_engine.linkage.questions import question
from integration_engine.linkage.resolve import Review
from integration_engine.record.authority import NotTheirs
from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision, one_a_name
from integration_engine.record.notice import DeathNotice, Problem
from integration_engine.routing.answer import explanation_json
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches, to_json

SAME_ID_OTHER_BODY = "same-id-other-body"


@dataclass
class Casebook:
    """What a set of messages holds, gathered one reading at a time."""

    notices: dict[str, DeathNotice] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    """Notice id to the reference it is known by: of several that say the very same thing, the first in alphabet."""
    ids: dict[str, str] = field(default_factory=dict)
    """Reference to notice id, every reference."""
    passed_over: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    quiet: dict[str, str] = field(default_factory=dict)
    """Notice id to reason, of what is passed over unless it touches a case."""
    _bodies: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict)

    def add(self, file: str, reading: Reading) -> None:
        """Take in one message of a file."""
        self._watch_for_reused_ids(file, reading)
        for item in reading.items:
            ref = f"{file}#{item.index}"
            if item.notice:
                self._take(ref, item.notice)
                if item.verdict == "passed-over":
                    self.quiet[item.notice.id] = item.reason
            elif item.verdict == "refused":
                problems = [_problem(p) for p in (*reading.problems, *item.problems)]
                self.refused.append({"ref": ref, "reason": item.reason, "problems": problems})
            else:
                self.passed_over.append(_passed_over(ref, item))

    def _take(self, ref: str, notice: DeathNotice) -> None:
        self.ids[ref] = notice.id
        known_as = self.refs.setdefault(notice.id, ref)
        # Told twice, a notice is taken from the reference it goes by, so that the order of the files doesn't show.
        if ref <= known_as:
            self.refs[notice.id] = ref
            self.notices[notice.id] = notice

    def _watch_for_reused_ids(self, file: str, reading: Reading) -> None:
        if not (reading.message_id and reading.content_hash):
            return
        bodies = self._bodies.setdefault((reading.kind, reading.partner or "", reading.message_id), {})
        if reading.content_hash in bodies:
            return
        ref = f"{file}#{reading.index}"
        if bodies:
            self.alarms.append({"ref": ref, "code": SAME_ID_OTHER_BODY})
        bodies[reading.content_hash] = ref

    def decide(self, decisions: Iterable[Decision], reference: Reference, now: datetime, switches: Switches) -> Outcome:
        """Run the core over everything taken in."""
        named = [d.model_copy(update={"about": tuple(self._named(a) for a in d.about)}) for d in decisions]
        return decide(map(_known_of, self.notices.values()), named, reference, now, switches, from_files=True)

    def _named(self, subject: str) -> str:
        """The notice that a reference stands for. A file may be named by the end of its path, where that is one file's."""
        if subject in self.ids:
            return self.ids[subject]
        ending = [notice for ref, notice in self.ids.items() if ref.endswith(f"/{subject}")]
        return ending[0] if len(ending) == 1 else subject

    def unknown_subjects(self, decisions: Iterable[Decision]) -> list[str]:
        """What decisions name that is neither a message here nor a notice or case of one: any case that one of these
        notices would have opened, so that a case merged into another is known by its old id too."""
        refs = [row["ref"] for row in (*self.passed_over, *self.refused)]
        known = {*self.notices, *(case_id(name) for name in self.notices), *refs}
        named = {a: self._named(a) for d in decisions for a in d.about}
        return sorted(
            a for a, name in named.items() if name not in known and not any(r.endswith(f"/{a}") for r in refs)
        )

    def to_json(
        self, outcome: Outcome, *, restricted_role: bool = False, now: datetime | None = None
    ) -> dict[str, Any]:
        """The outcome as ``cdr try --json`` prints it. With ``now`` the clocks say which are overdue."""
        return {
            "cases": [self._case(case, restricted_role, now) for case in outcome.cases],
            "reviews": [self._review(review, outcome, restricted_role) for review in outcome.reviews],
            "waiting": sorted(self.refs[notice] for notice in outcome.waiting),
            "passed_over": [*self.passed_over, *self._untouching(outcome)],
            "refused": self.refused,
            "alarms": self.alarms,
            # Only where there is one: people's decisions that changed nothing, and why.
            **({"decisions": [_set_aside(one) for one in outcome.aside]} if outcome.aside else {}),
        }

    def _untouching(self, outcome: Outcome) -> list[dict[str, Any]]:
        """What turned out to concern no case, by reference."""
        reasons = {notice: self.quiet.get(notice, reason) for notice, reason in outcome.passed_over}
        found = [(ref, reasons[notice]) for ref, notice in self.ids.items() if notice in reasons]
        return [{"ref": ref, "reason": reason} for ref, reason in sorted(found)]

    def _case(self, case: Case, restricted_role: bool, now: datetime | None) -> dict[str, Any]:
        return {
            "case": case.id,
            "state": case.routing.state,
            "rule": case.routing.rule,
            "from": [self.refs[notice.id] for notice in case.notices],
            **record_json(case, self.refs),
            **to_json(case.routing, now),
            **explanation_json(case.routing),
            "related": [{"case": r.case, "why": r.why} for r in case.related],
        } | (
            {"notices": [n.model_dump(mode="json") for n in case.notices]} if restricted_role and case.protected else {}
        )

    def _review(self, review: Review, outcome: Outcome, restricted_role: bool) -> dict[str, Any]:
        a, b = sorted((self.refs[review.a], self.refs[review.b]))
        about = [case for case in outcome.cases if {n.id for n in case.notices} & {review.a, review.b}]
        asked = question(review, [{n.id for n in case.notices} for case in about], self.notices)
        if not restricted_role and any(case.protected for case in about):
            asked = asked.codes_only()
        return {
            "a": a,
            "b": b,
            "score": round(review.score, 2),
            "why": list(review.why),
            "question": asked.named(self.refs).model_dump(mode="json"),
        }


def _known_of(notice: DeathNotice) -> DeathNotice:
    """A retraction that is dated to the day only, as if it came when that day began. Files don't say when they were received,
    and who decides about them knew them."""
    if notice.intent != "retract" or notice.stated_at is None or len(notice.stated_at) > len("2026-03-09"):
        return notice
    return notice.model_copy(update={"received_at": min(notice.received_at, earliest(notice.stated_at))})


def record_json(case: Case, refs: Mapping[str, str]) -> dict[str, Any]:
    """Record, provenance and conflicts with plain values; ``refs`` names the notices (what a person's decision states is
    named ``decision:ID``)."""
    record = case.record.model_dump(mode="json")
    provenance = record.pop("provenance", {})
    conflicts = record.pop("conflicts", [])
    return {
        "record": record,
        "provenance": {
            path: {
                "from": refs.get(won["notice"], won["notice"]),
                "path": won["path"],
                "profile": won["profile"],
                "rule": won["rule"],
            }
            for path, won in provenance.items()
        },
        "conflicts": [
            {"field": c["field"], "value": c["value"], "from": refs.get(c["notice"], c["notice"])} for c in conflicts
        ],
    }


def _set_aside(one: NotTheirs) -> dict[str, str]:
    return {"id": one.decision, "code": one.code, "text": one.text}


def _problem(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "code": problem.code, "text": problem.text}


def _passed_over(ref: str, item: Item) -> dict[str, Any]:
    return {"ref": ref, "reason": item.reason}


def unworkable(decisions: Iterable[Decision], reference: Reference) -> list[str]:
    """Sentences about decisions that name a panel or an authority which the reference data doesn't know."""
    found = []
    for decision in decisions:
        if decision.withdraws:
            continue
        panel, authority = decision.value.get("cdop"), decision.value.get("local_authority")
        district = decision.value.get("lad_code")
        if decision.kind == "agreement" and panel not in reference.cdops.bodies:
            found.append(f"decision {decision.id}: value.cdop is no panel we know")
        for name, code in (("local_authority", authority), ("lad_code", district)):
            if code is not None and reference.cdop_for(str(code), date.max) is None and not _elsewhere(str(code)):
                found.append(f"decision {decision.id}: value.{name} is no authority we know")
    return found


def _elsewhere(code: str) -> bool:
    """A district of Wales, Scotland or Northern Ireland, or of the islands: known to routing by its first letter."""
    return code[:1] in "WSNLM"


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions of a file. Raises ValueError with a sentence: which entry and field is wrong, never its value."""
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as problem:
        raise ValueError("the decisions file cannot be read") from problem
    except orjson.JSONDecodeError as problem:
        raise ValueError("the decisions file is not JSON") from problem
    if not isinstance(document, list):
        raise ValueError("a decisions file is a JSON list")  # noqa: TRY004 - one kind of error for one kind of mistake
    try:
        found = tuple(TypeAdapter(list[Decision]).validate_python(document))
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from problem
    if (twice := one_a_name(found)) is not None:
        raise ValueError(f"two different decisions have the id {twice}")
    return found
