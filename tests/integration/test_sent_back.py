"""What a recipient sends back is a question to a person for as long as it is one, on both databases: not after the recipient
has taken it all the same, and not about a case that has ended meanwhile."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.store import audit, overview, transfers, waiting
from integration_engine.store.database import Store
from integration_engine.store.deliveries import acknowledge, decline, deliveries
from integration_engine.store.retractions import retractions, told
from tests.store_samples import BRISTOL, NOW, READING, read, report, retraction, rules

HOUR = timedelta(hours=1)
POLICE: dict[str, Any] = {"kind": "police", "partner": "E23000038"}


def take(store: Store, *submissions: Any) -> None:
    process(store, list(submissions), read=read, now=NOW, **rules())


def decide(store: Store, kind: str, *about: str, now: datetime = NOW + 2 * HOUR, **value: Any) -> None:
    what = {"id": f"{kind}-{now:%H%M}", "at": now, "by": "jane", "role": "coordinator", "kind": kind, "about": about}
    decision = Decision.model_validate({**what, "value": value, "reason": "asked both"})
    record_decision(store, decision, now=now, **rules())


def inbox(store: Store, panel: str = "BERKS") -> list[str]:
    return [each.id for each in deliveries(store, f"cdop.{panel}", by=panel, now=NOW)]


def send_back(store: Store, delivery: str, *, reason: str = "not our area", at: datetime = NOW) -> None:
    assert decline(store, "cdop.BERKS", delivery, by="BERKS", reason=reason, now=at)


def asked(store: Store) -> list[str]:
    return [review.kind for review in overview.open_reviews(store)]


def only_case(store: Store) -> str:
    (case,) = overview.recent_cases(store)
    return case.id


def test_a_panel_that_takes_what_it_had_sent_back_leaves_nobody_a_question(store: Store) -> None:
    take(store, report())
    (delivery,) = inbox(store)
    send_back(store, delivery)
    assert asked(store) == ["declined"]
    assert acknowledge(store, "cdop.BERKS", delivery, by="BERKS", now=NOW + HOUR)
    assert asked(store) == []
    send_back(store, delivery, at=NOW + 2 * HOUR)
    assert asked(store) == ["declined"]


def test_what_else_it_sent_back_of_the_case_stays_a_question(store: Store) -> None:
    take(store, report())
    take(store, report(5, death={"expected": "expected"}))
    first, second = inbox(store)
    send_back(store, first)
    send_back(store, second)
    acknowledge(store, "cdop.BERKS", first, by="BERKS", now=NOW + HOUR)
    assert [review.a for review in overview.open_reviews(store)] == [second]


def test_a_withdrawal_sent_back_is_a_question_until_its_recipient_was_told_another_way(store: Store) -> None:
    take(store, report())
    take(store, retraction(10))
    each = next(each for each in retractions(store) if each.recipient == "cdop.BERKS")
    send_back(store, each.delivery)
    assert asked(store) == ["declined"]
    told(store, each.delivery, by="n", how="telephone", to="Dr Wren", reason="r", at=NOW + HOUR, now=NOW + HOUR)
    assert asked(store) == []


def test_the_same_sent_back_again_is_the_same_question_and_nothing_once_it_is_settled(store: Store) -> None:
    """A client that heard no answer asks again, a message by MESH may be read twice."""
    take(store, report())
    (delivery,) = inbox(store)
    send_back(store, delivery)
    send_back(store, delivery, at=NOW + HOUR)
    (question,) = overview.open_reviews(store)
    assert question.opened_at == NOW
    decide(store, "agreement", only_case(store), cdop="BERKS")
    assert asked(store) == []
    send_back(store, delivery, at=NOW + 3 * HOUR)
    assert asked(store) == []
    assert len([line for line in audit.lines(store, subject=delivery) if line.action == "delivery.declined"]) == 1
    send_back(store, delivery, reason="they never lived here", at=NOW + 3 * HOUR)
    assert asked(store) == ["declined"]


def test_what_was_sent_back_of_a_case_that_became_part_of_another_is_settled_with_that(store: Store) -> None:
    other = {"nhs_number": "9991001379", "given_names": ["Wren"], "addresses": [{"lad_code": READING, "use": "home"}]}
    take(store, report(), report(5, partner="RXX", child=other))
    first, second = sorted(overview.recent_cases(store), key=lambda case: case.opened_at)
    for each in deliveries(store, "cdop.BERKS", by="BERKS", now=NOW):
        send_back(store, each.id)
    decide(store, "link", first.id, second.id, now=NOW + HOUR)
    (case,) = overview.recent_cases(store)
    assert [question.cases[0].id for question in waiting.questions(store)] == [case.id] * 2
    assert len(waiting.questions(store, about=[case.id])) == 2
    assert len(waiting.questions(store, leads=["BERKS"])) == 2
    decide(store, "agreement", case.id, cdop="BERKS")
    assert asked(store) == []


@pytest.mark.parametrize("by", ["a retraction", "a correction of the home"])
def test_nobody_is_asked_to_take_over_a_case_that_ended_or_went_elsewhere(store: Store, by: str) -> None:
    take(store, report())
    case, (delivery,) = only_case(store), inbox(store)
    send_back(store, delivery)
    transfers.propose(store, case, "BERKS", "OXON", "they moved", now=NOW)
    assert sorted(asked(store)) == ["declined", "transfer"]
    if by == "a retraction":
        take(store, retraction(10))
    else:
        decide(store, "residence", case, lad_code=BRISTOL)
    # Why a panel sent a case back somebody has to read, whoever leads it by then.
    assert asked(store) == ([] if by == "a retraction" else ["declined"])
    assert transfers.proposals(store, "BERKS") == transfers.proposals(store, "OXON") == ()


def test_it_is_still_asked_where_no_more_than_something_else_of_the_case_has_changed(store: Store) -> None:
    take(store, report())
    send_back(store, inbox(store)[0])
    transfers.propose(store, only_case(store), "BERKS", "WOE", "they moved", now=NOW)
    take(store, report(20, **POLICE))
    assert sorted(asked(store)) == ["declined", "transfer"]


def test_a_withdrawal_sent_back_stays_a_question_whatever_is_decided_of_the_case_again(store: Store) -> None:
    take(store, report())
    take(store, retraction(10))
    send_back(store, inbox(store)[-1])
    take(store, retraction(20, form="other-source", message_id="again"))
    assert asked(store) == ["declined"]


def test_an_old_delivery_sent_back_after_the_case_has_ended_asks_nobody(store: Store) -> None:
    take(store, report())
    (delivery,) = inbox(store)
    take(store, retraction(10))
    send_back(store, delivery)
    assert asked(store) == []
    states = {each.id: each.state for each in deliveries(store, "cdop.BERKS", by="BERKS", now=NOW)}
    assert states[delivery] == "declined"


def test_an_old_delivery_sent_back_when_another_panel_leads_is_read_by_a_person_all_the_same(store: Store) -> None:
    take(store, report())
    (delivery,) = inbox(store)
    decide(store, "residence", only_case(store), lad_code=BRISTOL)
    send_back(store, delivery)
    assert asked(store) == ["declined"]
