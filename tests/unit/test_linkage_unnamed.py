"""An unnamed child of an event stands in the way of joining by name, home and day alone; an identifier passes by."""

from typing import Any

from integration_engine.linkage.evidence import evidence_of
from integration_engine.linkage.resolve import Resolution, resolve
from tests.property.children import notice

HOME = {"lines": ["31 Ember Lane"], "postcode": "LS1 1UR", "use": "home"}
EVENT = {"type": "fire", "reference": "E23000010/E-16"}


def dead(name: str, person: str, day: str = "2026-01-17", **child: Any) -> Any:
    """One deceased of the force's report of one event."""
    told = {"nhs_number": None, "addresses": [HOME], **child}
    return notice(
        name, "E23000010", "police", child=told, death={"died_at": day, "event": EVENT},
        police={"force": "E23000010", "report_id": "R1", "person_id": person},
    )  # fmt: skip


NAMED = {"family_name": "Mistry", "given_names": ["Priya"], "sex": "female"}
COUSIN = dead("cousin", "P3", "2026-01-18", birth_date="2020-06-19", **NAMED)
UNNAMED = dead(
    "unnamed", "P2", family_name="UNKNOWN CHILD 2", given_names=[], name_is_placeholder=True, birth_date=None,
    age_at_death={"value": 5, "unit": "years"}, sex="female",
)  # fmt: skip


def practice(**child: Any) -> Any:
    told = {"nhs_number": None, "birth_date": "2020", "addresses": [HOME], **NAMED, **child}
    return notice("practice", "B86001", "hospital-fhir", child=told, death={"died_at": "2026-01-17"})


def resolved(*notices: Any) -> Resolution:
    return resolve([evidence_of(one) for one in notices])


def test_while_a_child_of_the_event_is_unnamed_a_person_is_asked() -> None:
    found = resolved(COUSIN, UNNAMED, practice())
    assert frozenset({"practice"}) in found.clusters
    (asked,) = [review for review in found.reviews if {review.a, review.b} == {"cousin", "practice"}]
    assert "unnamed-child-of-the-event" in asked.why


def test_the_birth_date_tells_them_apart() -> None:
    assert frozenset({"cousin", "practice"}) in resolved(COUSIN, UNNAMED, practice(birth_date="2020-06-19")).clusters


def test_an_unnamed_child_of_another_sex_or_age_is_in_nobodys_way() -> None:
    for other in ({"sex": "male"}, {"age_at_death": {"value": 1, "unit": "years"}}):
        child = UNNAMED.child.model_copy(update={})
        told = child.model_dump() | other
        beside = UNNAMED.model_copy(update={"child": type(child).model_validate(told)})
        assert frozenset({"cousin", "practice"}) in resolved(COUSIN, beside, practice()).clusters


def test_once_the_force_has_named_the_child_nobody_stands_in_the_way_any_more() -> None:
    named = dead("later", "P2", birth_date="2021-01-02", family_name="Mistry", given_names=["Anika"], sex="female")
    assert frozenset({"cousin", "practice"}) in resolved(COUSIN, UNNAMED, named, practice()).clusters
