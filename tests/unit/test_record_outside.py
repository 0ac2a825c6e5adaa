"""What all sources together say of a birth that one of them says isn't reviewed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.record.notice import DeathNotice
from integration_engine.record.outside import birth_word, coroners_stillbirth, may_end, needed, outside

STILLBORN: dict[str, Any] = {"outside": "scope.stillbirth", "death": {"live_birth": "no"}}


def said(hour: int, partner: str = "RTH", kind: str = "hospital-hl7", **fields: Any) -> DeathNotice:
    source = {"kind": kind, "partner": partner, **fields.pop("source", {})}
    at = datetime(2026, 5, 4, hour, tzinfo=UTC)
    told = {
        "id": f"n-{hour}-{partner}",
        "submission": "s",
        "received_at": at,
        "stated_at": at.isoformat(),
        "profile": "p",
    }
    return DeathNotice.model_validate({**told, "source": source, **fields})


@pytest.mark.parametrize(
    ("beside", "word"),
    [
        pytest.param([said(9)], "stillborn", id="its own plain word"),
        pytest.param([said(9, "RTH08")], "stillborn", id="a site of the same trust"),
        pytest.param([said(9, "RXX")], "disputed", id="another trust"),
        pytest.param([said(9, "RXX", source={"indirect": True})], "stillborn", id="another trust's laboratory"),
        pytest.param(
            [said(9, "PDS", "national", death={"status": "informal"})], "stillborn", id="the record repeats it"
        ),
        pytest.param([said(9, "PDS", "national", death={"status": "formal"})], "disputed", id="a registered death"),
        pytest.param(
            [
                said(8, "PDS", "national", death={"status": "formal"}),
                said(9, "PDS", "national", death={"status": "informal"}),
            ],
            "disputed",
            id="a registered death, repeated informally",
        ),
        pytest.param(
            [said(9, "RXX", death={"live_birth": "unknown", "signs_of_life": False})],
            "disputed",
            id="another trust that doesn't know",
        ),
        pytest.param(
            [said(9, death={"suspected_stillbirth_at_home": True})], "unattended", id="at home, it is suspected"
        ),
        pytest.param(
            [said(9, "E23000014", "police", death={"live_birth": "yes"})], "live", id="the police saw it alive"
        ),
        pytest.param([said(9, death={"signs_of_life": True})], "stillborn", id="its own earlier word"),
        pytest.param([said(12, death={"signs_of_life": True})], "live", id="its own later word"),
        pytest.param(
            [said(9, death={"professional_attending_birth": "no"})], "unattended", id="nobody was there, it said"
        ),
        pytest.param(
            [
                said(9, death={"professional_attending_birth": "no"}),
                said(12, death={"professional_attending_birth": "yes"}),
            ],
            "stillborn",
            id="somebody was there after all",
        ),
        pytest.param(
            [said(9, child={"gestation_days": 160}, death={"professional_attending_birth": "no"})],
            "stillborn",
            id="a late fetal loss, whoever was there",
        ),
    ],
)
def test_each_sources_last_word_counts(beside: list[DeathNotice], word: str) -> None:
    told = [*beside, said(10, **STILLBORN)]
    assert birth_word(told) == birth_word(reversed(told)) == word


def test_a_laboratorys_stillbirth_alone_ends_nothing() -> None:
    laboratory = said(10, "RXX", source={"indirect": True}, **STILLBORN)
    assert birth_word([said(9), laboratory]) == "disputed"
    assert birth_word([said(9, "PDS", "national", death={"status": "informal"}), laboratory]) == "disputed"


@pytest.mark.parametrize(
    ("told", "word"),
    [
        pytest.param({"outside": "scope.stillbirth"}, "stillborn", id="the sender's word for it"),
        pytest.param({"death": {"live_birth": "no"}}, "unattended", id="nobody says who was there"),
        pytest.param({"death": {"signs_of_life": False}}, "unattended", id="no sign of life"),
        pytest.param({"death": {"live_birth": "no"}, "child": {"gestation_days": 167}}, "stillborn", id="23+6 weeks"),
        pytest.param({"death": {"live_birth": "no"}, "child": {"gestation_days": 168}}, "unattended", id="24 weeks"),
        pytest.param(
            {"death": {"live_birth": "no", "signs_of_life": True}, "outside": "scope.stillbirth"},
            "live",
            id="a sign of life, whatever the code beside it",
        ),
    ],
)
def test_one_sources_word_is_read_for_what_it_loses_nobody_by(told: dict[str, Any], word: str) -> None:
    assert birth_word([said(9, **told)]) == word


def concluded(hour: int, *conclusions: str, area: str = "berkshire", **fields: Any) -> DeathNotice:
    return said(hour, area, "coroner", coroner={"conclusions": conclusions}, **fields)


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        pytest.param([said(9, **STILLBORN)], None, id="no coroner"),
        pytest.param([said(9, "berkshire", "coroner")], None, id="no conclusion"),
        pytest.param([concluded(9, "stillbirth")], True, id="a stillbirth"),
        pytest.param([concluded(9, "natural-causes")], False, id="another conclusion"),
        pytest.param([concluded(9, "stillbirth"), concluded(12, "natural-causes")], False, id="corrected"),
        pytest.param([concluded(9, "stillbirth"), said(12, "berkshire", "coroner")], True, id="more about the same"),
        pytest.param([concluded(9, "stillbirth"), concluded(12, "open", area="oxfordshire")], True, id="two coroners"),
        pytest.param(
            [concluded(9, "stillbirth", intent="retract", retraction={"form": "withdrawn"})], None, id="taken back"
        ),
    ],
)
def test_a_coroners_last_conclusion_says_whether_it_was_a_stillbirth(
    told: list[DeathNotice], answer: bool | None
) -> None:
    assert coroners_stillbirth(told) == coroners_stillbirth(reversed(told)) == answer


def test_only_who_says_how_the_baby_was_born_may_end_a_case() -> None:
    ends = [said(9, **STILLBORN), said(9, death={"termination": True}), concluded(9, "stillbirth")]
    assert [may_end(notice) for notice in ends] == [True, True, True]
    goes_on = [said(9), concluded(9, "natural-causes"), said(9, death={"live_birth": "no"})]
    taken_back = concluded(9, "stillbirth", intent="retract", retraction={"form": "withdrawn"})
    assert [may_end(notice) for notice in (*goes_on, taken_back)] == [False, False, False, False]


def test_a_termination_kept_before_there_was_a_mark_is_known_by_what_it_says() -> None:
    assert outside(said(9, death={"termination": True})) == "scope.termination"
    assert outside(said(9)) is None


def test_no_more_is_held_than_tells_whose_it_is_and_how_it_was_born() -> None:
    values = {"child.nhs_number": "1", "child.gp_practice": "2", "death.circumstances": "3", "death.live_birth": "no"}
    assert needed(values) == {"child.nhs_number": "1", "death.live_birth": "no"}
