"""Does a message say that this patient has died, that they have not, or nothing? Every place FHIR can say it, weighed.

In the order they are believed: the national death notification status U (removed: not dead, whatever else stands there);
deceased[x]; the status 1 or 2; a death certificate's date of death; how a stay in hospital ended. A date with "alive" is a
contradiction that a person settles; it is never resolved silently.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from adapters.hospital_fhir.dates import Moment, absent_reason, element_moment, moment
from adapters.hospital_fhir.dispositions import dispositions, ended_alive
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.settings import ReadingSettings
from adapters.hospital_fhir.shape import Tree, child, children, codings, extensions, text
from integration_engine.record.codes import DeathStatus
from integration_engine.record.dates import compatible, precision
from integration_engine.record.notice import Form, Problem, RetractionForm

Outcome = Literal["dead", "living"] | RetractionForm

_STATUSES: dict[str, DeathStatus] = {"1": "informal", "2": "formal", "U": "removed"}
_DATE_OF_DEATH = "81956-5"
_CERTIFICATES = ("64297-5", "69409-1")
_LOINC = "http://loinc.org"
_DECEASED = ("deceasedBoolean", "deceasedDateTime", "_deceasedBoolean", "_deceasedDateTime")
_CALLED_DECEASED = re.compile(r"_?deceased[A-Za-z]{0,20}$", re.IGNORECASE)
_VOID = ("entered-in-error", "cancelled")
_ERROR = "entered-in-error"
_NOT_YET = ("planned", "cancelled", _ERROR)
# Reasons why a date isn't there (data-absent-reason) that say there is none to give, and those that say nobody knows what
# came of it. Any other reason is a death at a time that isn't told.
_NONE_TO_GIVE = ("not-applicable", "unsupported", "not-performed")
_LOST = ("error", "not-asked", "not-a-number", "negative-infinity", "positive-infinity")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a message says about one patient's life and death.

    ``said_at`` is the FHIRPath of the statement that decided; ``died_at`` the date it gives, if any; ``stay`` the Encounter
    that ended in death by its own discharge disposition; ``stillbirth`` that the disposition calls it one; ``routine`` that
    a message about somebody living may say just this.
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
    routine: bool = False
    problems: tuple[Problem, ...] = ()


def judge(message: Message, patient: Placed, settings: ReadingSettings) -> Judgement:
    """Weigh everything the message says of this patient. Raises Refused for what can't be read without guessing."""
    said = _deceased(patient, settings)
    status, status_at = national_status(patient)
    if status == "removed":
        return Judgement(Form.STATUS_REMOVED, status_at or patient.path, status=status, status_at=status_at)
    certificate, void = _certificate(message, patient)
    # What stands in a document that is void is void with it.
    dated, undated = (None, None) if void else _date_of_death(message, patient, settings)
    stay, cancelled = _stay(message, patient, settings)
    dead = [found for found in (said, dated, certificate, stay) if found and found.outcome == "dead"]
    if status and not dead:
        dead = [Judgement("dead", status_at or patient.path)]
    alive = said if said.outcome == Form.NOT_DEAD else None
    if not dead:
        return void or undated or alive or cancelled or Judgement("living", patient.path)
    judged = _together(dead)
    # A stay that was an error, and is told anew or never ended in death, is no word on the death; nor is a date put right.
    doubt = alive or void or (cancelled if cancelled and not cancelled.routine and stay is None else None)
    if doubt:
        contradiction = Problem(
            code="contradiction",
            text="The message says both that the patient is dead and that they are not.",
            path=doubt.said_at,
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
    if unknown := next((name for name, said in resource.items() if said is not None and _is_another(name)), None):
        # A death that is written as FHIR doesn't write it would else be somebody living.
        raise Refused("unknown-element", f"{path}.{unknown}")
    has_date = "deceasedDateTime" in resource or "_deceasedDateTime" in resource
    if "deceasedBoolean" in resource and "deceasedDateTime" in resource:
        raise Refused("both-deceased", path)
    if has_date and (resource.get("deceasedDateTime") is not None or resource.get("_deceasedDateTime")):
        found = element_moment(resource, "deceasedDateTime", path, settings.midnight_is_unknown)
        if found is None and not _stands_for_a_date(resource.get("_deceasedDateTime"), f"{path}.deceasedDateTime"):
            return Judgement("living", path)
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


def _is_another(name: str) -> bool:
    return name not in _DECEASED and bool(_CALLED_DECEASED.match(name))


def _stands_for_a_date(beside: Any, path: str) -> bool:
    """Whether what stands where a date would says that there is one, only not told. Raises Refused where nobody can say."""
    reason = absent_reason(beside)
    if reason in _LOST or (reason is None and not children(beside, "extension")):
        raise Refused("bad-date", path)
    return reason not in _NONE_TO_GIVE


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


def _certificate(message: Message, patient: Placed) -> tuple[Judgement | None, Judgement | None]:
    """(a death certificate's document, one that is void or an error)."""
    found: Judgement | None = None
    for document in message.about(patient, "Composition"):
        if any(code in _CERTIFICATES for _, code in codings(document.resource.get("type"))):
            if text(document.resource, "status") in _VOID:
                return None, Judgement(Form.WITHDRAWN, f"{document.path}.status")
            found = Judgement("dead", f"{document.path}.type")
    return found, None


def _date_of_death(
    message: Message, patient: Placed, settings: ReadingSettings
) -> tuple[Judgement | None, Judgement | None]:
    """(a certificate's observation of the date of death, one that was an error where no other stands)."""
    dated = [one for one in message.about(patient, "Observation") if _is_date_of_death(one.resource)]
    standing, void = _those_that_stand(dated, _VOID)
    for observation in standing:
        try:
            at = element_moment(observation.resource, "valueDateTime", observation.path, settings.midnight_is_unknown)
            problems = at.problems if at else ()
        except Refused as refused:
            # The death is told all the same; only its date can't be read.
            at, problems = None, (refused.problem,)
        if at is None and not problems and not _has_a_date(observation):
            continue
        return Judgement("dead", f"{observation.path}.value", died_at=at, problems=problems), None
    return None, Judgement(Form.WITHDRAWN, f"{void[0].path}.status") if void else None


def _is_date_of_death(observation: Tree) -> bool:
    return any(code == _DATE_OF_DEATH and system in (_LOINC, "") for system, code in codings(observation.get("code")))


def _has_a_date(observation: Placed) -> bool:
    """Whether a date of death without a value is one that isn't told, and not the blank line of a form."""
    reasons = [code for _, code in codings(observation.resource.get("dataAbsentReason"))]
    reason = next(iter(reasons), absent_reason(observation.resource.get("_valueDateTime")))
    if reason in _LOST:
        raise Refused("bad-date", f"{observation.path}.dataAbsentReason")
    return reason not in _NONE_TO_GIVE


def _those_that_stand(placed: list[Placed], errors: tuple[str, ...]) -> tuple[list[Placed], list[Placed]]:
    """(those that stand, those called an error). A history holds what was before: an error's earlier versions, which have
    its id, are errors too."""
    void = [one for one in placed if text(one.resource, "status") in errors]
    ids = {text(one.resource, "id") for one in void} - {None}
    return [one for one in placed if one not in void and text(one.resource, "id") not in ids], void


def _stay(message: Message, patient: Placed, settings: ReadingSettings) -> tuple[Judgement | None, Judgement | None]:
    """(a stay that ended in death, one that may take such an end back: called an error, or told to have ended otherwise)."""
    stays = message.about(patient, "Encounter")
    standing, errors = _those_that_stand(stays, (_ERROR,))
    cancelled: Judgement | None = None
    for stay in (*errors, *standing):
        state, where = text(stay.resource, "status"), next((at for _, at in dispositions(stay.resource)), None)
        named = stay if children(stay.resource, "identifier") else None
        if where and state in _VOID:
            cancelled = Judgement(Form.CANCELLED_VISIT, f"{stay.path}.{where}", stay=named)
        elif cancelled is None and state == _ERROR:
            # One of which only its id is left can be any stay: the death may have been told by its number.
            form: RetractionForm = Form.VISIT_CORRECTED if named else Form.CANCELLED_VISIT
            cancelled = Judgement(form, f"{stay.path}.status", stay=named, routine=True)
        elif (
            cancelled is None and settings.visits_are_corrected and state not in _NOT_YET and ended_alive(stay.resource)
        ):
            cancelled = Judgement(Form.VISIT_CORRECTED, f"{stay.path}.status", stay=stay, routine=True)
    for stay in standing:
        meanings = [meaning for meaning, _ in dispositions(stay.resource)]
        if not meanings or text(stay.resource, "status") in _NOT_YET:
            continue
        where = f"{stay.path}.{next(at for _, at in dispositions(stay.resource))}"
        ended = text(child(stay.resource, "period"), "end") or text(child(stay.resource, "actualPeriod"), "end")
        at, problems = _estimate(ended, f"{stay.path}.period.end", settings)
        basis = "estimated" if at else None
        died = Judgement("dead", where, at, basis, stay=stay, stillbirth="stillbirth" in meanings, problems=problems)
        return died, cancelled
    return None, cancelled


def tells_of_death(placed: Placed) -> bool:
    """Whether a resource that isn't a Patient says by itself that its subject has died, or that this was an error."""
    match placed.kind:
        case "Encounter":
            return text(placed.resource, "status") != "planned" and any(True for _ in dispositions(placed.resource))
        case "Observation":
            return _is_date_of_death(placed.resource)
        case "Composition":
            return any(code in _CERTIFICATES for _, code in codings(placed.resource.get("type")))
        case _:
            return False


def is_an_error(placed: Placed) -> bool:
    """Whether a stay in hospital is called an error, which it may be because it ended in a death that wasn't one."""
    return placed.kind == "Encounter" and text(placed.resource, "status") == _ERROR


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
