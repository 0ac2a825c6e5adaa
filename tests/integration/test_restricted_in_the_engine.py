"""Restricted children in the running engine, on both databases: no delivery, list or audit line tells who they were, and what
must be taken back reaches whoever has it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from integration_engine.pipeline import NotTheirDecision
from integration_engine.store import audit, overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store, table
from integration_engine.store.decisions import every_decision
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import DeliveryRow
from tests.integration.test_decisions_everywhere import record, take
from tests.native_messages import adt, js, late, report
from tests.restricted_samples import FORMS, NEW, OLD, Form, now_called, once_called, renumbered, told

_DELIVERY = table(DeliveryRow)
every_form = pytest.mark.parametrize("name", FORMS)


def decision(kind: str, *about: str, role: str = "restricted", day: int = 1) -> dict[str, Any]:
    return {
        "id": f"d-{kind}-{day}", "at": f"2026-04-0{day}T09:00:00Z", "by": "guardian", "role": role, "kind": kind,
        "about": list(about), "value": {}, "reason": "as the court order says",
    }  # fmt: skip


def sent(store: Store, after: int = 0) -> list[tuple[str, str, dict[str, Any]]]:
    """(recipient, kind, body) of every delivery after a number."""
    query = select(_DELIVERY).where(_DELIVERY.c.sequence > after).order_by(_DELIVERY.c.sequence)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return [(row.recipient, row.kind, unseal_json(store.keys, row.sealed)) for row in rows]


def lists(store: Store) -> str:
    """What an operator's pages and an export of the audit log are made of."""
    return repr([
        overview.recent_cases(store), overview.refusals(store), overview.alarms(store), overview.open_reviews(store),
        overview.deliveries_by_recipient(store), audit.lines(store, limit=10_000),
    ])  # fmt: skip


def contents(store: Store) -> str:
    return json.dumps([held.content for row in overview.recent_cases(store) if (held := case_content(store, row.id))])


def settle(store: Store, form: Form, names: dict[str, str], kinds: Sequence[str]) -> None:
    about = {"link": form.link, "restrict": (form.about,), "release": (form.about,)}
    for day, kind in enumerate(kinds, 2):
        record(store, decision(kind, *about[kind], day=day), names)


@every_form
def test_nothing_tells_who_a_child_was_before_or_after_release(name: str, store: Store) -> None:
    form = FORMS[name]
    # Whoever marks the child comes first, so nothing has left when the rest arrives.
    names = take(store, form.messages)
    if form.restrict:
        record(store, decision("restrict", form.about), names)
    before = len(sent(store))
    for text in ("" if form.restrict else json.dumps(sent(store)), lists(store), contents(store)):
        assert not told(text)
    settle(store, form, names, [*(["link"] if form.link else []), "release"])
    (case,) = overview.recent_cases(store)
    assert (case.state, case.lead) == ("open", "WOE")
    assert sent(store)[before:] or form.restrict
    for text in (json.dumps(sent(store)[before:]), lists(store), contents(store)):
        assert not told(text)


def test_whoever_was_told_under_the_former_identity_is_told_no_more_than_that_it_is_taken_back(store: Store) -> None:
    first = {"old.hl7": once_called("OLD1", f11="14 FORMER LANE^^OLDTOWN^^LS1 1UR^GBR^H")}
    names = take(store, first)
    assert [(to, kind) for to, kind, _ in sent(store)] == [("cdop.LEEDS", "new"), ("national.ncmd", "new")]
    names |= take(store, {"cur.hl7": now_called()})
    before = len(sent(store))
    names |= take(store, {"r.json": renumbered()})
    assert sent(store, before) == []
    record(store, decision("link", "old.hl7#0", "cur.hl7#0"), names)
    record(store, decision("release", "cur.hl7#0", day=2), names)
    after = sent(store, before)
    assert [body["kind"] for to, _, body in after if to == "cdop.LEEDS"] == ["withdraw"]
    taken_back = next(body for to, _, body in after if to == "cdop.LEEDS")
    assert not {"record", "routing", "moved", "related"} & taken_back.keys()
    assert [body["record"]["child"]["family_name"] for to, _, body in after if to == "cdop.WOE"] == ["MARSH"]
    others = [body for to, _, body in after if to != "cdop.LEEDS"]
    assert not told(json.dumps(others))
    assert not [
        secret for secret in ("marsh", "9991010963", "woe", "newhome") if secret in json.dumps(taken_back).casefold()
    ]


def test_a_former_identity_that_was_told_apart_from_somebody_else_is_held_all_the_same(store: Store) -> None:
    """A twin, a namesake: that the two are two says nothing of the child who bears the same number now."""
    form = FORMS["a coroner's mark, and a hospital that knows the former identity only"]
    namesake = adt("A03", "OTH", f3="9990000026^^^NHS^NH", f5="HART^NOAH", f8="M")
    names = take(store, {"old.hl7": form.messages["old.hl7"], "z.hl7": namesake})
    record(store, decision("unlink", "old.hl7#0", "z.hl7#0", role="coordinator"), names)
    before = len(sent(store))
    names |= take(store, {"c.csv": form.messages["c.csv"]})
    assert [case.rule for case in overview.recent_cases(store) if case.restricted] == ["held.restricted"] * 2
    assert not [told(json.dumps(body)) for to, _, body in sent(store)[before:] if to in ("cdop.LEEDS", "cdop.WOE")]
    again = decision("unlink", "old.hl7#0", "z.hl7#0", role="coordinator", day=2)
    with pytest.raises(NotTheirDecision):
        record(store, again, names)
    record(store, decision("unlink", "old.hl7#0", "c.csv#0", day=3), names)
    assert [case.rule for case in overview.recent_cases(store) if case.restricted] == ["held.restricted"]
    record(store, decision("unlink", "old.hl7#0", "c.csv#0", day=4) | {"value": {"withdraw": True}}, names)
    assert [case.rule for case in overview.recent_cases(store) if case.restricted] == ["held.restricted"] * 2


def test_a_restriction_of_a_delivered_case_sends_nothing_and_a_retraction_still_reaches_its_holders(
    store: Store,
) -> None:
    names = take(store, {"m.hl7": adt()})
    before = len(sent(store))
    record(store, decision("restrict", "m.hl7#0", role="coordinator"), names)
    assert sent(store, before) == []
    take(store, {"u.hl7": late(f29='""', f30='""', sent="20260401090000")})
    after = sent(store, before)
    assert {to for to, _, _ in after} == {to for to, _, _ in sent(store)[:before]}
    assert {kind for _, kind, _ in after} == {"withdraw"}


def test_a_restricted_case_in_dispute_marks_what_its_holders_have_and_repeats_none_of_it(store: Store) -> None:
    names = take(store, {"m.hl7": adt(), "p.json": js(report())})
    before = len(sent(store))
    record(store, decision("restrict", "m.hl7#0"), names)
    take(store, {"u.hl7": late(f29='""', f30='""', sent="20260401090000")})
    after = sent(store, before)
    assert {to for to, _, _ in after} == {to for to, _, _ in sent(store)[:before]}
    assert all("disputed" in body["flags"] and "record" not in body for _, _, body in after)


def test_a_residence_decided_for_a_protected_child_sends_no_older_home(store: Store) -> None:
    form = FORMS["a coroner's mark, and a hospital with the former home"]
    names = take(store, {"old.hl7": form.messages["old.hl7"], "c.csv": form.messages["c.csv"]})
    before = len(sent(store))
    record(store, decision("residence", "c.csv#0") | {"value": {"lad_code": "E06000038"}}, names)
    record(store, decision("release", "c.csv#0", day=2), names)
    after = sent(store, before)
    leads = [body for to, _, body in after if to == "cdop.BERKS"]
    assert [("addresses" in body["record"]["child"]) for body in leads] == [False]
    assert not told(json.dumps([body for to, _, body in after if to != "cdop.LEEDS"]))


def test_another_role_is_refused_and_nothing_is_kept(store: Store) -> None:
    form = FORMS["a protected flag, and aliases"]
    names = take(store, form.messages)
    with pytest.raises(NotTheirDecision) as refused:
        record(store, decision("release", form.about, role="coordinator"), names)
    assert refused.value.code == "restricted-role"
    assert list(every_decision(store)) == []
    assert "decision.recorded" not in lists(store)


@pytest.mark.parametrize("role", ["coordinator", "restricted"])
def test_a_release_that_came_before_the_mark_is_no_release_of_it(role: str, store: Store) -> None:
    names = take(store, {"cur.hl7": now_called(f30="N")})
    record(store, decision("release", "cur.hl7#0", role=role) | {"at": "2026-03-08T09:00:00Z"}, names)
    assert [case.state for case in overview.recent_cases(store)] == ["open"]
    take(store, {"c.csv": FORMS["a coroner's mark, and a hospital with the former home"].messages["c.csv"]})
    assert [case.rule for case in overview.recent_cases(store)] == ["held.restricted"]


def test_an_adoption_that_is_told_once_a_case_is_over_hides_it_all_the_same(store: Store) -> None:
    names = take(store, {"cur.hl7": now_called(f3=f"{NEW}^^^NHS^NH")})
    record(store, decision("deny-death", "cur.hl7#0"), names)
    take(store, {"old.hl7": once_called(), "r.json": renumbered()})
    found = {(case.rule, case.restricted) for case in overview.recent_cases(store)}
    assert found == {("scope.retracted", True), ("held.restricted", True)}


def test_a_release_that_came_before_an_adoption_is_no_release_of_it_wherever_the_new_number_is_told(
    store: Store,
) -> None:
    names = take(store, {"cur.hl7": now_called(f30="N")})
    record(store, decision("release", "cur.hl7#0") | {"at": "2026-03-08T09:00:00Z"}, names)
    take(store, {"old.hl7": once_called(), "r.json": renumbered()})
    assert {case.rule for case in overview.recent_cases(store)} == {"held.restricted"}


def test_a_new_number_under_the_same_name_is_no_mark_that_whoever_releases_knows_of(store: Store) -> None:
    data = {"fullUrl": f"https://pds.example/Patient/{NEW}", "versionId": 'W/"3"', "nhsNumberStatus": "R"}
    told_before = {
        "id": "s-1", "type": "nhs-number-change-1", "source": {"name": "national"}, "time": "2026-03-07T09:00:00.000Z",
        "subject": {"nhsNumber": OLD, "familyName": "MARSH", "dob": "2014-05-09"}, "data": data,
    }  # fmt: skip
    names = take(store, {"r.json": js(told_before), "cur.hl7": now_called(f30="N")})
    record(store, decision("release", "cur.hl7#0") | {"at": "2026-03-08T09:00:00Z"}, names)
    assert [case.state for case in overview.recent_cases(store)] == ["open"]
    take(store, {"c.csv": FORMS["a coroner's mark, and a hospital with the former home"].messages["c.csv"]})
    assert [case.rule for case in overview.recent_cases(store)] == ["held.restricted"]
