"""The tabular form: every column, in whatever form a spreadsheet or an export left it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from integration_engine.linkage.evidence import Evidence
from tests.linkage_rows import ROWAN, number, said


@pytest.mark.parametrize(
    ("text", "youngest", "oldest"),
    [
        ("7 years", date(2019, 2, 3), date(2018, 2, 3)),
        ("7", date(2019, 2, 3), date(2018, 2, 3)),
        ("7y", date(2019, 2, 3), date(2018, 2, 3)),
        ("7 yo", date(2019, 2, 3), date(2018, 2, 3)),
        ("aged 7", date(2019, 2, 3), date(2018, 2, 3)),
        ("7 years 3 months", date(2019, 2, 3), date(2018, 2, 3)),
        ("3/12", date(2025, 11, 3), date(2025, 10, 3)),
        ("3 months", date(2025, 11, 3), date(2025, 10, 3)),
        ("3/52", date(2026, 1, 13), date(2026, 1, 6)),
        ("2/7", date(2026, 2, 1), date(2026, 1, 31)),
        ("40 minutes", date(2026, 2, 3), date(2026, 2, 2)),
        ("newborn", date(2026, 2, 3), date(2026, 2, 1)),
        ("stillborn", date(2026, 2, 3), date(2026, 2, 1)),
    ],
)
def test_an_age_in_any_spelling_is_an_interval_of_birth_dates(text: str, youngest: date, oldest: date) -> None:
    evidence = said("a", ROWAN, birth_date=None, age_text=text)
    assert evidence.birth_from <= oldest.toordinal() + 1
    assert evidence.birth_to >= youngest.toordinal()
    assert evidence.birth_to - evidence.birth_from <= (youngest - oldest).days + 5


@pytest.mark.parametrize("text", ["old", "7 lightyears", "", "teenager", "9999999 years", "-3 days"])
def test_an_age_that_is_none_says_nothing(text: str) -> None:
    assert said("a", ROWAN, birth_date=None, age_text=text).birth_to == 0


@pytest.mark.parametrize(
    "text",
    ["2018-05-14", "14/05/2018", "14.5.2018", "14 May 2018", "20180514", "2018-05-14 00:00:00", "2018-05-13T23:30:00Z"],
)
def test_a_birth_date_in_any_spelling_is_one_day(text: str) -> None:
    assert said("a", ROWAN, birth_date=text).birth_day == date(2018, 5, 14).toordinal()


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-03T04:10:00+01:00",
        "2026-06-03T03:10:00Z",
        "03/06/2026 04:10",
        "2026-06-03 04:10",
        "20260603041000+0100",
    ],
)
def test_a_time_of_death_is_one_instant_whatever_zone_it_is_told_in(text: str) -> None:
    assert (
        said("a", ROWAN, death_datetime=text).death_minute == datetime(2026, 6, 3, 3, 10, tzinfo=UTC).timestamp() // 60
    )


def test_midnight_is_a_date_without_a_time() -> None:
    evidence = said("a", ROWAN, death_datetime="2026-02-03 00:00:00")
    assert (evidence.death_day, evidence.death_minute) == (date(2026, 2, 3).toordinal(), 0)


@pytest.mark.parametrize(
    ("column", "value", "field", "is_read"),
    [
        ("birth_weight_g", "2500.0", "weight_g", 2500),
        ("birth_weight_g", 2500.0, "weight_g", 2500),
        ("birth_weight_g", "2,500", "weight_g", 2500),
        ("birth_weight_g", "2.5 kg", "weight_g", 2500),
        ("birth_weight_g", "5lb 8oz", "weight_g", 2495),
        ("birth_weight_g", float("nan"), "weight_g", 0),
        ("birth_weight_g", 1e300, "weight_g", 0),
        ("gestation_weeks", 26, "gestation_days", 182),
        ("gestation_weeks", 26.0, "gestation_days", 182),
        ("gestation_weeks", "26+3", "gestation_days", 185),
        ("gestation_weeks", "26 weeks 3 days", "gestation_days", 185),
        ("gestation_weeks", "26/40", "gestation_days", 182),
        ("gestation_weeks", "term", "gestation_days", 0),
        ("birth_order", "2.0", "order", 2),
        ("birth_order", 2, "order", 2),
        ("birth_order", 0, "order", 0),
        ("birth_order", "99", "order", 0),
        ("birth_order", True, "order", 0),
        ("multiple_birth", True, "multiple", True),
        ("multiple_birth", "Y", "multiple", True),
        ("multiple_birth", "N", "multiple", False),
        ("sex", "I", "sex", ""),
        ("sex", "f", "sex", "F"),
        ("known_as", "Ro", "also_given", ("ro",)),
        ("given", ["Rowan", "James"], "given", ("rowan", "james")),
        ("given", {"first": "Rowan"}, "given", ()),
        ("given", float("nan"), "given", ()),
        ("nhs_number", float(number(1)), "nhs", number(1)),
        ("nhs_number", int(number(1)), "nhs", number(1)),
        ("nhs_number", f"{number(1)}.0", "nhs", number(1)),
        ("mother_nhs_number", f" {number(2)[:3]} {number(2)[3:6]} {number(2)[6:]}", "mother_nhs", number(2)),
        ("mother_given", "Sarah Jane", "mother_given", "sarah"),
        ("message_type", "resend", "intent", "report"),
        ("message_type", "retract", "intent", "retract"),
        ("source", "hospital_fhir", "kind", "hospital-fhir"),
        ("event_ref", "E-7", "event_ref", "E-7"),
    ],
)
def test_a_cell_is_read_in_whatever_form_it_comes(column: str, value: Any, field: str, is_read: Any) -> None:
    assert getattr(said("a", ROWAN, {column: value}), field) == is_read


def test_a_stated_order_that_the_placeholder_contradicts_counts_for_neither() -> None:
    evidence: Evidence = said("a", ROWAN, given="Twin 2", birth_order=1)
    assert (evidence.order, evidence.order_hint, evidence.known_multiple) == (0, 0, True)
    agreed = said("a", ROWAN, given="Twin 2", birth_order=2)
    assert (agreed.order, agreed.order_hint) == (2, 2)


def test_a_number_too_long_to_be_written_says_nothing() -> None:
    assert said("a", ROWAN, birth_weight_g=10**5000).weight_g == 0


def test_half_a_character_is_none() -> None:
    assert said("a", ROWAN, place_of_death="Leeds \ud800 Example").places == frozenset({"leeds example"})
