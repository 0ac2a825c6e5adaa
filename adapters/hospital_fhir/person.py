"""Who a Patient is: which number is the NHS number, which are others, who the mother is, whether header and Patient agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.senders import organisation_code
from adapters.hospital_fhir.shape import Tree, all_codings, child, children, codings, extensions, text, texts
from integration_engine.mapping.registry import Refused as NotReadable
from integration_engine.mapping.transforms import nhs_number as checked_nhs_number
from integration_engine.record.notice import Problem

_ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
_NHS_SYSTEMS = (
    "https://fhir.nhs.uk/id/nhs-number",
    "http://fhir.nhs.net/id/nhs-number",
    "http://fhir.nhs.uk/id/nhs-number",
    "https://fhir.nhs.net/id/nhs-number",
    "urn:oid:2.16.840.1.113883.2.1.4.1",
)
_GUARDIANS = {
    "GUARD",
    "GUADLTM",
    "GUARDIAN",
    "LEGAL GUARDIAN",
    "CARER",
    "FOSTER PARENT",
    "FTH-FOST",
    "PRNFOST",
    "MTHFOST",
    "FTHFOST",
    "STPPRN",
}
_PARENTS = {"MTH", "NMTH", "MTHGEST", "GESTM", "BIOMOTHER", "FTH", "NFTH", "PRN", "NPRN", "MOTHER", "FATHER", "PARENT"}
_MOTHERS = {"MTH", "NMTH", "GESTM", "MOTHER", "MUM", "NATURAL MOTHER", "BIRTH MOTHER"}
_SIBLINGS = {"SIB", "NSIB", "BRO", "NBRO", "SIS", "NSIS", "SIBLING", "BROTHER", "SISTER", "TWIN", "TWINBRO", "TWINSIS"}
_TEST_RANGE = "999"


@dataclass(frozen=True, slots=True)
class Numbers:
    """A person's identifiers, sorted. ``local_ref`` is the hospital's own number for them."""

    nhs_number: str | None = None
    nhs_number_at: str | None = None
    status: str | None = None
    local_ref: str | None = None
    others: tuple[dict[str, Any], ...] = ()
    others_at: str | None = None
    problems: tuple[Problem, ...] = ()


def is_nhs_system(system: str | None) -> bool:
    return (system or "").lower() in _NHS_SYSTEMS


def numbers_of(patient: Placed, production: bool, not_theirs: frozenset[str] = frozenset()) -> Numbers:
    """Choose the NHS number (valid, current) and keep everything else as other identifiers, an invalid number with why. What
    is ``not_theirs`` (the mother's numbers) is left out, with problem ``mothers-number``."""
    chosen: tuple[str, str, str | None] | None = None
    others: list[dict[str, Any]] = []
    problems: list[Problem] = []
    local: list[tuple[int, str]] = []
    first_other: str | None = None
    for index, identifier in enumerate(children(patient.resource, "identifier")):
        at, value = f"{patient.path}.identifier[{index}].value", text(identifier, "value")
        if not value:
            continue
        if (_checked(value)[0] or value) in not_theirs:
            why = "A number of the mother's, not read as the child's."
            problems.append(Problem(code="mothers-number", text=why, path=at))
            continue
        system, kind = text(identifier, "system"), next((code for _, code in codings(identifier.get("type"))), None)
        if is_nhs_system(system) or (not system and kind == "NH"):
            number, wrong = _checked(value)
            former = text(identifier, "use") == "old" or bool(text(child(identifier, "period"), "end"))
            if number and not former and chosen is None:
                chosen = (number, at, _verification(identifier))
                continue
            if wrong:
                problems.append(Problem(code="nhs-number-invalid", text=wrong, path=at))
            if number and not former and chosen and number != chosen[0]:
                why = "The Patient has two current NHS numbers; the first is used."
                problems.append(Problem(code="nhs-number-twice", text=why, path=at))
            other = {
                "value": value,
                "system": system,
                "type": "former-nhs-number" if former and number else "nhs-number-invalid",
            }
            if wrong:
                other["problem"] = "nhs-number-invalid"
            if not (number and chosen and number == chosen[0]):
                others.append({name: held for name, held in other.items() if held})
        else:
            others.append({name: held for name, held in (("value", value), ("system", system), ("type", kind)) if held})
            local.append((0 if kind in ("MR", "PI", "PT") else 1 if kind is None else 2, value))
        first_other = first_other or at
    if chosen and production and chosen[0].startswith(_TEST_RANGE):
        why = "An NHS number of the test range in a production feed."
        problems.append(Problem(code="test-nhs-number", text=why, path=chosen[1]))
    number, at_, status = chosen or (None, None, None)
    local_ref = min(local, key=lambda one: one[0])[1] if local else None
    return Numbers(number, at_, status, local_ref, tuple(others), first_other if others else None, tuple(problems))


def _checked(value: str) -> tuple[str | None, str | None]:
    try:
        return checked_nhs_number(value), None
    except NotReadable as error:
        return None, error.why


def _verification(identifier: Tree) -> str | None:
    """NHS number status 01-08 by the extension of UK Core or CareConnect (which also had it in words)."""
    for extension in extensions(identifier, "NHSNumberVerificationStatus"):
        for _, code in codings(extension.get("valueCodeableConcept")) or codings(extension.get("valueCoding")):
            if code in ("number-present-and-verified", "1"):
                return "01"
            if code.isdigit() and 1 <= int(code) <= 8:
                return f"{int(code):02}"
    return None


@dataclass(frozen=True, slots=True)
class Relatives:
    """The people around the child, each in the shape of a Patient (``name`` a list), with where each stands."""

    mother: tuple[tuple[Tree, str], ...] = ()
    carers: tuple[tuple[Tree, str], ...] = ()
    siblings: tuple[tuple[Tree, str], ...] = ()
    parent_named: bool = False

    @property
    def mothers_numbers(self) -> frozenset[str]:
        """Every identifier of the mother's. Systems put it where a baby's own will stand."""
        people = [person for person, _ in self.mother]
        numbers = {person["nhsNumber"] for person in people if "nhsNumber" in person}
        return frozenset(numbers | {one["value"] for person in people for one in children(person, "otherIdentifiers")})


def relatives_of(message: Message, patient: Placed) -> Relatives:
    """The mother by RelatedPerson, by a linked Patient or by ``contact``; other parents and guardians are carers."""
    mothers: list[tuple[Tree, str]] = []
    carers: list[tuple[Tree, str]] = []
    siblings: list[tuple[Tree, str]] = []
    parent = False
    for person, roles, at in _people(message, patient):
        if roles & _SIBLINGS:
            siblings.append((person, at))
        elif roles & _MOTHERS:
            mothers.append((person, at))
        elif roles & (_PARENTS | _GUARDIANS) and children(person, "name"):
            # A spouse or a next of kin is nobody who brings a child up: it would make a child of every adult.
            carers.append((person, at))
        parent = parent or bool(roles & (_PARENTS | _MOTHERS))
    return Relatives(tuple(mothers[:1]), tuple(carers), tuple(siblings), parent or bool(siblings))


def _people(message: Message, patient: Placed) -> Iterator[tuple[Tree, set[str], str]]:
    for related in message.about(patient, "RelatedPerson"):
        linked = message.linked_to.get(related)
        roles = _roles(related.resource)
        if linked is not None and linked is not patient:
            # A birth notification links the mother's own Patient: there the details are.
            yield _as_person(linked.resource), roles | ({"MOTHER"} if _gave_birth(linked) else set()), linked.path
        else:
            yield _as_person(related.resource), roles, related.path
    for index, contact in enumerate(children(patient.resource, "contact")):
        yield _as_person(contact), _roles(contact), f"{patient.path}.contact[{index}]"


def _roles(holder: Tree) -> set[str]:
    """What somebody is to the child: codes and words, in capitals."""
    words = {code.upper() for _, code in all_codings(holder, "relationship")}
    for concept in children(holder, "relationship"):
        said = [text(concept, "text"), *(text(coding, "display") for coding in children(concept, "coding"))]
        words |= {word.upper() for word in said if word}
    return words


def _gave_birth(linked: Placed) -> bool:
    return text(linked.resource, "gender") in ("female", None)


def _as_person(resource: Tree) -> Tree:
    """One shape for a Patient, a RelatedPerson and a contact, with a checked NHS number as ``nhsNumber``, a hospital's own
    numbers as ``otherIdentifiers``."""
    person: Tree = {
        "name": children(resource, "name"),
        "address": children(resource, "address"),
        "relationship": children(resource, "relationship"),
        "telecom": children(resource, "telecom"),
    }
    if isinstance(resource.get("birthDate"), str):
        person["birthDate"] = resource["birthDate"]
    others: list[Tree] = []
    for identifier in children(resource, "identifier"):
        value, system = text(identifier, "value") or "", text(identifier, "system")
        if is_nhs_system(system):
            if "nhsNumber" not in person and (number := _checked(value)[0]):
                person["nhsNumber"] = number
        elif value:
            others.append({"value": value, **({"system": system} if system else {})})
    return person | ({"otherIdentifiers": others} if others else {})


def practices(message: Message, patient: Placed) -> list[Tree]:
    """The general practices of a Patient as Organizations with an ODS identifier, however they are referred to."""
    found = []
    for name in ("generalPractitioner", "careProvider"):
        for reference in children(patient.resource, name):
            placed = message.resolve(reference, patient)
            holder = placed.resource if placed is not None else reference
            code = organisation_code(holder)
            said = text(reference, "reference") or ""
            if code is None and "directory.spineservices" in said and "/Organization/" in said:
                code = said.rsplit("/", 1)[-1].upper()
            if code:
                found.append({"resourceType": "Organization", "identifier": [{"system": _ODS, "value": code}]})
    return found


@dataclass(frozen=True, slots=True)
class Named:
    """Who an event's header says it is about."""

    nhs_number: str | None
    family_name: str | None
    birth_date: str | None


def named_in_header(message: Message) -> Named | None:
    """The routing demographics of a national event's header; None where it has none."""
    if message.header is None:
        return None
    for extension in extensions(message.header.resource, "RoutingDemographics"):
        parts = {text(part, "url"): part for part in children(extension, "extension")}
        number = text(child(parts.get("nhsNumber"), "valueIdentifier"), "value")
        family = text(child(parts.get("name"), "valueHumanName"), "family")
        born = text(parts.get("birthDateTime"), "valueDateTime") or text(parts.get("birthDateTime"), "valueDate")
        return Named(_checked(number or "")[0] or number, family, born[:10] if born else None)
    return None


def agrees(named: Named, patient: Placed) -> bool:
    """Whether a header can mean this Patient: not another NHS number; where only one has a number, not another name and
    birth date."""
    numbers = {
        _checked(text(identifier, "value") or "")[0] or text(identifier, "value")
        for identifier in children(patient.resource, "identifier")
        if is_nhs_system(text(identifier, "system"))
    } - {None}
    if named.nhs_number and numbers and named.nhs_number not in numbers:
        return False
    families = {family.lower() for name in children(patient.resource, "name") for family in texts(name, "family")}
    same_name = not (named.family_name and families) or named.family_name.lower() in families
    born = text(patient.resource, "birthDate")
    same_birth = (
        not (named.birth_date and born) or named.birth_date.startswith(born[:10]) or born.startswith(named.birth_date)
    )
    if named.nhs_number and numbers:
        return same_name or same_birth
    return same_name and same_birth


def restricted_by_security(*holders: Tree) -> bool:
    """Whether a confidentiality label says restricted (R) or very restricted (V)."""
    return any(code in ("R", "V") for holder in holders for _, code in all_codings(child(holder, "meta"), "security"))
