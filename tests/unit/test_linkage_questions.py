"""A question for a person: both sides field by field, why they are asked, and what would settle it."""

import re
from typing import Any, get_args

from integration_engine.linkage.evidence import evidence_of
from integration_engine.linkage.question import Agreement, Line, Question
from integration_engine.linkage.questions import (
    FILE,
    fields_shown,
    question,
    settled_codes,
    settling,
)
from integration_engine.linkage.resolve import resolve
from integration_engine.linkage.wording import reason
from integration_engine.record.fields import dictionary
from integration_engine.record.notice import DeathNotice
from tests.store_samples import read, report

# Where a code of why a person is asked is given.
CODES = re.compile(
    r'(?:append\(|holds \+= \(|why \+= \(|else \(|or \(|codes = \(|0\.0, \(|\(\(|[^=]= )"([a-z]+(?:-[a-z]+)+)"'
)
TWIN: dict[str, Any] = {
    "nhs_number": None, "given_names": [], "name_is_placeholder": True, "birth_date": "2026-03-08",
    "mother": {"nhs_number": "9991001379"},
}  # fmt: skip


def notice(minutes: int, **fields: Any) -> DeathNotice:
    return next(iter(read(report(minutes, **fields)))).notices[0]


def asked(*notices: DeathNotice, weight: bool = False) -> list[Question]:
    known = {n.id: n for n in notices}
    found = resolve(map(evidence_of, notices))
    return [question(review, found.clusters, known, weight=weight) for review in found.reviews]


def line(found: Question, field: str) -> Line:
    return next(line for line in found.fields if line.field == field)


def doubtful(**of_the_other: Any) -> tuple[DeathNotice, DeathNotice]:
    mine = {"nhs_number": None, "given_names": []}
    return notice(0, child=mine), notice(5, partner="RXX", child=mine | of_the_other)


def test_every_code_that_linkage_asks_for_has_a_sentence_and_what_would_settle_it_and_no_other() -> None:
    room = FILE.parents[2] / "integration_engine" / "linkage"
    asking = ("vetoes.py", "holds.py", "clusters.py", "resolve.py", "reviews.py", "people.py")
    given = set(CODES.findall("".join((room / name).read_text(encoding="utf-8") for name in asking)))
    assert len(given) > 20
    assert given == settled_codes()
    assert not [code for code in given if reason(code) == code or not settling(code)]


def test_every_field_laid_side_by_side_is_one_of_the_dictionarys() -> None:
    for path in fields_shown():
        assert any(f"{known}.".startswith(f"{path}.") or path.startswith(f"{known}.") for known in dictionary()), path


def test_the_sides_are_laid_side_by_side_with_what_agrees_and_what_differs() -> None:
    (found,) = asked(*doubtful(family_name="Quilfeather", sex="female", gp_practice="A12345"))
    assert line(found, "child.birth_date").agreement == "agree"
    assert line(found, "child.sex").agreement == "differ"
    assert line(found, "child.gp_practice").agreement == "one-side"
    assert {one.value for side in (line(found, "child.sex").a, line(found, "child.sex").b) for one in side} == {
        "male", "female",
    }  # fmt: skip
    assert {told.agreement for told in found.fields} <= set(get_args(Agreement))


def test_a_date_that_is_less_exact_or_a_name_in_other_letters_is_no_difference() -> None:
    one, other = doubtful(family_name="QUILLFEATHER ")
    vague = other.model_copy(update={"death": other.death.model_copy(update={"died_at": "2026-03-09"})})
    (found,) = asked(one, vague)
    assert line(found, "death.died_at").agreement == line(found, "child.family_name").agreement == "agree"


def test_a_side_is_all_its_notices_and_says_who_gives_which_value() -> None:
    one, other = doubtful()
    again = notice(
        9,
        child={"nhs_number": None, "given_names": []},
        source={"kind": "hospital-hl7", "partner": "RTH", "local_ref": "7"},
    )
    same = one.model_copy(update={"source": one.source.model_copy(update={"local_ref": "7"})})
    (found,) = asked(same, again, other)
    assert sorted(len(side) for side in found.sides) == [1, 2]
    family = line(found, "child.family_name")
    assert sorted(len(said.notices) for said in (*family.a, *family.b)) == [1, 2]
    assert [sum(teller.read for teller in side) for side in found.sides] == [1, 1]


def test_the_weight_is_told_only_where_it_is_asked_for() -> None:
    pair = doubtful()
    (plain,), (weighed,) = asked(*pair), asked(*pair, weight=True)
    assert plain.weight is None
    assert "bits" not in plain.model_dump_json()
    assert weighed.weight
    assert abs(sum(bar.bits for bar in weighed.weight.steps) - weighed.weight.bits) < 0.1
    assert plain.versions.keys() == {"model", "names"}


def test_codes_only_say_nothing_of_the_child() -> None:
    (found,) = asked(*doubtful(family_name="Quilfeather"))
    assert "uilfeather" in found.model_dump_json()
    bare = found.codes_only()
    assert "eather" not in bare.model_dump_json()
    assert [told.agreement for told in bare.fields] == [told.agreement for told in found.fields]


def test_a_multiple_birth_asks_for_two_people_and_tells_what_the_maternity_unit_knows() -> None:
    first = notice(0, child=TWIN | {"multiple_birth": {"count": 2, "order": 1}})
    (found,) = asked(first, notice(5, child=TWIN, partner="RXX"))
    assert (found.multiple_birth, found.people, found.readers) == (True, 2, ())
    assert any("maternity unit" in hint for hint in found.settle)
    (single,) = asked(*doubtful())
    assert (single.multiple_birth, single.people) == (False, 1)


def test_the_likelier_twin_is_suggested_by_what_is_one_twins_alone() -> None:
    dead = ({"died_at": "2026-03-08"}, {"died_at": "2026-03-12"})
    twins = [notice(n, child=TWIN | {"multiple_birth": {"count": 2, "order": n + 1}}, death=dead[n]) for n in range(2)]
    copy = notice(9, partner="RXX", child=TWIN | {"mother": None}, death={"died_at": "2026-03-12"})
    by_twin = {next(iter({q.a, q.b} - {copy.id})): q.likelier for q in asked(*twins, copy)}
    assert by_twin[twins[1].id] is True
    assert by_twin.get(twins[0].id) in (False, None)
    vague = notice(9, partner="RXX", child=TWIN | {"mother": None}, death={"died_at": None})
    told = asked(*twins, vague.model_copy(update={"death": vague.death.model_copy(update={"died_at": None})}))
    assert [q.likelier for q in told] == [None, None]
