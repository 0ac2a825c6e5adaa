"""S2: twins are two cases, never merged."""

import pytest

from integration_engine.synthetic import hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.stories.places import ROYAL_LONDON
from tests.acceptance.stories.s02_twins import twin
from tests.acceptance.story import at, leads


def test_s2_twins_are_two_cases_that_know_of_each_other(cdr_try: Try) -> None:
    first, second = (
        twin(1, invented_nhs_number(4114), "2026-06-01T05:40", "T1"),
        twin(2, None, "2026-06-04T22:15", "T2"),
    )
    answer = cdr_try({"one.hl7": first, "two.hl7": second}, "--at", "2026-06-05T09:00:00Z")
    one, two = answer["cases"]
    assert leads(one) == leads(two) == ("WELC", [])
    assert not one["jar"]["required"]
    assert one["clocks"]["ncmd_due"].startswith("2026-06-03T05:40")
    assert two["clocks"]["ncmd_due"].startswith("2026-06-06T22:15")
    assert one["related"] == [{"case": two["case"], "why": "multiple-birth"}]
    assert two["related"] == [{"case": one["case"], "why": "multiple-birth"}]


@pytest.mark.parametrize("known_death", [True, False])
def test_s2_a_copy_that_may_be_either_twin_goes_to_a_person(cdr_try: Try, known_death: bool) -> None:
    vague = Child("Begum", "BABY", "2026-06-01", "male", lines=("4 Green Lane",), postcode="E13 8SL")
    copy = hl7.adt(
        "A08", vague, ROYAL_LONDON, "T3", at("2026-06-05T10:00:00"), indicator="Y",
        died_at="2026-06-04" if known_death else None,
    )  # fmt: skip
    first, second = (
        twin(1, invented_nhs_number(4114), "2026-06-01T05:40", "T1"),
        twin(2, None, "2026-06-04T22:15", "T2"),
    )
    answer = cdr_try({"one.hl7": first, "two.hl7": second, "vague.hl7": copy}, "--at", "2026-06-06T09:00:00Z")
    assert {frozenset(case["from"]) for case in answer["cases"]} >= {frozenset(["one.hl7#0"]), frozenset(["two.hl7#0"])}
    asked = [review for review in answer["reviews"] if "vague.hl7#0" in (review["a"], review["b"])]
    assert asked
    likelier = max(asked, key=lambda review: review["score"])
    if known_death:
        assert "two.hl7#0" in (likelier["a"], likelier["b"])
