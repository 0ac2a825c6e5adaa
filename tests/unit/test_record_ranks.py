"""Who is believed about what: the ranks of the sources, field by field, whoever spoke last."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from integration_engine.record.fields import at_path, nested
from integration_engine.record.notice import DeathNotice
from integration_engine.record.survivorship import fold

CERTIFICATE = {"issued": True, "cause_1a": "asthma"}
# Of each class of source: its kind and partner, and what of its notice puts it there.
SOURCES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "national-formal": ("national", "PDS", {"death": {"status": "formal"}}),
    "national": ("national", "PDS", {"death": {"status": "informal"}}),
    "hospital-verified": ("hospital-hl7", "RTH", {"child": {"nhs_number": "9991000003", "nhs_number_status": "01"}}),
    "hospital": ("hospital-hl7", "RXX", {}),
    "coroner-concluded": ("coroner", "avon", {"coroner": {"conclusions": ["natural-causes"]}}),
    "coroner": ("coroner", "avon", {}),
    "mccd-examined": ("hospital-hl7", "RXX", {"death": {"mccd": {**CERTIFICATE, "medical_examiner": "Dr A. Elm"}}}),
    "mccd": ("hospital-hl7", "RXX", {"death": {"mccd": CERTIFICATE}}),
    "police": ("police", "E23000038", {}),
}
IDENTITY = ("national-formal", "hospital-verified", "hospital", "coroner", "police")
EVENT = ("police", "coroner", "hospital")
INVESTIGATION = ("coroner", "police", "hospital")
BELIEVED: list[tuple[str, tuple[Any, Any], tuple[str, ...]]] = [
    ("child.family_name", ("Marsh", "Cole"), IDENTITY),
    ("child.given_names", (("Ava",), ("Eva",)), IDENTITY),
    ("child.birth_date", ("2014-05-09", "2014-05-10"), IDENTITY),
    ("child.birth_time", ("04:10", "05:10"), IDENTITY),
    ("child.sex", ("female", "male"), IDENTITY),
    ("child.gender", ("female", "male"), IDENTITY),
    (
        "death.died_at",
        ("2026-03-09T04:10", "2026-03-10T05:00"),
        ("coroner-concluded", "national-formal", "hospital", "coroner", "police"),
    ),
    ("death.place", ({"name": "Ward 4"}, {"name": "Home"}), ("hospital", "coroner", "police")),
    (
        "death.suspected_category",
        ("malignancy", "infection"),
        ("coroner-concluded", "mccd-examined", "mccd", "hospital", "coroner", "police"),
    ),
    ("death.event.type", ("fire", "drowning"), EVENT),
    ("death.circumstances", ("found asleep", "found awake"), EVENT),
    ("death.found_at", ("2026-03-09T04:10", "2026-03-10T05:00"), EVENT),
    ("death.last_seen_alive_at", ("2026-03-09T04:10", "2026-03-08T05:00"), EVENT),
    ("coroner.reference", ("A-1", "B-2"), INVESTIGATION),
    ("police.incident_ref", ("A-1", "B-2"), ("police", "coroner", "hospital")),
]


def said(source: str, at: str, path: str, value: Any) -> DeathNotice:
    kind, partner, parts = SOURCES[source]
    section, *_ = path.split(".")
    stated = {**parts, section: {**parts.get(section, {}), **nested({path: value})[section]}}
    return DeathNotice.model_validate(
        {
            "id": f"{at}-{source}",
            "submission": "s",
            "source": {"kind": kind, "partner": partner},
            "stated_at": at,
            "received_at": datetime(2026, 3, 20, tzinfo=UTC),
            "profile": "p",
            **stated,
        }
    )


@pytest.mark.parametrize(
    ("path", "values", "better", "worse"),
    [
        pytest.param(path, values, better, worse, id=f"{path}: {better} before {worse}")
        for path, values, rank in BELIEVED
        for better, worse in pairwise(rank)
    ],
)
def test_the_source_that_knows_best_is_believed_whoever_spoke_last(
    path: str, values: tuple[Any, Any], better: str, worse: str
) -> None:
    held, other = values
    for first, second in (("2026-03-09T05:00", "2026-03-09T06:00"), ("2026-03-09T06:00", "2026-03-09T05:00")):
        told = [said(better, first, path, held), said(worse, second, path, other)]
        record = fold(told)
        alone = fold(told[:1])
        assert at_path(record, path) == at_path(alone, path)
        assert record.provenance[path].notice == told[0].id
        assert [conflict.notice for conflict in record.conflicts if conflict.field == path] == [told[1].id]


def test_of_two_of_one_rank_the_more_exact_is_believed_and_then_the_later() -> None:
    def born(at: str, value: str) -> DeathNotice:
        return said("police", at, "child.birth_date", value)

    exact, vague = born("2026-03-09T05:00", "2014-05-09"), born("2026-03-09T06:00", "2014-06")
    assert fold([exact, vague]).child.birth_date == "2014-05-09"
    assert fold([exact, born("2026-03-09T06:00", "2014-05-10")]).child.birth_date == "2014-05-10"


STEPS = ("REFERRED", "ACCEPTED", "PM_ORDERED", "PM_FINAL", "INQUEST_OPENED", "PFD_ISSUED", "DISCONTINUED", "CONCLUDED")
SAME_STEP = {
    "REFERRED": ("CORRECTED", "WITHDRAWN", "BODY_RELEASED", "TRANSFERRED_OUT"),
    "ACCEPTED": ("TRANSFERRED_IN",),
    "PM_ORDERED": ("PM_INTERIM",),
    "PM_FINAL": ("INVESTIGATION_OPENED",),
    "INQUEST_OPENED": ("SUSPENDED", "RESUMED"),
    "PFD_ISSUED": ("PFD_RESPONSE",),
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (one, other)
        for before, after in pairwise(STEPS)
        for one in (before, *SAME_STEP.get(before, ()))
        for other in (after, *SAME_STEP.get(after, ()))
    ],
)
def test_the_furthest_step_of_an_investigation_is_its_stage_whichever_was_told_last(before: str, after: str) -> None:
    def reached(at: str, stage: str) -> DeathNotice:
        return said("coroner", at, "coroner.stage", stage)

    record = fold([reached("2026-03-09T05:00", after), reached("2026-03-09T06:00", before)])
    assert record.coroner is not None
    assert record.coroner.stage == after


@pytest.mark.parametrize(("one", "other"), [(step, same) for step, together in SAME_STEP.items() for same in together])
def test_within_a_step_the_later_is_the_stage(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        told = [
            said("coroner", "2026-03-09T05:00", "coroner.stage", first),
            said("coroner", "2026-03-09T06:00", "coroner.stage", second),
        ]
        record = fold(told)
        assert record.coroner is not None
        assert record.coroner.stage == second
