"""From what a message says of one patient to a verdict: kept as a notice or retraction, passed over, or refused.

Adults and the living leave nothing; so do the stillborn whom a professional attended, and live births after a termination.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapters.adapter import ADULT, Submission, Verdict
from adapters.hospital_fhir.births import Birth, birth_of, place_of_birth_is_home
from adapters.hospital_fhir.certificate import age_of
from adapters.hospital_fhir.dates import Moment, element_moment
from adapters.hospital_fhir.death import Judgement, judge
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.person import Relatives, relatives_of
from adapters.hospital_fhir.places import Stay, stay_of
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.settings import ReadingSettings
from adapters.hospital_fhir.shape import children, text, texts
from integration_engine.record.account import Age
from integration_engine.record.age import DOUBTS, AgeRules, child_or_adult, doubtful, eighteenth, spans_birthday
from integration_engine.record.dates import day_of, earliest, latest, london
from integration_engine.record.names import is_placeholder
from integration_engine.record.notice import Form, Outside, Problem
from integration_engine.record.outside import STILLBIRTH, TERMINATION

MBRRACE = (
    "A stillbirth or late fetal loss that a professional attended is reported to MBRRACE-UK, not to child death review."
)
_RETRACTIONS = (Form.STATUS_REMOVED, Form.NOT_DEAD, Form.CANCELLED_VISIT, Form.VISIT_CORRECTED, Form.WITHDRAWN)
# Two clocks may disagree, and a summer time may have been written as winter time.
_CLOCKS_MAY_DIFFER = timedelta(hours=1, minutes=5)
_NEWBORN = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is made of one patient. ``verdict`` and ``reason`` as in an Item; the rest is what a notice is made of."""

    verdict: Verdict
    reason: str
    judgement: Judgement | None = None
    birth: Birth = Birth()
    birth_date: Moment | None = None
    age: tuple[Age, str] | None = None
    stay: Stay = Stay()
    relatives: Relatives = Relatives()
    signs: tuple[str, ...] = ()
    placeholder: bool | None = None
    problems: tuple[Problem, ...] = ()
    hint: str | None = None
    outside: Outside | None = None

    @property
    def kept(self) -> bool:
        return self.verdict in ("notice", "retraction")


def finding_of(
    message: Message, patient: Placed, submission: Submission, settings: ReadingSettings, stated_at: str | None
) -> Finding:
    """What the message says of one patient. Raises Refused where that can't be told without guessing."""
    try:
        return _found(message, patient, submission, settings, stated_at)
    except Refused:
        # What is wrong in the record of somebody who has long been an adult is nobody's business here.
        if _long_adult(patient, submission, settings):
            return Finding("passed-over", ADULT)
        raise


def _found(
    message: Message, patient: Placed, submission: Submission, settings: ReadingSettings, stated_at: str | None
) -> Finding:
    judgement = judge(message, patient, settings)
    birth_date = _birth_date(patient, needed=judgement.outcome != "living")
    placeholder = _placeholder(patient)
    told_on = _told_on(submission, stated_at)
    died_at = judgement.died_at.value if judgement.died_at else None
    age = age_of(message, patient)
    stated_age = (Age(**age[0]), age[1]) if age else None
    birth_date, doubts = _believed(birth_date, died_at, told_on, stated_age)
    birth = birth_of(message, patient)
    if not _newborn(birth_date, died_at or told_on, placeholder, birth):
        # A mother's stillbirth or termination stands in her own record: it is not her who was born dead.
        birth = Birth()
    stillborn = birth.stillborn or (judgement.stillbirth and birth.values.get("death.live_birth") != "yes")
    false_counts = settings.false_is_reliable and not message.indirect
    if not stillborn and (judgement.outcome == "living" or (judgement.outcome == Form.NOT_DEAD and not false_counts)):
        return Finding("passed-over", "living")
    if judgement.outcome in _RETRACTIONS and not stillborn:
        return _retraction(judgement, birth_date, patient, submission, settings)
    if birth.terminated:
        return _not_reviewed(TERMINATION, judgement, birth, birth_date, placeholder)
    stay = stay_of(message, patient, judgement.stay, died_at)
    if stillborn:
        if _passed_over_stillbirth(birth, stay):
            birth = _with(birth, {"death.live_birth": "no"}, judgement.said_at)
            judgement = replace(judgement, died_at=judgement.died_at or birth_date)
            return _not_reviewed(STILLBIRTH, judgement, birth, birth_date, placeholder)
        judgement, birth = _as_stillbirth(judgement, birth, birth_date, patient)
        died_at = judgement.died_at.value if judgement.died_at else None
    # Before the age: who is said to die in a hundred years is no adult for that.
    _check_dates(judgement, submission)
    stated_age = stated_age if birth_date is None else None
    answer = child_or_adult(
        birth_date.value if birth_date else None,
        died_at or told_on,
        stated_age[0] if stated_age else None,
        submission.age_rules,
    )
    if answer == "adult":
        return Finding("passed-over", ADULT)
    relatives = relatives_of(message, patient)
    signs = _signs(answer, birth_date, relatives, stay, placeholder, birth) if answer != "child" else ()
    return Finding(
        "notice",
        "unattended-stillbirth" if stillborn else "death",
        judgement,
        birth,
        birth_date,
        stated_age,
        stay,
        relatives,
        signs,
        placeholder,
        (*doubts, *_problems(birth_date, died_at, submission)),
    )


def _birth_date(patient: Placed, needed: bool) -> Moment | None:
    """The birth date; of somebody who lives a badly written one is left alone."""
    try:
        return element_moment(patient.resource, "birthDate", patient.path)
    except Refused:
        if needed:
            raise
        return None


def _believed(
    birth_date: Moment | None, died_at: str | None, told_on: str, stated_age: tuple[Age, str] | None
) -> tuple[Moment | None, tuple[Problem, ...]]:
    """A birth date, unless it can't be believed, such as 1900-01-01 for an unknown one: it would make an adult of a child and
    pass over the death, or its retraction. Then what is wrong with it."""
    day = died_at if died_at and earliest(died_at) <= latest(told_on) else told_on
    doubt = doubtful(birth_date.value, day, stated_age[0] if stated_age else None) if birth_date else None
    if birth_date is None or doubt is None:
        return birth_date, ()
    return None, (Problem(code=doubt, text=f"{DOUBTS[doubt]}; it was left out", path=birth_date.path),)


def _retraction(
    judgement: Judgement, birth_date: Moment | None, patient: Placed, submission: Submission, settings: ReadingSettings
) -> Finding:
    """A retraction is kept of anybody who may have been under 18 when the death it takes back was told of."""
    if birth_date and _adult_since(birth_date.value, submission, settings):
        return Finding("passed-over", ADULT)
    return Finding("retraction", judgement.outcome, judgement, birth_date=birth_date, placeholder=_placeholder(patient))


def _told_on(submission: Submission, stated_at: str | None) -> str:
    """The day the death was first told of, as far as this message knows: nobody dies after that."""
    received = london(submission.received_at)
    if stated_at and earliest(stated_at) < received:
        return day_of(stated_at)
    return received.date().isoformat()


def _adult_since(birth_date: str, submission: Submission, settings: ReadingSettings) -> bool:
    return adult_for(birth_date, submission.received_at, submission.age_rules, settings.late_years)


def adult_for(birth_date: str, at: datetime, rules: AgeRules, years: int) -> bool:
    """Whether somebody has been an adult for more than so many years, however vaguely the birth date is known."""
    today = london(at).date()
    latest_18th = eighteenth(latest(birth_date).date(), rules)
    return (latest_18th.year + years, latest_18th.month, latest_18th.day) <= (today.year, today.month, today.day)


def _long_adult(patient: Placed, submission: Submission, settings: ReadingSettings) -> bool:
    try:
        born = element_moment(patient.resource, "birthDate", patient.path)
    except Refused:
        return False
    if born is None or doubtful(born.value, london(submission.received_at).date().isoformat()):
        return False
    return _adult_since(born.value, submission, settings)


def _newborn(birth_date: Moment | None, reference: str, placeholder: bool, birth: Birth) -> bool:
    """Whether what is said of a birth can be this patient's own: within a year of it, or of somebody who is called a baby."""
    if birth_date is None:
        return placeholder or "child.gestation_days" in birth.values or "child.birth_weight_g" in birth.values
    return earliest(reference) - latest(birth_date.value) <= _NEWBORN


def _not_reviewed(
    rule: Outside, judgement: Judgement, birth: Birth, birth_date: Moment | None, placeholder: bool
) -> Finding:
    """A birth that isn't reviewed: handed on with what it says, as a case that another message opened may be none now."""
    hint = MBRRACE if rule == STILLBIRTH else None
    return Finding("passed-over", rule, judgement, birth, birth_date, placeholder=placeholder, hint=hint, outside=rule)


def _passed_over_stillbirth(birth: Birth, stay: Stay) -> bool:
    """Whether a stillbirth is passed over: a professional attended it, or it was a late fetal loss, whoever was there. In a
    hospital a professional attended, unless the message says otherwise."""
    if birth.late_fetal_loss:
        return True
    if birth.at_home or birth.attended == "no":
        return False
    return birth.attended == "yes" or (
        stay.encounter is not None and not place_of_birth_is_home(stay.encounter.resource)
    )


def _as_stillbirth(
    judgement: Judgement, birth: Birth, birth_date: Moment | None, patient: Placed
) -> tuple[Judgement, Birth]:
    """A stillbirth nobody attended: the death is on the day of the birth where no other is told."""
    birth = _with(birth, {"death.live_birth": "no", "death.professional_attending_birth": "unknown"}, judgement.said_at)
    return replace(judgement, outcome="dead", died_at=judgement.died_at or birth_date), birth


def _with(birth: Birth, implied: dict[str, str], said_at: str) -> Birth:
    """The birth with what the message implies and doesn't state."""
    places = dict.fromkeys(implied, said_at) | birth.places
    return replace(birth, values=implied | birth.values, places=places)


def _check_dates(judgement: Judgement, submission: Submission) -> None:
    if judgement.died_at and earliest(judgement.died_at.value) > submission.received_at + _CLOCKS_MAY_DIFFER:
        raise Refused("date-in-future", judgement.died_at.path)


def _problems(birth_date: Moment | None, died_at: str | None, submission: Submission) -> tuple[Problem, ...]:
    if birth_date is None:
        return ()
    found = list(birth_date.problems)
    if died_at and latest(died_at) < earliest(birth_date.value):
        found.append(Problem(code="death-before-birth", text="The death lies before the birth.", path=birth_date.path))
    if earliest(birth_date.value) > submission.received_at + timedelta(days=1):
        found.append(Problem(code="birth-in-future", text="The birth lies in the future.", path=birth_date.path))
    return tuple(found)


def _placeholder(patient: Placed) -> bool:
    """Whether the name by which a Patient goes now only stands in for one."""
    names = [
        name for name in children(patient.resource, "name") if text(name, "use") not in ("old", "maiden", "nickname")
    ]
    current = next((name for name in names if text(name, "use") == "official"), names[0] if names else {})
    given, family = texts(current, "given"), next(iter(texts(current, "family")), None)
    # Where the whole name stands in one text, BABY HERON is a stand-in and a surname, as in one family name.
    return is_placeholder(given, family or (None if given else text(current, "text")))


def _signs(
    answer: str, birth_date: Moment | None, relatives: Relatives, stay: Stay, placeholder: bool, birth: Birth
) -> tuple[str, ...]:
    """Why somebody of unknown age may be a child (scope: age unconfirmed)."""
    found = []
    if answer == "either" or (birth_date and spans_birthday(birth_date.value)):
        found.append("partial-birth-date")
    if relatives.parent_named:
        found.append("parent-named")
    if stay.for_children:
        found.append(stay.for_children)
    if placeholder:
        found.append("called-a-baby")
    if birth.values:
        found.append("birth-observed")
    return tuple(found)
