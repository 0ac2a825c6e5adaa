"""A coroner's reference ties what police and coroners say of one death, and only where it is that area's own."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.trial import joined, try_files
from tests.native_messages import js, person, report, row, upload

# Found dead and not identified: nothing but the day, the sex and the coroner's reference says who it is.
UNKNOWN = {
    "family_name": "UNKNOWN", "given_names": None, "date_of_birth": None, "age": "11 years", "address": None,
    "place_of_death": None,
}  # fmt: skip


def police(area: str | None, reference: str, *persons: dict[str, Any], **change: Any) -> bytes:
    told = {"area": area, "reference": reference, "informed_at": "2026-03-09T09:00:00"}
    return js(report(*(persons or (person(**UNKNOWN),)), coroner=told, **change))


def coroner(**change: str) -> bytes:
    return upload(row(place_of_death="", place_of_death_postcode="", **change))


@pytest.mark.parametrize("area", ["Oxfordshire", "HM Coroner for Oxfordshire", "Oxfordshire Coroner's Court"])
def test_a_coroners_reference_joins_a_report_of_an_unnamed_child_with_the_coroners_row(
    tmp_path: Path, area: str
) -> None:
    answer = try_files(tmp_path, {"p": police(area, "412/2026"), "c": coroner()})
    assert joined(answer, "p#0", "c#0")


@pytest.mark.parametrize(
    ("area", "reference"), [("Avon", "00412-2026"), ("Oxfordshire", "00413-2026"), (None, "00412-2026")]
)
def test_another_areas_case_another_number_or_a_number_without_its_area_joins_nothing(
    tmp_path: Path, area: str | None, reference: str
) -> None:
    answer = try_files(tmp_path, {"p": police(area, reference), "c": coroner()})
    assert not joined(answer, "p#0", "c#0")


def test_one_reference_of_a_report_about_several_children_is_none_of_theirs_alone(tmp_path: Path) -> None:
    several = (person(**UNKNOWN), person(**UNKNOWN, person_id="P2"))
    answer = try_files(tmp_path, {"p": police("Oxfordshire", "00412-2026", *several), "c": coroner()})
    assert not joined(answer, "p#0", "c#0")
    assert not joined(answer, "p#1", "c#0")


MOVED = row(
    area="avon", reference="00077-2026", event="TRANSFERRED_IN", event_at="12/03/2026", family_name="", given_names="",
    date_of_birth="", address="", postcode="", time_of_death="", place_of_death="", place_of_death_postcode="",
    age="11", age_unit="years",
)  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "Oxfordshire; 00412-2026",
        "Oxfordshire ref 412/2026",
        "Oxfordshire (00412-2026)",
        "HM Coroner Oxfordshire 00412-2026",
    ],
)
def test_a_case_that_moves_to_another_area_stays_one_by_the_reference_it_came_from(
    tmp_path: Path, written: str
) -> None:
    answer = try_files(tmp_path, {"a": coroner(), "b": upload(MOVED | {"transferred_from": written})})
    assert joined(answer, "a#0", "b#0")
    [case] = answer["cases"]
    assert case["record"]["coroner"]["transferred_from_reference"]


def test_a_case_that_moves_stays_one_by_the_reference_it_goes_to(tmp_path: Path) -> None:
    out = row(event="TRANSFERRED_OUT", event_at="11/03/2026", transferred_to="Avon; 00077-2026")
    assert joined(try_files(tmp_path, {"a": upload(out), "b": upload(MOVED)}), "a#0", "b#0")


@pytest.mark.parametrize("written", ["Oxfordshire", "Oxfordshire; 00413-2026", "Berkshire; 00412-2026", ""])
def test_an_area_alone_or_another_areas_reference_doesnt_say_which_case_moved(tmp_path: Path, written: str) -> None:
    answer = try_files(tmp_path, {"a": coroner(), "b": upload(MOVED | {"transferred_from": written})})
    assert not joined(answer, "a#0", "b#0")


def test_a_reference_never_joins_children_of_different_names_and_ages(tmp_path: Path) -> None:
    other = MOVED | {
        "transferred_from": "Oxfordshire; 00412-2026", "given_names": "Ben", "family_name": "Marsh", "sex": "M",
        "date_of_birth": "01/02/2019", "age": "", "age_unit": "",
    }  # fmt: skip
    answer = try_files(tmp_path, {"a": coroner(), "b": upload(other)})
    assert not joined(answer, "a#0", "b#0")
