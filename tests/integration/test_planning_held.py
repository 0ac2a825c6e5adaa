"""The held cases as planners see them: exactly the cases the engine holds, routed exactly as the engine routed them."""

from datetime import UTC, datetime, timedelta

from integration_engine.pipeline import process, record_decision
from integration_engine.planning.held import held_cases, looked
from integration_engine.planning.intake import PastCase, Tally
from integration_engine.record.decision import Decision
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import route
from integration_engine.store import audit, overview
from integration_engine.store.database import Store
from tests.store_samples import BRISTOL, NOW, SWINDON, new_store, read, report, retraction, rules

TWIN = {"nhs_number": "9991000011", "given_names": ["Wren"], "birth_date": "2012-02-02"}
GONE = {"nhs_number": "9991000038", "given_names": ["Finch"], "birth_date": "2011-01-01"}
HIDDEN = {"nhs_number": "9991000046", "given_names": ["Swift"], "birth_date": "2010-01-01", "restricted": "adoption"}


def routed(case: PastCase, now: datetime = NOW) -> Routing:
    return route(case.record, case.notices, standing=case.standing, decided=case.decided, reference=bundled(), now=now)


def filled(url: str) -> Store:
    store = new_store(url)
    messages = [
        report(),
        report(
            1, kind="police", partner="E23000038", death={"event": {"type": "fire", "place": {"lad_code": SWINDON}}}
        ),
        report(2, partner="RA7", child=TWIN),
        report(3, partner="RA8", child=GONE),
        retraction(4, partner="RA8", child=GONE),
        report(5, partner="RA9", child=HIDDEN),
    ]
    process(store, messages, read=read, now=NOW, **rules())
    return store


def test_every_held_case_is_handed_on_as_the_engine_decided_it(database_url: str) -> None:
    store = filled(database_url)
    tally = Tally()
    cases = list(held_cases(store, tally))
    held = {case.id: case for case in overview.recent_cases(store)}
    assert {case.id for case in cases} == {one.id for one in held.values() if one.state == "open"}
    for case in cases:
        routing = routed(case)
        assert (routing.state, routing.rule, routing.lead and routing.lead.cdop) == (
            held[case.id].state,
            held[case.id].rule,
            held[case.id].lead,
        )
    assert len([case for case in cases if routed(case).jar.required]) == 1


def test_withdrawn_and_restricted_cases_are_numbers_only(sqlite_url: str) -> None:
    tally = Tally()
    cases = list(held_cases(filled(sqlite_url), tally))
    assert (tally.taken, tally.withdrawn, tally.restricted) == (2, 1, 1)
    assert all(case.record.child.restricted in (None, "none") for case in cases)


def test_what_people_decided_about_a_case_comes_with_it_and_what_they_took_back_does_not(sqlite_url: str) -> None:
    store = filled(sqlite_url)
    first = next(case for case in held_cases(store, Tally()) if case.record.child.given_names == ("Wren",))
    leads = []
    for number, value in enumerate(({"lad_code": SWINDON}, {"lad_code": BRISTOL}, {"withdraw": True})):
        decision = Decision.model_validate(
            {
                "id": f"d-{number}",
                "at": NOW + timedelta(hours=number),
                "by": "someone",
                "role": "coordinator",
                "kind": "residence",
                "about": [first.id],
                "value": value,
                "reason": "the family moved",
            }
        )
        record_decision(store, decision, now=NOW + timedelta(hours=number), **rules())
        again = next(case for case in held_cases(store, Tally()) if case.id == first.id)
        lead = routed(again, NOW + timedelta(hours=number)).lead
        leads.append(lead and lead.cdop)
    assert leads == ["WILTSW", "WOE", "BERKS"]


def test_a_look_at_the_held_cases_is_in_the_audit_log(sqlite_url: str) -> None:
    store = filled(sqlite_url)
    looked(store, datetime(2026, 3, 11, tzinfo=UTC), "cli", "simulate")
    line = audit.lines(store, subject="all", after=0, limit=10)[-1]
    assert (line.action, line.actor, dict(line.detail)) == ("cases.planned-with", "cli", {"purpose": "simulate"})
    assert audit.verify(store).broken is None
