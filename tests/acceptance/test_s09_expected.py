"""S9: many senders, one expected death, one case."""

from tests.acceptance.conftest import Try
from tests.acceptance.stories.s09_expected import s9
from tests.acceptance.story import leads


def test_s9_an_expected_death_told_by_many_is_one_case(cdr_try: Try) -> None:
    messages = s9()
    answer = cdr_try(messages, "--at", "2026-02-17T09:00:00Z")
    case = next(case for case in answer["cases"] if "adt.hl7#0" in case["from"])
    told = set(case["from"])
    assert told >= {"adt.hl7#0", "notice.json#0", "gp.hl7#0", "informal.json#0", "formal.json#0"}
    # The misspelt form has no identifier and another birth date: one case, or a person is asked; never a second review.
    if "hospice.json#0" not in told:
        assert any("hospice.json#0" in (review["a"], review["b"]) for review in answer["reviews"])
    assert leads(case) == ("WELC", ["NCL"])
    assert not case["jar"]["required"]


def test_s9_replaying_everything_changes_nothing(cdr_try: Try) -> None:
    messages = s9()
    again = {f"z-again-{name}": body for name, body in messages.items()}
    once = cdr_try(messages, "--at", "2026-02-17T09:00:00Z")["cases"]
    assert cdr_try(messages | again, "--at", "2026-02-17T09:00:00Z")["cases"] == once
