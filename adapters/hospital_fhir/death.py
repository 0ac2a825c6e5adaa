"""Does a message say that this patient has died, that they have not, or nothing? Every place FHIR can say it, weighed.

In the order they are believed: the national death notification status U (removed: not dead, whatever else stands there);
deceased[x]; the status 1 or 2; a death certificate's date of death; how a stay in hospital ended. A date with "alive" is a
contradiction that a person settles; it is never resolved silently.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal

from adapters.hospital_fhir.dates import Moment, element_moment, moment
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.settings import ReadingSettings
from adapters.hospital_fhir.shape import Tree, child, children, codings, extensions, text
from integration_engine.mapping import codes
from integration_engine.record.codes import DeathStatus
from integration_engine.record.dates import compatible, precision
from integration_engine.record.notice import Form, Problem, RetractionForm

Outcome = Literal["dead", "living"] | RetractionForm

_STATUSES: dict[str, DeathStatus] = {"1": "informal", "2": "formal", "U": "removed"}
_DATE_OF_DEATH = "81956-5"
_CERTIFICATES = ("64297-5", "69409-1")
_LOINC = "http://loinc.org"
_VOID = ("entered-in-error", "cancelled")
_NOT_YET = ("planned", "cancelled", "entered-in-error")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a message says about one patient's life and death.

    ``said_at`` is the FHIRPath of the statement that decided; ``died_at`` the date it gives, if any; ``stay`` the Encounter
    that ended in death by its own discharge disposition; ``stillbirth`` that the disposition calls it one.
    """

    outcome: Outcome
    said_at: str
    died_at: Moment | None = None
    basis: str | None = None
    status: DeathStatus | None = None
    status_at: str | None = None
    contradiction: bool = False
    stay: Placed | None = None
    stillbirth: bool = False
    problems: tuple[Problem, ...] = ()


def judge(message: Message, patient: Placed, settings: ReadingSettings) -> Judgement:
    """Weigh everything the message says of this patient. Raises Refused for what can't be read without guessing."""
    said = _deceased(patient, settings)
    status, status_at = national_status(patient)
    if status == "removed":
        return Judgement(Form.STATUS_REMOVED, status_at or patient.path, status=status, status_at=status_at)
    certificate = _certificate(message, patient, settings)
    if certificate is not None and certificate.outcome == Form.WITHDRAWN and said.outcome != "dead":
        return certificate
    stay, cancelled = _stay(message, patient, settings)
    dead = [found for found in (said, certificate, stay) if found and found.outcome == "dead"]
    if status and not dead:
        dead = [Judgement("dead", status_at or patient.path)]
    if not dead:
        if said.outcome == Form.NOT_DEAD:
            return said
        return cancelled or Judgement("living", patient.path)
    judged = _together(dead)
    if said.outcome == Form.NOT_DEAD:
        contradiction = Problem(
            code="contradiction",
            text="The message says both that the patient is dead and that they are not.",
            path=said.said_at,
        )
        judged = replace(judged, contradiction=True, problems=(*judged.problems, contradiction))
    return replace(judged, status=status, status_at=status_at)


def _together(dead: list[Judgement]) -> Judgement:
    """Several statements of one death: the first decides; a date that agrees and is more precise fills it in."""
    judged = dead[0]
    for other in dead[1:]:
        held = judged.died_at
        # An estimate isn't needed, nor what was to be said of it, where a date is stated.
        told = other.problems if held is None or other.basis is None else ()
        judged = replace(
            judged,
            stay=judged.stay or other.stay,
            stillbirth=judged.stillbirth or other.stillbirth,
            problems=(*judged.problems, *told),
        )
        if other.died_at is None:
            continue
        if held is None:
            judged = replace(judged, died_at=other.died_at, basis=other.basis)
        elif not compatible(held.value, other.died_at.value) and other.basis is None:
            differ = Problem(
                code="dates-disagree", text="The message gives two different dates of death.", path=other.died_at.path
            )
            judged = replace(judged, problems=(*judged.problems, differ))
        elif other.basis is None and precision(other.died_at.value) > precision(held.value):
            judged = replace(judged, died_at=other.died_at)
    return judged


def _deceased(patient: Placed, settings: ReadingSettings) -> Judgement:
    """What deceased[x] says: an absent value with a reason beside a date is a death at an unknown time."""
    resource, path = patient.resource, patient.path
    has_date = "deceasedDateTime" in resource or "_deceasedDateTime" in resource
    if "deceasedBoolean" in resource and "deceasedDateTime" in resource:
        raise Refused("both-deceased", path)
    if has_date and (resource.get("deceasedDateTime") is not None or resource.get("_deceasedDateTime")):
        found = element_moment(resource, "deceasedDateTime", path, settings.midnight_is_unknown)
        problems = found.problems if found else ()
        return Judgement("dead", f"{path}.deceasedDateTime", died_at=found, problems=problems)
    flag = resource.get("deceasedBoolean")
    if isinstance(flag, str):
        flag = {"true": True, "false": False}.get(flag.strip().lower(), flag)
    if flag is True:
        return Judgement("dead", f"{path}.deceasedBoolean")
    if flag is False:
        return Judgement(Form.NOT_DEAD, f"{path}.deceasedBoolean")
    if flag is not None:
        raise Refused("wrong-type", f"{path}.deceasedBoolean")
    return Judgement("living", path)


def national_status(patient: Placed) -> tuple[DeathStatus | None, str | None]:
    """The national death notification status and where it stands. The extension's presence alone is not a death."""
    for extension in extensions(patient.resource, "DeathNotificationStatus"):
        inner = [one for one in children(extension, "extension") if text(one, "url") == "deathNotificationStatus"]
        for part in [*inner, extension]:
            for name in ("valueCodeableConcept", "valueCoding"):
                for _, code in codings(part.get(name)):
                    known = _STATUSES.get(code.upper())
                    if known is None:
                        raise Refused("unknown-status", f"{patient.path}.extension")
                    return known, f"{patient.path}.extension.where(url.contains('DeathNotificationStatus'))"
    return None, None


def status_effective_from(patient: Tree) -> str | None:
    """When the national record's death notification status was set, as its extension says."""
    for extension in extensions(patient, "DeathNotificationStatus"):
        for part in children(extension, "extension"):
            if text(part, "url") == "systemEffectiveDate":
                return text(part, "valueDateTime")
    return None


def _certificate(message: Message, patient: Placed, settings: ReadingSettings) -> Judgement | None:
    """A death certificate's document, or its observation of the date of death."""
    found: Judgement | None = None
    for document in message.about(patient, "Composition"):
        if any(code in _CERTIFICATES for _, code in codings(document.resource.get("type"))):
            if text(document.resource, "status") in _VOID:
                return Judgement(Form.WITHDRAWN, f"{document.path}.status")
            found = Judgement("dead", f"{document.path}.type")
    for observation in message.about(patient, "Observation"):
        if not any(
            code == _DATE_OF_DEATH and system in (_LOINC, "")
            for system, code in codings(observation.resource.get("code"))
        ):
            continue
        if text(observation.resource, "status") in _VOID:
            continue
        try:
            at = element_moment(observation.resource, "valueDateTime", observation.path, settings.midnight_is_unknown)
            problems = at.problems if at else ()
        except Refused as refused:
            # The death is told all the same; only its date can't be read.
            at, problems = None, (refused.problem,)
        return Judgement("dead", f"{observation.path}.value", died_at=at, problems=problems)
    return found


def _stay(message: Message, patient: Placed, settings: ReadingSettings) -> tuple[Judgement | None, Judgement | None]:
    """(a stay that ended in death, a stay that did and is now called an error)."""
    cancelled: Judgement | None = None
    for stay in message.about(patient, "Encounter"):
        meanings = {meaning for meaning, _ in _dispositions(stay.resource)}
        if not meanings:
            continue
        where = f"{stay.path}.{next(at for _, at in _dispositions(stay.resource))}"
        state = text(stay.resource, "status")
        if state in _NOT_YET:
            cancelled = Judgement(Form.CANCELLED_VISIT, where, stay=stay) if state != "planned" else cancelled
            continue
        ended = text(child(stay.resource, "period"), "end") or text(child(stay.resource, "actualPeriod"), "end")
        at, problems = _estimate(ended, f"{stay.path}.period.end", settings)
        basis = "estimated" if at else None
        return Judgement(
            "dead", where, at, basis, stay=stay, stillbirth="stillbirth" in meanings, problems=problems
        ), None
    return None, cancelled


def tells_of_death(placed: Placed) -> bool:
    """Whether a resource that isn't a Patient says by itself that its subject has died."""
    match placed.kind:
        case "Encounter":
            return text(placed.resource, "status") not in _NOT_YET and any(True for _ in _dispositions(placed.resource))
        case "Observation":
            return any(code == _DATE_OF_DEATH for _, code in codings(placed.resource.get("code")))
        case "Composition":
            return any(code in _CERTIFICATES for _, code in codings(placed.resource.get("type")))
        case _:
            return False


def _estimate(ended: str | None, path: str, settings: ReadingSettings) -> tuple[Moment | None, tuple[Problem, ...]]:
    """The end of a stay as an estimate of the time of death, with what its sender should know."""
    if not ended:
        return None, ()
    try:
        at = moment(ended, path, settings.midnight_is_unknown)
    except Refused as refused:
        return None, (refused.problem,)
    why = "No time of death is given; that of the discharge is taken as an estimate."
    return at, (Problem(code="death-time-from-discharge", text=why, path=at.path),)


@cache
def _disposition_rows() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (row["system"].lower(), row["code"].lower(), row["meaning"]) for row in codes.rows("fhir-death-disposition")
    )


def _dispositions(stay: Tree) -> Iterator[tuple[str, str]]:
    """(died or stillbirth, where) for each disposition of an Encounter that means one of them."""
    for holder in ("hospitalization", "admission"):
        part = child(stay, holder)
        concepts: list[tuple[Any, str]] = [(part.get("dischargeDisposition"), f"{holder}.dischargeDisposition")]
        for source, at in ((part, f"{holder}.extension"), (stay, "extension")):
            concepts += [(one.get("valueCodeableConcept"), at) for one in extensions(source, "DischargeMethod")]
        for concept, at in concepts:
            if meaning := disposition_meaning(concept):
                yield meaning, at


def disposition_meaning(concept: Any) -> str | None:
    """``died`` or ``stillbirth`` by the code table, which knows each system's own codes (4 is a death in one, a transfer in
    another); None for anything else."""
    if not isinstance(concept, dict):
        return None
    said = [(system.lower(), code.lower()) for system, code in codings(concept)]
    words = [text(concept, "text") or "", *(text(coding, "display") or "" for coding in children(concept, "coding"))]
    said += [("", word.lower()) for word in words if word]
    for system, code in said:
        for known_system, known_code, meaning in _disposition_rows():
            if code == known_code and (fnmatchcase(system, known_system) if known_system else True):
                return meaning
    return None
