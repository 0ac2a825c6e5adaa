"""Every form of taking a death back, against every state that we may hold of the child, in any order of arrival.

A missed retraction means a family told that their living child died; a false one, a child whose death nobody reviews.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.adapter import Feed, Submission
from adapters.registry import read
from integration_engine.casebook import Casebook
from integration_engine.record.decision import Decision
from integration_engine.routing.reference import bundled
from integration_engine.routing.switches import Switches
from tests.native_messages import AVA_OTHER, TOM, adt, js, late, message, national, patient, person, report, row, upload

AT = "2026-03-20T09:00:00Z"
NOON, TWO, FIVE = "20260310120000", "20260310140000", "20260310170000"
RELIABLE = Feed("reliable", "RTH", "hospital-hl7", "nhs-adt", n_is_reliable=True)
PIMS = Feed("pims", "RTH", "hospital-hl7", "pims-wales")

TRUST, RECORD, FORCE, OFFICE = "trust", "national", "force", "office"


@dataclass(frozen=True)
class Form:
    """One way to take a death back: who speaks, and whether it is a real retraction or only a question to a person."""

    body: bytes
    by: str = TRUST
    real: bool = True
    feed: Feed | None = None


def status(code: str, sent: str, **change: Any) -> bytes:
    """The national record's own message: 1 informal, 2 formal, U removed."""
    gone: dict[str, Any] = {"deceasedDateTime": None} if code == "U" else {}
    told = patient(extension=[national(code)], **gone, **change)
    return js(message(told, sender="X26", id=f"N-{code}-{sent}", sent=sent, event="pds-death-notification-1"))


def alive(sent: str = "2026-03-10T14:00:00Z") -> bytes:
    return js(message(patient(deceasedDateTime=None, deceasedBoolean=False), id=f"F-{sent}", sent=sent))


def cancel(trigger: str, **pid: str) -> bytes:
    return adt(trigger, f"C-{trigger}", sent=TWO, visit={"f36": ""}, **pid)


def told_by_force(**change: Any) -> bytes:
    return js(report(**change))


FORMS: dict[str, Form] = {
    "date of death deleted": Form(late(sent=TWO, f29='""', f30=None)),
    "death indicator deleted": Form(late(sent=TWO, f29=None, f30='""')),
    "both deleted": Form(late(sent=TWO, f29='""', f30='""')),
    "RESURREC": Form(late(sent=TWO, f29="RESURREC", f30=None)),
    "date of zeros": Form(late(sent=TWO, f29="00000000000000", f30=None)),
    "N of a reliable feed": Form(late(sent=TWO, f29=None, f30="N"), feed=RELIABLE),
    "short date of a PIMS feed": Form(late(sent=TWO, f29="202603", f30=None), feed=PIMS),
    "deceasedBoolean false": Form(alive()),
    "national U": Form(status("U", "2026-03-10T14:00:00Z"), by=RECORD),
    "police withdrawn": Form(
        told_by_force(version=2, status="withdrawn", reported_at="2026-03-10T14:00:00Z"), by=FORCE
    ),
    "coroner WITHDRAWN": Form(upload(row(event="WITHDRAWN", event_at="10/03/2026")), by=OFFICE),
    **{f"{trigger} still dead": Form(cancel(trigger), real=False) for trigger in ("A11", "A13", "A23", "A27", "A29")},
    "A13 that says nothing": Form(cancel("A13", f29="", f30=""), real=False),
}
REAL = {name: form for name, form in FORMS.items() if form.real}
CANCELS = {name: form for name, form in FORMS.items() if not form.real}

DEATHS: dict[str, bytes] = {
    TRUST: adt(),
    RECORD: status("1", "2026-03-09T06:00:00Z"),
    FORCE: told_by_force(),
    OFFICE: upload(row()),
}
LATER: dict[str, bytes] = {
    TRUST: adt("A08", "LATER", sent=FIVE, has_visit=False),
    RECORD: status("1", "2026-03-10T17:00:00Z"),
    FORCE: told_by_force(version=3, reported_at="2026-03-10T17:00:00Z"),
    OFFICE: upload(row(event="PM_ORDERED", event_at="11/03/2026")),
}
OTHER_TRUST = adt(control="RXX1", sender="RXX", sent="20260309060000")
FORMAL = status("2", "2026-03-09T07:00:00Z")
TWIN = adt(control="TWIN", f3=f"{AVA_OTHER}^^^NHS^NH~4512346^^^RTH^PI", f5="HARROW^EVE^MAY^^MISS^^L", f24="Y", f25="2")

WITHDRAWN, OPEN = ("withdrawn", "scope.retracted"), ("open", "scope.child")
DISPUTED, CANCELLED = ("held", "held.disputed"), ("held", "held.cancelled-visit")


def answers(bodies: list[bytes], *, feed: Feed | None = None, decisions: tuple[Decision, ...] = ()) -> Any:
    """(state, rule) of each case, and how many retractions wait: the same in every order of arrival."""
    now, found = datetime.fromisoformat(AT), []
    numbered = list(enumerate(bodies))
    for order in itertools.permutations(numbered):
        book = Casebook()
        for n, body in order:
            for reading in read(Submission(body, datetime(2026, 3, 19, tzinfo=UTC), feed=_of(feed, body))):
                book.add(f"m{n}", reading)
        outcome = book.decide(decisions, bundled(), now, Switches())
        cases = sorted((case.routing.state, case.routing.rule) for case in outcome.cases)
        found.append((cases, len(outcome.waiting)))
    assert all(answer == found[0] for answer in found), "the order of arrival shows"
    return found[0]


def _of(feed: Feed | None, body: bytes) -> Feed | None:
    return feed if feed and body.startswith(b"MSH|^~\\&|LORENZO|RTH") else None


def each(forms: dict[str, Form]) -> Any:
    return pytest.mark.parametrize("form", [pytest.param(form, id=name) for name, form in forms.items()])


@each(REAL)
def test_a_retraction_of_nothing_we_hold_waits_and_a_late_death_of_before_it_is_withdrawn(form: Form) -> None:
    assert answers([form.body], feed=form.feed) in [([], 1), ([], 0)]
    assert answers([form.body, DEATHS[form.by]], feed=form.feed) == ([WITHDRAWN], 0)


@each(REAL)
def test_what_its_own_source_said_alone_is_withdrawn(form: Form) -> None:
    assert answers([DEATHS[form.by], form.body], feed=form.feed) == ([WITHDRAWN], 0)


@each(REAL)
def test_told_twice_it_is_told_once(form: Form) -> None:
    assert answers([DEATHS[form.by], form.body, form.body], feed=form.feed) == ([WITHDRAWN], 0)


@each({name: form for name, form in REAL.items() if form.by != RECORD})
def test_an_informal_national_status_only_repeats_what_it_was_told(form: Form) -> None:
    assert answers([DEATHS[form.by], DEATHS[RECORD], form.body], feed=form.feed) == ([WITHDRAWN], 0)


@each(REAL)
def test_a_formal_registration_stands_against_anybody_but_the_national_record(form: Form) -> None:
    expected = WITHDRAWN if form.by == RECORD else DISPUTED
    assert answers([DEATHS[form.by], FORMAL, form.body], feed=form.feed) == ([expected], 0)


@each(REAL)
def test_an_independent_source_that_still_says_dead_takes_it_to_a_person(form: Form) -> None:
    assert answers([DEATHS[form.by], OTHER_TRUST, form.body], feed=form.feed) == ([DISPUTED], 0)


@each(REAL)
def test_a_later_word_of_the_same_source_stands(form: Form) -> None:
    assert answers([DEATHS[form.by], form.body, LATER[form.by]], feed=form.feed) == ([OPEN], 0)


@each(REAL)
def test_a_restricted_case_is_taken_back_like_any_other(form: Form) -> None:
    restricted = told_by_force(persons=[person(restricted="protected-identity")])
    if form.by == FORCE:
        assert answers([restricted, form.body]) == ([WITHDRAWN], 0)
    else:
        taken_back = told_by_force(version=2, status="withdrawn", reported_at="2026-03-10T15:00:00Z")
        assert answers([DEATHS[form.by], restricted, form.body, taken_back], feed=form.feed) == ([WITHDRAWN], 0)


@each({name: form for name, form in REAL.items() if form.by == TRUST})
def test_a_contradiction_that_was_held_is_taken_back(form: Form) -> None:
    contradiction = adt("A08", "CONTRA", sent="20260309080000", has_visit=False, f30="N")
    assert answers([contradiction]) == ([("held", "held.contradiction")], 0)
    assert answers([contradiction, form.body], feed=form.feed) == ([WITHDRAWN], 0)


@each(REAL)
def test_a_twin_keeps_her_case(form: Form) -> None:
    body = DEATHS[form.by]
    assert answers([TWIN, body, form.body], feed=form.feed) == ([OPEN, WITHDRAWN], 0)


@each(CANCELS)
def test_a_cancelled_visit_asks_a_person_and_takes_nothing_back_by_itself(form: Form) -> None:
    assert answers([DEATHS[TRUST], form.body]) == ([CANCELLED], 0)
    assert answers([DEATHS[TRUST], form.body, LATER[TRUST]]) == ([OPEN], 0)


@each(CANCELS)
def test_a_cancelled_visit_is_withdrawn_once_a_real_retraction_joins_it(form: Form) -> None:
    for real in REAL.values():
        if real.by in (TRUST, RECORD) and real.feed is None:
            assert answers([DEATHS[TRUST], form.body, real.body]) == ([WITHDRAWN], 0)


def decision(kind: str, about: list[str], *, minute: int = 0) -> Decision:
    said = {"by": "somebody", "role": "coordinator", "reason": "spoke to the ward", "about": about}
    return Decision.model_validate(
        {"id": f"{kind}{minute}", "kind": kind, "at": f"2026-03-11T09:{minute:02}:00Z", **said}
    )


@each(CANCELS)
def test_a_cancelled_visit_is_withdrawn_or_opened_by_a_person(form: Form) -> None:
    bodies = [DEATHS[TRUST], form.body]
    assert answers(bodies, decisions=(decision("deny-death", ["m0#0"]),)) == ([WITHDRAWN], 0)
    assert answers(bodies, decisions=(decision("confirm-death", ["m0#0"]),)) == ([OPEN], 0)


@each(REAL)
def test_a_dispute_is_settled_by_a_person_either_way_and_by_the_later_word(form: Form) -> None:
    bodies = [DEATHS[form.by], OTHER_TRUST, form.body]
    confirm, deny = decision("confirm-death", ["m1#0"], minute=1), decision("deny-death", ["m1#0"], minute=2)
    assert answers(bodies, feed=form.feed, decisions=(confirm,)) == ([OPEN], 0)
    assert answers(bodies, feed=form.feed, decisions=(deny,)) == ([WITHDRAWN], 0)
    assert answers(bodies, feed=form.feed, decisions=(confirm, deny)) == ([WITHDRAWN], 0)


@each({name: form for name, form in REAL.items() if form.by in (FORCE, OFFICE)})
def test_a_retraction_that_matches_one_side_of_what_a_person_linked_reaches_the_case(form: Form) -> None:
    """The other side is a hospital's, told of a girl who looks like somebody else; it has nothing to take back."""
    first, theirs = DEATHS[form.by], form.body
    other = {"f3": f"{TOM}^^^NHS^NH~77^^^RTH^PI", "f5": "LARKFEATHER^BO", "f7": "20120102"}
    hospital = adt(**other, f11="2 FAR LANE^^^^BS1 4ST^GBR^H")
    link = decision("link", ["m0#0", "m1#0"])
    assert answers([first, hospital, theirs], decisions=(link,)) == ([DISPUTED], 0)
    gone = late(sent=TWO, **other, f11="2 FAR LANE^^^^BS1 4ST^GBR^H", f29='""', f30='""')
    assert answers([first, hospital, gone], decisions=(link,)) == ([DISPUTED], 0)
    assert answers([first, hospital, theirs, gone], decisions=(link,)) == ([WITHDRAWN], 0)
