"""police-sudden-death/1 reports."""

from typing import Any

import orjson

from integration_engine.synthetic.person import Child

_SEX = {"male": "M", "female": "F", "unknown": "U"}


def deceased(child: Child, person_id: str, **also: Any) -> dict[str, Any]:
    """A deceased child in a report. ``also`` are further members of the person (``life_extinct_at``, ``custody`` ...)."""
    address = {"lines": list(child.lines), "postcode": child.postcode, "use": "home"}
    person = {
        "person_id": person_id,
        "role": "deceased",
        "family_name": child.family,
        "given_names": child.given,
        "date_of_birth": child.birth_date,
        "sex": _SEX[child.sex],
        "nhs_number": child.nhs_number,
        "address": {k: v for k, v in address.items() if v} if child.postcode or child.lines else None,
    }
    return {key: value for key, value in (person | also).items() if value not in (None, "")}


def report(
    force: str,
    report_id: str,
    reported_at: str,
    persons: list[dict[str, Any]],
    *,
    event: dict[str, Any],
    version: int = 1,
    status: str = "current",
    relationships: tuple[dict[str, str], ...] = (),
    coroner: dict[str, str] | None = None,
) -> bytes:
    """One report of a force (ONS E23 code)."""
    document: dict[str, Any] = {
        "schema": "police-sudden-death/1",
        "force": force,
        "report_id": report_id,
        "version": version,
        "status": status,
        "reported_at": reported_at,
        "event": event,
        "persons": persons,
        "relationships": list(relationships),
    }
    if coroner:
        document["coroner"] = coroner
    return orjson.dumps(document)
