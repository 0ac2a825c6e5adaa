"""Builds the notice of one patient: a profile maps the resources about them, the reader's own judgement is set on top."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.adapter import Submission, notice_id
from adapters.hospital_fhir.certificate import causes_of, certificate_number, is_place_of_death
from adapters.hospital_fhir.death import Judgement
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.modifiers import understood
from adapters.hospital_fhir.national import is_national, is_national_record
from adapters.hospital_fhir.person import Numbers, numbers_of, practices, restricted_by_security
from adapters.hospital_fhir.shape import Tree, children, codings, text
from adapters.hospital_fhir.validity import check
from adapters.hospital_fhir.verdict import Finding
from adapters.hospital_fhir.versions import Version
from integration_engine.mapping.notices import notice_from
from integration_engine.mapping.paths import FhirSource
from integration_engine.mapping.profile import Mapped, Profile
from integration_engine.record.dates import earliest, latest
from integration_engine.record.notice import DeathNotice, Form, Problem, Provenance, Retraction, Source
from integration_engine.record.outside import needed

NATIONAL = "national"
# Whoever has this many things wrong has one thing wrong; the rest would only fill the answer.
_MOST_PROBLEMS = 100
_OVER = ("resolved", "inactive", "remission", "refuted", "entered-in-error")
_BABY = timedelta(days=366)
_DISTRICT = re.compile(r"[EWNS]\d{8}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every notice of one message shares."""

    submission: Submission
    profile: Profile
    version: Version
    partner: str | None
    system: str | None
    message_id: str | None
    content_hash: str


def notice_of(
    message: Message, patient: Placed, finding: Finding, envelope: Envelope, stated_at: str | None, position: int
) -> DeathNotice:
    """The notice or retraction of one kept patient. Raises Refused for a Patient that can't be read without guessing."""
    judgement = finding.judgement
    if judgement is None:
        raise ValueError("a finding that isn't kept has no notice")
    resource, problems = check(patient, envelope.version)
    supporting: list[Problem] = []
    for placed in _supporting(finding):
        supporting += check(placed, envelope.version, strict=False)[1]
    production = bool(envelope.submission.feed and envelope.submission.feed.production)
    not_theirs = finding.relatives.mothers_numbers if _may_be_a_baby(finding, envelope.submission) else frozenset()
    numbers = numbers_of(patient, production, not_theirs)
    diagnoses = [one for one in message.about(patient, "Condition") if not _is_over(one.resource)]
    diagnoses, left_out = understood(diagnoses)
    sources, places = _sources(message, patient, resource, finding, diagnoses)
    mapped = _in_place(envelope.profile.map(FhirSource(sources)), places)
    values, provenance = dict(mapped.values), dict(mapped.provenance)
    for path, value, at in _judged(message, patient, finding, numbers):
        if value is not None and value != ():
            values[path] = value
            provenance[path] = Provenance(
                path=at, profile=envelope.profile.name, rule=f"{envelope.profile.name}/{path}#reader"
            )
    if "child.mother" in values:
        values["child.mother"] |= _mothers_own_numbers(finding)
    _tidy(values)
    if finding.outside:
        values = needed(values)
        provenance = {path: where for path, where in provenance.items() if path in values}
    national = is_national(message) or (
        judgement.status is not None and is_national_record(message, resource, numbers.nhs_number)
    )
    source = Source(
        kind="national" if national else "hospital-fhir",
        partner=NATIONAL if national else envelope.partner,
        system=envelope.system,
        message_id=envelope.message_id,
        event=message.event,
        local_ref=certificate_number(message) or numbers.local_ref,
        visit=_visit(finding.stay.encounter or judgement.stay),
        indirect=message.indirect or None,
    )
    retracted = finding.verdict == "retraction"
    return notice_from(
        Mapped(values, provenance, mapped.problems),
        id=notice_id("hospital-fhir", source.partner, envelope.message_id, envelope.content_hash, position),
        submission=envelope.content_hash,
        source=source,
        stated_at=stated_at,
        received_at=envelope.submission.received_at,
        profile=envelope.profile.name,
        profile_version=envelope.profile.version,
        intent="retract" if retracted else "report",
        outside=finding.outside,
        retraction=_retraction(judgement, national) if retracted else None,
        contradiction=judgement.contradiction or None,
        problems=_once(
            *judgement.problems,
            *finding.birth.problems,
            *finding.problems,
            *numbers.problems,
            *problems,
            *supporting,
            *left_out,
        ),
    )


def _may_be_a_baby(finding: Finding, submission: Submission) -> bool:
    """Whether a number of the mother's may stand for the child's: never for an older child."""
    died = finding.judgement.died_at if finding.judgement else None
    told = earliest(died.value) if died else submission.received_at
    return finding.birth_date is None or told - latest(finding.birth_date.value) < _BABY


def _mothers_own_numbers(finding: Finding) -> dict[str, Any]:
    """A hospital's own numbers for the mother, which no path can tell from her NHS number."""
    person = next((person for person, _ in finding.relatives.mother), {})
    found = children(person, "otherIdentifiers")
    return {"other_identifiers": found} if found else {}


def _retraction(judgement: Judgement, national: bool) -> Retraction:
    """``deceasedBoolean: false`` is what every living patient's messages may say; the national record's is a correction."""
    routine = judgement.routine or (judgement.outcome == Form.NOT_DEAD and not national)
    return Retraction(form=judgement.outcome, routine=routine or None)


def _once(*problems: Problem) -> tuple[Problem, ...]:
    """The problems, without the library's general complaint about a place of which something clearer is said."""
    clear = {problem.path for problem in problems if problem.code != "invalid-value"}
    told = [problem for problem in problems if problem.code != "invalid-value" or problem.path not in clear]
    return tuple(told[:_MOST_PROBLEMS])


def _supporting(finding: Finding) -> Iterable[Placed]:
    stay = finding.stay
    return [one for one in (stay.encounter, *stay.locations) if one is not None]


def _sources(
    message: Message, patient: Placed, resource: Tree, finding: Finding, diagnoses: list[Placed]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The resources a profile's paths may begin with, and where each stands in the message."""
    stay, relatives = finding.stay, finding.relatives
    encounters = [stay.encounter] if stay.encounter else []
    header = [message.header] if message.header else []
    placed = {
        "Encounter": encounters,
        "Location": list(stay.locations),
        "Condition": diagnoses,
        "MessageHeader": header,
    }
    sources: dict[str, Any] = {"Patient": resource}
    places = {"Patient": [patient.path]}
    for name, found in placed.items():
        sources[name] = [one.resource for one in found]
        places[name] = [one.path for one in found]
    for name, people in (("Mother", relatives.mother), ("Carer", relatives.carers), ("Sibling", relatives.siblings)):
        sources[name] = [person for person, _ in people]
        places[name] = [at for _, at in people]
    stay_path = stay.encounter.path if stay.encounter else ""
    sources["Practice"] = practices(message, patient)
    places["Practice"] = [f"{patient.path}.generalPractitioner"] * len(sources["Practice"])
    sources["Organization"] = list(stay.organisations)
    places["Organization"] = [f"{stay_path}.serviceProvider"] * len(stay.organisations)
    sources["Sender"] = list(stay.senders) if stay.encounter else []
    places["Sender"] = [f"{message.header.path}.sender" if message.header else ""] * len(stay.senders)
    died_in = [one for one in message.of_type("Location") if is_place_of_death(one)]
    sources["DeathPlace"] = [one.resource for one in died_in]
    places["DeathPlace"] = [one.path for one in died_in]
    for name in ("Observation", "Composition", "Procedure"):
        sources[name] = [one.resource for one in message.about(patient, name)]
        places[name] = [one.path for one in message.about(patient, name)]
    return sources, places


def _is_over(condition: Tree) -> bool:
    """A diagnosis that is resolved, refuted or an error tells nothing of a death. STU3 writes the states as plain codes."""
    for name in ("clinicalStatus", "verificationStatus"):
        said = text(condition, name)
        if said in _OVER or any(code in _OVER for _, code in codings(condition.get(name))):
            return True
    return False


_PLACE = re.compile(r"([A-Z][A-Za-z]+)(?:\[(\d+)\])?")


def _in_place(mapped: Mapped, places: dict[str, list[str]]) -> Mapped:
    """The same with full FHIRPaths: ``Patient.gender`` to ``Bundle.entry[1].resource.gender``."""

    def full(path: str) -> str:
        return ", ".join(_full(one, places) for one in path.split(", "))

    provenance = {
        field: found.model_copy(update={"path": full(found.path)}) for field, found in mapped.provenance.items()
    }
    problems = tuple(
        problem.model_copy(update={"path": full(problem.path)}) if problem.path else problem
        for problem in mapped.problems
    )
    return Mapped(mapped.values, provenance, problems)


def _full(path: str, places: dict[str, list[str]]) -> str:
    start = _PLACE.match(path)
    held = places.get(start[1], []) if start else []
    index = int(start[2] or 0) if start else 0
    return held[index] + path[start.end() :] if start and index < len(held) else path


def _judged(message: Message, patient: Placed, finding: Finding, numbers: Numbers) -> Iterable[tuple[str, Any, str]]:
    """(canonical path, value, where) of what the reader decides itself."""
    judgement = finding.judgement
    if judgement is None:
        return
    yield "child.nhs_number", numbers.nhs_number, numbers.nhs_number_at or patient.path
    yield "child.nhs_number_status", numbers.status, numbers.nhs_number_at or patient.path
    certificate = certificate_number(message)
    entry = ({"value": certificate, "type": "DC"},) if certificate else ()
    yield "child.other_identifiers", (*numbers.others, *entry), numbers.others_at or patient.path
    if finding.birth_date:
        yield "child.birth_date", finding.birth_date.value, finding.birth_date.path
    if finding.placeholder:
        yield "child.name_is_placeholder", True, f"{patient.path}.name"
    if finding.signs:
        yield "child.signs_of_childhood", finding.signs, patient.path
    if finding.age:
        yield "child.age_at_death", finding.age[0].model_dump(), finding.age[1]
    headers = [message.header.resource] if message.header else []
    if restricted_by_security(message.root, patient.resource, *headers):
        yield "child.restricted", "protected-identity", f"{patient.path}.meta.security"
    if finding.verdict == "retraction":
        if judgement.status:
            yield "death.status", judgement.status, judgement.status_at or judgement.said_at
        return
    if judgement.died_at:
        yield "death.died_at", judgement.died_at.value, judgement.died_at.path
        yield "death.died_at_basis", judgement.basis, judgement.died_at.path
    if judgement.status:
        yield "death.status", judgement.status, judgement.status_at or judgement.said_at
    for path, value in finding.birth.values.items():
        yield path, value, finding.birth.places.get(path, judgement.said_at)
    yield from causes_of(message, patient)


def _tidy(values: dict[str, Any]) -> None:
    """What a path can't say: a district only where it is an ONS code, other names only where they differ."""
    mothers = (values.get("child.mother") or {}).get("address")
    for address in (*values.get("child.addresses", ()), *([mothers] if mothers else [])):
        if not _DISTRICT.fullmatch(str(address.get("lad_code", ""))):
            address.pop("lad_code", None)
    known_as = [name for name in values.get("child.known_as", ()) if name not in values.get("child.given_names", ())]
    if "child.known_as" in values:
        values["child.known_as"] = list(dict.fromkeys(known_as))
    former = [name for name in values.get("child.former_names", ()) if name != values.get("child.family_name")]
    if "child.former_names" in values:
        values["child.former_names"] = former


def _visit(stay: Placed | None) -> str | None:
    """The hospital's own number of a stay, else its id."""
    if stay is None:
        return None
    for identifier in children(stay.resource, "identifier"):
        if found := text(identifier, "value"):
            return found
    return text(stay.resource, "id")
