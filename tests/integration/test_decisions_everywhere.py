"""Every kind of decision on native messages: `cdr try` and the engine on both databases come to the same, and what the engine
exports gives that state again."""

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.adapter import Submission
from integration_engine.cli import _build
from integration_engine.core import case_id
from integration_engine.pipeline import NotTheirDecision, UnknownSubject, process, record_decision
from integration_engine.record.authority import kinds
from integration_engine.record.decision import Decision
from integration_engine.store import overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from integration_engine.store.decisions import OtherDecision, every_decision
from integration_engine.store.deliveries import deliveries
from tests.native_messages import AVA_OTHER, adt, late, person, report
from tests.store_samples import rules

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
Messages = Mapping[str, bytes]

LOST = adt(f11="NO FIXED ABODE^^^^ZZ99 3VZ^GBR^H")
VISITOR = adt(f11="1 RUE^^PARIS^^75001^FRA^H", f3="4512345^^^RTH^PI", f32="")
SUSPECTED = json.dumps(report(person(birth={"outcome": "unknown", "suspected_stillbirth_at_home": True}))).encode()
AGELESS = adt(f7="", f5="HARROW^AVA", visit={"f3": "WARD7^^^RTH"})
TWO = {"m.hl7": adt(), "n.hl7": adt("A03", "LOR0009", f3=f"{AVA_OTHER}^^^NHS^NH~777^^^RXH^PI", sender="RXH")}


def decided(kind: str, *about: str, **parts: Any) -> dict[str, Any]:
    return {
        "id": f"d-{kind}", "at": "2026-03-12T09:00:00Z", "by": "A Person", "role": "coordinator", "kind": kind,
        "about": list(about or ("m.hl7#0",)), "value": {}, "reason": "asked the ward",
    } | parts  # fmt: skip


@pytest.fixture
def stands(store: Store, tmp_path: Path) -> Any:
    """What the engine comes to; the same as `cdr try` on the messages, with the decisions given and with those exported."""

    def run(messages: Messages, *told: dict[str, Any]) -> list[dict[str, Any]]:
        names = take(store, messages)
        tried = [state(case) for case in trial(tmp_path, messages, list(told))["cases"]]
        for each in told:
            record(store, each, names)
        held = engine_states(store)
        assert sorted(held, key=str) == sorted(tried, key=str)
        exported = [kept.decision.model_dump(mode="json") for kept in every_decision(store)]
        again = trial(tmp_path, messages, exported)["cases"]
        assert sorted(map(state, again), key=str) == sorted(tried, key=str)
        return tried

    return run


def take(store: Store, messages: Messages) -> dict[str, str]:
    """Give the engine the messages; the notice id of each reference."""
    names = {}
    for minutes, (name, body) in enumerate(messages.items()):
        received = NOW - timedelta(hours=1) + timedelta(minutes=minutes)
        done = process(store, [Submission(body, received)], now=received, **rules())
        for readings in done.readings:
            for reading in readings:
                names |= {f"{name}#{item.index}": item.notice.id for item in reading.items if item.notice}
    return names


def record(store: Store, told: dict[str, Any], names: Mapping[str, str], **also: Any) -> int:
    about = [names.get(name, name) for name in told["about"]]
    decision = Decision.model_validate(told | {"about": about})
    return len(record_decision(store, decision, now=NOW, **rules(), **also).outbox)


def trial(folder: Path, messages: Messages, told: list[dict[str, Any]], *options: str, status: int = 0) -> Any:
    for name, body in messages.items():
        (folder / name).write_bytes(body)
    (folder / "told.json").write_text(json.dumps(told))
    files = [str(folder / name) for name in messages]
    command = ["try", "--json", "--at", NOW.isoformat(), "--decisions", str(folder / "told.json"), *options, *files]
    result = CliRunner().invoke(_build(["try"]), command)
    assert result.exit_code == status, result.output
    return json.loads(result.stdout) if status == 0 else result.output


def state(case: Mapping[str, Any]) -> dict[str, Any]:
    lead = case["lead"]
    return {
        "state": case["state"],
        "rule": case["rule"],
        "lead": lead and (lead["cdop"], lead["rule"]),
        "flags": sorted(case["flags"]),
        "clocks": dict(case["clocks"]),
        "record": case["record"],
    }


def engine_states(store: Store) -> list[dict[str, Any]]:
    found = []
    for row in overview.recent_cases(store):
        held = case_content(store, row.id)
        assert held
        shown = held.content["shown"]
        found.append(state({**shown, "lead": shown["routing"]["lead"]}))
    return found


KINDS: dict[str, tuple[Messages, dict[str, Any], tuple[str, str, Any]]] = {
    "confirm-death": ({"m.hl7": adt(f30="N")}, {}, ("open", "scope.child", "BERKS")),
    "deny-death": ({"m.hl7": adt(f30="N")}, {}, ("withdrawn", "scope.retracted", "BERKS")),
    "residence": ({"m.hl7": LOST}, {"lad_code": "E07000081"}, ("open", "scope.child", "GLOS")),
    "looked-after": ({"m.hl7": adt()}, {"local_authority": "E08000012"}, ("open", "scope.child", "MERSEY")),
    "agreement": ({"m.hl7": adt()}, {"cdop": "WOE"}, ("open", "scope.child", "WOE")),
    "review-non-resident": ({"m.hl7": VISITOR}, {"review": False}, ("out-of-scope", "not-reviewed", "OXON")),
    "age": ({"m.hl7": adt(f7="")}, {"under_18": False}, ("out-of-scope", "scope.adult", "BERKS")),
    "live-birth": (
        {"m.json": SUSPECTED}, {"live_birth": False, "professional_attending": True},
        ("out-of-scope", "scope.stillbirth", "BERKS"),
    ),
    "restrict": ({"m.hl7": adt()}, {}, ("held", "held.restricted", "BERKS")),
    "release": ({"m.hl7": adt(f30="N")}, {}, ("open", "scope.child", "BERKS")),
    "process": ({"m.hl7": adt()}, {"cdrm_held_at": "2026-05-01"}, ("open", "scope.child", "BERKS")),
}  # fmt: skip


def test_every_kind_has_a_trial_here() -> None:
    assert KINDS.keys() | {"link", "unlink"} == set(kinds())


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_does_the_same_in_a_trial_and_in_the_engine_and_is_taken_back(kind: str, stands: Any) -> None:
    messages, value, expected = KINDS[kind]
    about = f"{next(iter(messages))}#0"
    (case,) = stands(messages, decided(kind, about, value=value))
    assert (case["state"], case["rule"], case["lead"] and case["lead"][0]) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_taken_back_leaves_the_case_as_it_was(kind: str, tmp_path: Path) -> None:
    messages, value, _ = KINDS[kind]
    about = f"{next(iter(messages))}#0"
    first = decided(kind, about, value=value)
    # Anybody may restrict a case; to take that back is the restricted role's.
    role = "restricted" if kind == "restrict" else "coordinator"
    back = decided(kind, about, id="back", at="2026-03-13T09:00:00Z", value={"withdraw": True}, role=role)
    assert trial(tmp_path, messages, [first, back]) == trial(tmp_path, messages, [])
    assert trial(tmp_path, messages, [first]) != trial(tmp_path, messages, [])
    # What came first by its own time doesn't take back what came later.
    early = back | {"at": "2026-03-11T09:00:00Z"}
    assert trial(tmp_path, messages, [first, early]) == trial(tmp_path, messages, [first])


def test_a_value_of_nothing_takes_an_agreement_back(stands: Any) -> None:
    agreed = decided("agreement", value={"cdop": "WOE"})
    none = decided("agreement", id="none", at="2026-03-13T09:00:00Z", value={"cdop": None})
    (case,) = stands({"m.hl7": adt()}, agreed, none)
    assert case["lead"] == ("BERKS", "lead.usual-address")


def test_of_two_decisions_of_a_kind_the_later_stands_whichever_is_told_first(stands: Any) -> None:
    later = decided("agreement", id="later", at="2026-03-13T09:00:00Z", value={"cdop": "WOE"})
    (case,) = stands({"m.hl7": adt()}, later, decided("agreement", value={"cdop": "LEEDS"}))
    assert case["lead"] == ("WOE", "lead.agreement")


def test_in_whatever_order_decisions_are_told_the_answer_is_one(tmp_path: Path) -> None:
    taken = [
        decided("link", "m.hl7#0", "n.hl7#0"),
        decided("agreement", "n.hl7#0", value={"cdop": "WOE"}),
        decided("agreement", "m.hl7#0", id="again", at="2026-03-13T09:00:00Z", value={"cdop": "LEEDS"}),
        decided("restrict", "m.hl7#0", at="2026-03-11T09:00:00Z", role="restricted"),
    ]
    answers = {json.dumps(trial(tmp_path, TWO, list(order))) for order in itertools.permutations(taken)}
    # The link was a coordinator's, and the case was restricted then: it doesn't count, whenever it was told.
    assert len(answers) == 1
    (answer,) = map(json.loads, answers)
    assert [one["code"] for one in answer["decisions"]] == ["restricted-role"]


def test_what_was_linked_before_a_case_was_restricted_stays_linked(stands: Any) -> None:
    link = decided("link", "m.hl7#0", "n.hl7#0")
    (case,) = stands(TWO, link, decided("restrict", "n.hl7#0", at="2026-03-14T09:00:00Z"))
    assert case["rule"] == "held.restricted"


def test_two_notices_are_linked_by_a_person_parted_again_and_the_parting_taken_back(stands: Any) -> None:
    about = ("m.hl7#0", "n.hl7#0")
    link = decided("link", *about)
    unlink = decided("unlink", *about, at="2026-03-13T09:00:00Z")
    back = decided("unlink", *about, id="back", at="2026-03-14T09:00:00Z", value={"withdraw": True})
    assert len(stands(TWO, link)) == 1
    assert len(stands(TWO, link, unlink)) == 2
    assert len(stands(TWO, link, unlink, back)) == 1


def test_a_decision_about_the_old_id_of_a_merged_case_is_about_what_it_became(store: Store, tmp_path: Path) -> None:
    names = take(store, TWO)
    gone = case_id(names["n.hl7#0"])
    link = decided("link", "m.hl7#0", "n.hl7#0")
    agreed = decided("agreement", gone, value={"cdop": "WOE"}, at="2026-03-14T09:00:00Z")
    record(store, link, names)
    record(store, agreed, names)
    (held,) = engine_states(store)
    (tried,) = trial(tmp_path, TWO, [link, agreed])["cases"]
    assert held == state(tried)
    assert held["lead"] == ("WOE", "lead.agreement")


def test_a_decision_before_its_notice_is_an_error_that_says_so(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnknownSubject):
        record(store, decided("restrict", "c-nobody"), {})
    said = trial(tmp_path, {"m.hl7": adt()}, [decided("restrict", "x.hl7#0")], status=2)
    assert "x.hl7#0" in said
    assert "neither a reference nor a case" in said


def test_the_same_decision_again_changes_nothing_and_another_under_its_id_is_refused(store: Store) -> None:
    names = take(store, {"m.hl7": adt()})
    assert record(store, decided("agreement", value={"cdop": "WOE"}), names) > 0
    assert record(store, decided("agreement", value={"cdop": "WOE"}), names) == 0
    with pytest.raises(OtherDecision):
        record(store, decided("agreement", value={"cdop": "LEEDS"}), names)
    assert [kept.decision.value for kept in every_decision(store)] == [{"cdop": "WOE"}]


def test_agreement_moves_the_case_and_its_national_record_and_leaves_a_pointer(store: Store) -> None:
    names = take(store, {"m.hl7": adt()})
    record(store, decided("agreement", value={"cdop": "WOE"}), names)
    kinds_of = {name: [d.kind for d in deliveries(store, name, by="t", now=NOW)] for name in RECIPIENTS}
    assert kinds_of == {"cdop.BERKS": ["new", "copy"], "cdop.WOE": ["transfer"], "national.ncmd": ["new", "transfer"]}
    pointer = deliveries(store, "cdop.BERKS", by="t", now=NOW)[1].body
    assert (pointer["part"], pointer["routing"]["lead"]["cdop"], "record" in pointer) == ("previous-lead", "WOE", False)


RECIPIENTS = ("cdop.BERKS", "cdop.WOE", "national.ncmd")


def test_a_coordinator_decides_about_cases_their_own_panel_leads_only(store: Store) -> None:
    names = take(store, {"m.hl7": adt()})
    with pytest.raises(NotTheirDecision) as refused:
        record(store, decided("restrict"), names, areas={"WOE"})
    assert refused.value.code == "other-area"
    assert not list(every_decision(store))
    assert record(store, decided("agreement", value={"cdop": "WOE"}), names, areas={"BERKS"}) > 0


def test_a_link_of_one_subject_is_told_to_change_nothing(store: Store, tmp_path: Path) -> None:
    said = trial(tmp_path, {"m.hl7": adt()}, [decided("link")])
    assert [(d["id"], d["code"]) for d in said["decisions"]] == [("d-link", "one-subject")]
    names = take(store, {"m.hl7": adt()})
    with pytest.raises(NotTheirDecision):
        record(store, decided("link"), names)


def test_a_file_may_be_named_by_the_end_of_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "day" / "one"
    folder.mkdir(parents=True)
    (case,) = trial(folder, {"m.hl7": adt()}, [decided("agreement", "one/m.hl7#0", value={"cdop": "WOE"})])["cases"]
    assert case["lead"]["cdop"] == "WOE"


def test_release_lifts_whatever_holds_a_case_even_that_nobody_knows_its_home(stands: Any) -> None:
    (case,) = stands({"m.hl7": LOST}, decided("release"))
    assert (case["state"], case["rule"], case["lead"]) == ("open", "scope.child", None)


def test_a_retraction_after_a_release_is_news_and_holds_the_case_again(stands: Any) -> None:
    police = json.dumps(report()).encode()
    taken_back = {"m.hl7": adt(), "p.json": police, "u.hl7": late(f29='""', f30='""', sent="20260320090000")}
    (case,) = stands(taken_back, decided("release"))
    assert (case["state"], case["rule"]) == ("held", "held.disputed")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("age", {"under_18": "yes"}), ("review-non-resident", {"review": "false"}), ("agreement", {"cdop": ["WOE"]}),
        ("live-birth", {"live_birth": "no"}), ("restrict", {"withdraw": "please"}), ("agreement", {"cdop": ""}),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_wrong_usage_that_names_the_field(
    kind: str, value: dict[str, Any], tmp_path: Path
) -> None:
    said = trial(tmp_path, {"m.hl7": adt()}, [decided(kind, value=value)], status=2)
    assert f"value.{next(iter(value))}" in said


def test_two_decisions_of_one_id_are_wrong_usage(tmp_path: Path) -> None:
    twice = [decided("restrict"), decided("restrict", reason="otherwise")]
    assert "d-restrict" in trial(tmp_path, {"m.hl7": adt()}, twice, status=2)


def test_a_time_without_a_zone_is_londons(tmp_path: Path) -> None:
    summer = decided("agreement", at="2026-06-01T09:30:00", value={"cdop": "WOE"})
    zoned = decided("agreement", id="zoned", at="2026-06-01T09:00:00Z", value={"cdop": "LEEDS"})
    (case,) = trial(tmp_path, {"m.hl7": adt()}, [summer, zoned])["cases"]
    assert case["lead"]["cdop"] == "LEEDS"
