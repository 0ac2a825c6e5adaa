"""The acceptance scenarios on linkage's own level: evidence of notices as partners really share it."""

from datetime import UTC, datetime
from typing import Any

from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.resolve import resolve
from integration_engine.record.notice import DeathNotice
from tests.linkage_rows import asked, number, together


def told(id: str, kind: str, partner: str, child: dict[str, Any], death: dict[str, Any], **more: Any) -> Evidence:
    return evidence_of(
        DeathNotice.model_validate(
            {
                "id": id,
                "submission": id,
                "source": {"kind": kind, "partner": partner, "local_ref": more.pop("local_ref", None)},
                "received_at": datetime(2026, 3, 9, 12, tzinfo=UTC),
                "profile": "p",
                "child": child,
                "death": death,
            }
            | more
        )
    )


GIRL = {"given_names": ["Ava"], "family_name": "Harrow", "sex": "female"}
BORN = {"birth_date": "2014-05-09"}
HOME = {"addresses": [{"lines": ["1 Quay Street"], "postcode": "RG1 1LZ", "use": "home"}]}
OXFORD = {"name": "John Radcliffe Hospital", "postcode": "OX3 9DU"}


def s1() -> list[Evidence]:
    died = {"died_at": "2026-03-09T04:10", "place": OXFORD}
    return [
        told(
            "police", "police", "E23000038", GIRL | BORN | HOME, died, police={"report_id": "54-1", "person_id": "P1"}
        ),
        told("adt", "hospital-hl7", "RTH", GIRL | BORN | HOME | {"nhs_number": number(1)}, died, local_ref="M-1"),
        told("form", "hospital-fhir", "RTH", GIRL | BORN | {"nhs_number": number(1)}, died),
    ]


def test_s1_a_coroner_who_has_an_age_and_the_address_tells_of_the_same_girl() -> None:
    coroner = told(
        "coroner", "coroner", "oxfordshire", GIRL | HOME | {"age_at_death": {"value": 11, "unit": "years"}},
        {"died_at": "2026-03-09"}, coroner={"area": "oxfordshire", "reference": "00412-2026"},
    )  # fmt: skip
    assert together(resolve([*s1(), coroner]), "police", "adt", "form", "coroner")


def test_s1_a_coroner_who_has_only_age_place_and_hour_of_death_does_too() -> None:
    coroner = told(
        "coroner", "coroner", "oxfordshire", GIRL | {"age_at_death": {"value": 11, "unit": "years"}},
        {"died_at": "2026-03-09T04:10", "place": OXFORD}, coroner={"reference": "00412-2026"},
    )  # fmt: skip
    assert together(resolve([*s1(), coroner]), "police", "adt", "form", "coroner")


def test_s1_a_reference_that_police_and_coroner_share_is_an_identifier() -> None:
    police = told(
        "police", "police", "E23000038", GIRL | BORN, {"died_at": "2026-03-09"},
        coroner={"area": "oxfordshire", "reference": "00412-2026"},
    )  # fmt: skip
    coroner = told(
        "coroner", "coroner", "oxfordshire", GIRL | {"age_at_death": {"value": 11, "unit": "years"}},
        {"died_at": "2026-03-09"}, coroner={"reference": "00412-2026"},
    )  # fmt: skip
    assert together(resolve([police, coroner]), "police", "coroner")


def test_s1_name_and_age_alone_go_to_a_person() -> None:
    coroner = told(
        "coroner", "coroner", "oxfordshire", GIRL | {"age_at_death": {"value": 11, "unit": "years"}},
        {"died_at": "2026-03-09"}, coroner={"reference": "00412-2026"},
    )  # fmt: skip
    found = resolve([*s1(), coroner])
    assert not together(found, "adt", "coroner")
    assert any("coroner" in (review.a, review.b) for review in found.reviews)


def twin(id: str, died: str | None, **child: Any) -> Evidence:
    shared = {
        "given_names": ["TWIN"],
        "family_name": "Begum",
        "sex": "male",
        "birth_date": "2026-06-01",
        "addresses": [{"lines": ["4 Green Lane"], "postcode": "E13 8SL", "use": "home"}],
    }
    return told(id, "hospital-hl7", "R1H", shared | child, {"died_at": died} if died else {})


def s2() -> list[Evidence]:
    mother = {"nhs_number": number(1379)}
    first = {"nhs_number": number(4114), "multiple_birth": {"order": 1}, "given_names": ["TWIN 1"], "mother": mother}
    second = {"multiple_birth": {"order": 2}, "given_names": ["TWIN 2"], "mother": mother}
    return [twin("one", "2026-06-01T05:40", **first), twin("two", "2026-06-04T22:15", **second)]


def test_s2_twins_are_never_merged_and_know_of_each_other() -> None:
    found = resolve(s2())
    assert len(found.clusters) == 2
    assert found.related == (("one", "two", "multiple-birth"),)
    assert not found.reviews


def test_s2_a_copy_with_only_a_death_date_is_a_question_with_the_likelier_twin_first() -> None:
    found = resolve([*s2(), twin("copy", "2026-06-04", given_names=["BABY"])])
    assert len(found.clusters) == 3
    first = found.reviews[0]
    assert {first.a, first.b} == {"two", "copy"}


def test_s2_a_copy_with_nothing_of_its_own_is_a_question_about_both() -> None:
    found = resolve([*s2(), twin("copy", None, given_names=["BABY"])])
    assert len(found.clusters) == 3
    assert asked(found, "copy", "one")
    assert asked(found, "copy", "two")


def test_s3_an_unnamed_newborn_under_the_mothers_surname_is_the_named_one_by_the_mothers_number() -> None:
    mother = {"mother": {"nhs_number": number(6850), "family_name": "Bello"}}
    born = {"birth_date": "2026-08-12", "sex": "female"}
    died = {"died_at": "2026-08-12T09:30"}
    unnamed = told("a", "hospital-hl7", "R0A", born | mother | {"given_names": ["BABY"], "family_name": "OKAFOR"}, died)
    grace = {"given_names": ["Grace"], "family_name": "BELLO", "nhs_number": number(8225)}
    named = told("b", "hospital-hl7", "R0A", born | mother | grace, died)
    formal = told("c", "national", "X26", born | grace, {"died_at": "2026-08-12"})
    found = resolve([unnamed, named, formal])
    assert together(found, "a", "b", "c")
    assert not found.reviews


def fire(id: str, person: str, **child: Any) -> Evidence:
    home = {"addresses": [{"lines": ["8 Mill Lane"], "postcode": "BD1 1AA", "use": "home"}]}
    return told(
        id, "police", "E23000010", {"family_name": "Hussain"} | home | child,
        {"died_at": "2026-01-11T03:00", "event": {"type": "fire", "reference": "E-16"}},
        police={"report_id": "13-16", "person_id": person},
    )  # fmt: skip


def s16() -> list[Evidence]:
    return [
        fire("three", "P1", given_names=["Idris"], birth_date="2022-03-01", sex="male"),
        fire(
            "five", "P2", given_names=["UNKNOWN CHILD 2"], age_at_death={"value": 5, "unit": "years", "estimated": True}
        ),
        fire("cousin", "P3", given_names=["Idris"], birth_date="2021-11-20", sex="male"),
    ]


def test_s16_children_of_one_fire_are_three_cases_of_one_event() -> None:
    found = resolve(s16())
    assert len(found.clusters) == 3
    assert {(a, b) for a, b, why in found.related if why == "same-event"} == {
        ("cousin", "five"), ("cousin", "three"), ("five", "three"),
    }  # fmt: skip
    assert not found.reviews


def test_s16_the_unknown_child_is_known_by_person_id_in_a_later_version() -> None:
    named = fire("named", "P2", given_names=["Yunus"], birth_date="2020-12-24", nhs_number=number(16))
    found = resolve([*s16(), named])
    assert together(found, "five", "named")
    assert len(found.clusters) == 3


def test_s16_name_postcode_and_date_alone_never_merge_with_cousins_of_one_name() -> None:
    home = {"addresses": [{"lines": ["8 Mill Lane"], "postcode": "BD1 1AA", "use": "home"}]}
    vague = told(
        "vague", "coroner", "west-yorkshire", {"given_names": ["Idris"], "family_name": "Hussain"} | home,
        {"died_at": "2026-01-11"}, coroner={"reference": "9-2026"},
    )  # fmt: skip
    found = resolve([*s16(), vague])
    assert len(found.clusters) == 4
    assert any("vague" in (review.a, review.b) for review in found.reviews)
