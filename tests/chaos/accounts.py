"""What has to be true once a round has come to rest, whatever died in it: all that was acknowledged is accounted for, every
case is as the pure core has it, and everybody holds it once."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from adapters import registry
from adapters.adapter import Reading, Submission, content_hash
from integration_engine.core import Case, decide
from integration_engine.dispatch import diff
from integration_engine.record.notice import DeathNotice
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.shown import Shown
from integration_engine.store import audit, inbox, outbox, overview
from integration_engine.store.clocks import ClockEventRow
from integration_engine.store.database import table
from integration_engine.store.tables import AlarmRow, DeliveryRow, HoldingRow, NoticeRow, SubmissionRow, TallyRow
from integration_engine.told_apart import LIVING
from tests.chaos.house import EVERYTHING, House
from tests.chaos.stream import Told
from tests.held_state import holdings

_KINDS = ("hospital-hl7", "hospital-fhir", "police", "coroner")
_JUST_RAISED = timedelta(seconds=5)
_STATEMENTS = ("notice", "retraction", "rekey")
_SEEN = ("part", "state", "rule", "record", "differing", "routing", "clocks", "flags")
"""What of a delivery makes a new version of a case, ids left out. An explanation in other words is told to nobody."""


@dataclass(frozen=True)
class Said:
    """One acknowledged message and what it says."""

    told: Told
    readings: tuple[Reading, ...]

    @property
    def notices(self) -> Iterator[DeathNotice]:
        for reading in self.readings:
            yield from reading.notices

    def kept(self) -> Iterator[inbox.Message]:
        """The messages that the inbox keeps of it."""
        for reading in self.readings:
            if reading.statements:
                yield inbox.Message(
                    reading.kind, self.told.partner, reading.content_hash, reading.message_id or _envelope_id(self),
                    datetime.now(UTC), None, reading.statements,
                )  # fmt: skip


def _envelope_id(said: Said) -> str | None:
    """The message id that it travels under."""
    if said.told.way == "amqp":
        return said.told.message_id
    own = said.readings[0].message_id if len(said.readings) == 1 else None
    return own or f"sha256-{content_hash(said.told.body)}"


def heard(messages: Iterable[Told]) -> list[Said]:
    """What these messages say, each once."""
    found: dict[tuple[str, bytes, str | None], Said] = {}
    for told in messages:
        if told.fate in ("taken", "refused"):
            bare = Said(told, tuple(_read(told, None)))
            found[told.partner, told.body, told.message_id] = Said(told, tuple(_read(told, _envelope_id(bare))))
    return list(found.values())


def _read(told: Told, message_id: str | None) -> Iterator[Reading]:
    submission = Submission(told.body, datetime.now(UTC), told.content_type, message_id, told.partner)
    return registry.read(submission, told.kind)


def accounted(house: House, acknowledged: Sequence[Told]) -> list[str]:
    """Sentences about everything that isn't as it has to be. The engine's processes must have stopped."""
    said = heard(acknowledged)
    wire = house.taken(EVERYTHING)
    return [
        *_nothing_is_left(house),
        *_queues_of_operators(house, acknowledged, said),
        *_notices(house, said),
        *_counted_once(house, said),
        *_alarms(house, said),
        *_cases(house),
        *_deliveries(house, wire),
        *_clock_events(house, wire),
        *_whole_audit(house),
        *_told_no_log(house, acknowledged),
    ]


def _nothing_is_left(house: House) -> Iterator[str]:
    for queue in (q.name for q in house.ground.topology.queues if q.name.startswith(("intake.", "delay."))):
        if left := house.ready(queue):
            yield f"{left} messages are left in {queue}"
    if waiting := outbox.depth(house.store).waiting:
        yield f"{waiting} deliveries are left in the outbox"


def _queues_of_operators(house: House, acknowledged: Sequence[Told], said: Sequence[Said]) -> Iterator[str]:
    for kind in _KINDS:
        poison = {told.body for told in acknowledged if told.fate == "dead" and told.kind == kind}
        yield from _lies_there(house, f"dead.{kind}", poison, "cdr-error")
        refused = {
            reading.body or one.told.body
            for one in said
            if one.told.kind == kind
            for reading in one.readings
            if any(item.verdict == "refused" for item in reading.items)
        }
        yield from _lies_there(house, f"refused.{kind}", refused, "cdr-reason")


def _lies_there(house: House, queue: str, wanted: set[bytes], why: str) -> Iterator[str]:
    found = house.taken(queue)
    bodies = {body for _, _, body in found}
    if lost := len(wanted - bodies):
        yield f"{lost} messages are missing from {queue}"
    for _, properties, body in found:
        if body not in wanted:
            reason = {name: value for name, value in (properties.headers or {}).items() if name != "x-death"}
            yield f"a message lies in {queue} that doesn't belong there: {hashlib.sha256(body).hexdigest()[:8]} {reason}"
    if any(not (properties.headers or {}).get(why) for _, properties, body in found if body in wanted):
        yield f"a message in {queue} doesn't say why it is there"


def _notices(house: House, said: Sequence[Said]) -> Iterator[str]:
    wanted = {notice.id: notice for one in said for notice in one.notices}
    outcome = decide(wanted.values(), (), bundled(), datetime.now(UTC), Switches(**house.switches))
    living = {name for name, reason in outcome.passed_over if reason == LIVING}
    with house.store.reading() as transaction:
        held = {row.id for row in transaction.connection.execute(select(table(NoticeRow).c.id))}
        contents = transaction.connection.execute(select(table(SubmissionRow).c.content_key)).all()
    for one in said:
        if any(notice.id not in held and notice.id not in living for notice in one.notices):
            yield f"an acknowledged message was lost: {one.told}"
    if strange := held - wanted.keys():
        yield f"notices are held that nobody sent: {', '.join(sorted(strange))}"
    keys = {m.content_keys(house.store.keys)[0] for one in said for m in one.kept() if _any_held(m, held)}
    if keys != {bytes(row.content_key) for row in contents}:
        yield "the inbox doesn't hold each message once"


def _counted_once(house: House, said: Sequence[Said]) -> Iterator[str]:
    """What a message states is counted when it is new, and only then; what concerns no case, as passed over."""
    once = {message.content: message for one in said for message in one.kept()}
    with house.store.reading() as transaction:
        rows = transaction.connection.execute(select(table(TallyRow))).all()
        held = {row.id for row in transaction.connection.execute(select(table(NoticeRow).c.id))}
    wanted = sum(len(message.notices) for message in once.values() if _any_held(message, held))
    counted = sum(row.items for row in rows if row.verdict in _STATEMENTS)
    if counted != wanted:
        yield f"{counted} statements were counted and {wanted} were made"
    passed_over = sum(row.items for row in rows if row.reason == LIVING)
    if passed_over < sum(not _any_held(message, held) for message in once.values()):
        yield "a message that concerns nobody we know of was not counted"


def _any_held(message: inbox.Message, held: set[str]) -> bool:
    return any(notice.id in held for notice in message.notices)


def _alarms(house: House, said: Sequence[Said]) -> Iterator[str]:
    groups: defaultdict[tuple[str, str, str | None], dict[str, str]] = defaultdict(dict)
    for one in said:
        for message in one.kept():
            groups[message.kind, message.partner, message.message_id][message.content] = message.id
    with house.store.reading() as transaction:
        rows = transaction.connection.execute(select(table(AlarmRow))).all()
    raised = {row.subject for row in rows if row.code == inbox.SAME_ID_OTHER_BODY}
    for contents in groups.values():
        if len(raised & set(contents.values())) != len(contents) - 1:
            yield "the same message id with another body raised no alarm, or one too many"


def _held_notices(house: House) -> list[DeathNotice]:
    from integration_engine.store.neighbourhood import load_notices

    with house.store.reading() as transaction:
        names = {row.id for row in transaction.connection.execute(select(table(NoticeRow).c.id))}
        return list(load_notices(transaction, names).values())


def _cases(house: House) -> Iterator[str]:
    """The strong one: everything held and delivered is what the core makes of the same notices."""
    now = datetime.now(UTC)
    outcome = decide(_held_notices(house), (), bundled(), now, Switches(**house.switches))
    homes = _homes(house)
    found: dict[frozenset[str], Any] = {}
    for case in overview.recent_cases(house.store, limit=10_000):
        members = frozenset(name for name, home in homes.items() if home == case.id)
        if members:
            found[members] = case
    wanted = {frozenset(notice.id for notice in case.notices): case for case in outcome.cases}
    if found.keys() != wanted.keys():
        yield f"{len(found.keys() - wanted.keys())} cases are held that the core doesn't make of the same messages"
        return
    open_reviews = {frozenset((r.a, r.b)) for r in overview.open_reviews(house.store, limit=10_000)}
    if open_reviews != {frozenset((r.a, r.b)) for r in outcome.reviews}:
        yield "the questions that wait for a person are not the core's"
    names = {case.id: found[members].id for members, case in wanted.items()}
    held = holdings(house.store)
    due: set[tuple[str, str]] = set()
    for members, case in wanted.items():
        stored = found[members]
        lead = case.routing.lead.cdop if case.routing.lead else None
        if (stored.state, stored.rule, stored.lead) != (case.routing.state, case.routing.rule, lead):
            yield f"{stored.id} is {stored.state} by {stored.rule}; the core: {case.routing.state} by {case.routing.rule}"
        yield from _told_of(case, names, held, due, now)
    # a held case tells nobody anything more: whoever held it goes on holding it
    asleep = {names[case.id] for case in wanted.values() if case.routing.state == "held"}
    for (case_id, recipient), (standing, _) in held.items():
        if standing == "current" and (case_id, recipient) not in due and case_id not in asleep:
            yield f"{recipient} holds {case_id} as current, which isn't theirs, or holds it twice"


def _told_of(
    case: Case,
    names: Mapping[str, str],
    held: Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]],
    due: set[tuple[str, str]],
    now: datetime,
) -> Iterator[str]:
    """Everybody whom the core would tell of this case holds exactly what it would tell them."""
    for dispatch in diff({}, case, version=1, at=now, shown=Shown(case)):
        place = (names[case.id], dispatch.recipient)
        due.add(place)
        standing, envelope = held.get(place, ("nothing", {}))
        if standing != dispatch.leaves:
            yield f"{dispatch.recipient} holds {standing} of {place[0]}, and should hold {dispatch.leaves}"
        elif differing := _differing(dispatch.envelope, envelope):
            yield f"what {dispatch.recipient} holds of {place[0]} differs from the core in {', '.join(differing)}"


def _differing(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    return [part for part in _SEEN if _plain(wanted.get(part)) != _plain(held.get(part))]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str, sort_keys=True))


def _homes(house: House) -> dict[str, str]:
    with house.store.reading() as transaction:
        c = table(NoticeRow).c
        return {row.id: row.case_id for row in transaction.connection.execute(select(c.id, c.case_id))}


def _deliveries(house: House, wire: Sequence[tuple[Any, Any, bytes]]) -> Iterator[str]:
    """On the wire is what the outbox holds: each at least once under one id, and no two under one case, version and
    recipient. Whoever keeps the highest version of a case then holds what the store says they hold."""
    c = table(DeliveryRow).c
    with house.store.reading() as transaction:
        rows = transaction.connection.execute(select(c.id, c.recipient, c.case_id, c.version)).all()
        h = table(HoldingRow).c
        now_held = transaction.connection.execute(select(h.case_id, h.recipient, h.delivery_id)).all()
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    kept: dict[tuple[str, str], tuple[int, str]] = {}
    for method, properties, body in wire:
        if method.routing_key == "alerts.clocks":
            continue
        bodies[properties.message_id].add(hashlib.sha256(body).digest())
        envelope = json.loads(body)
        place = (envelope["case"], method.routing_key)
        kept[place] = max(kept.get(place, (0, "")), (envelope["version"], properties.message_id))
    if unknown := len(bodies.keys() - {row.id for row in rows}):
        yield f"{unknown} deliveries were told that the outbox doesn't hold"
    if lost := len({row.id for row in rows} - bodies.keys()):
        yield f"{lost} deliveries never reached the broker"
    if any(len(said) > 1 for said in bodies.values()):
        yield "one delivery id was used for two bodies"
    if any(number > 1 for number in Counter((row.recipient, row.case_id, row.version) for row in rows).values()):
        yield "a recipient was sent one version of a case twice"
    if {(row.case_id, row.recipient): row.delivery_id for row in now_held} != {
        place: delivery for place, (_, delivery) in kept.items()
    }:
        yield "a recipient that keeps the highest version holds something else than the store says"


def _clock_events(house: House, wire: Sequence[tuple[Any, Any, bytes]]) -> Iterator[str]:
    c = table(ClockEventRow).c
    with house.store.reading() as transaction:
        rows = transaction.connection.execute(select(c.id, c.raised_at, c.published_at)).all()
    # Time doesn't rest: a clock may have come due since everything had been published.
    rows = [row for row in rows if row.raised_at < datetime.now(UTC) - _JUST_RAISED]
    told = {properties.message_id for method, properties, _ in wire if method.routing_key == "alerts.clocks"}
    if any(row.published_at is None for row in rows):
        yield "a clock event was raised and never published"
    if lost := sum(f"{row.id}-{int(row.raised_at.timestamp() * 1_000_000)}" not in told for row in rows):
        yield f"{lost} clock events never reached the broker"


def _whole_audit(house: House) -> Iterator[str]:
    if (broken := audit.verify(house.store).broken) is not None:
        yield f"the audit log is broken: {broken}"


def _told_no_log(house: House, acknowledged: Sequence[Told]) -> Iterator[str]:
    """No log line of any process names a child."""
    names: set[str] = set()
    for one in heard(acknowledged):
        for notice in one.notices:
            child = notice.child
            names |= {text for text in (child.family_name, child.nhs_number, child.birth_date) if text}
            names |= {address.postcode for address in child.addresses if address.postcode}
    for process, text in house.logs():
        if any(name in text for name in names):
            yield f"the log of {process} names a child"
