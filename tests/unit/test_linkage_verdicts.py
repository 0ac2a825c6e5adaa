"""The verdict about a pair is that of all notices together, and says what it rests on."""

import re
from itertools import pairwise
from typing import Any

from integration_engine.appraisal.account import account
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.levels import LEVELS
from integration_engine.linkage.resolve import Constraint, resolved
from integration_engine.linkage.verdicts import Verdicts
from integration_engine.linkage.wording import FILE, comparison, level, reason
from tests.linkage_rows import BABY, ROWAN, number, said

# Where codes are given: added to what was found, held against what bars, said of a verdict.
CODES = re.compile(
    r'(?:append\(|\+= \(|Reason\(|unasked = |unasked=|code = |else |or \()"([a-z]+(?:-[a-z]+)+)"'
    r'|^[A-Z_]+ = "([a-z]+(?:-[a-z]+)+)"$',
    re.MULTILINE,
)

_NOT_REASONS = ("levels", "truth")


def verdicts(*evidence: Evidence, people: list[Constraint] = []) -> Verdicts:
    return Verdicts(*resolved(evidence, people))


def numbered(id: str, n: int, **also: Any) -> Evidence:
    return said(id, ROWAN, nhs_number=number(n), **also)


def test_two_notices_with_one_number_are_joined_by_their_own_weight() -> None:
    found = verdicts(numbered("a", 1), numbered("b", 1)).of("b", "a")
    assert (found.state, found.why) == ("joined", ("joined-by-own-weight",))


def test_a_third_notice_carries_one_to_another_that_alone_says_too_little() -> None:
    bare = said("bare", nhs_number=number(1), given="Rowan", death_datetime="2026-02-03", source="police", sender="E23")
    vague = said("vague", ROWAN, local_ref="77", postcode=None, address_line=None, birth_date=None)
    full = numbered("full", 1, local_ref="77")
    found = verdicts(bare, vague, full).of("bare", "vague")
    assert (found.state, found.why) == ("joined", ("joined-by-way-of-others",))
    assert [{edge.a, edge.b} for edge in found.way] == [{"bare", "full"}, {"full", "vague"}]


def test_a_question_says_why_a_person_is_needed() -> None:
    a, b = said("a", BABY), said("b", BABY, source="police", sender="E23000009")
    found = verdicts(a, b).of("a", "b")
    assert found.state == "person"
    assert "unnamed-without-identifier" in found.why
    assert found.asked


def test_a_veto_is_told_with_the_notices_that_bear_it() -> None:
    """The number that differs stands in a notice beside the one that looks alike."""
    alike = said("alike", ROWAN, source="coroner", sender="leeds", local_ref="5")
    found = verdicts(numbered("a", 1), alike, numbered("other", 2, source="coroner", sender="leeds", local_ref="5"))
    told = found.of("a", "alike")
    assert any(why.code == "nhs-numbers-differ" and {why.a, why.b} == {"a", "other"} for why in told.reasons)


def test_strangers_are_apart_because_nothing_brings_them_together() -> None:
    found = verdicts(numbered("a", 1), said("b", given="Zofia", family="Nowak", death_datetime="2025-01-01"))
    assert (found.of("a", "b").state, found.of("a", "b").unasked) == ("apart", "no-shared-key")


def test_two_for_several_reasons_are_nobodys_question() -> None:
    twins = [said(f"t{n}", BABY, given=name, sex=sex, nhs_number=number(n), birth_order=n) for n, name, sex in
             ((1, "Ada", "F"), (2, "Otto", "M"))]  # fmt: skip
    found = verdicts(*twins).of("t1", "t2")
    assert found.state == "apart"
    assert {"nhs-numbers-differ", "birth-order-differs", "given-names-differ"} <= set(found.why)
    assert found.unasked in ("several-vetoes", "below-review-of-vetoed")


def test_what_a_person_said_is_the_reason() -> None:
    a, b = numbered("a", 1), numbered("b", 1)
    assert verdicts(a, b, people=[Constraint("a", "b", "unlink")]).of("a", "b").why == ("unlinked-by-a-person",)
    strangers = (numbered("a", 1), numbered("b", 2))
    linked = verdicts(*strangers, people=[Constraint("a", "b", "link")]).of("a", "b")
    assert (linked.state, linked.why) == ("joined", ("linked-by-a-person",))


def test_the_bars_of_a_waterfall_stand_one_on_another() -> None:
    steps = account(verdicts(numbered("a", 1), numbered("b", 1)), "a", "b").steps
    assert steps[0].before == 0
    for step, following in pairwise(steps):
        assert following.before == step.before + step.bits
    lowest, highest = steps[0].span
    assert all(lowest <= step.before <= highest for step in steps)


def test_every_level_has_words() -> None:
    for name, levels in LEVELS.items():
        assert comparison(name) != name
        assert not [code for code in levels if level(name, code) == code], name


def test_every_code_that_linkage_gives_has_a_sentence() -> None:
    room = FILE.parents[2] / "integration_engine" / "linkage"
    said = "".join(
        path.read_text(encoding="utf-8") for path in sorted(room.glob("*.py")) if path.stem not in _NOT_REASONS
    )
    levels = {level for levels in LEVELS.values() for level in levels}
    codes = {code for found in CODES.findall(said) for code in found if code} - levels
    assert len(codes) > 15
    assert not [code for code in codes if reason(code) == code]
