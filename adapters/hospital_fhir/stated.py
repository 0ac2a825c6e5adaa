"""When a sender says what it says: by that its statements are ordered, not by when they arrive."""

from adapters.hospital_fhir.dates import moment
from adapters.hospital_fhir.death import status_effective_from
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.national import notified_at
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree, child, text
from integration_engine.record.notice import Problem

_Said = tuple[str | None, str]


def stated_at(message: Message, patient: Placed | None) -> tuple[str | None, dict[str, Problem]]:
    """(when it was said, what is wrong with times that can't be read, by their FHIRPaths). By the header, which orders an
    event's messages; else the resource, or what a history or a notification tells of it; else the Bundle. None where
    nothing tells."""
    header = message.header
    candidates: list[_Said] = []
    if header is not None:
        candidates += [
            (_last_updated(header.resource), f"{header.path}.meta.lastUpdated"),
            (text(header.resource, "timestamp"), f"{header.path}.timestamp"),
        ]
    bundle = (text(message.root, "timestamp"), "Bundle.timestamp")
    own = _own_time(patient) if patient else (None, "")
    notified = (notified_at(message), "notificationEvent.timestamp")
    candidates += [bundle, own] if header is not None else [own, notified, bundle]
    unread: dict[str, Problem] = {}
    for said, path in candidates:
        if said:
            try:
                return moment(said, path, midnight_is_unknown=False).value, unread
            except Refused as refused:
                unread[path] = refused.problem
    effective = status_effective_from(patient.resource) if patient else None
    try:
        return (moment(effective, patient.path).value if effective and patient else None), unread
    except Refused:
        return None, unread


def _own_time(patient: Placed) -> _Said:
    if said := _last_updated(patient.resource):
        return said, f"{patient.path}.meta.lastUpdated"
    return patient.modified, f"{patient.path.removesuffix('.resource')}.response.lastModified"


def _last_updated(resource: Tree) -> str | None:
    return text(child(resource, "meta"), "lastUpdated")
