"""How good a partner's messages are, by rule: what meets it, what doesn't, and an example without a value."""

import json

import pytest

from integration_engine.conformance.rules import PERSON_CHECKS
from integration_engine.conformance.score import Outcome, assess, read, ready, rules, score, written
from tests import fhir_samples, hl7_samples
from tests.gateway_house import adult, police_report
from tests.hl7_samples import death, feed, message, msh, pid, pv1

TEST_FEED = feed(production=False)


def outcomes(body: bytes) -> dict[str, Outcome]:
    return {each.rule: each for each in assess("hospital-hl7", hl7_samples.read(body, of=TEST_FEED))}


def unmet(body: bytes) -> dict[str, tuple[str, str]]:
    return {name: (each.path, each.code) for name, each in outcomes(body).items() if each.met < each.asked}


def full(**changes: str) -> bytes:
    fields = {
        "f3": "9991000003^^^NHS^NH",
        "f11": "1 Quay Street^^Reading^^RG1 1LX^^H",
        "f22": "A",
        "f32": "01",
        "f29": "20260309041000",
        "f30": "Y",
    }
    return message(
        msh("ADT^A03^ADT_A03"), pid(**(fields | changes)), hl7_samples.segment("PD1", {3: "X^^J81001"}), pv1()
    )


def test_a_message_that_says_everything_meets_what_live_needs() -> None:
    found = outcomes(full())
    needed = {rule.rule for rule in rules() if rule.needed and rule.asked_of("hospital-hl7")}
    assert {name for name in needed if found[name].met < found[name].asked} == set()
    assert ready(score("hospital-hl7", [tuple(found.values())]))


@pytest.mark.parametrize(
    ("changes", "rule", "code"),
    [
        ({"f3": "H100200^^^RTH^PI"}, "nhs-number", "absent"),
        ({"f32": "02"}, "nhs-number-verified", "not-verified"),
        ({"f5": "HARROWGATE"}, "full-name", "absent"),
        ({"f7": "2014"}, "birth-date", "not-a-whole-date"),
        ({"f29": "20260309"}, "death-time", "date-only"),
        ({"f11": ""}, "address-usable", "absent"),
        ({"f11": "^^^^ZZ99 3VZ^^H"}, "address-usable", "pseudo-postcode"),
        ({"f11": "1 Quay Street^^Reading^^^^H"}, "address-usable", "no-postcode"),
        ({"f22": "Z"}, "ethnic-category", "not-stated"),
        ({"f8": ""}, "sex", "absent"),
    ],
)
def test_what_is_missing_or_weak_is_named_by_rule_place_and_code(changes: dict[str, str], rule: str, code: str) -> None:
    found = unmet(full(**changes))
    assert found[rule][1] == code
    assert found[rule][0]


def test_a_number_that_could_be_a_real_persons_is_named() -> None:
    [notice] = hl7_samples.one(full(), of=TEST_FEED).notices
    # nobody's, and not of the range that is kept for tests
    other = notice.model_copy(update={"child": notice.child.model_copy(update={"nhs_number": "0000000000"})})
    for said, met in ((notice, True), (other, False)):
        found = PERSON_CHECKS["invented-people"](said, ())
        assert found is not None
        assert (found.met, found.path[:5]) == (met, "PID-3")
        assert found.code == ("" if met else "not-of-the-test-range")


def test_an_example_holds_no_value_of_the_message() -> None:
    said = json.dumps(written(assess("hospital-hl7", hl7_samples.read(full(f3="9991000004^^^NHS^NH", f7="2014")))))
    for value in ("9991000004", "HARROWGATE", "Ava", "2014", "Quay"):
        assert value not in said


def test_a_refused_message_counts_against_being_readable_and_nothing_else() -> None:
    found = outcomes(message(msh(), pv1(f36="4")))
    assert (found["readable"].met, found["readable"].asked) == (0, 1)
    assert found["readable"].code == "no-pid"
    assert "nhs-number" not in found


def test_a_living_patient_is_asked_only_whether_the_message_can_be_read() -> None:
    found = outcomes(message(msh("ADT^A08^ADT_A01"), pid(), pv1()))
    assert found["readable"].met == 1
    assert "death-date" not in found


def test_nobody_is_ready_who_tried_no_death() -> None:
    living = assess("hospital-hl7", hl7_samples.read(message(msh("ADT^A08^ADT_A01"), pid(), pv1())))
    assert not ready(score("hospital-hl7", [living]))
    assert not ready(score("hospital-hl7", []))


def test_a_score_counts_over_messages_and_shows_the_latest_example() -> None:
    good, bad = tuple(outcomes(full()).values()), tuple(outcomes(full(f29="20260309")).values())
    found = {each.rule.rule: each for each in score("hospital-hl7", [bad, good, good])}
    assert (found["death-time"].met, found["death-time"].asked, found["death-time"].code) == (2, 3, "date-only")
    assert found["death-time"].share == pytest.approx(2 / 3)


def test_each_kind_is_asked_its_own_rules() -> None:
    asked = {kind: {rule.rule for rule in rules() if rule.asked_of(kind)} for kind in ("police", "coroner")}
    assert "event" in asked["police"]
    assert "event" not in asked["coroner"]
    assert "coroner-reference" in asked["coroner"]


def test_a_fhir_message_and_a_police_report_are_scored_too() -> None:
    patient = assess("hospital-fhir", [fhir_samples.read(fhir_samples.bundle(fhir_samples.dead()))])
    assert {each.rule for each in patient if each.met} >= {"readable", "nhs-number", "death-time", "address-usable"}
    from adapters.adapter import Submission
    from adapters.registry import read as read_any

    readings = list(read_any(Submission(police_report(), hl7_samples.RECEIVED), "police"))
    assert {each.rule for each in assess("police", readings) if each.met} >= {"event", "full-name", "birth-date"}
    grown = list(read_any(Submission(police_report(**adult()), hl7_samples.RECEIVED), "police"))
    assert "full-name" not in {each.rule for each in assess("police", grown)}


def test_outcomes_are_kept_and_read_back_and_rules_that_went_are_left_out() -> None:
    found = assess("hospital-hl7", hl7_samples.read(death()))
    assert read(written(found)) == found
    assert read([["a-rule-of-before", 1, 1, "", ""], *written(found)]) == found
