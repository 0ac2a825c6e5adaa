"""Evidence: what linkage takes from a notice, and the keys that bring notices together."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.record.notice import DeathNotice
from tests.linkage_rows import BABY, ROWAN, number, said


def notice(**parts: Any) -> Evidence:
    source = {"kind": "hospital-hl7", "partner": "RXA"} | parts.pop("source", {})
    return evidence_of(
        DeathNotice.model_validate(
            {
                "id": "n",
                "submission": "s",
                "source": source,
                "received_at": datetime(2026, 2, 3, 9, tzinfo=UTC),
                "profile": "p",
            }
            | parts
        )
    )


def test_a_notice_and_its_row_say_the_same() -> None:
    from_notice = notice(
        child={
            "given_names": ["Rowan"],
            "family_name": "Fairclough",
            "birth_date": "2018-05-14",
            "sex": "male",
            "nhs_number": number(1),
            "addresses": [{"lines": ["14 Elder Rd", "Leeds"], "postcode": "ls62ab", "use": "home"}],
        },
        death={"died_at": "2026-02-03T04:10", "place": {"name": "Leeds Example Infirmary"}},
    )
    from_row = said("n", ROWAN, nhs_number=number(1))
    fields = ("nhs", "given", "family", "sex", "birth_from", "birth_to", "death_from", "death_minute")
    assert [getattr(from_notice, f) for f in fields] == [getattr(from_row, f) for f in fields]
    assert (from_notice.postcodes, from_notice.addresses) == (("LS62AB",), ("14 elder road",))
    assert (from_row.postcodes, from_row.addresses, from_row.places) == (
        from_notice.postcodes,
        from_notice.addresses,
        from_notice.places,
    )


@pytest.mark.parametrize(
    ("age", "oldest", "youngest"),
    [
        ("7 years", date(2018, 2, 2), date(2019, 2, 4)),
        ("3 days", date(2026, 1, 29), date(2026, 1, 31)),
        ("2 hours", date(2026, 2, 2), date(2026, 2, 3)),
    ],
)
def test_an_age_is_an_interval_of_birth_dates(age: str, oldest: date, youngest: date) -> None:
    evidence = said("a", ROWAN, birth_date=None, age_text=age)
    assert abs(evidence.birth_from - oldest.toordinal()) <= 2
    assert abs(evidence.birth_to - youngest.toordinal()) <= 2
    assert evidence.birth_day == 0


def test_a_partial_birth_date_is_the_whole_of_its_month() -> None:
    evidence = notice(child={"birth_date": "2018-05"})
    assert (evidence.birth_from, evidence.birth_to) == (date(2018, 5, 1).toordinal(), date(2018, 5, 31).toordinal())
    assert evidence.birth_unit == "month"


def test_a_found_body_died_between_last_seen_and_found() -> None:
    evidence = notice(death={"found_at": "2026-02-03T07:00", "last_seen_alive_at": "2026-02-01T22:00"})
    assert (evidence.death_from, evidence.death_to) == (date(2026, 2, 1).toordinal(), date(2026, 2, 3).toordinal())


def test_pseudo_postcodes_and_hostels_are_nobodys_home() -> None:
    evidence = said("a", ROWAN, postcode="ZZ99 3VZ", address_line="c/o Grandparents")
    assert (evidence.postcodes, evidence.addresses) == ((), ())


def test_generic_places_are_no_place_of_their_own() -> None:
    assert said("a", ROWAN, place_of_death="Home address").places == frozenset()


def test_an_invalid_number_is_kept_apart_and_is_never_a_number() -> None:
    typed = number(1)[:-1] + str((int(number(1)[-1]) + 1) % 10)
    assert (said("a", ROWAN, nhs_number=typed).nhs, said("a", ROWAN, nhs_number=typed).nhs_typed) == ("", typed)
    kept = notice(child={"other_identifiers": [{"value": typed, "type": "nhs-number", "problem": "check-digit"}]})
    assert kept.nhs_typed == typed


def test_a_police_person_is_known_by_report_and_person_id() -> None:
    police = {"source": {"kind": "police", "partner": "E23000009"}, "death": {"event": {"reference": "E-7"}}}
    one = notice(**police, police={"report_id": "R-1", "person_id": "P1"})
    two = notice(**police, police={"report_id": "R-1", "person_id": "P2"})
    assert one.local_ref != two.local_ref
    assert one.report == two.report


def test_a_coroners_reference_is_compared_by_its_area_and_number() -> None:
    coroner = notice(source={"kind": "coroner", "partner": "avon"}, coroner={"area": "avon", "reference": "00412-2026"})
    police = notice(source={"kind": "police"}, coroner={"area": "hm-coroner-for-avon", "reference": "412/2026"})
    unsaid = notice(source={"kind": "police"}, coroner={"reference": "00412 2026"})
    assert coroner.coroner_refs == police.coroner_refs == ("avon|412-2026",)
    assert unsaid.coroner_refs == ("|412-2026",)
    assert coroner.local_ref == "avon|00412-2026"


def test_a_placeholder_family_name_is_no_name() -> None:
    assert said("a", ROWAN, family="UNKNOWN").family == ()


@pytest.mark.parametrize(
    "junk", [{"birth_date": "31/02/2018"}, {"death_datetime": "soon"}, {"birth_weight_g": "heavy"}, {"age_text": "old"}]
)
def test_what_cannot_be_read_is_not_said(junk: dict) -> None:
    assert said("a", ROWAN | junk).id == "a"


@pytest.mark.parametrize(
    "change",
    [
        {"birth_date": None, "age_text": "7 years"},
        {"death_datetime": None},
        {"family": "Marsh"},
        {"given": "Baby"},
        {"postcode": "M1 1AA", "address_line": "2 Oak Way"},
        {"family": "Rowan", "given": "Fairclough"},
        {"birth_date": "2018-05-13", "death_datetime": "2026-02-04"},
        {"given": "Rowen", "family": "Fairclugh"},
    ],
)  # fmt: skip
def test_one_wrong_or_missing_field_never_hides_a_pair(change: dict) -> None:
    assert not keys(said("a", ROWAN)).isdisjoint(keys(said("b", ROWAN, change)))


@pytest.mark.parametrize(
    "only",
    [
        {"nhs_number": number(1)},
        {"local_ref": "M-1", "sender": "RXA"},
        {"mother_nhs_number": number(2), "birth_date": "2026-02-01"},
        {"event_ref": "E-7"},
    ],
)
def test_an_identifier_alone_brings_notices_together(only: dict) -> None:
    assert not keys(said("a", only)).isdisjoint(keys(said("b", BABY, only)))


def test_a_rekey_has_the_keys_of_both_its_identifiers() -> None:
    rekey = notice(intent="rekey", rekey={"kind": "replaced", "old_nhs_number": number(1), "new_nhs_number": number(2)})
    assert {f"nhs:{number(1)}", f"nhs:{number(2)}"} <= keys(rekey)


def test_a_common_full_name_alone_is_no_key_and_a_rare_one_is() -> None:
    plain = {"birth_date": None, "death_datetime": None, "postcode": None, "address_line": None}
    common = keys(said("a", ROWAN, plain, given="Muhammad", family="Khan"))
    rare = keys(said("a", ROWAN, plain, given="Rowan", family="Fairclough"))
    assert not any(key.startswith("name:") for key in common)
    assert any(key.startswith("name:") for key in rare)


def test_two_dates_alone_are_no_key_of_newborns() -> None:
    newborn = {"birth_date": "2026-02-03", "death_datetime": "2026-02-03"}
    one = said("a", BABY, newborn, postcode="LS6 2AB")
    two = said(
        "b", BABY, newborn, family="Zelenka", postcode="M1 1AA", address_line="2 Oak Way", place_of_death="St Example's"
    )
    assert keys(one).isdisjoint(keys(two))
