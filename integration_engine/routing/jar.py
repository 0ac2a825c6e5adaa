"""Joint agency response: whether it is required, why, and which team starts it.

The team whose area covers where the child was taken or died starts it; the residence team is told at once; the police lead
is the force where the event happened.
"""

from collections.abc import Sequence
from typing import Literal

from integration_engine.routing.answer import Jar
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.locate import Located, locate_place
from integration_engine.routing.residence import Residence
from integration_engine.routing.triggers import Trigger

Mode = Literal["local", "modified", "run-elsewhere"]


def triggers_met(case: Evidence, scope_rule: str) -> tuple[Trigger, ...]:
    """What in the record calls for a joint agency response, in the table's order."""
    return tuple(trigger for trigger in case.reference.jar_triggers if trigger.met_by(case.record, scope_rule))


def joint_agency_response(case: Evidence, met: Sequence[Trigger], home: Residence) -> Jar:
    """Decide the response for a case in scope; ``met`` are the triggers that the record meets."""
    why = tuple(trigger.reason for trigger in met)
    mode: Mode = "local"
    if home.died.outside_england:
        mode = "modified" if home.died.nation == "overseas" else "run-elsewhere"
    if not why:
        # Another nation runs whatever response there is by its own criteria, whether ours are met or not.
        return Jar(required=False, mode=mode if mode == "run-elsewhere" else "local")
    if mode == "modified" and case.switches.jar_abroad == "none":
        return Jar(required=False)
    event = case.record.death.event
    happened = locate_place(event.place, case.reference) if event else Located()
    residence_team = _lead_team(case, home)
    local_team = _team(case, home.died if home.died.district else happened)
    team = None
    if mode == "local":
        by_home = case.switches.jar_team == "residence"
        team = (residence_team or local_team) if by_home else (local_team or residence_team)
    elif mode == "modified":
        # Nobody here attends a death abroad: the home team does what can be done from home.
        team = residence_team
    others = (residence_team, local_team) if mode == "local" else (residence_team,)
    return Jar(
        required=True,
        reasons=why,
        team=team,
        rule="jar.required",
        told=tuple(one for one in dict.fromkeys(others) if one and one != team),
        police_force=_force(case, happened, home.died),
        mode=mode,
    )


def _team(case: Evidence, where: Located) -> str | None:
    return case.reference.jar_team(where.district, case.died_on, case.today) if where.district else None


def _lead_team(case: Evidence, home: Residence) -> str | None:
    """The team of the child's home, else the one of an area that the lead panel covers alone."""
    if team := _team(case, home.home):
        return team
    if home.lead is None:
        return None
    covers = case.reference.cdops.covers
    areas = [one.area for one in covers if one.owner == home.lead.cdop and one.span.holds(case.today)]
    teams = {case.reference.jar_team(area, case.died_on, case.today) for area in areas}
    return teams.pop() if len(teams) == 1 else None


def _force(case: Evidence, happened: Located, died: Located) -> str | None:
    """The force where the event happened, else the one that reports, else that of the place of death."""
    if case.switches.police_lead == "death" and died.district:
        return case.reference.police_force(died.district, case.died_on)
    if happened.district:
        return case.reference.police_force(happened.district, case.died_on)
    event = case.record.death.event
    if happened.nation == "wales" and event and event.place and event.place.lad_code:
        return case.reference.police_force(event.place.lad_code, case.died_on)
    police = case.record.police
    if police and police.force and (force := case.reference.force(police.force)):
        return force.code
    return case.reference.police_force(died.district, case.died_on) if died.district else None
