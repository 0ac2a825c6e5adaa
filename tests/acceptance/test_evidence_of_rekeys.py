"""Numbers that were replaced and records that were merged: one child under one name, and never two."""

from pathlib import Path
from typing import Any

import pytest

from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.trial import joined, try_files
from tests.native_messages import adt, js, message, patient, segment

OLD, MIDDLE, NEW = (invented_nhs_number(n) for n in (60, 61, 62))
NHS = "https://fhir.nhs.uk/Id/nhs-number"


def told(control: str, number: str, local: str, sender: str = "RTH", **pid: str | None) -> bytes:
    """A death that only its number ties to another: no home, no place."""
    stated = f"{number}^^^NHS^NH~" if number else ""
    return adt("A03", control, sender=sender, **({"f3": f"{stated}{local}^^^{sender}^PI", "f11": None} | pid))


def replaced(old: str, new: str, name: str) -> bytes:
    url = f"https://api.example/Patient/{new}"
    data = {"nhsNumberStatus": "R", "fullUrl": url}
    return js(
        {
            "type": "nhs-number-change-1",
            "id": name,
            "time": "2026-03-09T10:00:00Z",
            "subject": {"nhsNumber": old},
            "data": data,
        }
    )


def merged(new: str, old: str, control: str = "M1", **pid: str | None) -> bytes:
    own: dict[str, str | None] = {"f3": new, "f11": None, "f29": None, "f30": None}
    return adt("A40", control, segment("MRG", f1=old), has_visit=False, **(own | pid))


FIRST, LAST = told("A1", OLD, "L1"), told("A2", NEW, "L9", "RXA")


@pytest.mark.parametrize("order", [["r1", "r2", "a", "c"], ["a", "c", "r2", "r1"]])
def test_a_number_replaced_twice_is_one_childs_though_nobody_bore_the_one_between(
    tmp_path: Path, order: list[str]
) -> None:
    told_of = {"a": FIRST, "c": LAST, "r1": replaced(OLD, MIDDLE, "1"), "r2": replaced(MIDDLE, NEW, "2")}
    assert joined(try_files(tmp_path, told_of, again=order), "a#0", "c#0")
    assert not joined(try_files(tmp_path, {"a": FIRST, "c": LAST}), "a#0", "c#0")


@pytest.mark.parametrize(
    "between",
    [
        [(OLD, MIDDLE), (MIDDLE, NEW)],
        [(OLD, MIDDLE), (NEW, MIDDLE)],
        [(OLD, NEW)],
    ],
)
def test_another_family_name_at_the_ends_is_an_adoption_however_long_the_chain(
    tmp_path: Path, between: list[tuple[str, str]]
) -> None:
    events = {f"r{n}": replaced(*pair, str(n)) for n, pair in enumerate(between)}
    adopted = told("A2", NEW, "L9", "RXA", f5="MARSH^AVA^ROSE")
    answer = try_files(tmp_path, {"a": FIRST, "c": adopted} | events)
    assert not joined(answer, "a#0", "c#0")
    assert {case["rule"] for case in answer["cases"]} == {"held.restricted"}


@pytest.mark.parametrize("second", [(OLD, NEW), (MIDDLE, OLD)])
def test_rekeys_that_disagree_or_go_in_a_circle_join_nobody_and_a_person_is_asked(
    tmp_path: Path, second: tuple[str, str]
) -> None:
    other = told("A3", MIDDLE, "L5", "RXB")
    events = {"r1": replaced(OLD, MIDDLE, "1"), "r2": replaced(*second, "2")}
    answer = try_files(tmp_path, {"a": FIRST, "b": other} | events)
    assert not joined(answer, "a#0", "b#0")
    assert any({"a#0", "b#0"} == {review["a"], review["b"]} for review in answer["reviews"])


def test_a_merge_of_two_local_ids_joins_one_childs_and_holds_anothers(tmp_path: Path) -> None:
    one, two = told("A1", "", "L1"), told("A2", "", "L2")
    both = merged("L2^^^RTH^PI", "L1^^^RTH^PI")
    assert joined(try_files(tmp_path, {"a": one, "b": two, "r": both}), "a#0", "b#0")
    brother = told("A2", "", "L2", f5="HARROW^TOM", f8="M", f7="20170101")
    answer = try_files(tmp_path, {"a": one, "b": brother, "r": both})
    assert not joined(answer, "a#0", "b#0")
    assert all(case["state"] == "held" for case in answer["cases"])


def test_a_merge_of_unnamed_twins_joins_nobody(tmp_path: Path) -> None:
    newborn = {"f5": "OKAFOR^BABY", "f7": "20260307", "f32": "08", "f24": "Y"}
    one, two = told("A1", "", "L1", **newborn, f25="1"), told("A2", "", "L2", **newborn, f25="2")
    answer = try_files(tmp_path, {"a": one, "b": two, "r": merged("L2^^^RTH^PI", "L1^^^RTH^PI", **newborn)})
    assert not joined(answer, "a#0", "b#0")


def test_a_merge_of_a_local_id_into_a_number_says_whose_both_are(tmp_path: Path) -> None:
    one, two = told("A1", "", "L1"), told("A2", NEW, "L9", "RXA")
    into = merged(f"{NEW}^^^NHS^NH", "L1^^^RTH^PI")
    assert joined(try_files(tmp_path, {"a": one, "b": two, "r": into}), "a#0", "b#0")
    other = told("A2", NEW, "L9", "RXA", f5="MARSH^AVA^ROSE")
    assert not joined(try_files(tmp_path, {"a": one, "b": other, "r": into}), "a#0", "b#0")


def with_earlier(**change: Any) -> bytes:
    numbers = [{"system": NHS, "value": NEW, "use": "official"}, {"system": NHS, "value": OLD, "use": "old"}]
    return js(message(patient(identifier=numbers, address=None, **change), sender="RXA"))


def test_a_number_kept_as_an_earlier_one_ties_the_same_names_only(tmp_path: Path) -> None:
    assert joined(try_files(tmp_path, {"a": FIRST, "b": with_earlier()}), "a#0", "b#0")
    renamed = with_earlier(name=[{"family": "MARSH", "given": ["AVA", "ROSE"]}])
    assert not joined(try_files(tmp_path, {"a": FIRST, "b": renamed}), "a#0", "b#0")
    sister = with_earlier(name=[{"family": "HARROW", "given": ["ELSIE"]}])
    assert not joined(try_files(tmp_path, {"a": FIRST, "b": sister}), "a#0", "b#0")
