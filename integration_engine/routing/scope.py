"""Is this a death the child death review covers? Live-born, under 18 on the day of death (Children Act 2004 s16M-16Q;
Family Law Reform Act 1969 s9), with the edges the rules name: stillbirth, termination, and an age nobody is sure of."""

from dataclasses import dataclass
from typing import Literal

from integration_engine.record.age import child_or_adult
from integration_engine.record.dates import earliest, latest
from integration_engine.record.outside import LATE_LOSS_BEFORE_DAYS, STILLBIRTH, birth_word, coroners_stillbirth
from integration_engine.record.standing import said_after
from integration_engine.routing.evidence import Evidence

_BORN_AWAY_FROM_CARE = frozenset({"home", "other-private-residence", "public-place"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Whether the case is in scope, by which rule and why. ``held`` where a person must say; ``private`` where the case
    is to be seen by the restricted role only."""

    verdict: Literal["in", "out", "held"]
    rule: str
    why: str
    private: bool = False


_UNATTENDED = Scope(
    "in",
    "scope.unattended-stillbirth",
    "A suspected stillbirth with no professional attending: in scope unless the coroner says stillborn.",
)
_DISPUTED = Scope(
    "held",
    "held.disputed",
    "One source says that this was an attended stillbirth, another tells of a child's death: a person must say.",
)


def scope(case: Evidence) -> Scope:
    """Decide scope from what the record and people say."""
    birth = _birth(case)
    return birth or _age(case)


def _birth(case: Evidence) -> Scope | None:
    """What the circumstances of birth decide; None for a live-born child, whose age decides."""
    death = case.record.death
    termination = case.decision("live-birth", "termination")
    if termination is True or (termination is None and death.termination):
        return Scope(
            "out", "scope.termination", "Born in a lawful termination of pregnancy: not reviewed.", private=True
        )
    if _coroners_stillbirth(case):
        return Scope("out", "scope.stillbirth", "The coroner concluded that the baby was stillborn.")
    if any(notice.outside == STILLBIRTH for notice in case.notices):
        return _corrected(case)
    live = _live_birth(case)
    attended = _attended(case)
    suspected = bool(death.suspected_stillbirth_at_home)
    if live == "yes" or (live is None and not suspected):
        return None
    if live == "no" and _late_fetal_loss(case):
        return Scope("out", "scope.stillbirth", "A late fetal loss, before 24 weeks; consider MBRRACE-UK.")
    if live == "no" and attended == "yes":
        return Scope("out", "scope.stillbirth", "A stillbirth with a professional attending; consider MBRRACE-UK.")
    away = bool(death.place and death.place.type in _BORN_AWAY_FROM_CARE)
    if suspected or attended == "no" or (live == "no" and away and attended is None):
        return _UNATTENDED
    return Scope("out", "scope.stillbirth", "A stillbirth or late fetal loss; consider MBRRACE-UK.")


def _corrected(case: Evidence) -> Scope | None:
    """Where a source says of a case that is held that it was an attended stillbirth or late fetal loss: in doubt a person
    decides. What people said of the birth stands until a source speaks against it afterwards."""
    decision = case.decided.get("live-birth")
    live, attended = case.decision("live-birth", "live_birth"), case.decision("live-birth", "professional_attending")
    word = birth_word(case.notices)
    if live is True:
        endings = (notice for notice in case.notices if notice.outside == STILLBIRTH)
        news = decision is not None and any(said_after(notice, decision.at) for notice in endings)
        return _DISPUTED if news else None
    if live is False and word != "unattended":
        word = "stillborn"
    if attended is False and word != "live":
        word = "unattended"
    elif attended is True and word == "unattended":
        word = "stillborn"
    match word:
        case "live":
            return None
        case "unattended":
            return _UNATTENDED
        case "disputed":
            return _DISPUTED
    return Scope(
        "out", "scope.stillbirth", "A stillbirth or late fetal loss with a professional attending, as corrected."
    )


def _coroners_stillbirth(case: Evidence) -> bool:
    concluded = coroners_stillbirth(case.notices)
    if concluded is None:
        coroner = case.record.coroner
        return bool(coroner and "stillbirth" in coroner.conclusions)
    return concluded


def _live_birth(case: Evidence) -> Literal["yes", "no"] | None:
    """Whether the baby was born alive. A sign of life is a live birth, whatever the code beside it says."""
    decided = case.decision("live-birth", "live_birth")
    if decided is not None:
        return "yes" if decided is True else "no" if decided is False else None
    death = case.record.death
    if death.live_birth == "yes" or death.signs_of_life:
        return "yes"
    if death.live_birth == "no" or (death.live_birth is None and death.signs_of_life is False):
        return "no"
    return None


def _attended(case: Evidence) -> Literal["yes", "no"] | None:
    decided = case.decision("live-birth", "professional_attending")
    if isinstance(decided, bool):
        return "yes" if decided else "no"
    stated = case.record.death.professional_attending_birth
    return None if stated == "unknown" else stated


def _late_fetal_loss(case: Evidence) -> bool:
    """Whether the birth was before 24 weeks, which is no stillbirth whoever attended. That nobody did a person may hold
    against it."""
    days = case.record.child.gestation_days
    return (
        days is not None
        and days < LATE_LOSS_BEFORE_DAYS
        and case.decision("live-birth", "professional_attending") is not False
    )


def _age(case: Evidence) -> Scope:
    child = case.record.child
    under_18 = case.decision("age", "under_18")
    if isinstance(under_18, bool):
        if under_18:
            return Scope("in", "scope.child", "A person confirmed that the child was under 18.")
        return Scope("out", "scope.adult", "A person confirmed that this was an adult.")
    died_at = case.died_at or case.first_told.date().isoformat()
    event = case.record.death.event
    if case.switches.age_on == "event" and event and event.at:
        died_at = min(died_at, event.at, key=earliest)
    answer = child_or_adult(child.birth_date, died_at, child.age_at_death, case.switches.age)
    match answer:
        case "child":
            return Scope("in", "scope.child", "Live-born and under 18 on the date of death.")
        case "adult":
            return Scope("out", "scope.adult", "Eighteen or older on the date of death.")
        case "either":
            born = child.birth_date
            before = bool(born and earliest(born).date() > latest(died_at).date())
            doubt = "The birth is dated after the death" if before else "The dates known span the 18th birthday"
            why = f"{doubt}: taken as a child until the age is confirmed."
            return Scope("in", "scope.age-unconfirmed", why)
    if _signs_of_childhood(case):
        return Scope("in", "scope.age-unconfirmed", "No age is known, but the message speaks of a child.")
    return Scope("held", "held.age", "No age is known and nothing speaks of a child: a person must say.")


def _signs_of_childhood(case: Evidence) -> bool:
    child, death = case.record.child, case.record.death
    return bool(
        child.signs_of_childhood
        or child.school
        or child.mother
        or child.carers
        or child.siblings
        or child.gestation_days
        or child.birth_weight_g
        or child.looked_after
        or child.multiple_birth
        or death.live_birth
        or death.signs_of_life is not None
    )
