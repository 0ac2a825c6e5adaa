"""UK Core R4 messages and national death events."""

from typing import Any

import orjson

from integration_engine.synthetic.person import Child

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
_STATUS_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
_DEATH = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
_DEATH_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


def patient(
    child: Child,
    *,
    died_at: str | None = None,
    deceased: bool | None = None,
    national_status: str | None = None,
    effective_from: str | None = None,
    local_id: str | None = None,
    sensitive: bool = False,
) -> dict[str, Any]:
    """A UK Core Patient. ``national_status`` is 1, 2 or U of the death notification status extension, ``effective_from``
    when it was set: for a formal death (2) when it was registered."""
    resource: dict[str, Any] = {"resourceType": "Patient", "id": "child"}
    if sensitive:
        security = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
        resource["meta"] = {"security": [security]}
    if child.nhs_number:
        status = {"coding": [{"system": _STATUS_CODES, "code": child.nhs_status.zfill(2)}]}
        verified = [{"url": _STATUS, "valueCodeableConcept": status}]
        resource["identifier"] = [{"extension": verified, "system": NHS_NUMBER, "value": child.nhs_number}]
    elif child.nhs_status != "01":
        waiting = {"coding": [{"system": _STATUS_CODES, "code": child.nhs_status.zfill(2)}]}
        absent = [{"url": _STATUS, "valueCodeableConcept": waiting}]
        resource["identifier"] = [{"extension": absent, "system": NHS_NUMBER}]
    if local_id:
        resource.setdefault("identifier", []).append({"system": "https://hospital.example/mrn", "value": local_id})
    resource["name"] = [{"use": "official", "family": child.family, "given": child.given.split()}]
    resource["gender"] = child.sex
    resource["birthDate"] = child.birth_date
    if child.postcode or child.lines:
        resource["address"] = [{"use": "home", "line": list(child.lines), "postalCode": child.postcode or ""}]
        resource["address"][0] = {k: v for k, v in resource["address"][0].items() if v}
    if child.birth_order:
        resource["multipleBirthInteger"] = child.birth_order
    if child.mother:
        given, _, family = child.mother.partition(" ")
        mother = [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]
        resource["contact"] = [{"relationship": [{"coding": mother}], "name": {"family": family, "given": [given]}}]
    if died_at:
        resource["deceasedDateTime"] = died_at
    elif deceased is not None:
        resource["deceasedBoolean"] = deceased
    if national_status:
        code = {"coding": [{"system": _DEATH_CODES, "code": national_status}]}
        inner: list[dict[str, Any]] = [{"url": "deathNotificationStatus", "valueCodeableConcept": code}]
        if effective_from:
            inner.append({"url": "systemEffectiveDate", "valueDateTime": effective_from})
        resource["extension"] = [{"url": _DEATH, "extension": inner}]
    return resource


def mother_of(child: Child) -> dict[str, Any]:
    """The child's mother as a RelatedPerson of her own, with her NHS number."""
    given, _, family = (child.mother or "").partition(" ")
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}
    return {
        "resourceType": "RelatedPerson",
        "id": "mother",
        "identifier": [{"system": NHS_NUMBER, "value": child.mother_nhs_number}],
        "patient": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"},
        "relationship": [role],
        "name": [{"use": "official", "family": family, "given": [given]}],
    }


def message(
    subject: dict[str, Any],
    sender: str,
    message_id: str,
    at: str,
    *,
    event: str = "admit-discharge-transfer",
    encounter_site: str | None = None,
    others: tuple[dict[str, Any], ...] = (),
) -> bytes:
    """A message Bundle from the organisation with ODS code ``sender``. ``at`` orders it (MessageHeader.meta.lastUpdated);
    ``encounter_site`` adds the hospital stay that ended in death, at that ODS site; ``others`` are further resources."""
    header = {
        "resourceType": "MessageHeader",
        "id": message_id,
        "meta": {"lastUpdated": at},
        "eventCoding": {"system": "https://cdr.example/events", "code": event},
        "sender": {"identifier": {"system": ODS, "value": sender}},
        "source": {"name": "EPR", "endpoint": f"https://{sender.lower()}.example/fhir"},
        "focus": [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}],
    }
    entries: list[dict[str, Any]] = [
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000", "resource": header},
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": subject},
    ]
    if encounter_site:
        stay = {
            "resourceType": "Encounter",
            "id": "stay",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"},
            "serviceProvider": {"identifier": {"system": ODS, "value": encounter_site}},
        }
        entries.append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000002", "resource": stay})
    entries += [
        {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000001{n}", "resource": each}
        for n, each in enumerate(others)
    ]
    bundle = {
        "resourceType": "Bundle",
        "id": message_id,
        "identifier": {"system": "https://cdr.example/messages", "value": message_id},
        "type": "message",
        "timestamp": at,
        "entry": entries,
    }
    return orjson.dumps(bundle)
