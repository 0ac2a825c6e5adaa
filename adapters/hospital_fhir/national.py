"""National events that are no FHIR resource, or are one without data: multicast signals and pointers.

A pointer says that something happened to an NHS number and where to ask. Until it has been asked, the notice carries the
number and the event, and is an indirect source: it opens no case without a person, and it is never lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from adapters.hospital_fhir.dates import moment
from adapters.hospital_fhir.message import Message
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree, child, children, codings, kind_of, text, texts, value_of
from integration_engine.mapping.registry import Refused as NotReadable
from integration_engine.mapping.transforms import nhs_number as checked_nhs_number
from integration_engine.record.codes import DeathStatus
from integration_engine.record.notice import Problem, Rekey

_STATUSES: dict[str, DeathStatus] = {"1": "informal", "2": "formal", "U": "removed"}
_BACKPORT = "backport-subscription-status"


@dataclass(frozen=True, slots=True)
class Signal:
    """One national event about one person, in canonical terms. ``kind``: what to make of it."""

    kind: Literal["death", "removed", "rekey", "pointer", "other"]
    event: str
    message_id: str | None = None
    stated_at: str | None = None
    nhs_number: str | None = None
    nhs_number_at: str | None = None
    family_name: str | None = None
    birth_date: str | None = None
    status: DeathStatus | None = None
    rekey: Rekey | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def names_nobody(self) -> bool:
        """A pointer by which no record can be asked for, and nobody be known."""
        return self.kind == "pointer" and not (self.nhs_number or self.family_name)


def is_signal(tree: Tree) -> bool:
    """Whether this JSON is a multicast event: a type and a subject, and no resource. The subject is a person in events of
    the first version; in those of the second, CloudEvents, it is a number alone and ``dataref`` says where to ask."""
    subject = tree.get("subject")
    named = isinstance(subject, dict) or (isinstance(subject, str) and "specversion" in tree)
    return "resourceType" not in tree and isinstance(tree.get("type"), str) and named


def signal_of(tree: Tree) -> Signal:
    """A multicast event (JSON). Raises Refused."""
    event = text(tree, "type") or ""
    subject, data = child(tree, "subject"), child(tree, "data")
    number_at = "subject" if isinstance(tree.get("subject"), str) else "subject.nhsNumber"
    number, problems = _number(text(tree, "subject") or text(subject, "nhsNumber"), number_at)
    about: dict[str, Any] = {
        "event": event,
        "message_id": text(tree, "id"),
        "stated_at": _when(text(tree, "time"), "time"),
        "nhs_number": number,
        "nhs_number_at": number_at,
        "family_name": text(subject, "familyName") or text(subject, "family_name"),
        "birth_date": _when(text(subject, "dob"), "subject.dob"),
        "problems": problems,
    }
    if event.startswith("pds-death-notification"):
        said = text(data, "deathNotificationStatus")
        if said is None:
            return Signal("pointer", **{**about, "problems": (*problems, _pointer("data"))})
        status = _STATUSES.get(said.upper())
        if status is None:
            raise Refused("unknown-status", "data.deathNotificationStatus")
        return Signal("removed" if status == "removed" else "death", status=status, **about)
    if event.startswith("nhs-number-change"):
        return _rekey(text(data, "nhsNumberStatus"), text(data, "fullUrl") or text(tree, "dataref"), "data", about)
    return Signal("other", **about)


def _rekey(status: str | None, url: str | None, path: str, about: dict[str, Any]) -> Signal:
    """R: the number is replaced by the one the address ends in. I: invalidated, never a key again. Neither: a pointer."""
    old = about["nhs_number"]
    if old is None:
        raise Refused("unknown-rekey", about["nhs_number_at"])
    if status == "I":
        return Signal("rekey", rekey=Rekey(kind="invalidated", old_nhs_number=old), **about)
    new, problems = _number((url or "").rstrip("/").rsplit("/", 1)[-1], f"{path}.fullUrl")
    if status == "R" and new and new != old:
        return Signal("rekey", rekey=Rekey(kind="replaced", old_nhs_number=old, new_nhs_number=new), **about)
    if status == "R":
        raise Refused("unknown-rekey", f"{path}.fullUrl")
    if status is not None:
        raise Refused("unknown-rekey", f"{path}.nhsNumberStatus")
    new = new if new != old else None
    rekey = Rekey(kind="replaced" if new else "changed", old_nhs_number=old, new_nhs_number=new)
    return Signal("rekey", rekey=rekey, **{**about, "problems": (*about["problems"], *problems, _pointer(path))})


def pointers_of(message: Message) -> list[Signal]:
    """The events that a subscription notification without a Patient points to, those about a death or a number; none where it
    is no such notification, or only says that the subscription lives.

    R4 backport notifications hold them in Parameters, R5 ones in a SubscriptionStatus.
    """
    if message.of_type("Patient"):
        return []
    for placed in message.of_type("Parameters"):
        profiles = texts(child(placed.resource, "meta"), "profile")
        if any(_BACKPORT in profile for profile in profiles) or _named(placed.resource, "notification-event"):
            return _from_parameters(placed.resource, placed.path, message)
    for placed in message.of_type("SubscriptionStatus"):
        topic = text(placed.resource, "topic") or ""
        return _those(
            _pointed(topic, child(event, "focus"), {}, _when(text(event, "timestamp"), at), at, message)
            for index, event in enumerate(children(placed.resource, "notificationEvent"))
            for at in [f"{placed.path}.notificationEvent[{index}]"]
        )
    return []


def notified_at(message: Message) -> str | None:
    """When the one event of a subscription notification happened, as it says; None of several, and of what is none."""
    told = [
        text(event, "timestamp")
        for placed in message.of_type("SubscriptionStatus")
        for event in children(placed.resource, "notificationEvent")
    ] + [
        next((text(one, "valueInstant") for one in _named(event, "timestamp")), None)
        for placed in message.of_type("Parameters")
        for event in _named(placed.resource, "notification-event")
    ]
    return told[0] if len(told) == 1 else None


def _named(holder: Tree, name: str) -> list[Tree]:
    return [one for key in ("parameter", "part") for one in children(holder, key) if text(one, "name") == name]


def _from_parameters(parameters: Tree, path: str, message: Message) -> list[Signal]:
    context = _named(parameters, "additional-context")
    said = [_said(one) for part in context for one in _named(part, "event-type")]
    topic = [_said(one) for one in _named(parameters, "topic")]
    name = next((one for one in (*said, *topic) if one), "")
    subject = next((child(one, "valueReference") for part in context for one in _named(part, "subject")), {})
    events = [
        (event, f"{path}.parameter[{index}]")
        for index, event in enumerate(children(parameters, "parameter"))
        if text(event, "name") == "notification-event"
    ]
    # What a notification of several events says of one subject would be a guess for the others.
    alone = subject if len(events) == 1 else {}
    return _those(_event_of(event, name, alone, at, message) for event, at in events)


def _event_of(event: Tree, name: str, subject: Tree, path: str, message: Message) -> Signal | None:
    focus = next((child(one, "valueReference") for one in _named(event, "focus")), {})
    own = next((child(one, "valueReference") for one in _named(event, "subject")), subject)
    when = next((said for one in _named(event, "timestamp") if (said := text(one, "valueInstant"))), None)
    return _pointed(name, focus, own, _when(when, path), path, message)


def _those(found: Iterable[Signal | None]) -> list[Signal]:
    return [signal for signal in found if signal is not None]


def _said(part: Tree) -> str:
    found = value_of(part)
    if isinstance(found, dict):
        return next((code for _, code in codings(found)), "")
    return found if isinstance(found, str) else ""


def _pointed(event: str, focus: Tree, subject: Tree, when: str | None, path: str, message: Message) -> Signal | None:
    name = event.rsplit("/", 1)[-1]
    about_death = "death" in name.lower() or "deceased" in name.lower()
    if not about_death and "nhs-number-change" not in name:
        return None
    address = text(focus, "reference") or ""
    number, problems = _number(
        text(child(subject, "identifier"), "value") or text(child(focus, "identifier"), "value") or _last(address), path
    )
    about: dict[str, Any] = {
        "event": name,
        "message_id": text(message.root, "id"),
        "stated_at": when or _when(text(message.root, "timestamp"), "Bundle.timestamp"),
        "nhs_number": number,
        "nhs_number_at": path,
        "problems": problems,
    }
    if not about_death:
        return _rekey(None, address, path, about)
    return Signal("pointer", **{**about, "problems": (*problems, _pointer(path))})


def _last(address: str) -> str | None:
    last = address.split("/_history/", 1)[0].rstrip("/").rsplit("/", 1)[-1]
    return last if last.isdigit() else None


def _number(said: str | None, path: str) -> tuple[str | None, tuple[Problem, ...]]:
    if not said:
        return None, ()
    try:
        return checked_nhs_number(said), ()
    except NotReadable as error:
        return None, (Problem(code=error.code, text=error.why, path=path),)


def _when(said: str | None, path: str) -> str | None:
    return moment(said, path, midnight_is_unknown=False).value if said else None


def _pointer(path: str) -> Problem:
    return Problem(
        code="pointer-without-data",
        text="The event only points to a record; what happened has to be asked for.",
        path=path,
    )


def is_national(message: Message) -> bool:
    """Whether a message is an event of the national services (PDS, NEMS), whoever relays it."""
    event = message.event or ""
    if event.startswith(("pds-", "nhs-number-change")):
        return True
    header = message.header
    return header is not None and any("EventType" in system for system, _ in codings(header.resource.get("event")))


def is_national_record(message: Message, patient: Tree, nhs_number: str | None) -> bool:
    """Whether a Patient outside a message is the national record itself: its id is its own NHS number, as only PDS has it."""
    return (
        message.header is None
        and nhs_number is not None
        and text(patient, "id") == nhs_number
        and kind_of(patient) == "Patient"
    )
