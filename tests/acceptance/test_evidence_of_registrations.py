"""Entries in the registers of births and deaths, and whether a number is traced: what a register says is one child's."""

from pathlib import Path
from typing import Any

import pytest

from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.trial import asked, joined, try_files
from tests.native_messages import adt, js, message, national, patient

ENTRY, OTHER = "2026LDS0012345", "2026LDS0099999"
GIVEN, OWN = invented_nhs_number(70), invented_nhs_number(71)
NHS = "https://fhir.nhs.uk/Id/nhs-number"


def hospital(entry: str, kind: str = "DC", **pid: str | None) -> bytes:
    """A boy whose name nobody knew, told with the number of his registration."""
    own = {
        "f3": f"{entry}^^^GRO^{kind}~L1^^^RTH^PI",
        "f5": "UNKNOWN^BABY",
        "f8": "M",
        "f7": "20260101",
        "f11": None,
        "f32": None,
    }
    return adt("A03", "A1", **(own | pid))


def registered(entry: str, kind: str = "DC", **change: Any) -> bytes:
    """The same boy by name, from the trust that relays what the registrar said."""
    typed = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": kind}]}
    child = patient(
        identifier=[{"type": typed, "value": entry}], name=[{"family": "MARSH", "given": ["LEO"]}], gender="male",
        birthDate="2026-01-01", address=None,
    )  # fmt: skip
    return js(message(child | change, sender="RXA"))


@pytest.mark.parametrize("kind", ["DC", "DCFN", "BCT"])
def test_an_entry_in_a_register_joins_what_two_partners_tell_of_its_child(tmp_path: Path, kind: str) -> None:
    assert joined(try_files(tmp_path, {"a": hospital(ENTRY, kind), "b": registered(ENTRY, kind)}), "a#0", "b#0")


@pytest.mark.parametrize(("entry", "kind"), [(OTHER, "DC"), ("", "DC"), (ENTRY, "BCT"), (ENTRY, "PI")])
def test_another_entry_another_register_or_no_entry_joins_nothing(tmp_path: Path, entry: str, kind: str) -> None:
    answer = try_files(tmp_path, {"a": hospital(ENTRY), "b": registered(entry or "X", kind)})
    assert not joined(answer, "a#0", "b#0")


def test_an_entry_under_which_two_children_are_told_of_joins_neither(tmp_path: Path) -> None:
    girl = registered(ENTRY, gender="female", name=[{"family": "MARSH", "given": ["IDA"]}])
    answer = try_files(tmp_path, {"a": hospital(ENTRY, f5="MARSH^LEO"), "b": girl})
    assert not joined(answer, "a#0", "b#0")


def traced(**pid: str | None) -> bytes:
    return adt("A03", "A1", **({"f3": f"{OWN}^^^NHS^NH~L1^^^RTH^PI", "f32": "NSTS01"} | pid))


@pytest.mark.parametrize("status", ["02", "03"])
def test_of_two_numbers_of_one_name_a_person_is_told_which_is_not_verified(tmp_path: Path, status: str) -> None:
    doubted = adt("A03", "A2", sender="RXA", f3=f"{GIVEN}^^^NHS^NH~L2^^^RXA^PI", f32=status)
    answer = try_files(tmp_path, {"a": traced(), "b": doubted})
    assert not joined(answer, "a#0", "b#0")
    assert {"nhs-numbers-differ", "number-not-verified"} <= set(asked(answer, "a#0", "b#0"))


def test_two_verified_numbers_are_two_children_and_nobody_is_called_doubtful(tmp_path: Path) -> None:
    other = adt("A03", "A2", sender="RXA", f3=f"{GIVEN}^^^NHS^NH~L2^^^RXA^PI", f32="NSTS01")
    answer = try_files(tmp_path, {"a": traced(), "b": other})
    assert not joined(answer, "a#0", "b#0")
    assert "number-not-verified" not in asked(answer, "a#0", "b#0")


def test_the_national_records_own_number_counts_as_verified(tmp_path: Path) -> None:
    record = patient(identifier=[{"system": NHS, "value": OWN}], extension=[national("2")], id="p1")
    formal = js(message(record, event="pds-death-notification-1"))
    doubted = adt("A03", "A2", sender="RXA", f3=f"{GIVEN}^^^NHS^NH~L2^^^RXA^PI", f32="02")
    answer = try_files(tmp_path, {"a": formal, "b": doubted})
    assert "number-not-verified" in asked(answer, "a#0", "b#0")
