"""Raises what is soon due or overdue, and tells alerting: a message for each event, a line in the log, numbers to watch.

Every worker looks; the store sees to it that each event is raised once, whoever looks first. What was raised and could not be
published now is published later, by whoever looks then: at least once on the wire, under a stable ``message_id``.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import CASES
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.record.clock_event import ClockRule, Stage
from integration_engine.routing.clock_rules import load_clock_rules
from integration_engine.routing.table_folder import open_folder
from integration_engine.settings import Settings
from integration_engine.stages import reached
from integration_engine.store.clocks import Raised, claim_events, events_published, raise_due
from integration_engine.store.database import Store
from integration_engine.store.pressing import clock_counts, event_counts
from integration_engine.store.watch import in_force, waiting

log = logging.getLogger(__name__)

CLOCK_EVENT_SCHEMA = "clock-event/1"
ALERTS = "alerts.clocks"
"""The routing key, and the queue, of clock events."""

CLOCKS = "cdr_clocks"
EVENTS = "cdr_clock_events"
TO_REVISIT = "cdr_cases_to_revisit"
describe(CLOCKS, "gauge", "Clocks of open cases by stage: running, soon due, overdue.", "clock", "stage")
describe(TO_REVISIT, "gauge", "Cases that other rules decided, or that time has overtaken.")
describe(EVENTS, "gauge", "Clock events raised so far, by clock and stage.", "clock", "stage")

LOOK_EVERY_S = 15.0
_AT_ONCE = 500


def clock_rules(settings: Settings) -> Mapping[str, ClockRule]:
    """What alerting knows of each clock, as the settings have it. Raises ReferenceDataError."""
    return load_clock_rules(open_folder(settings.reference), settings.clock_soon_hours)


class ClockEventMessage(BaseModel):
    """``clock-event/1``: a clock of a case is soon due or overdue, or what was raised about it no longer holds (``cleared``).

    ``event`` is the same for the same case, clock, due time and stage. Of a restricted case only its id, the clock and the
    stage are told. Nothing of the child is ever in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    schema_: Literal["clock-event/1"] = Field(alias="schema")
    event: str
    case: str
    clock: str
    stage: Stage
    restricted: bool = False
    about: str | None = None
    due: datetime | None = None
    lead: str | None = None
    what: str | None = None
    raised_at: datetime | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of ``clock-event/1``, shipped as ``mappings/schema/clock-event-1.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ClockEventMessage.model_json_schema(by_alias=True),
        "title": CLOCK_EVENT_SCHEMA,
    }


class Clockwork:
    """Looks at every clock. Parameters: ``publisher`` must be started; ``rules`` say what is soon; ``clock`` gives now."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        rules: Mapping[str, ClockRule],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._rules = rules
        self._clock = clock

    def look(self) -> None:
        """Raise what has become due and publish what was raised. Raises StoreError."""
        while raised := raise_due(self._store, self._clock(), self._rules, _AT_ONCE):
            reached("clocks.raised")
            for event in raised:
                log.warning("a clock", extra={"case": event.case, "code": event.clock, "kind": event.stage})
        self.publish()

    def publish(self) -> int:
        """Publish what was raised and not published yet, by whomever. Returns how many the broker confirmed."""
        number = 0
        while self._publisher.ready and (unsent := claim_events(self._store, _AT_ONCE, self._clock())):
            reached("clocks.claimed")
            answers = self._publisher.publish_all([message(each, self._rules) for each in unsent])
            confirmed = [each for each, error in zip(unsent, answers, strict=True) if error is None]
            reached("clocks.published")
            events_published(self._store, confirmed, self._clock())
            reached("clocks.marked")
            number += len(confirmed)
            if len(confirmed) < len(unsent):
                # They are tried again when this claim has run out.
                log.warning("clock events were not confirmed", extra={"count": len(unsent) - len(confirmed)})
                break
        return number


def message(raised: Raised, rules: Mapping[str, ClockRule]) -> Message:
    """An event as it travels. ``message_id`` tells one raising from another of the same event, and is the same however often
    it is published."""
    event, rule = raised.event, rules.get(raised.event.clock)
    told: dict[str, Any] = {"schema": CLOCK_EVENT_SCHEMA, "event": event.id, "case": event.case, "clock": event.clock}
    told |= {"stage": event.stage, "restricted": raised.restricted}
    if not raised.restricted:
        told |= {"due": event.due.isoformat(), "raised_at": raised.raised_at.isoformat()}
        optional = {"about": event.about, "lead": raised.lead, "what": rule.what if rule else None}
        told |= {name: value for name, value in optional.items() if value}
    return Message(
        CASES,
        ALERTS,
        orjson.dumps(told),
        content_type="application/json",
        message_id=f"{event.id}-{int(raised.raised_at.timestamp() * 1_000_000)}",
        type=f"clock-{event.stage}",
        at=raised.raised_at,
        headers={"cdr-case": event.case},
    )


def put_figures(
    store: Store, rules: Mapping[str, ClockRule], now: datetime, counters: Counters = COUNTERS
) -> Sequence[tuple[str, str, int]]:
    """Put the numbers of clocks, of events and of cases to decide again right, as the store holds them; those of clocks are
    returned too, as (clock, stage, number). Raises StoreError."""
    counts = clock_counts(store, now, rules)
    for (clock, stage), number in counts.items():
        counters.put(CLOCKS, number, clock=clock, stage=stage)
    for (clock, stage), number in event_counts(store).items():
        counters.put(EVENTS, number, clock=clock, stage=stage)
    ruling = in_force(store)
    counters.put(TO_REVISIT, 0 if ruling is None else waiting(store, ruling, now))
    return [(clock, stage, number) for (clock, stage), number in counts.items()]
