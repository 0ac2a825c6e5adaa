"""S6, told late: a death that is corrected to an attended stillbirth ends its case; a twin's stillbirth never does."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from integration_engine.synthetic import police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.answers import stands
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s06_births import ATTENDED, BABY, LATE_LOSS, LIVE, TERMINATED, TOLD_LATE, birth
from tests.acceptance.stories.s06_corrections import (
    CORRECTED,
    NAMELESS,
    NOW,
    WRITTEN,
    by_coroner,
    by_fhir,
    by_police,
    told,
)
from tests.acceptance.story import only

Play = Callable[..., dict[str, Any]]
AT = ("--at", NOW)
LATER = "2026-05-04T15:00:00"
NEXT_DAY = "2026-05-05T09:00:00"
STILL = {"outcome": "still", "professional_attending": True, "gestation_weeks": 31}
ENDED = ("out-of-scope", "scope.stillbirth")


def decided(kind: str, *about: str, at: str = "2026-06-01T10:00:00Z", **value: Any) -> dict[str, Any]:
    said = {"id": f"D-{kind}", "at": at, "by": "a.coordinator", "role": "coordinator", "reason": "asked the ward"}
    return {**said, "kind": kind, "about": list(about), "value": value}


@pytest.mark.parametrize(
    ("first", "corrected"),
    [
        pytest.param({"a.hl7": told("1", TOLD_LATE)}, {"b.hl7": told("2", TOLD_LATE, LATER, **ATTENDED)}, id="hl7"),
        pytest.param({"a.hl7": told("1", TOLD_LATE)}, {"b.hl7": told("2", TOLD_LATE, **ATTENDED)}, id="hl7 at once"),
        pytest.param(
            {"a.hl7": told("1", TOLD_LATE, **LIVE)},
            {"b.hl7": told("2", TOLD_LATE, LATER, **ATTENDED)},
            id="said to live",
        ),
        pytest.param(
            {"a.hl7": told("1", TOLD_LATE)}, {"b.hl7": told("2", TOLD_LATE, LATER, **LATE_LOSS)}, id="late loss"
        ),
        pytest.param({"a.json": by_fhir("1")}, {"b.json": by_fhir("2", LATER, **ATTENDED)}, id="fhir"),
        pytest.param({"a.hl7": told("1", TOLD_LATE)}, {"b.json": by_fhir("2", LATER, **ATTENDED)}, id="hl7, then fhir"),
        pytest.param({"a.json": by_police(1)}, {"b.json": by_police(2, **STILL)}, id="police"),
        pytest.param(
            {"a.json": by_police(1, NAMELESS)}, {"b.json": by_police(2, NAMELESS, **STILL)}, id="police's person"
        ),
        pytest.param(
            {"a.hl7": told("1", NAMELESS, local_id="M17")},
            {"b.hl7": told("2", NAMELESS, LATER, local_id="M17", **ATTENDED)},
            id="the ward's own number for the baby",
        ),
        pytest.param(
            {"a.csv": by_coroner("REFERRED", "2026-05-05", child=NAMELESS)},
            {"b.csv": by_coroner("CONCLUDED", "2026-06-20", "stillbirth", NAMELESS)},
            id="coroner's reference",
        ),
    ],
)
def test_a_death_that_its_sender_corrects_to_an_attended_stillbirth_is_no_case_any_more(
    in_any_order: Play, first: dict[str, bytes], corrected: dict[str, bytes]
) -> None:
    case = only(in_any_order(first, *AT)["cases"])
    assert case["state"] == "open"
    answer = in_any_order(first | corrected, *AT)
    case = only(answer["cases"])
    assert (case["state"], case["rule"]) == ENDED
    assert (case["clocks"], case["jar"]["required"]) == ({}, False)
    assert (answer["reviews"], answer["waiting"], answer["passed_over"]) == ([], [], [])


def test_what_the_hospital_said_last_stands(in_any_order: Play) -> None:
    back = told("3", TOLD_LATE, NEXT_DAY, **LIVE)
    answer = in_any_order(
        {"a.hl7": told("1", TOLD_LATE), "b.hl7": told("2", TOLD_LATE, LATER, **ATTENDED), "c.hl7": back}, *AT
    )
    assert stands(answer) == [("open", "scope.child")]


def test_a_later_message_that_says_nothing_of_the_birth_takes_nothing_back(in_any_order: Play) -> None:
    answer = in_any_order({"a.hl7": told("1", TOLD_LATE, NEXT_DAY), "b.hl7": told("2", TOLD_LATE, **ATTENDED)}, *AT)
    assert stands(answer) == [ENDED]


def test_a_ward_that_says_born_alive_and_stillborn_at_one_time_is_believed_in_what_loses_nobody(
    in_any_order: Play,
) -> None:
    answer = in_any_order({"a.hl7": told("1", TOLD_LATE, **LIVE), "b.hl7": told("2", TOLD_LATE, **ATTENDED)}, *AT)
    assert stands(answer) == [("open", "scope.child")]


def test_a_coroner_who_corrects_a_stillbirth_brings_the_review_back(in_any_order: Play) -> None:
    rows = {
        "a.hl7": told("1", TOLD_LATE),
        "b.csv": by_coroner("CONCLUDED", "2026-06-18", "stillbirth"),
        "c.csv": by_coroner("CORRECTED", "2026-06-20", "natural causes"),
    }
    assert stands(in_any_order({name: rows[name] for name in ("a.hl7", "b.csv")}, *AT)) == [ENDED]
    assert stands(in_any_order(rows, *AT)) == [("open", "scope.child")]


class TestSourcesThatDisagree:
    def test_another_who_saw_the_baby_alive_keeps_the_case_open(self, in_any_order: Play) -> None:
        lived = by_police(1, outcome="live", gestation_weeks=31)
        answer = in_any_order({"a.json": lived, "b.hl7": told("2", TOLD_LATE, LATER, **ATTENDED)}, *AT)
        case = only(answer["cases"])
        assert (case["state"], case["rule"]) == ("open", "scope.child")
        assert "death.live_birth" in [conflict["field"] for conflict in case["conflicts"]]

    def test_another_who_found_a_stillbirth_that_nobody_attended_keeps_the_response(self, in_any_order: Play) -> None:
        alone = by_police(1, outcome="still", professional_attending=False, suspected_stillbirth_at_home=True)
        answer = in_any_order({"a.json": alone, "b.hl7": told("2", TOLD_LATE, LATER, **ATTENDED)}, *AT)
        case = only(answer["cases"])
        assert (case["state"], case["rule"]) == ("open", "scope.unattended-stillbirth")
        assert case["jar"]["required"]

    @pytest.mark.parametrize(
        ("decision", "expected"),
        [
            (None, ("held", "held.disputed")),
            (decided("live-birth", "a.json#0", live_birth=True), ("open", "scope.child")),
            (decided("live-birth", "a.json#0", live_birth=False), ENDED),
            (decided("live-birth", "a.json#0", professional_attending=False), ("open", "scope.unattended-stillbirth")),
            (decided("live-birth", "a.json#0", professional_attending=True), ("held", "held.disputed")),
            (decided("release", "a.json#0"), ("open", "scope.child")),
            (decided("live-birth", "a.json#0", at="2026-05-04T14:30:00Z", live_birth=True), ("open", "scope.child")),
            (decided("live-birth", "a.json#0", at="2026-05-04T13:30:00Z", live_birth=True), ("held", "held.disputed")),
            (decided("release", "a.json#0", at="2026-05-04T13:30:00Z"), ("held", "held.disputed")),
        ],
    )
    def test_another_who_only_tells_a_death_leaves_it_to_a_person(
        self, cdr_try: Try, decision: dict[str, Any] | None, expected: tuple[str, str]
    ) -> None:
        messages = {"a.json": by_police(1), "b.hl7": told("2", TOLD_LATE, LATER, **ATTENDED)}
        case = only(cdr_try(messages, *AT, decisions=[decision] if decision else None)["cases"])
        assert (case["state"], case["rule"]) == expected
        assert ("disputed" in case.get("flags", ())) == (expected[1] == "held.disputed")

    def test_the_police_do_not_disagree_with_themselves(self, in_any_order: Play) -> None:
        answer = in_any_order(
            {
                "a.json": by_police(1, outcome="live"),
                "b.json": by_police(2, **STILL),
                "c.hl7": told("1", TOLD_LATE),
                "d.hl7": told("2", TOLD_LATE, LATER, **ATTENDED),
            },
            *AT,
        )
        assert stands(answer) == [ENDED]


# One of two born that day, in whose messages nothing is its own: only its mother's name, number and home.
TWIN = dataclasses.replace(NAMELESS, birth_order=1)
OTHER = dataclasses.replace(NAMELESS, birth_order=2)


class TestTwins:
    @pytest.mark.parametrize("rule", [ATTENDED, LATE_LOSS, TERMINATED], ids=["stillborn", "late loss", "termination"])
    @pytest.mark.parametrize(
        ("lived", "stillborn"),
        [
            pytest.param(NAMELESS, NAMELESS, id="no sign that there are two"),
            pytest.param(NAMELESS, OTHER, id="the stillborn one counted"),
            pytest.param(TWIN, NAMELESS, id="the live one counted"),
            pytest.param(TOLD_LATE, NAMELESS, id="the live one has a number"),
            pytest.param(NAMELESS, TOLD_LATE, id="the stillborn one has a number"),
            pytest.param(
                dataclasses.replace(NAMELESS, given="Arlo"),
                dataclasses.replace(NAMELESS, given="BABY"),
                id="one is named",
            ),
        ],
    )
    def test_a_stillborn_baby_with_no_identifier_of_the_cases_own_ends_nothing(
        self, in_any_order: Play, lived: Child, stillborn: Child, rule: dict[str, str]
    ) -> None:
        answer = in_any_order({"a.hl7": told("1", lived), "b.hl7": told("2", stillborn, LATER, **rule)}, *AT)
        case = only(answer["cases"])
        assert (case["state"], case["from"]) == ("open", ["a.hl7#0"])
        review = only(answer["reviews"])
        assert {review["a"], review["b"]} == {"a.hl7#0", "b.hl7#0"}
        assert "in-review" in case["flags"]
        assert answer["waiting"] == ["b.hl7#0"]

    def test_the_second_twin_is_plainly_not_the_first(self, in_any_order: Play) -> None:
        answer = in_any_order({"a.hl7": told("1", TWIN), "b.hl7": told("2", OTHER, LATER, **ATTENDED)}, *AT)
        assert stands(answer) == [("open", "scope.child")]
        assert (answer["reviews"], answer["waiting"]) == ([], [])
        assert only(answer["passed_over"]) == {"ref": "b.hl7#0", "reason": "scope.stillbirth"}

    @pytest.mark.parametrize("place", [18, 21], ids=["account", "mother"])
    def test_a_number_that_is_the_mothers_is_no_babys_own(self, in_any_order: Play, place: int) -> None:
        def under_hers(body: bytes) -> bytes:
            lines = body.split(b"\r")
            fields = next(line for line in lines if line.startswith(b"PID")).split(b"|")
            fields += [b""] * (22 - len(fields))
            fields[place] = b"M17^^^RQ3^MR"
            return b"\r".join(b"|".join(fields) if line.startswith(b"PID") else line for line in lines)

        live, still = told("1", NAMELESS, local_id="M17"), told("2", NAMELESS, LATER, local_id="M17", **ATTENDED)
        answer = in_any_order({"a.hl7": under_hers(live), "b.hl7": under_hers(still)}, *AT)
        assert stands(answer) == [("open", "scope.child")]
        assert only(answer["reviews"])

    def test_another_force_or_person_of_the_report_is_another_baby(self, in_any_order: Play) -> None:
        answer = in_any_order({"a.json": by_police(1, NAMELESS), "b.json": by_police(2, NAMELESS, "P2", **STILL)}, *AT)
        assert only(answer["cases"])["state"] == "open"

    @pytest.mark.parametrize(
        ("row", "ends"),
        [
            pytest.param({}, True, id="name, birth date and home"),
            pytest.param({"lines": (), "postcode": None}, False, id="no home"),
            pytest.param({"given": "BABY"}, False, id="no name"),
            pytest.param({"given": "Theo Fenwick"}, False, id="another name"),
        ],
    )
    def test_a_coroners_stillbirth_without_a_number_wants_name_birth_date_and_home(
        self, in_any_order: Play, row: dict[str, Any], ends: bool
    ) -> None:
        named = dataclasses.replace(NAMELESS, given="Arlo Fenwick")
        concluded = by_coroner("CONCLUDED", "2026-06-20", "stillbirth", dataclasses.replace(named, **row))
        answer = in_any_order({"a.hl7": told("1", named), "c.csv": concluded}, *AT)
        assert ("open" in [case["state"] for case in answer["cases"]]) is not ends
        assert [case["state"] for case in answer["cases"] if "a.hl7#0" in case["from"]] == [
            "out-of-scope" if ends else "open"
        ]


ONE = dataclasses.replace(BABY, nhs_number=invented_nhs_number(88001))
# Another baby of that day and house, under a mother of the same first name: it may be hers, by her number it isn't.
TWO = dataclasses.replace(
    BABY,
    family="Ollerton",
    nhs_number=invented_nhs_number(88002),
    mother_nhs_number=invented_nhs_number(88003),
)


class TestAskedAbout:
    """What only a person can tell is kept until they have."""

    MESSAGES = {"one.hl7": birth("Y1", child=ONE), "two.hl7": birth("Y2", child=TWO)}

    @pytest.mark.parametrize(("said", "rule"), [(TERMINATED, "scope.termination"), (ATTENDED, "scope.stillbirth")])
    @pytest.mark.parametrize("answered", [None, "link", "unlink"])
    def test_a_birth_that_may_end_one_of_two_cases_waits(
        self, cdr_try: Try, said: dict[str, str], rule: str, answered: str | None
    ) -> None:
        messages = self.MESSAGES | {"ended.hl7": birth("Y3", child=ONE, **said)}
        decisions = [decided(answered, "one.hl7#0", "ended.hl7#0")] if answered else None
        if decisions and answered == "unlink":  # a person who looked says it is neither baby's
            decisions.append(decided(answered, "two.hl7#0", "ended.hl7#0") | {"id": "D-unlink-two"})
        answer = cdr_try(messages, *AT, decisions=decisions)
        states = {case["from"][0] if len(case["from"]) == 1 else "both": case["state"] for case in answer["cases"]}
        asked = [{review["a"], review["b"]} for review in answer["reviews"]]
        match answered:
            case None:
                assert states == {"one.hl7#0": "open", "two.hl7#0": "open"}
                assert {"one.hl7#0", "ended.hl7#0"} in asked
                assert (answer["waiting"], answer["passed_over"]) == (["ended.hl7#0"], [])
            case "link":
                assert states == {"both": "out-of-scope", "two.hl7#0": "open"}
                assert (answer["waiting"], answer["passed_over"]) == ([], [])
            case "unlink":
                assert states == {"one.hl7#0": "open", "two.hl7#0": "open"}
                assert {"one.hl7#0", "ended.hl7#0"} not in asked
                assert only(answer["passed_over"]) == {"ref": "ended.hl7#0", "reason": rule}


def test_a_withdrawn_report_of_a_stillbirth_leaves_nothing(cdr_try: Try) -> None:
    person = police.deceased(TOLD_LATE, "P1", birth=STILL)
    body = police.report(
        "E23000014", "66-2", f"{WRITTEN}", [person], event={"event_id": "E", "type": "other"}, status="withdrawn"
    )
    answer = cdr_try({"a.json": body}, *AT)
    assert (answer["cases"], answer["waiting"]) == ([], [])
    assert only(answer["passed_over"])["reason"] == "scope.stillbirth"


def test_a_correction_is_taken_back_from_everybody(played: Played) -> None:
    deliveries = played.told("s6-corrected")
    assert {delivery.recipient for delivery in deliveries} == {"cdop.BSOL", "national.ncmd"}
    for recipient in ("cdop.BSOL", "national.ncmd"):
        assert [d.body["kind"] for d in deliveries if d.recipient == recipient] == ["new", "withdraw"]
    last = deliveries[-1].body
    assert (last["state"], last["rule"]) == ENDED
    assert "record" not in last
    assert CORRECTED.family not in str(last)
