"""What all sources together say of a birth that one of them says isn't reviewed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from integration_engine.linkage.evidence import evidence_of
from integration_engine.record.fields import nested, values_of
from integration_engine.record.notice import DeathNotice
from integration_engine.record.outside import birth_word, coroners_stillbirth, may_end, needed, outside

STILLBORN: dict[str, Any] = {"outside": "scope.stillbirth", "death": {"live_birth": "no"}}


def plain(value: Any) -> Any:
    """A value as a message's mapping gives it."""
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(value, BaseModel) else value


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


WHOLE: dict[str, Any] = {
    "child": {
        "nhs_number": "9991000003",
        "nhs_number_status": "01",
        "other_identifiers": [{"value": "9991001379", "type": "former-nhs-number"}, {"value": "H1", "type": "PI"}],
        "restricted": "none",
        "sex": "female",
        "family_name": "Heron",
        "given_names": ["Baby"],
        "known_as": ["Wren"],
        "name_is_placeholder": True,
        "birth_date": "2026-05-04",
        "birth_time": "04:10",
        "age_at_death": {"value": 3, "unit": "hours"},
        "addresses": [{"lines": ["3 Reed Lane"], "postcode": "RG1 8LS", "use": "home"}],
        "multiple_birth": {"count": 2, "order": 1},
        "gestation_days": 280,
        "birth_weight_g": 3200,
        "mother": {"name": "Ada Heron", "nhs_number": "9991008225", "birth_date": "1995-01-01"},
    },
    "death": {
        "died_at": "2026-05-04T07:10",
        "place": {"name": "Elm House"},
        "event": {"reference": "E23000014/EV-1"},
        "circumstances": "a long story",
    },
    "police": {"force": "E23000014", "report_id": "14-1", "person_id": "P1", "officer": {"name": "Elm"}},
}


@pytest.mark.parametrize("field", sorted(WHOLE["child"]))
@pytest.mark.parametrize("kind", ["police", "hospital-hl7"])
def test_nothing_is_lost_by_which_a_birth_is_linked_with_its_case(field: str, kind: str) -> None:
    whole = said(9, "E23000014", kind, **{**WHOLE, "child": {"birth_date": "2026-05-04", field: WHOLE["child"][field]}})
    kept = nested(needed({path: plain(value) for path, value in values_of(whole).items()}))
    slim = said(9, "E23000014", kind, **kept)
    assert evidence_of(slim) == evidence_of(whole)
    assert (slim.death.circumstances, slim.police and slim.police.officer) == (None, None)


@pytest.mark.parametrize(
    "death",
    [
        {"live_birth": "no"},
        {"live_birth": "yes"},
        {"signs_of_life": True},
        {"signs_of_life": False},
        {"termination": True},
        {"live_birth": "no", "professional_attending_birth": "yes"},
        {"live_birth": "no", "professional_attending_birth": "no"},
        {"live_birth": "no", "suspected_stillbirth_at_home": True},
    ],
)
def test_nothing_is_lost_of_how_the_baby_was_born(death: dict[str, Any]) -> None:
    whole = said(9, death={**death, "circumstances": "a long story"}, child={"gestation_days": 280})
    kept = nested(needed({path: plain(value) for path, value in values_of(whole).items()}))
    slim = said(9, **kept)
    assert slim.death.model_dump(exclude_defaults=True) == death
    assert (birth_word([slim]), outside(slim)) == (birth_word([whole]), outside(whole))


def test_no_more_is_held_than_tells_whose_it_is_and_how_it_was_born() -> None:
    values = {"child.nhs_number": "1", "child.gp_practice": "2", "death.circumstances": "3", "death.live_birth": "no"}
    assert needed(values) == {"child.nhs_number": "1", "death.live_birth": "no"}
