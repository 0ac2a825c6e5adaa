"""Where each veto begins and where it is forgiven: what keeps two notices apart, and the slips of the pen that don't."""

from dataclasses import replace
from typing import Any

import pytest

from integration_engine.linkage.explain import explain
from tests.linkage_rows import ROWAN, number, said

CORONER = {"sender": "COR-LEEDS", "source": "coroner"}
NUMBERED = {"nhs_number": number(1)}


def barred(one: dict[str, Any], other: dict[str, Any], by: dict[str, Any] = CORONER) -> tuple[str, ...]:
    return explain(said("a", ROWAN, one), said("b", ROWAN, by, other)).vetoes


def died(day: str) -> dict[str, Any]:
    return {"death_datetime": day}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        pytest.param(died("2026-02-03"), died("2026-02-07"), (), id="four days"),
        pytest.param(died("2026-02-03"), died("2026-02-08"), ("deaths-far-apart",), id="five days"),
        pytest.param(died("2026-02-08"), died("2026-02-03"), ("deaths-far-apart",), id="five days before"),
        pytest.param(died("2026-02-03"), {"death_datetime": None}, (), id="one that isn't dated"),
        pytest.param(died("2026-02-03") | NUMBERED, died("2026-03-06") | NUMBERED, (), id="a month, of one number"),
        pytest.param(
            died("2026-02-03") | NUMBERED, died("2026-03-07") | NUMBERED, ("deaths-far-apart",), id="over a month"
        ),
        pytest.param(
            died("2026-02-03") | NUMBERED,
            died("2026-02-20") | NUMBERED | {"birth_date": "2018-05-15"},
            ("deaths-far-apart",),
            id="of one number and another birth",
        ),
        pytest.param(
            died("2026-02-03") | NUMBERED | {"middle": "Ellis"},
            died("2026-02-20") | NUMBERED | {"middle": "Omar"},
            ("given-names-differ", "deaths-far-apart"),
            id="of one number and another second name",
        ),
    ],
)
def test_deaths_are_too_far_apart_after_four_days_or_a_month_of_one_number_name_and_birth(
    one: dict[str, Any], other: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert barred(one, other) == found


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        pytest.param({"sex": "M"}, {"sex": "F"}, (), id="one name"),
        pytest.param({"sex": "M"}, {"sex": "F", "family": "Oyelaran"}, ("sexes-differ",), id="another family"),
        pytest.param(
            {"given": "Amir", "sex": "M"},
            {"given": "Amira", "sex": "F"},
            ("given-names-differ", "sexes-differ"),
            id="alike",
        ),
        pytest.param({"given": None, "sex": "M"}, {"given": None, "sex": "F"}, ("sexes-differ",), id="no name"),
        pytest.param({"sex": "M"}, {"sex": "U"}, (), id="a sex that isn't known"),
    ],
)
def test_a_sex_is_miswritten_under_one_name_alone(
    one: dict[str, Any], other: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert barred(one, other) == found


FHIR = {"source": "hospital_fhir"}


@pytest.mark.parametrize(
    ("one", "other", "by", "found"),
    [
        pytest.param({}, {}, {}, ("local-ids-differ",), id="of one system"),
        pytest.param(NUMBERED, NUMBERED, {}, ("local-ids-differ",), id="of one system and NHS number"),
        pytest.param(NUMBERED, NUMBERED, FHIR, (), id="of two systems, one NHS number and name"),
        pytest.param({}, {}, FHIR, ("local-ids-differ",), id="of two systems without an NHS number"),
        pytest.param(NUMBERED, {}, FHIR, ("local-ids-differ",), id="of two systems, the number told once"),
        pytest.param(
            NUMBERED,
            NUMBERED | {"given": None},
            FHIR,
            ("local-ids-differ",),
            id="of two systems, one NHS number and no name",
        ),
        pytest.param(NUMBERED, NUMBERED, CORONER, (), id="of two partners"),
    ],
)
def test_two_numbers_of_a_partners_own_are_two_children_unless_two_systems_have_one_nhs_number_and_name(
    one: dict[str, Any], other: dict[str, Any], by: dict[str, Any], found: tuple[str, ...]
) -> None:
    assert barred(one | {"local_ref": "M-1"}, other | {"local_ref": "M-2"}, by) == found


POLICE = {"source": "police", "sender": "E23000013", "event_ref": "EV-1"}


@pytest.mark.parametrize(
    ("reports", "persons", "events", "found"),
    [
        (("13-1", "13-1"), ("P1", "P2"), ("EV-1", "EV-1"), True),
        (("13-1", "13-2"), ("P1", "P2"), ("EV-1", "EV-1"), True),
        (("13-1", "13-1"), ("P1", "P1"), ("EV-1", "EV-1"), False),
        (("13-1", "13-2"), ("P1", "P2"), ("EV-1", "EV-2"), False),
    ],
)
def test_two_persons_of_one_report_or_event_of_one_force_are_two_children(
    reports: tuple[str, str], persons: tuple[str, str], events: tuple[str, str], found: bool
) -> None:
    one, other = (
        replace(said(name, ROWAN, POLICE, event_ref=event), report=report, person=person)
        for name, report, person, event in zip("ab", reports, persons, events, strict=True)
    )
    assert ("event-persons-differ" in explain(one, other).vetoes) is found


def test_nothing_is_found_where_nothing_differs() -> None:
    assert barred(NUMBERED | {"birth_order": 1}, NUMBERED | {"birth_order": 1}) == ()
