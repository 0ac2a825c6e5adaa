"""Each source's last word, and what all of them come to."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.standing import standing

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def said(partner: str, at: str, intent: str = "report", **also: Any) -> DeathNotice:
    source = {"kind": also.pop("kind", "hospital-hl7"), "partner": partner, "visit": also.pop("visit", None)}
    source |= {"indirect": also.pop("indirect", None)}
    form = also.pop("form", "deleted" if intent == "retract" else None)
    if form:
        also["retraction"] = {"form": form}
    return DeathNotice(
        id=f"{partner}-{at}-{intent}-{form}",
        submission="s",
        source=source,
        stated_at=at,
        received_at=NOW,
        profile="p",
        intent=intent,
        **also,
    )


def national(at: str, status: str, intent: str = "report") -> DeathNotice:
    form = "status-removed" if intent == "retract" else None
    return said("PDS", at, intent, kind="national", death={"status": status}, form=form)


def ruling(kind: str, at: str) -> dict[str, Decision]:
    about = Decision(
        id="d", at=datetime.fromisoformat(at), by="someone", role="coordinator", kind=kind, about=("x",), reason="asked"
    )
    return {kind: about}


DEAD = said("RTH", "2026-03-09T05:00")
DELETED = said("RTH", "2026-03-09T09:00", "retract")
CANCELLED = said("RTH", "2026-03-09T08:00", "retract", form="cancelled-visit")
POLICE = said("E23000038", "2026-03-09T06:00", kind="police")


@pytest.mark.parametrize(
    ("notices", "outcome"),
    [
        ([DEAD], "dead"),
        ([DEAD, DELETED], "retracted"),
        ([DELETED], "none"),
        ([DEAD, DELETED, said("RTH", "2026-03-09T10:00")], "dead"),
        ([DEAD, DELETED, POLICE], "disputed"),
        ([DEAD, CANCELLED], "cancelled-visit"),
        ([DEAD, CANCELLED, POLICE], "cancelled-visit"),
        ([DEAD, CANCELLED, said("RTH", "2026-03-09T10:00")], "dead"),
        ([CANCELLED], "none"),
        ([DEAD, said("RTH", "2026-03-09T09:00", "rekey")], "dead"),
        ([said("RTH", "2026-03-09T09:00", "rekey")], "none"),
        ([DEAD, national("2026-03-09T09:00", "removed", "retract")], "disputed"),
        ([DEAD, CANCELLED, national("2026-03-09T09:00", "removed", "retract")], "retracted"),
        ([DEAD, CANCELLED, national("2026-03-09T09:00", "removed", "retract"), POLICE], "disputed"),
        ([DEAD, DELETED, national("2026-03-09T06:00", "informal")], "retracted"),
        ([DEAD, DELETED, national("2026-03-09T06:00", "formal")], "disputed"),
        ([national("2026-03-09T06:00", "formal"), national("2026-03-09T09:00", "removed", "retract")], "retracted"),
        ([national("2026-03-09T10:00", "formal"), national("2026-03-09T09:00", "removed", "retract")], "dead"),
        ([said("RTH", "2026-03-09T05:00", contradiction=True)], "contradiction"),
        ([said("RTH", "2026-03-09T05:00", contradiction=True), said("RTH", "2026-03-09T06:00")], "dead"),
        ([said("RTH", "2026-03-09T05:00", contradiction=True), POLICE], "contradiction"),
        ([national("2026-03-09T06:00", "informal"), DELETED], "disputed"),
        (
            [DEAD, DELETED, national("2026-03-09T06:00", "formal"), national("2026-03-09T07:00", "informal")],
            "disputed",
        ),
        ([said("LAB", "2026-03-09T05:00", indirect=True)], "indirect"),
        ([said("LAB", "2026-03-09T05:00", indirect=True), DEAD], "dead"),
    ],
)
def test_what_the_sources_last_words_come_to_in_any_order(notices: list[DeathNotice], outcome: str) -> None:
    assert {standing(order).outcome for order in permutations(notices)} == {outcome}


def test_a_cancelled_visit_other_than_the_one_that_ended_in_death_changes_nothing() -> None:
    died = said("RTH", "2026-03-09T05:00", visit="V1")
    assert (
        standing([died, said("RTH", "2026-03-09T08:00", "retract", form="cancelled-visit", visit="V2")]).outcome
        == "dead"
    )
    same = said("RTH", "2026-03-09T08:00", "retract", form="cancelled-visit", visit="V1")
    assert standing([died, same]).outcome == "cancelled-visit"


def test_a_visit_that_is_corrected_asks_only_about_a_death_that_it_told_of_itself() -> None:
    corrected = said("RTH", "2026-03-09T08:00", "retract", form="visit-corrected", visit="V1")
    for visit, outcome in (("V1", "cancelled-visit"), ("V2", "dead"), (None, "dead")):
        assert standing([said("RTH", "2026-03-09T05:00", visit=visit), corrected]).outcome == outcome
    assert standing([said("RTH", "2026-03-09T09:00", visit="V1"), corrected]).outcome == "dead"


@pytest.mark.parametrize("vague", ["2026-03-09", "2026-03-09T05:00"])
def test_a_retraction_of_which_only_the_day_or_minute_is_told_takes_back_what_was_said_in_it(vague: str) -> None:
    died, taken_back = said("RTH", "2026-03-09T05:00:30"), said("RTH", vague, "retract")
    assert standing([died, taken_back]).outcome == "retracted"
    assert standing([died, taken_back, said("RTH", "2026-03-10T05:00")]).outcome == "dead"
    assert standing([said("RTH", "2026-03-09"), said("RTH", "2026-03-08", "retract")]).outcome == "dead"


def test_a_retraction_silences_only_its_own_sources_earlier_word() -> None:
    assert standing([DEAD, DELETED, POLICE]).silenced == {DEAD.id}


def test_a_person_settles_a_contradiction_either_way() -> None:
    doubtful = [said("RTH", "2026-03-09T05:00", contradiction=True)]
    assert standing(doubtful, ruling("confirm-death", "2026-03-10T09:00+00:00")).outcome == "dead"
    assert standing(doubtful, ruling("deny-death", "2026-03-10T09:00+00:00")).outcome == "retracted"


def test_what_is_said_against_a_persons_decision_after_it_is_disputed() -> None:
    confirmed = ruling("confirm-death", "2026-03-09T08:30+00:00")
    assert standing([DEAD, DELETED], confirmed).outcome == "disputed"
    assert standing([DEAD, CANCELLED], confirmed).outcome == "dead"
    assert standing([DEAD, said("RTH", "2026-03-09T10:00")], confirmed).outcome == "dead"
    assert standing([DEAD, DELETED], ruling("deny-death", "2026-03-09T08:30+00:00")).outcome == "retracted"


def test_a_laboratory_that_takes_a_death_back_only_raises_a_question() -> None:
    lab = said("RTH", "2026-03-09T09:00", "retract", indirect=True)
    assert standing([DEAD, lab]).outcome == "cancelled-visit"


def test_a_trusts_sites_and_systems_are_one_source() -> None:
    site = said("RTH02", "2026-03-09T09:00", "retract", kind="hospital-fhir")
    assert standing([DEAD, site]).outcome == "retracted"
    assert standing([said("RTH02", "2026-03-09T05:00"), DELETED]).outcome == "retracted"
    assert standing([DEAD, said("RXX02", "2026-03-09T09:00", "retract")]).outcome == "disputed"
    assert standing([said("A81001", "2026-03-09T05:00", kind="other"), DELETED, DEAD]).outcome == "disputed"
    assert standing([said("rth02", "2026-03-09T05:00"), DELETED]).outcome == "retracted"
    assert standing([DEAD, said("RTX", "2026-03-09T09:00", "retract")]).outcome == "disputed"


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("priory-north", "priory-south", "hospital-hl7"),
        ("E23000038", "E23000002", "police"),
        ("derby", "derry", "coroner"),
    ],
)
def test_of_two_partners_who_are_no_trust_each_is_a_source_of_its_own(one: str, other: str, kind: str) -> None:
    told = [said(one, "2026-03-09T05:00", kind=kind), said(other, "2026-03-09T05:00", kind=kind)]
    assert standing([*told, said(one, "2026-03-09T09:00", "retract", kind=kind)]).outcome == "disputed"


def test_a_person_confirms_no_death_that_nobody_told_of() -> None:
    assert standing([DELETED], ruling("confirm-death", "2026-03-10T09:00+00:00")).outcome == "none"


def version(number: int, at: str, intent: str = "report") -> DeathNotice:
    told = said("E23000038", at, intent, kind="police", form="withdrawn" if intent == "retract" else None)
    source = told.source.model_copy(update={"version": number, "local_ref": "54-1/P1"})
    return told.model_copy(update={"source": source})


@pytest.mark.parametrize("back", ["2026-03-09T07:00", "2026-03-09T08:00", "2026-03-09T09:00"])
def test_the_last_version_of_a_report_stands_whatever_its_clock_says(back: str) -> None:
    taken_back = version(2, back, "retract")
    for order in permutations([version(1, "2026-03-09T08:00"), taken_back]):
        assert standing(order).outcome == "retracted"
    dead_after_all = version(3, "2026-03-09T06:00")
    for order in permutations([version(1, "2026-03-09T08:00"), taken_back, dead_after_all]):
        assert standing(order).outcome == "dead"


@pytest.mark.parametrize("stated_at", [None, "2026-03-09"])
@pytest.mark.parametrize(
    ("received", "outcome"), [("2026-03-09T08:00+00:00", "dead"), ("2026-03-09T10:00+00:00", "disputed")]
)
def test_a_retraction_whose_own_time_does_not_tell_is_news_if_it_came_after_the_decision(
    stated_at: str | None, received: str, outcome: str
) -> None:
    confirmed = ruling("confirm-death", "2026-03-09T09:00+00:00")
    moment = {"stated_at": stated_at, "received_at": datetime.fromisoformat(received)}
    assert standing([DEAD, DELETED.model_copy(update=moment)], confirmed).outcome == outcome
