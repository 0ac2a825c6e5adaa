"""The one transaction, on both databases: what comes in once counts once, and cases and deliveries follow from it."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from adapters.adapter import Submission
from integration_engine.pipeline import Processed, UnknownSubject, process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.store import audit, outbox, overview
from integration_engine.store.cases import case_content, resolve_id
from integration_engine.store.database import Store
from integration_engine.store.deliveries import acknowledge, decline, deliveries
from integration_engine.store.retractions import retractions
from tests.store_samples import BRISTOL, NOW, read, report, retraction, rules

POLICE: dict[str, Any] = {"kind": "police", "partner": "E23000038"}


def take(store: Store, *submissions: Submission, minutes: int = 0) -> Processed:
    return process(store, submissions, read=read, now=NOW + timedelta(minutes=minutes), **rules())


def decide(
    store: Store,
    kind: str,
    *about: str,
    minutes: int = 60,
    by: str = "coordinator.one",
    role: str = "coordinator",
    **value: Any,
) -> Processed:
    decision = Decision.model_validate(
        {
            "id": f"{kind}-{minutes}",
            "at": NOW + timedelta(minutes=minutes),
            "by": by,
            "role": role,
            "kind": kind,
            "about": about,
            "value": value,
            "reason": "Barnaby is not Wren",
        }
    )
    return record_decision(store, decision, now=NOW + timedelta(minutes=minutes), **rules())


def sent(processed: Processed) -> list[tuple[str, str, int]]:
    return [(row.recipient, row.kind, row.version) for row in processed.outbox]


def only_case(store: Store) -> overview.RecentCase:
    (case,) = overview.recent_cases(store)
    return case


def test_a_death_becomes_a_case_and_deliveries_in_the_outbox(store: Store) -> None:
    processed = take(store, report())
    assert sent(processed) == [("cdop.BERKS", "new", 1), ("cdop.OXON", "copy", 1), ("national.ncmd", "new", 1)]
    assert (only_case(store).state, only_case(store).lead, only_case(store).version) == ("open", "BERKS", 1)
    assert outbox.depth(store).waiting == 3


def test_the_same_message_again_changes_nothing(store: Store) -> None:
    take(store, report(), report())
    before = overview.recent_cases(store)
    again = take(store, report(30), minutes=30)
    assert (again.outbox, again.new, again.alarms) == ((), 0, ())
    assert overview.recent_cases(store) == before


def test_the_same_message_id_with_another_body_is_taken_and_raises_an_alarm(store: Store) -> None:
    take(store, report(message_id="M1"))
    other = take(store, report(5, message_id="M1", death={"expected": "expected"}))
    assert ("cdop.BERKS", "update", 2) in sent(other)
    assert [alarm.code for alarm in other.alarms] == ["same-id-other-body"]
    assert [alarm.code for alarm in overview.alarms(store)] == ["same-id-other-body"]
    take(store, report(5, message_id="M1", death={"expected": "expected"}))
    assert len(overview.alarms(store)) == 1


def test_the_same_message_id_from_another_partner_is_another_message(store: Store) -> None:
    assert take(store, report(message_id="M1"), report(1, partner="RXX", message_id="M1")).alarms == ()


def test_another_source_joins_the_case_and_only_the_difference_goes_out(store: Store) -> None:
    take(store, report())
    later = take(store, report(5, **POLICE, death={"expected": "unexpected"}))
    assert only_case(store).version == 2
    lead = next(row for row in later.outbox if row.recipient == "cdop.BERKS")
    fields = {change["field"] for change in orjson.loads(lead.body)["changes"]}
    assert "death.expected" in fields
    assert "child.family_name" not in fields


def test_a_retraction_takes_the_case_back_and_is_tracked_until_each_panel_acknowledges_it(store: Store) -> None:
    take(store, report())
    gone = take(store, retraction(10))
    assert {kind for _, kind, _ in sent(gone)} == {"withdraw"}
    assert only_case(store).state == "withdrawn"
    late = NOW + timedelta(hours=1)
    open_ones = retractions(store, outstanding=True)
    assert {one.recipient for one in open_ones} == {"cdop.BERKS", "cdop.OXON", "national.ncmd"}
    for one in open_ones:
        assert acknowledge(store, one.recipient, one.delivery, by="recipient", now=late)
    assert retractions(store, outstanding=True) == ()


def test_a_retraction_that_comes_first_waits_for_its_death(store: Store) -> None:
    take(store, retraction(10))
    assert overview.recent_cases(store) == ()
    processed = take(store, report())
    assert processed.outbox == ()
    assert only_case(store).state == "withdrawn"


def test_adults_and_the_living_leave_only_a_count(store: Store) -> None:
    take(
        store,
        report(verdict="passed-over", reason="scope.adult"),
        report(1, verdict="passed-over", reason="scope.adult", x=1),
    )
    assert [(c.verdict, c.reason, c.items) for c in overview.counts(store, NOW.date())] == [
        ("passed-over", "scope.adult", 2)
    ]
    assert overview.recent_cases(store) == ()
    assert audit.verify(store).lines == 0


def test_a_refused_message_is_handed_back_and_noted_once_however_often_it_comes(store: Store) -> None:
    first = take(store, report(verdict="refused", reason="bad-date"))
    take(store, report(verdict="refused", reason="bad-date"), minutes=5)
    assert [(r.submission, r.item.reason) for r in first.refused] == [(0, "bad-date")]
    (noted,) = overview.refusals(store)
    assert (noted.reason, noted.times, noted.partner) == ("bad-date", 2, "RTH")


def test_a_batch_that_raises_writes_nothing(store: Store) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        take(store, report(), Submission(b"not a sample", NOW, partner="RTH"))
    assert overview.recent_cases(store) == ()
    assert outbox.depth(store).waiting == 0


def test_two_children_of_one_batch_are_two_cases(store: Store) -> None:
    other = report(
        1,
        child={
            "nhs_number": "9991012338",
            "family_name": "Marchbanks",
            "given_names": ["Tansy"],
            "birth_date": "2019-01-02",
            "sex": "female",
            "addresses": [{"lines": ["2 Elder Way"], "lad_code": BRISTOL, "use": "home"}],
        },
    )
    take(store, report(), other)
    assert {case.lead for case in overview.recent_cases(store)} == {"BERKS", "WOE"}


def two_sides_of_one_child() -> tuple[Submission, Submission]:
    """Two notices that nothing but a person can tell to be of one child."""
    one = report(child={"nhs_number": None})
    elsewhere = {"nhs_number": None, "family_name": "Ravensworth", "given_names": ["Wilfred"]}
    elsewhere["addresses"] = [{"lines": ["1 Kelp Quay"], "lad_code": BRISTOL, "use": "home"}]
    other = report(5, partner="RXX", child=elsewhere, death={"place": {"type": "home", "lad_code": BRISTOL}})
    return one, other


def test_two_cases_that_a_person_links_become_one_and_the_other_redirects(store: Store) -> None:
    take(store, *two_sides_of_one_child())
    first, second = sorted(overview.recent_cases(store), key=lambda case: case.lead or "")
    merged = decide(store, "link", first.id, second.id)
    assert only_case(store).id == first.id
    with store.reading() as transaction:
        assert resolve_id(transaction, second.id) == first.id
    kept = case_content(store, second.id)
    assert kept is not None
    assert kept.id == first.id
    assert len(kept.content["notices"]) == 2
    pointers = [orjson.loads(row.body) for row in merged.outbox if row.case == second.id]
    assert {tuple(pointer["moved"]["into"]) for pointer in pointers} == {(first.id,)}
    assert {row.recipient for row in merged.outbox if row.case == second.id} == {"cdop.WOE", "national.ncmd"}
    told = {row.recipient: orjson.loads(row.body)["moved"] for row in merged.outbox if row.case == first.id}
    assert told["cdop.BERKS"] == told["cdop.OXON"] == {"into": [], "out_of": [second.id]}
    assert audit.verify(store).broken is None


def test_what_a_person_linked_and_then_parted_is_two_cases_again_with_the_old_ids(store: Store) -> None:
    take(store, *two_sides_of_one_child())
    before = {case.id for case in overview.recent_cases(store)}
    second, first = (
        case.id for case in sorted(overview.recent_cases(store), key=lambda case: case.lead or "", reverse=True)
    )
    decide(store, "link", first, second)
    parted = decide(store, "unlink", first, second, minutes=90)
    assert {case.id for case in overview.recent_cases(store)} == before
    told = {(row.case, row.recipient): orjson.loads(row.body)["moved"] for row in parted.outbox}
    assert told[first, "cdop.BERKS"] == {"into": [second], "out_of": []}
    assert told[second, "cdop.WOE"] == {"into": [], "out_of": [first]}
    assert audit.verify(store).broken is None


def test_a_decision_moves_a_case_to_another_panel(store: Store) -> None:
    take(store, report())
    moved = decide(store, "residence", only_case(store).id, lad_code=BRISTOL)
    assert ("cdop.WOE", "transfer", 2) in sent(moved)
    assert ("cdop.BERKS", "copy", 2) in sent(moved)
    assert decide(store, "residence", only_case(store).id, lad_code=BRISTOL).outbox == ()


def test_a_decision_still_counts_when_more_is_heard_later(store: Store) -> None:
    take(store, report())
    decide(store, "residence", only_case(store).id, lad_code=BRISTOL)
    take(store, report(100, **POLICE), minutes=100)
    assert only_case(store).lead == "WOE"


def test_a_decision_about_nothing_held_is_refused(store: Store) -> None:
    with pytest.raises(UnknownSubject, match="c-nothing"):
        decide(store, "restrict", "c-nothing")


def test_a_doubtful_pair_waits_for_a_person_and_the_review_closes_when_decided(store: Store) -> None:
    twin = {"nhs_number": None, "given_names": [], "name_is_placeholder": True, "multiple_birth": {"count": 2}}
    take(store, report(child=twin), report(5, partner="RXX", child=twin))
    (review,) = overview.open_reviews(store)
    assert review.kind == "linkage"
    assert len(overview.recent_cases(store)) == 2
    decide(store, "unlink", review.a, review.b)
    assert overview.open_reviews(store) == ()


def test_a_panel_reads_its_inbox_from_a_cursor_and_answers(store: Store) -> None:
    take(store, report())
    take(store, report(5, death={"expected": "expected"}))
    inbox = deliveries(store, "cdop.BERKS", by="berks", now=NOW)
    assert [(d.kind, d.version, d.state) for d in inbox] == [("new", 1, "waiting"), ("update", 2, "waiting")]
    assert inbox[0].body["record"]["child"]["family_name"] == "Quillfeather"
    assert [d.id for d in deliveries(store, "cdop.BERKS", by="berks", now=NOW, after=inbox[0].number)] == [inbox[1].id]
    assert acknowledge(store, "cdop.BERKS", inbox[0].id, by="berks", now=NOW)
    assert not acknowledge(store, "cdop.WOE", inbox[0].id, by="woe", now=NOW)
    assert decline(store, "cdop.BERKS", inbox[1].id, by="berks", reason="Barnaby lived with us not", now=NOW)
    states = [d.state for d in deliveries(store, "cdop.BERKS", by="berks", now=NOW)]
    assert states == ["acknowledged", "declined"]
    assert [review.kind for review in overview.open_reviews(store)] == ["declined"]


def test_the_sweeper_gets_what_nobody_published_and_nobody_else_gets_it_meanwhile(store: Store) -> None:
    processed = take(store, report())
    outbox.mark_published(store, [processed.outbox[0].id], NOW)
    later = NOW + timedelta(minutes=1)
    assert outbox.claim(store, 10, timedelta(minutes=5), later) == ()
    swept = outbox.claim(store, 10, timedelta(seconds=30), later)
    assert [row.body for row in swept] == [row.body for row in processed.outbox[1:]]
    assert outbox.claim(store, 10, timedelta(seconds=30), later) == ()
    outbox.mark_published(store, [row.id for row in swept], later)
    assert outbox.depth(store).waiting == 0


def test_the_sweeper_gives_up_its_claim_after_a_while(store: Store) -> None:
    take(store, report())
    first = outbox.claim(store, 10, timedelta(0), NOW)
    assert outbox.claim(store, 10, timedelta(0), NOW + timedelta(minutes=2)) == first


def test_a_jar_notification_comes_before_older_ordinary_deliveries(store: Store) -> None:
    take(store, report())
    crash = {"event": {"type": "road-traffic-collision", "at": "2026-03-07T18:20", "place": {"lad_code": BRISTOL}}}
    take(store, report(5, **POLICE, death=crash))
    assert outbox.claim(store, 1, timedelta(0), NOW)[0].recipient.startswith("jar.")


def test_every_case_change_decision_and_answer_is_in_an_audit_chain_that_holds(store: Store) -> None:
    take(store, report())
    case = only_case(store).id
    decide(store, "residence", case, lad_code=BRISTOL)
    deliveries(store, "cdop.BERKS", by="berks", now=NOW)
    lines = audit.lines(store)
    assert [line.action for line in lines] == [
        "message.taken",
        "case.opened",
        "decision.recorded",
        "case.changed",
        "deliveries.read",
    ]
    assert lines[2].actor == "coordinator.one"
    assert [to for _, to, _ in lines[1].detail["deliveries"]] == ["cdop.BERKS", "cdop.OXON", "national.ncmd"]
    assert audit.verify(store) == audit.Verified(5, None)


def test_whoever_ever_got_either_of_two_linked_cases_learns_that_the_child_is_not_dead(store: Store) -> None:
    take(store, *two_sides_of_one_child())
    decide(store, "link", *(case.id for case in overview.recent_cases(store)))
    decide(store, "deny-death", only_case(store).id, minutes=90)
    assert only_case(store).state == "withdrawn"
    told = overview.deliveries_by_recipient(store)
    assert {"cdop.BERKS", "cdop.WOE", "cdop.OXON", "national.ncmd"} <= told.keys()
    assert all(kinds.get("withdraw") for kinds in told.values())
