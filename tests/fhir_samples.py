"""Invented FHIR for the tests: a child, what can be said of her, and how to have it read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any
from xml.sax.saxutils import quoteattr

from adapters.adapter import Feed, Item, Reading, Submission
from adapters.hospital_fhir.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
NHS = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
WREN, ASH, ROWAN = "9990000026", "9990000042", "9990000050"


def patient(**parts: Any) -> dict[str, Any]:
    """A girl of eleven, alive unless ``parts`` say otherwise; a part that is None is taken away."""
    whole = {
        "resourceType": "Patient",
        "id": "p",
        "identifier": [{"system": NHS, "value": WREN}],
        "name": [{"use": "official", "family": "Heron", "given": ["Wren"]}],
        "gender": "female",
        "birthDate": "2014-05-09",
        "address": [{"use": "home", "line": ["3 Reed Lane"], "postalCode": "RG1 8LS"}],
        **parts,
    }
    return {name: value for name, value in whole.items() if value is not None}


def dead(**parts: Any) -> dict[str, Any]:
    return patient(**{"deceasedDateTime": "2026-03-09T04:10:00Z", **parts})


def status(
    code: str, url: str = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
) -> list[dict[str, Any]]:
    """The national death notification status extension."""
    inner = {"url": "deathNotificationStatus", "valueCodeableConcept": {"coding": [{"code": code}]}}
    return [{"url": url, "extension": [inner]}]


def observation(code: str, system: str | None = None, about: str = "Patient/p", **value: Any) -> dict[str, Any]:
    coding = {"code": code, **({"system": system} if system else {})}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [coding]},
        "subject": {"reference": about},
        **value,
    }


def stay(code: str = "exp", system: str = DISPOSITION, about: str = "Patient/p", **parts: Any) -> dict[str, Any]:
    """A stay in hospital that ended in this discharge disposition; a part that is None is taken away."""
    disposition = {"dischargeDisposition": {"coding": [{"system": system, "code": code}]}}
    whole = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": {"reference": about},
        "hospitalization": disposition,
        **parts,
    }
    return {name: value for name, value in whole.items() if value is not None}


def bundle(*resources: dict[str, Any], type_: str = "collection", **parts: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, "entry": [{"resource": one} for one in resources], **parts}


def header(**parts: Any) -> dict[str, Any]:
    return {
        "resourceType": "MessageHeader",
        "id": "h",
        "eventCoding": {"code": "A03"},
        "source": {"endpoint": "https://hospital.example/fhir"},
        "sender": {"identifier": {"system": ODS, "value": "RTH"}},
        "focus": [{"reference": "Patient/p"}],
        **parts,
    }


def read(
    message: Any,
    *,
    profile: str = "uk-core-r4",
    at: datetime = NOW,
    content_type: str | None = None,
    partner: str | None = None,
    feed: Feed | None = None,
) -> Reading:
    """What the adapter makes of a message: bytes as they are, anything else as JSON."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    submission = Submission(body, at, content_type=content_type, partner=partner, feed=feed)
    (reading,) = ADAPTER.read(submission, load_profile(profile))
    return reading


def item(message: Any, index: int = 0, **how: Any) -> Item:
    return read(message, **how).items[index]


def told(message: Any, **how: Any) -> dict[str, Any]:
    """The deciding item's notice in plain terms."""
    notice = read(message, **how).deciding.notice
    assert notice is not None
    return notice.model_dump(mode="json")


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.all_problems}


def as_xml(resource: dict[str, Any]) -> bytes:
    """The same resource in FHIR's XML form."""
    return _resource(resource, ' xmlns="http://hl7.org/fhir"').encode()


def _resource(tree: dict[str, Any], attributes: str = "") -> str:
    kind = tree["resourceType"]
    inside = "".join(_elements({name: value for name, value in tree.items() if name != "resourceType"}))
    return f"<{kind}{attributes}>{inside}</{kind}>"


def _elements(tree: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys(key.removeprefix("_") for key in tree):
        values, beside = tree.get(name), tree.get("_" + name)
        if not isinstance(values, list) and not isinstance(beside, list):
            values, beside = [values], [beside]
        for value, more in zip_longest(values or [], beside or []):
            yield _element(name, value, more)


def _element(name: str, value: Any, more: dict[str, Any] | None) -> str:
    if isinstance(value, dict) and "resourceType" in value:
        return f"<{name}>{_resource(value)}</{name}>"
    tree = dict(value if isinstance(value, dict) else more or {})
    attributes = ""
    for attribute in ("id", "url") if name.endswith(("xtension",)) else ("id",):
        if attribute in tree:
            attributes += f" {attribute}={quoteattr(str(tree.pop(attribute)))}"
    if value is not None and not isinstance(value, dict):
        said = str(value).lower() if isinstance(value, bool) else str(value)
        attributes += f" value={quoteattr(said)}"
    return f"<{name}{attributes}>{''.join(_elements(tree))}</{name}>"
