"""Which release of FHIR a message speaks: what it declares, else its profiles, else its shape. And the classes for it."""

import re
from functools import lru_cache
from typing import Any, Literal

import fhir.resources as r5
from fhir.resources import R4B, STU3

from adapters.hospital_fhir.shape import Tree, child, children, kind_of, texts

Version = Literal["DSTU2", "STU3", "R4", "R5"]

RELEASES: tuple[Version, ...] = ("R4", "STU3", "R5")
"""The releases there are classes for."""
WITHOUT_CLASS = frozenset(
    {"EffectEvidenceSynthesis", "RiskEvidenceSynthesis", "SubstanceSpecification", "MedicinalProduct"}
    | {f"MedicinalProduct{part}" for part in ("Authorization", "Contraindication", "Indication", "Ingredient")}
    | {f"MedicinalProduct{part}" for part in ("Interaction", "Manufactured", "Packaged", "Pharmaceutical")}
    | {
        "MedicinalProductUndesirableEffect",
        "Conformance",
        "DiagnosticOrder",
        "MedicationOrder",
        "Order",
        "OrderResponse",
    }
)
"""Resource types of R4 that R4B, which serves it, no longer has, and of DSTU2: none of them is ever about a death."""
_BY_NUMBER: dict[str, Version] = {"1.0": "DSTU2", "3.0": "STU3", "4.0": "R4", "4.3": "R4", "5.0": "R5"}
# Only in an R5 Encounter.
_R5_ENCOUNTER = ("actualPeriod", "admission", "plannedStartDate", "plannedEndDate", "businessStatus")


def declared(number: str | None) -> Version | None:
    """The release a ``fhirVersion`` parameter (4.0, 4.0.1, 3.0.2) names."""
    found = re.match(r"\d+\.\d+", number or "")
    return _BY_NUMBER.get(found[0]) if found else None


def of_resource(resource: Tree) -> Version | None:
    """What one resource betrays by its profiles or its shape; None where it could be any."""
    for profile in texts(child(resource, "meta"), "profile"):
        if "/STU3/" in profile:
            return "STU3"
        if "/DSTU2/" in profile:
            return "DSTU2"
    match kind_of(resource):
        case "MessageHeader" if isinstance(resource.get("event"), dict):
            return "STU3"
        case "Patient" if "careProvider" in resource or any(
            isinstance(name.get("family"), list) for name in children(resource, "name")
        ):
            return "DSTU2"
        case "Encounter" if any(name in resource for name in _R5_ENCOUNTER):
            return "R5"
        case "EpisodeOfCare" | "Encounter" | "Condition" if isinstance(resource.get("class"), list):
            return "R5"
        case _:
            return None


def of_message(
    resources: list[Tree], number: str | None, default: Version = "R4", bundle_type: str | None = None
) -> Version:
    """The release of a whole message: the declared one, else the first that its kind or any of its resources betrays."""
    said = declared(number)
    if said:
        return said
    if bundle_type == "subscription-notification":
        # What R4B and the backport to R4 send as a history, although R4B has a SubscriptionStatus too.
        return "R5"
    for resource in resources:
        if found := of_resource(resource):
            return found
    return default


def of_xml(source: str) -> Version:
    """The release of an XML message before its elements can be read: STU3 where it names STU3 profiles or an STU3 header."""
    if "/STU3/" in source or re.search(r"<event>\s*<(?:system|code)\b", source):
        return "STU3"
    return "R4"


@lru_cache(maxsize=1024)
def resource_class(kind: str, version: Version) -> Any | None:
    """The fhir.resources class of a resource type in a release (R4B serves R4); None where there is none."""
    if not re.fullmatch(r"[A-Z][A-Za-z]{1,60}", kind) or version == "DSTU2":
        return None
    find = {"STU3": STU3.get_fhir_model_class, "R4": R4B.get_fhir_model_class, "R5": r5.get_fhir_model_class}[version]
    try:
        return find(kind)
    except (LookupError, ValueError, AttributeError, ImportError):
        return None
