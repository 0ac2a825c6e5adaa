"""Builds the notices of what has no Patient: national events, pointers, and certificates taken back by their number."""

from typing import Any

from adapters.adapter import notice_id
from adapters.hospital_fhir.certificate import certificate_number
from adapters.hospital_fhir.message import Message
from adapters.hospital_fhir.national import Signal
from adapters.hospital_fhir.notices import NATIONAL, Envelope
from integration_engine.mapping.notices import notice_from
from integration_engine.mapping.profile import Mapped
from integration_engine.record.notice import DeathNotice, Form, Provenance, Retraction, Source


def notice_of_signal(signal: Signal, envelope: Envelope, position: int = 0) -> DeathNotice:
    """The notice of a national event that is no FHIR resource or has no data: all that is known is who and what."""
    values = {
        "child.nhs_number": signal.nhs_number,
        "child.family_name": signal.family_name,
        "child.birth_date": signal.birth_date,
        "death.status": signal.status,
    }
    places = {
        "child.nhs_number": signal.nhs_number_at,
        "child.family_name": "subject.familyName",
        "child.birth_date": "subject.dob",
    }
    held = {path: value for path, value in values.items() if value is not None}
    provenance = {
        path: Provenance(
            path=places.get(path) or "data.deathNotificationStatus",
            profile=envelope.profile.name,
            rule=f"{envelope.profile.name}/{path}#reader",
        )
        for path in held
    }
    intents: dict[str, Any] = {"removed": "retract", "rekey": "rekey"}
    return notice_from(
        Mapped(held, provenance),
        id=notice_id(
            "hospital-fhir", NATIONAL, signal.message_id or envelope.message_id, envelope.content_hash, position
        ),
        submission=envelope.content_hash,
        source=Source(
            kind="national",
            partner=NATIONAL,
            message_id=signal.message_id or envelope.message_id,
            event=signal.event or None,
            indirect=True if signal.kind == "pointer" else None,
        ),
        stated_at=signal.stated_at,
        received_at=envelope.submission.received_at,
        profile=envelope.profile.name,
        profile_version=envelope.profile.version,
        intent=intents.get(signal.kind, "report"),
        retraction=Retraction(form=Form.STATUS_REMOVED) if signal.kind == "removed" else None,
        rekey=signal.rekey,
        problems=signal.problems,
    )


def notice_of_void(message: Message, envelope: Envelope, stated_at: str | None) -> DeathNotice:
    """A certificate taken back: the message names it by its number only."""
    return notice_from(
        Mapped({}, {}),
        id=notice_id("hospital-fhir", envelope.partner, envelope.message_id, envelope.content_hash, 0),
        submission=envelope.content_hash,
        source=Source(
            kind="hospital-fhir",
            partner=envelope.partner,
            system=envelope.system,
            message_id=envelope.message_id,
            event=message.event,
            local_ref=certificate_number(message),
        ),
        stated_at=stated_at,
        received_at=envelope.submission.received_at,
        profile=envelope.profile.name,
        profile_version=envelope.profile.version,
        intent="retract",
        retraction=Retraction(form=Form.WITHDRAWN),
    )
