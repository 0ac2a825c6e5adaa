"""Whatever is reported, taken back, decided, moved, joined and parted: each recipient's last word is how things stand now.

The real store is driven step by step. Beside it stands what the pure core makes of everything told so far, and a file for
each recipient kept the way docs/cdops.md tells it to: one entry a case, replaced by each delivery.
"""

import shutil
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine.core import Case, decide
from integration_engine.envelope import DeliveryEnvelope
from integration_engine.pipeline import process, record_decision
from integration_engine.recipients import recipients, unplaced
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.store import audit
from integration_engine.store.database import Store, table
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.tables import NoticeRow
from tests.property.last_words import hold_to_how_things_stand
from tests.store_samples import BRISTOL, NOW, OXFORD, READING, SWINDON, keyring, new_store, read, report, rules

CHILDREN: tuple[dict[str, Any], ...] = (
    {"nhs_number": "9991000003"},
    {"nhs_number": "9991004114", "family_name": "Ravensworth", "given_names": ["Sorrel"], "birth_date": "2015-02-03"},
    # The first child again, as somebody without the number writes it: for a person to join.
    {"nhs_number": None, "family_name": "Larkfeather", "given_names": ["Bo"], "birth_date": "2014-09-05"},
)
HOMES: tuple[str | None, ...] = (READING, BRISTOL, None)
SOURCES = (("RTH", "hospital-hl7"), ("RXX", "hospital-fhir"), ("E23000038", "police"), ("PDS", "national"))
EVENTS: tuple[dict[str, Any], ...] = (
    {},
    {"event": {"type": "road-traffic-collision", "at": "2026-03-07T18:20", "place": {"lad_code": SWINDON}}},
    {"place": {"type": "home", "lad_code": READING}},
    {"place": {"type": "acute-hospital", "lad_code": OXFORD}},
)
DECISIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("residence", {"lad_code": BRISTOL}),
    ("residence", {"lad_code": SWINDON}),
    ("agreement", {"cdop": "OXON"}),
    ("confirm-death", {}),
    ("deny-death", {}),
    ("restrict", {}),
    ("release", {}),
)


@cache
def _empty() -> Path:
    path = Path(tempfile.mkdtemp()) / "empty.db"
    new_store(f"sqlite:///{path}").close()
    return path


class Recipients(RuleBasedStateMachine):
    """The engine, and everybody it tells."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.mkdtemp()
        shutil.copy(_empty(), Path(self.folder) / "engine.db")
        self.store = Store(f"sqlite:///{self.folder}/engine.db", keyring())
        self.notices: dict[str, DeathNotice] = {}
        self.decisions: list[Decision] = []
        self.sent: list[Submission] = []
        self.steps = 0
        self.last: dict[tuple[str, str], dict[str, Any]] = {}
        self.national: defaultdict[str, list[str]] = defaultdict(list)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert audit.verify(self.store).broken is None
            self.store.close()
            shutil.rmtree(self.folder)

    @rule(
        child=st.sampled_from(CHILDREN),
        source=st.sampled_from(SOURCES),
        home=st.sampled_from(HOMES),
        event=st.sampled_from(EVENTS),
        contradiction=st.sampled_from((None, None, None, True)),
    )
    def somebody_reports_a_death(
        self,
        child: dict[str, Any],
        source: tuple[str, str],
        home: str | None,
        event: dict[str, Any],
        contradiction: Any,
    ) -> None:
        homes = [{"lines": ["7 Larkspur Row"], "lad_code": home, "use": "home"}] if home else []
        death = {**event, "status": "informal"} if source[1] == "national" else event
        also = {"contradiction": True} if contradiction else {}
        self._take(self._message(source, child={**child, "addresses": homes}, death=death, **also))

    @rule(
        child=st.sampled_from(CHILDREN),
        source=st.sampled_from(SOURCES),
        form=st.sampled_from(("status-removed", "deleted", "cancelled-visit")),
    )
    def somebody_takes_it_back(self, child: dict[str, Any], source: tuple[str, str], form: str) -> None:
        self._take(self._message(source, child=child, intent="retract", retraction={"form": form}))

    @rule(which=st.integers(0, 30))
    def a_message_comes_again(self, which: int) -> None:
        if self.sent:
            assert self._process(self.sent[which % len(self.sent)]) == ()

    @rule(decision=st.sampled_from(DECISIONS), which=st.integers(0, 30))
    def a_person_decides(self, decision: tuple[str, dict[str, Any]], which: int) -> None:
        if self.notices:
            self._decide(decision[0], [sorted(self.notices)[which % len(self.notices)]], decision[1])

    @rule(kind=st.sampled_from(("link", "unlink")), one=st.integers(0, 30), other=st.integers(0, 30))
    def a_person_joins_or_parts(self, kind: str, one: int, other: int) -> None:
        names = sorted(self.notices)
        about = {names[one % len(names)], names[other % len(names)]} if names else set()
        if len(about) > 1:
            self._decide(kind, sorted(about), {})

    def _message(self, source: tuple[str, str], **fields: Any) -> Submission:
        self.steps += 1
        return report(self.steps, partner=source[0], kind=source[1], message_id=str(self.steps), **fields)

    def _take(self, message: Submission) -> None:
        self.sent.append(message)
        for reading in read(message):
            self.notices |= {notice.id: notice for notice in reading.notices}
        self._deliver(self._process(message))

    def _process(self, message: Submission) -> tuple[OutboxRow, ...]:
        return process(self.store, [message], read=read, now=self.now, **rules()).outbox

    def _decide(self, kind: str, about: list[str], value: dict[str, Any]) -> None:
        self.steps += 1
        said = {"id": f"D{self.steps}", "at": self.now, "by": "somebody", "role": "restricted", "reason": "as told"}
        decision = Decision.model_validate({**said, "kind": kind, "about": about, "value": value})
        self.decisions.append(decision)
        self._deliver(record_decision(self.store, decision, now=self.now, **rules()).outbox)

    @property
    def now(self) -> datetime:
        return NOW + timedelta(minutes=self.steps)

    def _deliver(self, rows: tuple[OutboxRow, ...]) -> None:
        """Each recipient enters what it was sent; and what was sent was meant for it."""
        assert len({(row.recipient, row.case) for row in rows}) == len(rows), "told twice at once"
        cases = self._cases()
        for row in rows:
            told = orjson.loads(row.body)
            DeliveryEnvelope.model_validate_json(row.body)
            before = self.last.get((row.recipient, row.case))
            assert before is None or before["version"] < told["version"]
            held = before is not None and before["kind"] != "withdraw"
            if row.case in cases and "record" in told and not held:
                routing = cases[row.case].routing
                meant = recipients(routing) if routing.state == "open" else unplaced(routing)
                assert row.recipient in dict(meant), "told to an outsider"
            if row.case in cases and cases[row.case].routing.rule == "held.restricted":
                assert "record" not in told, "a restricted case left"
            if told["kind"] == "withdraw":
                assert held or told.get("moved"), "taken back from one who never had it"
            self.last[row.recipient, row.case] = told
            if row.recipient == "national.ncmd":
                self._one_national_record(row.case, told["kind"], held)

    def _one_national_record(self, case: str, kind: str, held: bool) -> None:
        assert kind != "new" or not held, "a second national record"
        self.national[case].append(kind)

    def _cases(self) -> dict[str, Case]:
        """What the core makes of everything told so far, under the store's ids."""
        outcome = decide(self.notices.values(), self.decisions, rules()["reference"], self.now, rules()["switches"])
        c = table(NoticeRow).c
        with self.store.reading() as transaction:
            homes = {row.id: row.case_id for row in transaction.connection.execute(select(c.id, c.case_id))}
        found = {}
        for case in outcome.cases:
            (home,) = {homes[notice.id] for notice in case.notices}
            assert home is not None
            found[home] = case
        return found

    @invariant()
    def every_recipients_last_word_is_how_things_stand(self) -> None:
        if not hasattr(self, "store"):
            return
        hold_to_how_things_stand(self.store, self._cases(), self.last)


TestRecipients: Any = Recipients.TestCase
TestRecipients.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
