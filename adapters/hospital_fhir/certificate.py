"""Death certificates (VRDR): causes, age, and the certificate's own number, by which a void message names it."""

import re
from collections.abc import Iterator
from typing import Any

from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.shape import Tree, all_codings, child, children, codings, text, texts, value_of

_CAUSE, _OTHER_CONDITIONS = "69453-9", "69441-4"
_AGE = ("30525-0", "39016-1")
_AGE_UNITS = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes"}
_LINES = "abcd"
_VOID = re.compile(r"vrdr_\w*void$|death_record_void$")


def is_void(message: Message) -> bool:
    """Whether the message takes a death certificate back."""
    return bool(_VOID.search(message.event or ""))


def certificate_number(message: Message) -> str | None:
    """Year, jurisdiction and number of the certificate a message is about, as one text; None where it isn't told."""
    for placed in message.of_type("Parameters"):
        parts = {text(one, "name"): value_of(one) for one in children(placed.resource, "parameter")}
        number = parts.get("cert_no")
        if number is not None:
            year = parts.get("death_year") or parts.get("cert_year") or ""
            return f"{year}{parts.get('jurisdiction_id') or ''}{number!s:0>6}"
    identifier = child(message.root, "identifier")
    return text(identifier, "value") if "vrdr_id" in (text(identifier, "system") or "") else None


def is_place_of_death(location: Placed) -> bool:
    """Whether a certificate's Location is where the death was, by its type or its profile."""
    kinds = {code for _, code in all_codings(location.resource, "type")}
    profiles = texts(child(location.resource, "meta"), "profile")
    return "death" in kinds or any(profile.endswith(("vrdr-death-location", "Death-Location")) for profile in profiles)


def _coded(observation: Tree, wanted: str) -> bool:
    return any(code == wanted for _, code in codings(observation.get("code")))


def is_of_certificate(observation: Tree) -> bool:
    """Whether an Observation states what is read of a certificate: a cause of death, or the age at it."""
    return any(_coded(observation, code) for code in (_CAUSE, _OTHER_CONDITIONS, *_AGE))


def causes_of(message: Message, patient: Placed) -> Iterator[tuple[str, str, str]]:
    """(canonical path, the certificate's words, where) for each line of the cause of death."""
    next_line = 0
    for placed in message.about(patient, "Observation"):
        words = text(child(placed.resource, "valueCodeableConcept"), "text") or text(placed.resource, "valueString")
        if not words:
            continue
        if _coded(placed.resource, _OTHER_CONDITIONS):
            yield "death.mccd.cause_2", words, f"{placed.path}.value"
        elif _coded(placed.resource, _CAUSE):
            line = _line(placed.resource)
            position = line - 1 if line else next_line
            next_line = position + 1
            if 0 <= position < len(_LINES):
                yield f"death.mccd.cause_1{_LINES[position]}", words, f"{placed.path}.value"


def _line(observation: Tree) -> int | None:
    for component in children(observation, "component"):
        if any(code == "lineNumber" for _, code in codings(component.get("code"))):
            found = component.get("valueInteger")
            return found if isinstance(found, int) and not isinstance(found, bool) else None
    return None


def age_of(message: Message, patient: Placed) -> tuple[dict[str, Any], str] | None:
    """The age at death a certificate states, as value and unit, and where."""
    for placed in message.about(patient, "Observation"):
        if not any(_coded(placed.resource, code) for code in _AGE):
            continue
        quantity = child(placed.resource, "valueQuantity")
        unit = _AGE_UNITS.get(text(quantity, "code") or text(quantity, "unit") or "")
        amount = quantity.get("value")
        if unit and isinstance(amount, int | float) and not isinstance(amount, bool) and 0 <= amount < 1e7:
            return {"value": int(amount), "unit": unit}, f"{placed.path}.value"
    return None
