"""Everybody who was ever told learns what becomes of the case: previous leads, holders of merged cases, parted cases."""

from collections.abc import Mapping
from typing import Any

from integration_engine.core import Case
from integration_engine.dispatch import Held, Moves, merged_away
from tests.store_samples import BRISTOL, NOW, SWINDON, report, retraction
from tests.unit.test_dispatch_diff import ROAD_DEATH, after, case_of, decision, sent, who_got_what

COLLISION = report(5, **ROAD_DEATH)
NOWHERE: dict[str, Any] = {"addresses": []}


def moved_twice() -> tuple[Mapping[str, Held], Case]:
    """Berkshire led, then Bristol's panel, then Swindon's."""
    case = case_of(report())
    to_bristol = decision("residence", case.id, lad_code=BRISTOL)
    to_swindon = decision("residence", case.id, minutes=90, lad_code=SWINDON)
    held = after(sent(case))
    held = after(sent(case_of(report(), decisions=[to_bristol]), held, version=2), held)
    last = case_of(report(), decisions=[to_bristol, to_swindon])
    return after(sent(last, held, version=3), held), case_of(report(), retraction(10), decisions=[to_swindon])


def test_every_previous_lead_points_to_the_panel_that_leads_now() -> None:
    held, _ = moved_twice()
    for panel in ("cdop.BERKS", "cdop.WOE"):
        assert (held[panel].standing, held[panel].part) == ("pointer", "previous-lead")
        assert held[panel].envelope["routing"]["lead"]["cdop"] == "WILTSW"


def test_a_withdrawal_reaches_every_panel_that_ever_led() -> None:
    held, withdrawn = moved_twice()
    gone = sent(withdrawn, held, version=4)
    assert who_got_what(gone) == dict.fromkeys(
        ["cdop.BERKS", "cdop.OXON", "cdop.WILTSW", "cdop.WOE", "national.ncmd"], "withdraw"
    )
    assert all(d.retracts for d in gone)


def test_a_previous_lead_sees_a_dispute_and_its_end() -> None:
    case = case_of(report(), COLLISION)
    to_bristol = decision("residence", case.id, lad_code=BRISTOL)
    held = after(sent(case))
    held = after(sent(case_of(report(), COLLISION, decisions=[to_bristol]), held, version=2), held)
    disputed = sent(case_of(report(), COLLISION, retraction(10), decisions=[to_bristol]), held, version=3)
    pointer = next(d for d in disputed if d.recipient == "cdop.BERKS")
    assert (pointer.envelope["flags"], "record" in pointer.envelope) == (["disputed"], False)
    assert pointer.envelope["routing"]["lead"]["cdop"] == "WOE"

    held = after(disputed, held)
    confirmed = decision("confirm-death", case.id)
    settled = sent(case_of(report(), COLLISION, retraction(10), decisions=[to_bristol, confirmed]), held, version=4)
    assert {d.recipient for d in settled} == {who for who, each in held.items() if not each.gone}
    assert all("disputed" not in d.envelope.get("flags", ()) for d in settled)


def test_a_dispute_that_ends_while_nobody_can_place_the_case_is_cleared_and_nothing_else_is_told() -> None:
    first = sent(case_of(report(), COLLISION))
    held = after(first)
    homeless = [report(0, child=NOWHERE), report(5, **ROAD_DEATH, child=NOWHERE)]
    disputed = sent(case_of(*homeless, retraction(10, child=NOWHERE)), held, version=2)
    held = after(disputed, held)
    confirmed = case_of(
        *homeless, retraction(10, child=NOWHERE), decisions=[decision("confirm-death", case_of(*homeless).id)]
    )
    assert confirmed.routing.rule == "held.no-residence"
    cleared = {d.recipient: d for d in sent(confirmed, held, version=3)}
    assert set(cleared) == set(held)
    for before in first:
        assert cleared[before.recipient].envelope["record"] == before.envelope["record"]
        assert "disputed" not in cleared[before.recipient].envelope["flags"]


def test_a_response_does_not_wait_until_somebody_can_tell_where_the_child_lived() -> None:
    told = {d.recipient: d for d in sent(case_of(report(0, child=NOWHERE), report(5, **ROAD_DEATH, child=NOWHERE)))}
    assert {who: d.kind for who, d in told.items()} == {"cdop.OXON": "copy", "jar.JAR-OXON": "jar"}
    assert told["jar.JAR-OXON"].envelope["rule"] == "held.no-residence"


def test_nothing_but_a_home_that_is_not_known_tells_the_panel_of_death_of_a_held_case() -> None:
    assert sent(case_of(report(child=NOWHERE, contradiction=True))) == []
    again = [report(child=NOWHERE), retraction(10, child=NOWHERE), report(5, **ROAD_DEATH, child=NOWHERE)]
    assert case_of(*again).routing.rule == "held.disputed"
    assert sent(case_of(*again)) == []


def test_a_merge_or_split_of_a_held_case_is_announced_to_its_own_holders_and_tells_nothing_new() -> None:
    first = sent(case_of(report()))
    doubtful = case_of(report(), retraction(10, form="cancelled-visit", child={"gp_practice": "A81001"}))
    split = sent(doubtful, after(first), version=2, moves=Moves(split_off=("c-new",)))
    assert who_got_what(split) == {d.recipient: "split" for d in first}
    for before, now in zip(first, split, strict=True):
        assert now.envelope["moved"] == {"into": ["c-new"], "out_of": []}
        assert (now.envelope["state"], now.envelope["record"]) == ("held", before.envelope["record"])
    merge = sent(doubtful, after(split, after(first)), version=3, moves=Moves(absorbed=("c-old",)))
    assert {d.kind for d in merge} == {"merge"}


def test_a_case_that_comes_back_from_a_merge_is_parted_not_opened_a_second_time() -> None:
    case = case_of(report(), COLLISION)
    held = after(sent(case))
    held = after(merged_away(held, case.id, version=2, at=NOW, into="c-kept"), held)
    back = sent(case, held, version=3, moves=Moves(split_from="c-kept"))
    assert who_got_what(back) == dict.fromkeys(held, "split")
    assert all("record" in d.envelope for d in back)


def test_where_a_merge_ends_in_a_withdrawal_the_merged_case_is_withdrawn_by_the_name_its_holders_know() -> None:
    gone = case_of(report(), retraction(10))
    held = after(sent(case_of(report())))
    taken_back = merged_away(held, "c-gone", version=2, at=NOW, into=gone.id, survivor=gone)
    assert who_got_what(taken_back) == dict.fromkeys(held, "withdraw")
    assert {(d.case, d.leaves, d.retracts) for d in taken_back} == {("c-gone", "withdrawn", True)}
    assert all(d.envelope["moved"]["into"] == [gone.id] for d in taken_back)


def test_a_holder_of_a_merged_case_that_is_told_nothing_more_of_the_one_it_became_is_taken_off_it() -> None:
    case = case_of(report())
    pointers = after(merged_away(after(sent(case_of(report()))), "c-gone", version=2, at=NOW, into=case.id))
    elsewhere = {"jar.JAR-WOE": pointers["cdop.OXON"], "cdop.WOE": pointers["cdop.BERKS"]}
    told = {d.recipient: d for d in sent(case, elsewhere, version=2)}
    assert told["cdop.WOE"].envelope["part"] == "previous-lead"
    assert told["jar.JAR-WOE"].kind == "withdraw"
    assert told["jar.JAR-WOE"].envelope["moved"]["out_of"] == ["c-gone"]
    assert not told["jar.JAR-WOE"].retracts


def test_a_restricted_case_is_marked_disputed_without_a_word_of_what_was_told_before() -> None:
    first = sent(case_of(report(), COLLISION))
    case = case_of(report(), COLLISION, retraction(10), decisions=[decision("restrict", case_of(report()).id)])
    assert (case.routing.rule, "disputed" in case.routing.flags) == ("held.restricted", True)
    marked = sent(case, after(first), version=2)
    assert {d.recipient for d in marked} == {d.recipient for d in first}
    for told in marked:
        assert told.envelope["flags"] == ["disputed"]
        assert not {"record", "provenance", "differing", "routing"} & told.envelope.keys()
