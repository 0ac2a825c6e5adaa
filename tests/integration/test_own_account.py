"""What a partner sees of its own messages, on both databases: what was taken, found by its own id, and never another's."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine.own_account import OwnAccount
from integration_engine.pipeline import process
from integration_engine.security.identity import NotAllowed, Principal
from integration_engine.store import audit, own_messages, rehearsals
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.accounts import Accounts
from integration_engine.store.database import Store, table
from integration_engine.store.identities import Identities
from integration_engine.store.inbox import Refusal, Tally, count, refuse
from integration_engine.store.own_messages import plain_id
from integration_engine.store.rehearsals import KEPT, Tried, keep
from integration_engine.store.tables import SubmissionRow
from tests.signing import Machine
from tests.store_samples import NOW, nobodys_namesake, read, report, retraction, rules

OWN = Principal("RTH", "partner", frozenset({"hospital-hl7"}))
OTHER = Principal("RXH", "partner", frozenset({"hospital-hl7"}))


def take(store: Store, *submissions: Submission) -> None:
    process(store, submissions, read=read, now=NOW + timedelta(hours=1), **rules())


def account(store: Store) -> OwnAccount:
    return OwnAccount(store, lambda: NOW)


def test_what_was_taken_is_shown_to_its_sender_alone_and_without_a_child(store: Store) -> None:
    take(store, report(message_id="M1"), retraction(5, message_id="M2"))
    take(store, report(9, partner="RXH", message_id="M1", child=nobodys_namesake(3)))
    own, other = account(store).status(OWN), account(store).status(OTHER)
    assert [each["verdicts"] for each in own["taken"]] == [["retraction"], ["notice"]]
    assert [each["verdicts"] for each in other["taken"]] == [["notice"]]
    assert {each["id"] for each in own["taken"]}.isdisjoint(each["id"] for each in other["taken"])
    for value in ("Quillfeather", "Barnaby", "9991000003", "2014-05-09", "Larkspur"):
        assert value not in json.dumps(own)


def test_a_message_is_found_by_its_senders_own_id_and_by_nobody_elses(store: Store) -> None:
    take(store, report(message_id="M1"))
    take(store, report(9, partner="RXH", message_id="X9", child=nobodys_namesake(3)))
    [found] = account(store).find(OWN, "M1")
    assert found["verdicts"] == ["notice"]
    assert account(store).find(OWN, "X9") == []
    assert account(store).find(OTHER, "M1") == []


def test_refusals_and_counts_are_the_partners_own(store: Store) -> None:
    with store.transaction() as transaction:
        tally = Tally()
        for partner in ("RTH", "RXH"):
            tally.add("hospital-hl7", partner, "passed-over", "no-death")
        count(transaction, tally, NOW)
        refuse(transaction, [Refusal("hospital-hl7", p, p, 0, f"no-{p}", ()) for p in ("RTH", "RXH")], NOW)
    found = account(store).status(OWN)
    assert [each["reason"] for each in found["refused"]] == ["no-RTH"]
    assert [(each["verdict"], each["reason"], each["persons"]) for each in found["days"]] == [
        ("passed-over", "no-death", 1)
    ]


@pytest.mark.parametrize("times", [1, 2])
def test_nobody_learns_by_saying_that_a_child_lives_whether_it_is_known(store: Store, times: int) -> None:
    """The same word of a child that another hospital told is dead, and of one that nobody has told of."""
    known, unknown = {"nhs_number": "9991000003"}, nobodys_namesake(3)
    take(store, report(partner="RXH", message_id="M1", child=known))
    for partner, child in (("RTH", known), ("RXX", unknown)):
        lives = {"form": "not-dead", "routine": True}
        said = {"partner": partner, "child": child, "verdict": "retraction", "reason": "not-dead", "message_id": "M9"}
        for _ in range(times):
            take(store, report(5, intent="retract", retraction=lives, **said))
    with store.reading() as transaction:
        assert set(transaction.connection.scalars(select(table(SubmissionRow).c.partner))) == {"RXH", "RTH"}
    seen = [
        (found["taken"], found["days"], found["refused"], account(store).find(partner, "M9"))
        for partner in (OWN, Principal("RXX", "partner", frozenset({"hospital-hl7"})))
        for found in [account(store).status(partner)]
    ]
    assert seen == [([], [], [], [])] * 2


def test_what_is_not_shown_takes_nothing_elses_place(store: Store) -> None:
    take(store, report(message_id="M1"))
    lives = {"form": "not-dead", "routine": True}
    for n in range(3):
        take(store, report(5 + n, intent="retract", retraction=lives, message_id=f"L{n}", verdict="retraction"))
    assert [each.verdicts for each in own_messages.taken(store, "RTH", 1)] == [("notice",)]


def test_its_ways_in_are_named_and_never_shown(store: Store) -> None:
    identities = Identities(store, lambda: NOW)
    token = identities.add("RTH", "partner", kinds=["hospital-hl7"])
    gone = identities.add("RTH", "partner", kinds=["hospital-hl7"])
    identities.revoke("RTH", gone.lookup)
    identities.add("RXH", "partner", kinds=["hospital-hl7"])
    accounts = Accounts(store, lambda: NOW)
    accounts.put("partner.RTH", "RTH", "partner", "salted", "tests")
    accounts.put("partner.RXH", "RXH", "partner", "salted", "tests")
    keys = AccessTokens(store, lambda: NOW)
    name = keys.add_public_key("RTH", Machine("RTH").public)
    keys.add_key("RTH", "0f" * 32, "certificate", "")
    keys.add_key("RXH", "1f" * 32, "certificate", "")
    found = account(store).status(OWN)["ways_in"]
    assert {(each["way"], each["name"]) for each in found} == {
        ("token", token.lookup),
        ("key", name),
        ("certificate", "0f" * 32),
        ("broker", "partner.RTH"),
    }
    assert token.text not in json.dumps(found)
    assert "salted" not in json.dumps(found)


def test_of_what_was_tried_the_last_ones_are_kept(store: Store) -> None:
    tried = [
        Tried("RTH", "hospital-hl7", f"c{n}", f"M{n}", NOW + timedelta(minutes=n), "notice", "death", [])
        for n in range(KEPT + 5)
    ]
    with store.transaction() as transaction:
        keep(transaction, tried)
        keep(transaction, [Tried("RXH", "hospital-hl7", "c1", "M1", NOW, "notice", "death", [])])
    found = rehearsals.latest(store, "RTH", "hospital-hl7")
    assert (len(found), found[0]["message_id"], found[-1]["message_id"]) == (KEPT, f"M{KEPT + 4}", "M5")
    assert len(rehearsals.latest(store, "RXH", "hospital-hl7")) == 1


def test_a_score_that_is_begun_anew_forgets_ones_own_tries_of_that_kind_alone(store: Store) -> None:
    tried = [
        Tried(code, kind, f"c{n}", None, NOW, "refused", "bad-date", [])
        for n, (code, kind) in enumerate(
            [("RTH", "hospital-hl7"), ("RTH", "hospital-hl7"), ("RTH", "hospital-fhir"), ("RXH", "hospital-hl7")]
        )
    ]
    with store.transaction() as transaction:
        keep(transaction, tried)
    with pytest.raises(NotAllowed):
        account(store).begin_anew(OWN, "police")
    assert account(store).begin_anew(OWN, "hospital-hl7") == 2
    assert account(store).begin_anew(OWN, "hospital-hl7") == 0
    left = [(code, kind) for code, kind in (("RTH", "hospital-fhir"), ("RXH", "hospital-hl7"))]
    assert [len(rehearsals.latest(store, *each)) for each in left] == [1, 1]
    assert rehearsals.latest(store, "RTH", "hospital-hl7") == []
    (line,) = [line for line in audit.lines(store, subject="RTH") if line.action == rehearsals.BEGUN_ANEW]
    assert (line.actor, dict(line.detail)) == ("RTH", {"kind": "hospital-hl7", "forgotten": 2})


def test_an_id_that_could_be_a_person_is_not_shown_again() -> None:
    assert plain_id("RTH-20260309-17") == "RTH-20260309-17"
    for doubtful in (None, "", "9991000003", "A9991000003B", "Ava Harrowgate", "x" * 65):
        assert plain_id(doubtful) is None
