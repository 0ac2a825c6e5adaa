"""What all sources together say of a birth that one of them says isn't reviewed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.record.notice import DeathNotice
from integration_engine.record.outside import birth_word, needed, outside

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
    assert birth_word([said(9), said(10, "RXX", source={"indirect": True}, **STILLBORN)]) == "disputed"


def test_a_termination_kept_before_there_was_a_mark_is_known_by_what_it_says() -> None:
    assert outside(said(9, death={"termination": True})) == "scope.termination"
    assert outside(said(9)) is None


def test_no_more_is_held_than_tells_whose_it_is_and_how_it_was_born() -> None:
    values = {"child.nhs_number": "1", "child.gp_practice": "2", "death.circumstances": "3", "death.live_birth": "no"}
    assert needed(values) == {"child.nhs_number": "1", "death.live_birth": "no"}
