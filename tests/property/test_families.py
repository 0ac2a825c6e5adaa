"""Whatever is told of a family, in whatever order, batches and repetition, with people deciding in between: after every step
the store holds what the core makes of what is kept, asks what it asks, and each recipient's last word is how things stand."""

import shutil
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine.core import Outcome, decide
from integration_engine.pipeline import NotTheirDecision, process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.revisit import revisit
from integration_engine.shown import Shown
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, table
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.tables import CaseRow, NoticeRow
from tests.property.families import Decided, Step, histories
from tests.property.last_words import hold_to_how_things_stand
from tests.property.test_pipeline_order import decided, held
from tests.store_samples import NOW, keyring, new_store, read, rules

LATER = NOW + timedelta(days=1)


@cache
def _empty() -> Path:
    path = Path(tempfile.mkdtemp()) / "empty.db"
    new_store(f"sqlite:///{path}").close()
    return path


class Family:
    """The engine, everybody it tells, and beside it what the core makes of what the engine keeps."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: dict[str, DeathNotice] = {}
        self.decisions: list[Decision] = []
        self.last: dict[tuple[str, str], dict[str, Any]] = {}
        self.deliveries: set[str] = set()

    def take(self, step: Step) -> None:
        if isinstance(step, Decided):
            self.decide(step)
        else:
            self.told |= {n.id: n for message in step for reading in read(message) for n in reading.notices}
            self.deliver(process(self.store, step, read=read, now=LATER, **rules()).outbox)

    def decide(self, step: Decided) -> None:
        decision = step.about(sorted(self.homes()))
        if decision is None:
            return
        try:
            came = record_decision(self.store, decision, now=LATER, **rules())
        except NotTheirDecision:
            return
        self.decisions.append(decision)
        self.deliver(came.outbox)

    def deliver(self, rows: Sequence[OutboxRow]) -> None:
        for row in rows:
            assert row.id not in self.deliveries, "one id for two deliveries"
            self.deliveries.add(row.id)
            said, before = orjson.loads(row.body), self.last.get((row.recipient, row.case))
            assert before is None or before["version"] < said["version"]
            self.last[row.recipient, row.case] = said

    def homes(self) -> dict[str, str | None]:
        c = table(NoticeRow).c
        with self.store.reading() as transaction:
            return {row.id: row.case_id for row in transaction.connection.execute(select(c.id, c.case_id))}

    def outcome(self, names: Sequence[str]) -> Outcome:
        said = rules()
        return decide([self.told[n] for n in names], self.decisions, said["reference"], LATER, said["switches"])

    def hold(self) -> None:
        homes = self.homes()
        outcome = self.outcome(sorted(homes))
        assert held(self.store) == decided(outcome.cases)
        questions = {frozenset((r.a, r.b)) for r in overview.open_reviews(self.store, limit=1000)}
        assert questions == {frozenset((r.a, r.b)) for r in outcome.reviews}
        cases = {str(homes[case.notices[0].id]): case for case in outcome.cases}
        c = table(CaseRow).c
        with self.store.reading() as transaction:
            rows = transaction.connection.execute(select(c.id, c.restricted)).all()
        hidden = {row.id: row.restricted for row in rows if row.id in cases}
        assert hidden == {home: Shown(case).restricted for home, case in cases.items()}
        hold_to_how_things_stand(self.store, cases, self.last)

    def hold_that_nothing_is_left_to_say(self) -> None:
        """To decide everything again sends nothing, and the log of it all is whole."""
        c = table(CaseRow).c
        with self.store.reading() as transaction:
            cases = [row.id for row in transaction.connection.execute(select(c.id))]
        assert revisit(self.store, cases, now=LATER, **rules()).outbox == ()
        assert audit.verify(self.store).broken is None


def _as_cases(outcome: Outcome) -> list[tuple[list[str], str, str]]:
    return sorted((sorted(n.id for n in c.notices), c.routing.state, c.routing.rule) for c in outcome.cases)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(histories())
def test_after_every_step_the_store_and_every_recipient_stand_where_the_core_does(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_empty(), Path(folder) / "engine.db")
        family = Family(Store(f"sqlite:///{folder}/engine.db", keyring()))
        for step in history:
            family.take(step)
            family.hold()
        family.hold_that_nothing_is_left_to_say()
        everything: list[Submission] = [message for step in history if isinstance(step, list) for message in step]
        family.take(everything)
        family.hold()
        assert _as_cases(family.outcome(sorted(family.homes()))) == _as_cases(family.outcome(sorted(family.told)))
        family.store.close()
