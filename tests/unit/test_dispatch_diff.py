"""What goes out when a case changes: to whom, as what, and nothing twice."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from adapters.adapter import Submission
from integration_engine.core import Case, decide
from integration_engine.dispatch import Delivered, Dispatch, Held, Moves, diff, ended, merged_away
from integration_engine.envelope import DeliveryEnvelope, schema
from integration_engine.mapping.files import mappings
from integration_engine.record.decision import Decision
from integration_engine.record.fields import at_path
from integration_engine.routing.route import Switches
from integration_engine.shown import LIMITED_FIELDS
from tests.store_samples import BRISTOL, NOW, READING, SWINDON, read, report, retraction, rules

ROAD_DEATH: dict[str, Any] = {
    "kind": "police",
    "partner": "E23000038",
    "death": {"event": {"type": "road-traffic-collision", "at": "2026-03-07T18:20", "place": {"lad_code": SWINDON}}},
}


NEW_HOME = {"lines": ["3 Sorrel Rise"], "postcode": "BS1 1AA", "lad_code": BRISTOL, "use": "home"}


def case_of(*submissions: Submission, decisions: Sequence[Decision] = ()) -> Case:
    notices = [notice for s in submissions for reading in read(s) for notice in reading.notices]
    outcome = decide(notices, decisions, rules()["reference"], NOW, Switches())
    (case,) = outcome.cases
    return case


def decision(kind: str, about: str, minutes: int = 60, **value: Any) -> Decision:
    return Decision.model_validate(
        {
            "id": f"{kind}-{minutes}",
            "at": NOW + timedelta(minutes=minutes),
            "by": "someone",
            "role": "restricted",
            "kind": kind,
            "about": [about],
            "value": value,
            "reason": "as told",
        }
    )


def sent(case: Case, previous: Delivered | None = None, version: int = 1, moves: Moves = Moves()) -> list[Dispatch]:
    found = list(diff(previous, case, version=version, at=NOW, moves=moves))
    for dispatch in found:
        DeliveryEnvelope.model_validate_json(orjson.dumps(dict(dispatch.envelope)))
    return found


def after(dispatches: Sequence[Dispatch], before: Delivered | None = None) -> Mapping[str, Held]:
    return {**(before or {}), **{d.recipient: Held(d.leaves, d.envelope) for d in dispatches}}


def who_got_what(dispatches: Sequence[Dispatch]) -> dict[str, str]:
    return {d.recipient: d.kind for d in dispatches}


def changed_fields(dispatch: Dispatch) -> set[str]:
    return {change["field"] for change in dispatch.envelope["changes"]}


def test_a_new_case_goes_to_its_lead_its_copies_and_the_national_record() -> None:
    assert who_got_what(sent(case_of(report()))) == {"cdop.BERKS": "new", "cdop.OXON": "copy", "national.ncmd": "new"}


def test_the_same_case_again_sends_nothing() -> None:
    case = case_of(report())
    assert sent(case, after(sent(case)), version=2) == []


def test_another_source_that_says_the_same_sends_nothing() -> None:
    held = after(sent(case_of(report())))
    assert sent(case_of(report(), report(5, partner="RXX")), held, version=2) == []


def test_an_update_tells_only_the_fields_that_changed() -> None:
    held = after(sent(case_of(report())))
    more = report(5, death={"expected": "expected"})
    (lead, national) = sent(case_of(report(), more), held, version=2)
    assert who_got_what([lead, national]) == {"cdop.BERKS": "update", "national.ncmd": "update"}
    assert lead.envelope["changes"] == [{"field": "death.expected", "to": "expected"}]


def test_a_copy_is_limited_to_what_it_needs() -> None:
    told = report(child={"mother": {"name": "Wren Quillfeather"}}, death={"circumstances": "a long story"})
    copy = next(d for d in sent(case_of(told)) if d.kind == "copy")
    record = copy.envelope["record"]
    assert record["child"]["family_name"] == "Quillfeather"
    assert "addresses" not in record["child"]
    assert "mother" not in record["child"]
    assert "circumstances" not in record["death"]
    assert copy.envelope["routing"]["lead"]["cdop"] == "BERKS"
    assert set(copy.envelope["provenance"]) <= set(LIMITED_FIELDS)


def test_a_required_response_goes_to_the_jar_team_before_anything_else() -> None:
    dispatches = sent(case_of(report(), report(5, **ROAD_DEATH)))
    assert [d.kind for d in dispatches][:2] == ["jar", "jar"]
    assert {d.recipient for d in dispatches if d.kind == "jar"} == {"jar.JAR-OXON", "jar.JAR-BERKS"}


def test_a_held_case_sends_nothing() -> None:
    assert sent(case_of(report(contradiction=True))) == []


def test_a_case_nobody_can_place_is_told_to_the_panel_where_the_child_died() -> None:
    (told,) = sent(case_of(report(child={"addresses": []})))
    assert (told.recipient, told.kind, told.envelope["part"]) == ("cdop.OXON", "copy", "unassigned")
    assert told.envelope["reasons"][0]["rule"] == "held.no-residence"


def test_once_placed_the_lead_gets_a_new_case_and_the_panel_of_death_goes_on_as_a_copy() -> None:
    homeless = report(child={"addresses": []})
    held = after(sent(case_of(homeless)))
    placed = case_of(homeless, report(5))
    assert who_got_what(sent(placed, held, version=2)) == {
        "cdop.BERKS": "new",
        "cdop.OXON": "copy",
        "national.ncmd": "new",
    }


def test_a_withdrawn_case_is_taken_back_from_everybody_who_got_it() -> None:
    held = after(sent(case_of(report())))
    dispatches = sent(case_of(report(), retraction(10)), held, version=2)
    assert who_got_what(dispatches) == dict.fromkeys(held, "withdraw")
    assert all("record" not in d.envelope for d in dispatches)
    assert sent(case_of(report(), retraction(10)), after(dispatches, held), version=3) == []


def test_a_case_withdrawn_before_it_left_is_told_to_nobody() -> None:
    assert sent(case_of(report(), retraction(10))) == []


def test_a_death_said_again_after_its_withdrawal_is_a_new_case_to_its_recipients() -> None:
    first = sent(case_of(report()))
    gone = sent(case_of(report(), retraction(10)), after(first), version=2)
    again = sent(case_of(report(), retraction(10), report(20, message_id="2")), after(gone, after(first)), version=3)
    assert who_got_what(again) == {"cdop.BERKS": "new", "cdop.OXON": "copy", "national.ncmd": "new"}


def test_a_disputed_case_is_marked_to_everybody_and_tells_nothing_new() -> None:
    first = sent(case_of(report(), report(5, **ROAD_DEATH)))
    later = retraction(10, child={"gp_practice": "A81001"})
    disputed = sent(case_of(report(), report(5, **ROAD_DEATH), later), after(first), version=2)
    assert who_got_what(disputed) == {d.recipient: "update" for d in first}
    for before, now in zip(
        sorted(first, key=lambda d: d.recipient), sorted(disputed, key=lambda d: d.recipient), strict=True
    ):
        assert now.envelope["record"] == before.envelope["record"]
        assert "disputed" in now.envelope["flags"]
    still = sent(case_of(report(), report(5, **ROAD_DEATH), later), after(disputed, after(first)), version=3)
    assert still == []


def test_a_dispute_that_is_settled_updates_everybody() -> None:
    sides = [report(), report(5, **ROAD_DEATH), retraction(10)]
    first = after(sent(case_of(*sides[:2])))
    disputed = after(sent(case_of(*sides), first, version=2), first)
    case = case_of(*sides)
    settled = case_of(*sides, decisions=[decision("confirm-death", case.id)])
    assert settled.routing.state == "open"
    assert set(who_got_what(sent(settled, disputed, version=3))) == set(disputed)


def test_a_lead_that_stays_for_another_reason_moves_no_national_record() -> None:
    case = case_of(report())
    agreed = case_of(report(), decisions=[decision("agreement", case.notices[0].id, cdop="BERKS")])
    found = sent(agreed, after(sent(case)), version=2)
    assert {d.recipient: d.kind for d in found if d.recipient != "cdop.OXON"} == {
        "cdop.BERKS": "update", "national.ncmd": "update",
    }  # fmt: skip
    assert "routing.lead" in changed_fields(found[-1])


def test_a_new_lead_gets_a_transfer_and_the_old_one_a_closed_pointer() -> None:
    held = after(sent(case_of(report())))
    case = case_of(report())
    moved = case_of(report(), decisions=[decision("residence", case.id, lad_code=BRISTOL)])
    dispatches = sent(moved, held, version=2)
    assert who_got_what(dispatches) == {
        "cdop.WOE": "transfer",
        "cdop.BERKS": "copy",
        "cdop.OXON": "update",
        "national.ncmd": "transfer",
    }
    pointer = next(d for d in dispatches if d.recipient == "cdop.BERKS")
    assert pointer.envelope["reasons"][0]["rule"] == "copy.previous-lead"
    assert pointer.envelope["routing"]["lead"]["cdop"] == "WOE"
    assert "record" not in pointer.envelope
    assert sent(moved, after(dispatches, held), version=3) == []


def test_a_lead_that_becomes_a_copy_is_told_why_and_gets_the_limited_record() -> None:
    at_home = {"place": {"type": "home", "lad_code": READING}}
    held = after(sent(case_of(report(death=at_home))))
    case = case_of(report(death=at_home))
    moved = case_of(report(death=at_home), decisions=[decision("residence", case.id, lad_code=BRISTOL)])
    old = next(d for d in sent(moved, held, version=2) if d.recipient == "cdop.BERKS")
    assert (old.kind, old.envelope["part"]) == ("copy", "copy")
    assert [reason["rule"] for reason in old.envelope["reasons"]] == ["copy.death", "copy.previous-lead"]
    assert "addresses" not in old.envelope["record"]["child"]


def test_a_previous_lead_learns_of_the_withdrawal_too() -> None:
    case = case_of(report())
    residence = [decision("residence", case.id, lad_code=BRISTOL)]
    held = after(sent(case))
    held = after(sent(case_of(report(), decisions=residence), held, version=2), held)
    gone = sent(case_of(report(), retraction(10), decisions=residence), held, version=3)
    assert who_got_what(gone)["cdop.BERKS"] == "withdraw"


def test_a_copy_that_no_longer_is_one_is_taken_back() -> None:
    held = after(sent(case_of(report())))
    corrected = report(5, death={"place": {"type": "home", "lad_code": READING}})
    took_back = next(d for d in sent(case_of(corrected), held, version=2) if d.recipient == "cdop.OXON")
    assert (took_back.kind, took_back.envelope["rule"]) == ("withdraw", "copy.ended")


def test_a_case_out_of_scope_is_taken_back_with_the_rule() -> None:
    first = sent(case_of(report()))
    grown_up = case_of(report(5, child={"birth_date": "2000-05-09"}))
    assert grown_up.routing.state == "out-of-scope"
    dispatches = sent(grown_up, after(first), version=2)
    assert {d.kind for d in dispatches} == {"withdraw"}
    assert {d.envelope["rule"] for d in dispatches} == {"scope.adult"}


def test_a_restricted_case_tells_nobody_before_its_release_and_then_the_current_identity_only() -> None:
    told = report(child={"restricted": "protected-identity", "former_names": ["Thistlewood"], "known_as": ["Barney"]})
    case = case_of(told)
    assert case.routing.rule == "held.restricted"
    assert sent(case) == []
    dispatches = sent(case_of(told, decisions=[decision("release", case.id)]))
    assert who_got_what(dispatches)["cdop.BERKS"] == "new"
    assert all(b"Thistlewood" not in orjson.dumps(dict(d.envelope)) for d in dispatches)
    assert all(b"Barney" not in orjson.dumps(dict(d.envelope)) for d in dispatches)


def test_who_led_before_does_not_learn_where_a_protected_child_has_gone() -> None:
    known = report()
    held = after(sent(case_of(known)))
    marked = report(5, child={"restricted": "protected-identity", "addresses": [NEW_HOME]})
    release = [decision("release", case_of(known).id)]
    moved = case_of(known, marked, decisions=release)
    assert moved.routing.lead is not None
    assert moved.routing.lead.cdop == "WOE"
    told = next(d for d in sent(moved, held, version=2) if d.recipient == "cdop.BERKS")
    assert (told.kind, told.envelope["state"], told.envelope["rule"]) == ("withdraw", "open", "copy.ended")
    assert all(word not in orjson.dumps(dict(told.envelope)) for word in (b"WOE", b"Bristol", BRISTOL.encode(), b"BS1"))


def test_a_panel_that_knows_a_protected_childs_home_is_pointed_to_the_panel_it_handed_over_to() -> None:
    told = report(child={"restricted": "protected-identity"})
    case = case_of(told)
    release = decision("release", case.id)
    held = after(sent(case_of(told, decisions=[release])))
    agreed = decision("agreement", case.id, cdop="WOE")
    pointer = next(
        d for d in sent(case_of(told, decisions=[release, agreed]), held, version=2) if d.recipient == "cdop.BERKS"
    )
    assert (pointer.kind, pointer.envelope["part"]) == ("copy", "previous-lead")
    assert pointer.envelope["routing"]["lead"]["cdop"] == "WOE"


def test_a_restricted_case_never_tells_what_a_value_was_before() -> None:
    told = report(child={"restricted": "protected-identity"})
    release = [decision("release", case_of(told).id)]
    held = after(sent(case_of(told, decisions=release)))
    renamed = report(5, child={"restricted": "protected-identity", "family_name": "Ravensworth"})
    updates = sent(case_of(told, renamed, decisions=release), held, version=2)
    lead = next(d for d in updates if d.recipient == "cdop.BERKS")
    assert "child.family_name" in changed_fields(lead)
    assert all("from" not in change for d in updates for change in d.envelope["changes"])


def test_holders_of_a_merged_case_are_pointed_to_the_one_it_became() -> None:
    held = after(sent(case_of(report())))
    pointers = merged_away(held, "c-gone", version=2, at=NOW, into="c-kept")
    assert who_got_what(pointers) == dict.fromkeys(held, "merge")
    assert all(d.envelope["moved"] == {"into": ["c-kept"], "out_of": []} for d in pointers)
    assert all("record" not in d.envelope for d in pointers)


def test_a_merge_and_a_split_are_announced_to_every_holder() -> None:
    case = case_of(report())
    held = after(sent(case))
    merge = sent(case, held, version=2, moves=Moves(absorbed=("c-other",)))
    assert who_got_what(merge) == dict.fromkeys(held, "merge")
    split = sent(case, held, version=2, moves=Moves(split_off=("c-new",)))
    assert {d.kind for d in split} == {"split"}
    assert all(d.envelope["moved"] == {"into": ["c-new"], "out_of": []} for d in split)


def test_a_case_nothing_speaks_for_any_more_is_taken_back() -> None:
    held = after(sent(case_of(report())))
    dispatches = ended(held, "c-x", version=2, at=NOW, rule="scope.retracted")
    assert {d.leaves for d in dispatches} == {"withdrawn"}


def test_delivery_ids_are_stable_and_differ_by_version() -> None:
    case = case_of(report())
    first, again, later = (sent(case, version=v) for v in (1, 1, 2))
    assert [d.id for d in first] == [d.id for d in again]
    assert {d.id for d in first}.isdisjoint(d.id for d in later)


def test_provenance_names_the_kind_of_partner_and_the_path_never_the_message() -> None:
    lead = next(d for d in sent(case_of(report())) if d.recipient == "cdop.BERKS")
    origin = lead.envelope["provenance"]["child.family_name"]
    assert (origin["source"], origin["path"]) == ("hospital-hl7", "child.family_name")
    assert all(at_path(lead.envelope["record"], path) is not None for path in lead.envelope["provenance"])


def test_the_shipped_schema_is_the_models_own_and_every_delivery_keeps_it() -> None:
    shipped = orjson.loads((mappings() / "schema" / "case-delivery-1.json").read_bytes())
    assert shipped == orjson.loads(orjson.dumps(schema()))
    check = Draft202012Validator(shipped)
    first = sent(case_of(report(), report(5, **ROAD_DEATH)))
    gone = sent(case_of(report(), retraction(10)), after(first), version=2)
    for dispatch in [*first, *gone]:
        check.validate(orjson.loads(orjson.dumps(dict(dispatch.envelope))))
