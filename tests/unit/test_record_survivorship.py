"""Many notices, one record: the best source for each field, and every difference kept in sight."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.record.addresses import usual_address
from integration_engine.record.names import is_placeholder
from integration_engine.record.notice import DeathNotice
from integration_engine.record.survivorship import fold


def notice(name: str, kind: str, partner: str, at: str = "2026-03-09T05:00", **parts: Any) -> DeathNotice:
    source = {"kind": kind, "partner": partner, "event": parts.pop("event", None)}
    received = datetime(2026, 3, 20, tzinfo=UTC)
    return DeathNotice(id=name, submission="s", source=source, stated_at=at, received_at=received, profile="p", **parts)


def test_a_found_time_never_beats_a_known_one() -> None:
    coroner = notice(
        "c",
        "coroner",
        "avon",
        coroner={"concluded_at": "2026-05-01"},
        death={"died_at": "2026-03-09T07:00", "died_at_basis": "found"},
    )
    police = notice("p", "police", "E23000038", death={"died_at": "2026-03-09T04:10", "died_at_basis": "known"})
    record = fold([coroner, police])
    assert record.death.died_at == "2026-03-09T04:10+00:00"
    assert record.death.died_at_basis == "known"
    assert [(c.field, c.notice) for c in record.conflicts] == [("death.died_at", "c")]


def test_a_registered_date_takes_the_hospitals_time_of_that_day() -> None:
    formal = notice("n", "national", "PDS", death={"died_at": "2026-03-09", "status": "formal"})
    hospital = notice("h", "hospital-hl7", "RTH", death={"died_at": "2026-03-09T04:10"})
    record = fold([formal, hospital])
    assert record.death.died_at == "2026-03-09T04:10+00:00"
    assert not record.conflicts


def test_a_registered_date_beats_the_hospitals_other_day_and_the_difference_is_kept() -> None:
    formal = notice("n", "national", "PDS", death={"died_at": "2026-03-09", "status": "formal"})
    hospital = notice("h", "hospital-hl7", "RTH", death={"died_at": "2026-03-10T04:10"})
    record = fold([formal, hospital])
    assert record.death.died_at == "2026-03-09"
    assert [(c.field, c.value) for c in record.conflicts] == [("death.died_at", "2026-03-10T04:10+00:00")]


def test_a_placeholder_never_beats_a_name_and_is_kept_as_an_alias() -> None:
    unnamed = notice(
        "a",
        "hospital-hl7",
        "RTH",
        "2026-08-12T14:00",
        child={
            "nhs_number": "9991008225",
            "nhs_number_status": "01",
            "family_name": "OKAFOR",
            "given_names": ["BABY"],
            "name_is_placeholder": True,
        },
    )
    named = notice(
        "b", "police", "E23000038", "2026-08-12T10:00", child={"family_name": "Bello", "given_names": ["Grace"]}
    )
    record = fold([unnamed, named])
    assert (record.child.family_name, record.child.given_names) == ("Bello", ("Grace",))
    assert record.child.name_is_placeholder is None
    assert record.child.known_as == ("BABY OKAFOR",)


def test_a_number_ends_the_reason_for_its_absence() -> None:
    without = notice("a", "hospital-hl7", "RTH", child={"nhs_number_absent_reason": "NOT_CURRENTLY_AVAILABLE"})
    with_it = notice("b", "hospital-hl7", "RTH", child={"nhs_number": "9991008225"})
    assert fold([without, with_it]).child.nhs_number_absent_reason is None


def test_the_national_address_outranks_one_registered_on_the_day_of_death() -> None:
    died = {"died_at": "2026-10-20T15:00"}
    hospital = notice(
        "h",
        "hospital-hl7",
        "RTE",
        "2026-10-20T12:00",
        event="A04",
        child={"addresses": [{"postcode": "GL1 1AA", "use": "home"}]},
        death=died,
    )
    pds = notice(
        "n", "national", "PDS", "2026-10-21", child={"addresses": [{"postcode": "B1 1AA", "use": "home"}]}, death=died
    )
    record = fold([hospital, pds])
    usual = usual_address(record.child.addresses)
    assert usual is not None
    assert usual.postcode == "B1 1AA"
    assert [(c.field, c.value["postcode"]) for c in record.conflicts] == [("child.addresses", "GL1 1AA")]


def test_a_temporary_address_is_never_the_usual_one() -> None:
    record = fold(
        [notice("h", "hospital-hl7", "RTH", child={"addresses": [{"postcode": "GL1 1AA", "use": "temporary"}]})]
    )
    assert usual_address(record.child.addresses) is None


def test_a_coroners_stage_is_the_furthest_reached_whatever_arrives_last() -> None:
    concluded = notice(
        "c", "coroner", "avon", "2027-05-20", coroner={"stage": "CONCLUDED", "concluded_at": "2027-05-20"}
    )
    opened = notice(
        "o", "coroner", "avon", "2026-04-02", coroner={"stage": "INQUEST_OPENED", "inquest_opened_at": "2026-04-02"}
    )
    record = fold([concluded, opened])
    assert record.coroner is not None
    assert (record.coroner.stage, record.coroner.inquest_opened_at) == ("CONCLUDED", "2026-04-02")


def test_what_a_source_took_back_is_not_in_the_record_unless_nothing_else_is() -> None:
    wrong = notice("w", "hospital-hl7", "RTH", child={"family_name": "Cole"})
    right = notice("p", "police", "E23000038", child={"family_name": "Marsh"})
    assert fold([wrong, right], silenced={"w"}).child.family_name == "Marsh"
    assert fold([wrong], silenced={"w"}).child.family_name == "Cole"


def test_a_retraction_states_no_facts_of_the_child_even_where_nothing_else_is_left() -> None:
    wrong = notice("w", "hospital-hl7", "RTH", child={"family_name": "Cole"})
    taken_back = notice(
        "r",
        "hospital-hl7",
        "RTH",
        "2026-03-09T09:00",
        intent="retract",
        retraction={"form": "deleted"},
        child={"family_name": "Marsh"},
    )
    assert fold([wrong, taken_back], silenced={"w"}).child.family_name == "Cole"


def test_of_two_times_that_refine_a_date_the_better_sources_is_taken() -> None:
    formal = notice("n", "national", "PDS", death={"died_at": "2026-03-09", "status": "formal"})
    hospital = notice("h", "hospital-hl7", "RTH", death={"died_at": "2026-03-09T04:10"})
    police = notice("p", "police", "E23000038", "2026-03-09T09:00", death={"died_at": "2026-03-09T05:30"})
    assert fold([formal, hospital, police]).death.died_at == "2026-03-09T04:10+00:00"


def test_a_found_time_refines_no_registered_date() -> None:
    formal = notice("n", "national", "PDS", death={"died_at": "2026-03-09", "status": "formal"})
    found = notice("p", "police", "E23000038", death={"died_at": "2026-03-09T04:10", "died_at_basis": "found"})
    assert fold([formal, found]).death.died_at == "2026-03-09"


def test_what_several_list_is_listed_once_the_best_sources_first() -> None:
    one = notice("a", "hospital-hl7", "RTH", child={"known_as": ["Ben", "Benny", "ben"]})
    two = notice("b", "police", "E23000038", child={"known_as": ["BENNY ", "Bennet"]})
    assert fold([two, one]).child.known_as == ("Ben", "Benny", "Bennet")
    assert fold([one]).child.known_as == ("Ben", "Benny")


@pytest.mark.parametrize(
    ("stand_in", "alias"), [({"family_name": "BABY"}, "BABY"), ({"given_names": ["TWIN 1"]}, "TWIN 1")]
)
def test_half_a_stand_in_is_an_alias_too(stand_in: dict[str, Any], alias: str) -> None:
    unnamed = notice("a", "hospital-hl7", "RTH", child={**stand_in, "name_is_placeholder": True})
    named = notice("b", "police", "E23000038", child={"family_name": "Okafor", "given_names": ["Grace"]})
    assert fold([unnamed, named]).child.known_as == (alias,)


def test_case_and_spacing_are_no_conflict() -> None:
    one = notice("a", "hospital-hl7", "RTH", child={"family_name": "O'NEILL"})
    two = notice("b", "police", "E23000038", child={"family_name": "O'Neill "})
    assert not fold([one, two]).conflicts


@pytest.mark.parametrize("family", ["BABY OKAFOR", "Twin 2 Okafor", "BABY OF OKAFOR", "UNKNOWN"])
def test_a_stand_in_and_a_surname_in_one_field_are_a_placeholder(family: str) -> None:
    assert is_placeholder((), family)
    assert not is_placeholder(("Grace",), family)


def test_a_surname_alone_is_a_name() -> None:
    assert not is_placeholder((), "Babington")
