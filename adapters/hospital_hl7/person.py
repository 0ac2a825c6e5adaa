"""What one person's part of a message comes to: a death, its retraction, a change of identity, or nothing for us.

The rules are those of partner formats, "Hospitals, HL7 v2". The order of the questions matters: fields that may have
moved are refused before anything is believed; adults and attended stillbirths leave nothing behind but a code.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from adapters.adapter import ADULT, notice_id
from adapters.hospital_hl7.age import birth_date_doubted, birth_date_of, child_or_grown, is_to_come
from adapters.hospital_hl7.births import VIABLE_DAYS, Birth, birth_of
from adapters.hospital_hl7.childhood import signs_of_childhood
from adapters.hospital_hl7.death import Evidence, evidence_of, perhaps_shifted, shifted_fields
from adapters.hospital_hl7.er7 import Message, Segment
from adapters.hospital_hl7.identity import Identity, identity_of, local_ref_of, may_be_the_twins
from adapters.hospital_hl7.mother import mothers_numbers, with_her_numbers
from adapters.hospital_hl7.outcome import Context, Outcome
from adapters.hospital_hl7.place import place_of_death
from adapters.hospital_hl7.triggers import REKEYS
from adapters.hospital_hl7.visit import is_cancel, is_told_otherwise, moved_from, visit_of
from integration_engine.mapping.notices import notice_from
from integration_engine.mapping.paths import Er7Source
from integration_engine.mapping.profile import Mapped
from integration_engine.record.age import Answer
from integration_engine.record.dates import earliest, latest
from integration_engine.record.names import is_placeholder
from integration_engine.record.notice import DeathNotice, Form, Outside, Problem, Provenance, Rekey, Retraction, Source
from integration_engine.record.outside import STILLBIRTH, TERMINATION, needed

_BABY = timedelta(days=366)
# NHS number statuses that speak of a number the sender holds: verified, not traced yet, traced in part.
_HAS_A_NUMBER = frozenset({"01", "02", "03"})
_BIRTH_CLOCK = re.compile(r"\d{8}([01]\d|2[0-3])([0-5]\d)(?:[0-5]\d(?:\.\d+)?)?(?:[+-]\d{4})?")
_AREA_CODE = re.compile(r"[EWSNLM]\d{8}")
# Every living patient's messages may say this.
_ROUTINE = (Form.NOT_DEAD, Form.VISIT_CORRECTED)
# Longer than this after the birth nobody is stillborn: the code was a slip for another.
_STILLBORN_WITHIN = timedelta(days=28)
# The same where no date of death is given, only the message's own.
_STILLBORN_TOLD_WITHIN = timedelta(days=366)


def read_person(message: Message, context: Context, position: int = 0) -> Iterator[Outcome]:
    """The findings of one person's part: one, or two where a merge also says that somebody is dead."""
    header = context.header
    moved = shifted_fields(message)
    if moved:
        yield Outcome("refused", moved.code, problems=(moved,))
        return
    if prior := moved_from(message, header):
        yield _Person(prior, context, Evidence(), Birth(), position).corrected("prior")
    evidence = evidence_of(message, context.settings)
    birth = birth_of(message)
    rekey = REKEYS.get(header.event) if header.is_adt else None
    cancel = header.is_adt and is_cancel(header.event, evidence, birth)
    speaks = bool(evidence.dead or evidence.stillbirth or birth.never_lived or evidence.undone or evidence.unread)
    says_alive = bool(evidence.alive) and context.settings.n_is_reliable
    corrects = not (rekey or cancel or speaks or says_alive) and is_told_otherwise(message, header, context.settings)
    if not (rekey or cancel or speaks or says_alive or corrects):
        doubt = perhaps_shifted(message)
        yield Outcome("passed-over", "no-death", problems=(doubt,) if doubt else ())
        return
    person = _Person(message, context, evidence, birth, position)
    if rekey:
        yield person.rekeyed(rekey)
        if not speaks and not says_alive:
            return
    if corrects:
        yield person.corrected()
    else:
        yield person.cancelled() if cancel else person.told()


class _Person:
    """One person while their part of the message is weighed."""

    def __init__(self, message: Message, context: Context, evidence: Evidence, birth: Birth, position: int) -> None:
        self.message = message
        self.context = context
        self.evidence = evidence
        self.birth = birth
        self.position = position
        mapped = context.profile.map(Er7Source(message))
        self.values: dict[str, Any] = dict(mapped.values)
        self.provenance: dict[str, Provenance] = dict(mapped.provenance)
        self.problems: list[Problem] = [*mapped.problems, *evidence.problems, *birth.problems]
        self.told_on = context.header.told_on(context.received_at)
        if doubts := birth_date_doubted(self.values, evidence.died_at, self.told_on, context):
            self.problems += doubts
            del self.values["child.birth_date"]
        self.mothers = mothers_numbers(message, context.settings)
        # Systems repeat the mother's number as a baby's, never as an older child's.
        self.not_theirs = self.mothers.values if self._may_be_a_baby() else frozenset()
        self.identity = self._identify()

    # What the message says.

    def told(self) -> Outcome:
        """A message about a death or its undoing that is no cancel."""
        evidence, birth = self.evidence, self.birth
        dead = bool(evidence.dead)
        stillborn = bool(evidence.stillbirth or birth.never_lived)
        if dead or stillborn:
            return self._death(dead, stillborn)
        if evidence.undone:
            return self._retraction(evidence.undone)
        if evidence.unread:
            if self._age(evidence.died_at, late=True) == "adult":
                return Outcome("passed-over", ADULT)
            return Outcome("refused", evidence.unread.code, problems=(evidence.unread,))
        return self._retraction(Form.NOT_DEAD)

    def cancelled(self) -> Outcome:
        """A cancel of a visit or record: no retraction by itself, unless the message also takes the death back in words."""
        evidence = self.evidence
        if not evidence.dead and not evidence.stillbirth:
            if evidence.undone:
                return self._retraction(evidence.undone)
            if evidence.alive and self.context.settings.n_is_reliable:
                return self._retraction(Form.NOT_DEAD)
        return self._retraction(Form.CANCELLED_VISIT)

    def corrected(self, of: str = "retract") -> Outcome:
        """A visit told anew that ended alive, or never began: a question only where that very visit told of a death."""
        outcome = self._retraction(Form.VISIT_CORRECTED, of)
        return Outcome("passed-over", "no-death") if outcome.verdict == "passed-over" else outcome

    def rekeyed(self, kind: str) -> Outcome:
        """A merge or change of identifiers, told of somebody who is or may have died a child."""
        if self._age(self.evidence.died_at, late=True) == "adult":
            return Outcome("passed-over", ADULT)
        prior = self.message.first("MRG")
        if prior is None:
            text = "a merge or change of identifiers without MRG names nobody"
            return Outcome("refused", "no-mrg", problems=(Problem(code="no-mrg", text=text, path="MRG"),))
        old = identity_of(self.message, prior, (1, 4), self.context.settings)
        new_number, old_number = self.identity.nhs_number, old.nhs_number
        new_ref = local_ref_of(self.message, self.context.settings, new_number, self.not_theirs)
        old_ref = next((one.value for one in old.other if not one.problem), None)
        if old_number == new_number:
            old_number = None
        if old_ref == new_ref:
            old_ref = None
        if not (old_number or old_ref) or not (new_number or new_ref):
            text = "both sides of a merge need an identifier"
            return Outcome(
                "refused", "no-identifiers", problems=(Problem(code="no-identifiers", text=text, path="MRG-1"),)
            )
        rekey = Rekey(
            kind=kind,
            old_nhs_number=old_number,
            new_nhs_number=new_number,
            old_local_ref=old_ref,
            new_local_ref=new_ref,
        )
        values = self._child_only()
        return Outcome("rekey", kind, self._notice("rekey", "rekey", values, rekey=rekey), tuple(self.problems))

    # A death.

    def _death(self, dead: bool, stillborn: bool) -> Outcome:
        evidence, birth = self.evidence, self.birth
        died_at = evidence.died_at
        if died_at and is_to_come(died_at, self.context.received_at):
            problem = Problem(code="date-in-future", text="the death is in the future", path=evidence.died_at_place)
            return Outcome("refused", problem.code, problems=(problem,))
        age = self._age(died_at)
        if age == "adult":
            return Outcome("passed-over", ADULT)
        contradicted = dead and (bool(evidence.alive) or (bool(evidence.undone) and not self._only_the_date_went()))
        reason = "death"
        if birth.termination:
            return self._not_reviewed(TERMINATION, died_at, age, stillborn, contradicted)
        if stillborn:
            passed = self._stillborn(died_at)
            if passed == "not-reviewed":
                return self._not_reviewed(STILLBIRTH, died_at, age, stillborn, contradicted)
            contradicted = contradicted or passed == "impossible"
            reason = "unattended-stillbirth" if passed == "unattended" else "death"
        if contradicted:
            text = "the message says both that the person is dead and that they are not"
            self.problems.append(Problem(code="contradiction", text=text, path=(evidence.dead or ["PV1-36"])[0]))
        self._complete(died_at, age, stillborn)
        notice = self._notice("report", "report", self.values, contradiction=contradicted or None)
        return Outcome("notice", reason, notice, tuple(self.problems))

    def _only_the_date_went(self) -> bool:
        """``""`` in PID-29 beside a PID-30 that says dead deletes the date, not the death."""
        settings, evidence = self.context.settings, self.evidence
        return (
            evidence.undone == Form.DELETED
            and evidence.undone_at in settings.death_date
            and any(place in settings.death_indicator for place in evidence.dead)
        )

    def _not_reviewed(
        self, rule: Outside, died_at: str | None, age: Answer, stillborn: bool, contradicted: bool
    ) -> Outcome:
        """A birth that isn't reviewed: handed on with what tells whose it is, because a case may be held that is none now."""
        self._complete(died_at, age, stillborn)
        more = {"outside": rule, "contradiction": contradicted or None}
        notice = self._notice("report", "report", needed(self.values), **more)
        if may_be_the_twins(self.message, notice.source.local_ref):
            notice = notice.model_copy(update={"source": notice.source.model_copy(update={"local_ref": None})})
        return Outcome("passed-over", rule, notice)

    def _stillborn(self, died_at: str | None) -> str:
        """Whether a baby that is said to be born dead concerns us: ``not-reviewed``, or why it is a notice after all."""
        birth, problems = self.birth, self.problems
        born = self._birth_date()
        if born and self._lived_on(born, died_at):
            text = "a stillbirth is told of somebody who was born long before"
            problems.append(Problem(code="birth-outcome-disagrees", text=text, path=self._stillborn_at()))
            return "impossible"
        if birth.lived:
            text = "the message says stillborn and born alive; it is read as a live birth, which loses nobody"
            problems.append(Problem(code="birth-outcome-disagrees", text=text, path=self._stillborn_at()))
            return "lived"
        if birth.gestation_days is not None and birth.gestation_days < VIABLE_DAYS:
            return "not-reviewed"
        return "unattended" if birth.unattended else "not-reviewed"

    def _lived_on(self, born: str, died_at: str | None) -> bool:
        if died_at:
            return earliest(died_at) - latest(born) > _STILLBORN_WITHIN
        return earliest(self.told_on) - latest(born) > _STILLBORN_TOLD_WITHIN

    def _stillborn_at(self) -> str:
        return self.evidence.stillbirth or next(iter(self.birth.places.values()), "OBX-5")

    def _complete(self, died_at: str | None, age: Answer, stillborn: bool) -> None:
        """The fields of a death that need judgement, on top of what the profile mapped."""
        evidence, birth = self.evidence, self.birth
        if died_at:
            self._put("death.died_at", died_at, evidence.died_at_place or "PID-29")
        place_of_death(self.message, self.context.header, self.context.settings, self.values, self.provenance)
        born = self._birth_date()
        if born and died_at and earliest(born) > latest(died_at):
            self.problems.append(Problem(code="birth-after-death", text="the birth is after the death", path="PID-7"))
        if stillborn or birth.lived:
            alive_at_birth = birth.lived
            where = birth.places.get("live-birth") or birth.places.get("signs-of-life") or self._stillborn_at()
            self._put("death.live_birth", "yes" if alive_at_birth else "no", where)
        told: Mapping[str, tuple[str, Any]] = {
            "signs-of-life": ("death.signs_of_life", birth.signs_of_life),
            "termination": ("death.termination", birth.termination),
            "professional-attending": ("death.professional_attending_birth", _yes_no(birth.attended)),
            "stillbirth-at-home": ("death.suspected_stillbirth_at_home", birth.at_home),
            "gestation": ("child.gestation_days", birth.gestation_days),
            "birth-weight": ("child.birth_weight_g", birth.weight_g),
        }
        for meaning, (path, value) in told.items():
            if value is not None and meaning in birth.places:
                self._put(path, value, birth.places[meaning])
        if age in ("unknown", "either"):
            signs = signs_of_childhood(self.message, birth, self.context.settings, age == "either")
            if signs:
                self._put("child.signs_of_childhood", list(signs), "PID")

    # A retraction.

    def _retraction(self, form: str, of: str = "retract") -> Outcome:
        if self._age(self.evidence.died_at, late=True) == "adult":
            return Outcome("passed-over", ADULT)
        still_dead = self.evidence.dead or self.evidence.stillbirth
        routine = form in _ROUTINE or (form == Form.CANCELLED_VISIT and not still_dead)
        retraction = Retraction(form=form, routine=routine or None)
        notice = self._notice("retract", of, self._child_only(), retraction=retraction)
        return Outcome("retraction", form, notice, tuple(self.problems))

    # Who it is about.

    def _identify(self) -> Identity:
        segment = self.message.first("PID")
        if segment is None:
            return Identity()
        identity = identity_of(self.message, segment, (3, 2, 4), self.context.settings, self.not_theirs)
        values, profile = self.values, self.context.profile.name
        if identity.nhs_number and "child.nhs_number" not in values:
            self._put("child.nhs_number", identity.nhs_number, identity.path or "PID-3")
        if identity.other:
            known = values.get("child.other_identifiers", [])
            mine = [one.model_dump() for one in identity.other]
            values["child.other_identifiers"] = [*known, *(one for one in mine if one not in known)]
            self.provenance.setdefault("child.other_identifiers", Provenance(path="PID-3", profile=profile))
        self.problems += identity.problems
        number = values.get("child.nhs_number")
        if number:
            values.pop("child.nhs_number_absent_reason", None)
            self.provenance.pop("child.nhs_number_absent_reason", None)
        elif values.get("child.nhs_number_status") in _HAS_A_NUMBER:
            # The status of the number that wasn't the child's.
            del values["child.nhs_number_status"]
        feed = self.context.submission.feed
        if number and number.startswith("999") and feed is not None and feed.production:
            text = "an NHS number of the test range in a production feed"
            self.problems.append(Problem(code="test-nhs-number", text=text, path=identity.path))
        self._name_the_mother()
        self._refine(segment)
        return identity

    def _name_the_mother(self) -> None:
        """Her numbers, wherever they stood, on what the profile mapped of her."""
        mapped = self.values.get("child.mother")
        if found := with_her_numbers(mapped or {}, self.mothers):
            self.values["child.mother"] = found
            place = Provenance(path=self.mothers.path, profile=self.context.profile.name)
            self.provenance.setdefault("child.mother", place)

    def _may_be_a_baby(self) -> bool:
        born = self._birth_date()
        return born is None or earliest(self.told_on) - latest(born) < _BABY

    def _refine(self, person: Segment) -> None:
        """What of PID no path can say: a placeholder for a name, a time of birth, whether an area code is one."""
        values = self.values
        given, family = values.get("child.given_names") or [], values.get("child.family_name")
        if "child.name_is_placeholder" not in values:
            postponed = not given and values.get("child.nhs_number_status") == "08"
            if is_placeholder(given, family) or postponed:
                self._put("child.name_is_placeholder", True, "PID-5")
        if "/" in person.field(7):
            text = "a birth date that is not in HL7's form was read day first"
            self.problems.append(Problem(code="date-day-first", text=text, path="PID-7"))
        clock = _BIRTH_CLOCK.fullmatch(person.field(7).strip())
        if clock and clock[1] + clock[2] != "0000" and "child.birth_time" not in values:
            self._put("child.birth_time", f"{clock[1]}:{clock[2]}", "PID-7")
        for address in (*values.get("child.addresses", ()), (values.get("child.mother") or {}).get("address", {})):
            if not _AREA_CODE.fullmatch(address.get("lad_code", "")):
                address.pop("lad_code", None)

    def _birth_date(self) -> str | None:
        return birth_date_of(self.values)

    def _age(self, died_at: str | None, *, late: bool = False) -> Answer:
        return child_or_grown(self.values, died_at, self.told_on, self.context, late=late)

    # The notice.

    def _put(self, path: str, value: Any, place: str) -> None:
        self.values[path] = value
        self.provenance[path] = _judged(place, self.context.profile.name, path)

    def _child_only(self) -> dict[str, Any]:
        """What identifies the person, without what the message says about a death that it takes back."""
        return {path: value for path, value in self.values.items() if path.startswith("child.")}

    def _notice(self, intent: str, position: str, values: dict[str, Any], **more: Any) -> DeathNotice:
        context, header = self.context, self.context.header
        message_id = header.control_id or context.submission.message_id or None
        provenance = {path: where for path, where in self.provenance.items() if path in values}
        # A merge may tell a death as well, and a visit's new owner be told dead along with the old one's question.
        number = self.position * 2 + (1 if position in ("rekey", "prior") else 0)
        return notice_from(
            Mapped(values, provenance, ()),
            id=notice_id("hospital-hl7", context.partner, message_id, context.content, number),
            submission=f"s-{context.content[:24]}",
            source=Source(
                kind="hospital-hl7",
                partner=context.partner,
                system=header.system or None,
                message_id=message_id,
                event=header.event or header.kind or None,
                local_ref=local_ref_of(self.message, context.settings, self.identity.nhs_number, self.not_theirs),
                visit=visit_of(self.message),
                indirect=None if header.is_adt else True,
            ),
            stated_at=header.stated_at(context.settings.stated_at),
            received_at=context.received_at,
            profile=context.profile.name,
            profile_version=context.profile.version,
            intent=intent,
            problems=(*context.problems, *self.problems),
            **more,
        )


@lru_cache(maxsize=4096)
def _judged(place: str, profile: str, path: str) -> Provenance:
    """The provenance of a field that took judgement, which no rule of the profile numbers."""
    return Provenance(path=place, profile=profile, rule=f"{profile}/{path}")


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
