"""What the first segments of a message say about the message itself: type, event, sender, ids, times."""

from dataclasses import dataclass
from datetime import datetime

from adapters.hospital_hl7.er7 import Message
from integration_engine.mapping import moments
from integration_engine.mapping.registry import Refused
from integration_engine.record.dates import earliest, latest, precision


@dataclass(frozen=True, slots=True)
class Header:
    """MSH and EVN, read. ``kind`` and ``event`` are MSH-9's first two components in capitals (EVN-1 where MSH-9 names none).

    Times are partials. ``processing`` is MSH-11's first component (P, T, D), ``version`` MSH-12's.
    """

    kind: str
    event: str
    system: str
    facility: str
    control_id: str
    processing: str
    version: str
    sent_at: str | None
    recorded_at: str | None

    @property
    def is_adt(self) -> bool:
        return self.kind == "ADT"

    def stated_at(self, rule: str) -> str | None:
        """When the partner said it, by the feed's rule: what orders this partner's statements.

        ``later`` of EVN-2 and MSH-7: MSH-7 alone would be a day where only a day is sent, EVN-2 alone is often the time of
        the event, backdated, so that a cancel would tie with what it cancels. An EVN-2 after MSH-7 is a plan or a slip: what
        is sent can't have been recorded later, and would outdo whatever takes it back until then.
        """
        sent, recorded = self.sent_at, self.recorded_at
        if not sent or not recorded:
            return sent or recorded
        if rule == "sent":
            return sent
        if rule == "recorded":
            return recorded
        if earliest(recorded) > latest(sent):
            return sent
        if earliest(recorded) == earliest(sent):
            return max(sent, recorded, key=precision)
        return max(sent, recorded, key=earliest)

    def told_on(self, received_at: datetime) -> str:
        """The day the partner told of it at the latest: nobody dies after that."""
        # A partial's day is London's.
        stated = (one[:10] for one in (self.sent_at, self.recorded_at) if one and len(one) >= 10)
        return min([received_at.date().isoformat(), *stated])


def header_of(message: Message) -> Header:
    """Read MSH and EVN; what isn't there is empty."""
    segment = message.header
    event_segment = message.first("EVN")
    named = message.components(segment.field(9)) if segment.field(9) else []
    event = named[1].strip().upper() if len(named) > 1 else ""
    if not event and event_segment:
        event = event_segment.field(1).strip().upper()
    return Header(
        kind=named[0].strip().upper() if named else "",
        event=event,
        system=message.value(segment.field(3)),
        facility=message.value(segment.field(4)),
        control_id=message.text(segment.field(10)).strip(),
        processing=message.value(segment.field(11)).upper(),
        version=message.value(segment.field(12)),
        sent_at=_moment(message, segment.field(7)),
        recorded_at=_moment(message, event_segment.field(2)) if event_segment else None,
    )


def _moment(message: Message, raw: str) -> str | None:
    value = message.value(raw) if raw else ""
    try:
        return moments.datetime(value) if value else None
    except Refused:
        return None
