"""Messages as hospitals, forces and coroners' offices write them, by hand: no builder of ours has a say in them.

All are about one invented girl unless told otherwise. A field given as None is left out.
"""

import csv
import io
import json
from typing import Any

AVA, AVA_OTHER, TOM = "9990000018", "9990000026", "9990000034"


def segment(name: str, **fields: str) -> str:
    """One segment by field number: ``segment("PID", f3="...")``."""
    by_number = {int(key[1:]): value for key, value in fields.items()}
    return "|".join((name, *(by_number.get(n, "") for n in range(1, max(by_number) + 1))))


def adt(
    trigger: str = "A03",
    control: str = "LOR0001",
    *segments: str,
    sender: str = "RTH",
    sent: str = "20260309044000",
    visit: dict[str, str] | None = None,
    has_visit: bool = True,
    **pid: str | None,
) -> bytes:
    """A message as a patient administration system sends it; ``pid`` and ``visit`` by field (``f29=None`` leaves one out)."""
    person: dict[str, str | None] = {
        "f1": "1", "f3": f"{AVA}^^^NHS^NH~4512345^^^{sender}^PI", "f5": "HARROW^AVA^ROSE^^MISS^^L", "f7": "20140509",
        "f8": "F", "f11": "1 QUAY STREET^^READING^BERKSHIRE^RG1 1LZ^GBR^H", "f22": "A", "f29": "20260309041000",
        "f30": "Y", "f32": "NSTS01",
    }  # fmt: skip
    stay = {"f1": "1", "f2": "I", "f3": f"PICU^BAY1^BED2^{sender}", "f10": "420", "f19": "V1", "f36": "4", "f37": "79"}
    lines = [
        f"MSH|^~\\&|LORENZO|{sender}|CDR|NHSE|{sent}||ADT^{trigger}|{control}|P|2.4|||AL|NE|GBR|UNICODE UTF-8",
        f"EVN|{trigger}|{sent}",
        segment("PID", **{key: value for key, value in (person | pid).items() if value is not None}),
        *((segment("PV1", **(stay | (visit or {}))),) if has_visit else ()),
        *segments,
    ]
    return ("\r".join(lines) + "\r").encode()


def late(control: str = "LOR0002", sent: str = "20260310090000", **pid: str | None) -> bytes:
    """An A08 without a visit: how a hospital corrects what it said."""
    return adt("A08", control, sent=sent, has_visit=False, **pid)


def patient(**change: Any) -> dict[str, Any]:
    """A UK Core patient; None leaves an element out."""
    whole = {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": AVA}],
        "name": [{"use": "official", "family": "HARROW", "given": ["AVA", "ROSE"]}],
        "gender": "female",
        "birthDate": "2014-05-09",
        "deceasedDateTime": "2026-03-09T04:10:00+00:00",
        "address": [{"use": "home", "line": ["1 QUAY STREET"], "postalCode": "RG1 1LZ"}],
    } | change
    return {key: value for key, value in whole.items() if value is not None}


def national(status: str) -> dict[str, Any]:
    """The death notification status extension."""
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
    system = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus"
    concept = {"coding": [{"system": system, "code": status}]}
    return {"url": url, "extension": [{"url": "deathNotificationStatus", "valueCodeableConcept": concept}]}


def message(person: dict[str, Any], *others: dict[str, Any], sender: str = "RTH", **header: Any) -> dict[str, Any]:
    """A FHIR message; ``sent`` and ``id`` of its header."""
    sent = header.pop("sent", "2026-03-09T06:00:00Z")
    ods = "https://fhir.nhs.uk/Id/ods-organization-code"
    head = {
        "resourceType": "MessageHeader",
        "meta": {"lastUpdated": sent},
        "eventCoding": {"system": "https://fhir.nhs.uk/event", "code": header.pop("event", "notification")},
        "source": {"endpoint": "https://epr.example/fhir"},
        "sender": {"identifier": {"system": ods, "value": sender}},
        "focus": [{"reference": "urn:uuid:p1"}],
    }
    bundle = {"resourceType": "Bundle", "type": "message", "identifier": {"value": header.pop("id", "F-1")}}
    entries = [("urn:uuid:h1", head | header), ("urn:uuid:p1", person)]
    entries += [(f"urn:uuid:{other['id']}", other) for other in others]
    return bundle | {"timestamp": sent, "entry": [{"fullUrl": url, "resource": one} for url, one in entries]}


def report(*persons: dict[str, Any], event: dict[str, Any] | None = None, **change: Any) -> dict[str, Any]:
    """A police report of one collision."""
    happened = {
        "event_id": "EV1", "type": "road-traffic-collision", "at": "2026-03-07T18:20:00",
        "place": {"lines": ["Station Road"], "lad_code": "E06000030"}, "suspicious": "no",
    }  # fmt: skip
    return {
        "schema": "police-sudden-death/1", "force": "E23000038", "report_id": "54-2026-000123", "version": 1,
        "status": "current", "reported_at": "2026-03-09T08:00:00Z", "event": happened | (event or {}),
        "persons": list(persons) or [person()],
    } | change  # fmt: skip


def person(**change: Any) -> dict[str, Any]:
    """The deceased of a report."""
    return {
        "person_id": "P1", "role": "deceased", "family_name": "Harrow", "given_names": "Ava Rose",
        "date_of_birth": "2014-05-09", "sex": "F", "address": {"lines": ["1 Quay Street"], "postcode": "RG1 1LZ"},
        "life_extinct_at": "2026-03-09T04:10:00+00:00",
        "place_of_death": {"type": "hospital", "lad_code": "E07000178"},
    } | change  # fmt: skip


def row(**change: str) -> dict[str, str]:
    """One case event of a coroner's office."""
    return {
        "area": "oxfordshire", "reference": "00412-2026", "event": "REFERRED", "event_at": "09/03/2026",
        "family_name": "Harrow", "given_names": "Ava Rose", "sex": "F", "date_of_birth": "09/05/2014",
        "address": "1 Quay Street, Reading", "postcode": "RG1 1LZ", "date_of_death": "09/03/2026", "time_of_death": "04:10",
        "place_of_death": "John Radcliffe Hospital", "place_of_death_postcode": "OX3 9DU", "body_found_at": "",
        "conclusion": "", "conclusion_at": "", "age": "", "age_unit": "", "nhs_number": "",
    } | change  # fmt: skip


def upload(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def js(document: Any) -> bytes:
    return json.dumps(document).encode()
