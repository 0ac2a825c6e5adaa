"""What a rekey leaves of an earlier identity: a former number, a number that is nobody's, or after an adoption nothing."""

import json
from typing import Any

import pytest

from integration_engine.record.identity import (
    FORMER,
    INVALIDATED,
    invalidated_numbers,
    replaced_numbers,
    under_current_identity,
    without_identity,
)
from integration_engine.record.notice import DeathNotice, Rekey
from tests.property.children import notice

OLD, NEW, NEWEST, ANOTHER = "9991000003", "9991001379", "9991008225", "9990000018"


def rekeyed(old: str | None, new: str | None, kind: str = "replaced") -> Rekey:
    return Rekey(kind=kind, old_nhs_number=old, new_nhs_number=new)


@pytest.mark.parametrize(
    ("rekeys", "replaced"),
    [
        pytest.param([rekeyed(OLD, NEW)], {OLD: NEW}, id="one"),
        pytest.param([rekeyed(OLD, NEW), rekeyed(NEW, NEWEST)], {OLD: NEWEST, NEW: NEWEST}, id="a chain"),
        pytest.param([rekeyed(OLD, NEW), rekeyed(OLD, NEWEST)], {}, id="by two: nobody knows by which"),
        pytest.param([rekeyed(OLD, NEW), rekeyed(OLD, NEW, "merged")], {OLD: NEW}, id="told twice"),
        pytest.param([rekeyed(OLD, NEW), rekeyed(NEW, OLD)], {OLD: NEW, NEW: OLD}, id="there and back"),
        pytest.param([rekeyed(None, NEW), rekeyed(OLD, None)], {}, id="half told"),
        pytest.param([rekeyed(OLD, None, "invalidated")], {}, id="invalidated"),
    ],
)
def test_an_old_number_stands_for_what_replaced_it_in_the_end(rekeys: list[Rekey], replaced: dict[str, str]) -> None:
    assert replaced_numbers(rekeys) == replaced_numbers(reversed(rekeys)) == replaced


def test_only_what_is_said_to_be_invalid_is_nobodys() -> None:
    rekeys = [rekeyed(OLD, NEW), rekeyed(ANOTHER, None, "invalidated"), rekeyed(None, NEW, "invalidated")]
    assert invalidated_numbers(rekeys) == {ANOTHER}


def told(number: str | None = OLD, **child: Any) -> DeathNotice:
    own = {"nhs_number": number, "nhs_number_status": "01", "other_identifiers": [{"value": "H1", "type": "PI"}]}
    return notice("n", child={**own, **child}, death={"died_at": "2026-03-09"})


def test_under_a_replaced_number_the_old_one_is_a_former_identifier() -> None:
    (now,) = under_current_identity([told()], [rekeyed(OLD, NEW)], adoption=False)
    others = [(one.value, one.type) for one in now.child.other_identifiers]
    assert (now.child.nhs_number, now.child.nhs_number_status) == (NEW, "01")
    assert others == [("H1", "PI"), (OLD, FORMER)]
    assert (now.child.family_name, now.death, now.id) == ("Quillfeather", told().death, "n")


def test_an_invalidated_number_is_no_key_and_has_no_status() -> None:
    (now,) = under_current_identity([told()], [rekeyed(OLD, None, "invalidated")], adoption=False)
    assert (now.child.nhs_number, now.child.nhs_number_status) == (None, None)
    assert [(one.value, one.type) for one in now.child.other_identifiers] == [("H1", "PI"), (OLD, INVALIDATED)]


@pytest.mark.parametrize("number", [None, ANOTHER, NEW])
@pytest.mark.parametrize("adoption", [True, False])
def test_a_notice_that_no_rekey_is_about_reads_as_it_did(number: str | None, *, adoption: bool) -> None:
    untouched = (told(number),)
    assert under_current_identity(untouched, [rekeyed(OLD, NEW)], adoption=adoption) == untouched
    assert under_current_identity(untouched, [], adoption=adoption) == untouched
    assert under_current_identity(untouched, [rekeyed(None, NEW)], adoption=adoption) == untouched


BEFORE: dict[str, Any] = {
    "nhs_number": OLD,
    "nhs_number_status": "01",
    "nhs_number_absent_reason": "NOT_CURRENTLY_AVAILABLE",
    "other_identifiers": [{"value": "H1", "type": "PI"}],
    "family_name": "Larkspur",
    "given_names": ["Larkspur"],
    "known_as": ["Larkspur"],
    "former_names": ["Larkspur"],
    "name_is_placeholder": True,
    "addresses": [{"lines": ["Larkspur Row"], "postcode": "RG1 1LZ"}],
    "gp_practice": "F84004",
    "school": "Larkspur Primary",
    "mother": {"name": "Larkspur"},
    "carers": [{"relationship": "father", "family_name": "Larkspur"}],
    "siblings": [{"relationship": "sibling", "family_name": "Larkspur"}],
    "looked_after": {"is": True, "local_authority": "E06000038"},
}
BODY = {"birth_date": "2016-01-01", "sex": "male", "birth_weight_g": 3200}


def test_after_an_adoption_nothing_of_who_the_child_was_is_left_but_the_facts_of_the_body_and_the_death() -> None:
    provenance = {
        path: {"path": "PID", "profile": "p"}
        for path in ("child.family_name", "child.addresses", "child.sex", "death.died_at")
    }
    was = notice("n", child=BEFORE | BODY, death={"died_at": "2026-03-09"}, provenance=provenance)
    (now,) = under_current_identity([was], [rekeyed(OLD, NEW)], adoption=True)
    assert now == without_identity(was)
    left = now.child.model_dump(mode="json", exclude_defaults=True)
    assert left == BODY
    assert (now.death, set(now.provenance)) == (was.death, {"child.sex", "death.died_at"})
    shown = json.dumps(now.model_dump(mode="json"))
    assert [word for word in ("Larkspur", OLD, "RG1 1LZ", "F84004", "E06000038") if word in shown] == []
