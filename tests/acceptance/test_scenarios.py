"""The acceptance scenarios, told in the partners' own formats: one child, the right panel, the right clocks."""

import dataclasses
from datetime import datetime

import pytest

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.conftest import Try

OXFORD, SWINDON, GOSH, ROYAL_LONDON = (hl7.Hospital(code) for code in ("RTH", "RN3", "RP4", "R1H"))
WILTSHIRE_POLICE = "E23000038"

READING_GIRL = Child(
    "Harrow", "Ava", "2014-05-09", "female", invented_nhs_number(1), lines=("1 Quay Street",), postcode="RG1 1LZ"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def only(found: list) -> dict:
    assert len(found) == 1, found
    return found[0]


def leads(case: dict) -> tuple:
    return (case["lead"] or {}).get("cdop"), sorted(copy["cdop"] for copy in case["copies"])


def collision(role: str, version: int, **also: str) -> bytes:
    person = police.deceased(READING_GIRL, "P1", **also) | {"role": role, "nhs_number": None}
    event = {
        "event_id": "54-26-77",
        "type": "road-traffic-collision",
        "at": "2026-03-07T18:20:00",
        "place": {"lines": ["Station Road"], "lad_code": "E06000030"},
        "suspicious": "no",
    }
    return police.report(
        WILTSHIRE_POLICE,
        "54-2026-000123",
        f"2026-03-{6 + version:02}T20:00:00",
        [{k: v for k, v in person.items() if v}],
        event=event,
        version=version,
    )


def s1() -> dict[str, bytes]:
    died = "2026-03-09T04:10"
    stay = {"visit": "V77", "ward": "PICU^1^3^RTH"}
    referral = coroner.row(
        "oxfordshire",
        "00412-2026",
        "REFERRED",
        "2026-03-09",
        READING_GIRL,
        date_of_death="2026-03-09",
        place_of_death="John Radcliffe Hospital",
    )
    return {
        "police-1.json": collision("injured", 1),
        "gwh.hl7": hl7.adt("A02", READING_GIRL, SWINDON, "G1", at("2026-03-07T19:30:00"), visit="G9"),
        "oxford.hl7": hl7.adt(
            "A03",
            READING_GIRL,
            OXFORD,
            "O1",
            at("2026-03-09T04:40:00"),
            died_at=died,
            indicator="Y",
            discharge="4",
            **stay,
        ),
        "oxford.json": fhir.message(
            fhir.patient(READING_GIRL, died_at=f"{died}:00Z"),
            "RTH",
            "O-2",
            "2026-03-09T06:00:00Z",
            encounter_site="RTH",
        ),
        "police-2.json": collision("deceased", 3, life_extinct_at=f"{died}:00"),
        "coroner.csv": coroner.upload([referral]),
    }


def test_s1_resident_in_one_area_hurt_in_another_dead_in_a_third(cdr_try: Try) -> None:
    answer = cdr_try(s1(), "--at", "2026-03-10T09:00:00Z")
    case = only(answer["cases"])
    assert (case["state"], case["rule"]) == ("open", "scope.child")
    assert leads(case) == ("BERKS", ["OXON", "WILTSW"])
    assert {copy["rule"] for copy in case["copies"]} == {"copy.death", "copy.event"}
    assert case["jar"]["required"]
    assert "external-cause" in case["jar"]["reasons"]
    assert case["jar"]["team"] == "JAR-OXON"
    assert case["clocks"]["ncmd_due"].startswith("2026-03-11T04:10")
    assert sorted(case["from"]) == ["coroner.csv#0", "oxford.hl7#0", "oxford.json#0", "police-2.json#0"]
    assert case["record"]["coroner"]["reference"] == "00412-2026"
    assert not answer["reviews"]


def test_s1_the_ward_transfer_alone_makes_no_case(cdr_try: Try) -> None:
    messages = s1()
    answer = cdr_try({"gwh.hl7": messages["gwh.hl7"], "police-1.json": messages["police-1.json"]})
    assert not answer["cases"]
    assert sorted(row["ref"] for row in answer["passed_over"]) == ["gwh.hl7#0", "police-1.json#0"]


def test_s1_a_transfer_between_coroners_updates_the_same_case_and_starts_its_clock(cdr_try: Try) -> None:
    moved = coroner.row(
        "wiltshire-and-swindon",
        "00077-2026",
        "TRANSFERRED_IN",
        "2026-03-16",
        READING_GIRL,
        date_of_death="2026-03-09",
        transferred_from="oxfordshire",
    )
    case = only(cdr_try(s1() | {"moved.csv": coroner.upload([moved])}, "--at", "2026-03-17T09:00:00Z")["cases"])
    assert case["clocks"]["coroner_transfer_due"].startswith("2026-03-23T")
    assert "moved.csv#0" in case["from"]


def twin(order: int, number: str | None, died_at: str, control: str) -> bytes:
    child = Child(
        "Begum", f"TWIN {order}", "2026-06-01", "male", number, lines=("4 Green Lane",), postcode="E13 8SL",
        birth_order=order, mother="Nasima Begum", mother_nhs_number=invented_nhs_number(1379),
    )  # fmt: skip
    return hl7.adt(
        "A03", child, ROYAL_LONDON, control, at(f"{died_at}:00"), died_at=died_at, indicator="Y", discharge="4",
        visit=f"V{order}", ward="NNU^^^R1H", observations=(("GESTATION", "23+2"), ("LIVEBIRTH", "Y")),
    )  # fmt: skip


def test_s2_twins_are_two_cases_that_know_of_each_other(cdr_try: Try) -> None:
    first, second = (
        twin(1, invented_nhs_number(4114), "2026-06-01T05:40", "T1"),
        twin(2, None, "2026-06-04T22:15", "T2"),
    )
    answer = cdr_try({"one.hl7": first, "two.hl7": second}, "--at", "2026-06-05T09:00:00Z")
    one, two = answer["cases"]
    assert leads(one) == leads(two) == ("WELC", [])
    assert not one["jar"]["required"]
    assert one["clocks"]["ncmd_due"].startswith("2026-06-03T05:40")
    assert two["clocks"]["ncmd_due"].startswith("2026-06-06T22:15")
    assert one["related"] == [{"case": two["case"], "why": "multiple-birth"}]
    assert two["related"] == [{"case": one["case"], "why": "multiple-birth"}]


@pytest.mark.parametrize("known_death", [True, False])
def test_s2_a_copy_that_may_be_either_twin_goes_to_a_person(cdr_try: Try, known_death: bool) -> None:
    vague = Child("Begum", "BABY", "2026-06-01", "male", lines=("4 Green Lane",), postcode="E13 8SL")
    copy = hl7.adt(
        "A08", vague, ROYAL_LONDON, "T3", at("2026-06-05T10:00:00"), indicator="Y",
        died_at="2026-06-04" if known_death else None,
    )  # fmt: skip
    first, second = (
        twin(1, invented_nhs_number(4114), "2026-06-01T05:40", "T1"),
        twin(2, None, "2026-06-04T22:15", "T2"),
    )
    answer = cdr_try({"one.hl7": first, "two.hl7": second, "vague.hl7": copy}, "--at", "2026-06-06T09:00:00Z")
    assert {frozenset(case["from"]) for case in answer["cases"]} >= {frozenset(["one.hl7#0"]), frozenset(["two.hl7#0"])}
    asked = [review for review in answer["reviews"] if "vague.hl7#0" in (review["a"], review["b"])]
    assert asked
    likelier = max(asked, key=lambda review: review["score"])
    if known_death:
        assert "two.hl7#0" in (likelier["a"], likelier["b"])


def s3() -> dict[str, bytes]:
    mother = invented_nhs_number(6850)
    unnamed = Child(
        "OKAFOR", "BABY", "2026-08-12", "female", lines=("7 Hope Street",), postcode="M13 9WL",
        mother="Ada Bello", mother_nhs_number=mother,
    )  # fmt: skip
    named = dataclasses.replace(unnamed, family="BELLO", given="Grace", nhs_number=invented_nhs_number(8225))
    manchester = hl7.Hospital("R0A")
    died = {"died_at": "2026-08-12T09:30", "indicator": "Y"}
    formal = fhir.patient(dataclasses.replace(named, mother=None), died_at="2026-08-12", national_status="2")
    return {
        "a.hl7": hl7.adt(
            "A03", unnamed, manchester, "M1", at("2026-08-12T10:05:00"), discharge="4", visit="N1", **died
        ),
        "b.hl7": hl7.adt("A08", named, manchester, "M2", at("2026-08-12T14:00:00"), **died),
        "c.json": fhir.message(formal, "X26", "reg-1", "2026-08-20T10:00:00+01:00", event="pds-death-notification-1"),
    }


def test_s3_an_unnamed_newborn_is_sent_on_at_once_and_named_later(cdr_try: Try) -> None:
    messages = s3()
    alone = only(cdr_try({"a.hl7": messages["a.hl7"]}, "--at", "2026-08-12T10:06:00+01:00")["cases"])
    assert (alone["state"], leads(alone)) == ("open", ("GM-MCR", []))
    case = only(cdr_try(messages, "--at", "2026-08-21T09:00:00Z")["cases"])
    assert leads(case) == ("GM-MCR", [])
    child = case["record"]["child"]
    assert child["nhs_number"] == invented_nhs_number(8225)
    assert (child["given_names"], child["family_name"]) == (["Grace"], "BELLO")
    assert "BABY OKAFOR" in child["known_as"]
    assert "nhs_number_absent_reason" not in child
    assert case["record"]["death"]["status"] == "formal"


AVA_COLE = Child(
    "Cole", "Ava", "2017-02-03", "female", invented_nhs_number(12338), lines=("2 Mill Road",), postcode="SO23 8UJ"
)
SOUTHAMPTON = hl7.Hospital("RHM")


def s5() -> dict[str, bytes]:
    true_child = Child(
        "Cole", "Eva", "2016-11-20", "female", invented_nhs_number(13709), lines=("9 Hill Road",), postcode="PO1 2AL"
    )
    stay = {"visit": "S5", "ward": "E1^^^RHM"}
    removed = fhir.patient(AVA_COLE, national_status="U")
    return {
        "wrong.hl7": hl7.adt(
            "A03", AVA_COLE, SOUTHAMPTON, "W1", at("2026-04-14T11:00:00"), died_at="2026-04-14T09:00", indicator="Y",
            discharge="4", **stay,
        ),
        "cancel.hl7": hl7.adt("A13", AVA_COLE, SOUTHAMPTON, "W2", at("2026-04-14T13:20:00"), **stay),
        "removed.json": fhir.message(removed, "X26", "pds-7", "2026-04-14T13:25:00+01:00", event="pds-death-notification-1"),
        "true.hl7": hl7.adt(
            "A03", true_child, SOUTHAMPTON, "W3", at("2026-04-14T13:30:00"), died_at="2026-04-14T09:00", indicator="Y",
            discharge="4", visit="S6", ward="E1^^^RHM",
        ),
    }  # fmt: skip


def test_s5_the_wrong_patient_is_withdrawn_and_the_true_child_has_a_case(cdr_try: Try) -> None:
    answer = cdr_try(s5(), "--at", "2026-04-14T14:00:00Z")
    by_ref = {ref: case for case in answer["cases"] for ref in case["from"]}
    wrong, true = by_ref["wrong.hl7#0"], by_ref["true.hl7#0"]
    assert (wrong["state"], wrong["rule"], wrong["clocks"]) == ("withdrawn", "scope.retracted", {})
    assert by_ref["cancel.hl7#0"] is by_ref["removed.json#0"] is wrong
    assert (true["state"], leads(true)[0]) == ("open", "HIPS")
    assert wrong["case"] != true["case"]


def test_s5_a_cancelled_visit_alone_goes_to_a_person(cdr_try: Try) -> None:
    messages = s5()
    case = only(cdr_try({name: messages[name] for name in ("wrong.hl7", "cancel.hl7")})["cases"])
    assert (case["state"], case["rule"]) == ("held", "held.cancelled-visit")


@pytest.mark.parametrize("independent", ["police", "formal"])
def test_s5_an_independent_word_of_death_takes_the_retraction_to_a_person(cdr_try: Try, independent: str) -> None:
    event = {"event_id": "E9", "type": "sudden-death", "at": "2026-04-14T08:00:00", "suspicious": "no"}
    others = {
        "police": police.report(
            "E23000030", "44-1", "2026-04-14T10:00:00",
            [police.deceased(AVA_COLE, "P1", life_extinct_at="2026-04-14T09:00:00")], event=event,
        ),
        "formal": fhir.message(
            fhir.patient(AVA_COLE, died_at="2026-04-14", national_status="2"), "X26", "pds-6", "2026-04-14T13:22:00+01:00",
            event="pds-death-notification-1",
        ),
    }  # fmt: skip
    messages = {name: body for name, body in s5().items() if name != "true.hl7"} | {"other.json": others[independent]}
    if independent == "formal":
        del messages["removed.json"]
    case = only(cdr_try(messages)["cases"])
    assert case["state"] == "held"
    assert case["rule"] in ("held.disputed", "held.cancelled-visit")


def test_s5_nothing_held_a_retraction_waits_for_its_death(cdr_try: Try) -> None:
    messages = s5()
    answer = cdr_try({"removed.json": messages["removed.json"]})
    assert (answer["cases"], answer["waiting"]) == ([], ["removed.json#0"])


def birth(control: str, died_at: str = "2026-05-04T10:40", **observations: str) -> bytes:
    baby = Child(
        "Shaw", "BABY", "2026-05-04", "female", lines=("3 Park View",), postcode="B4 6NH", mother="Ann Shaw",
        mother_nhs_number=invented_nhs_number(610),
    )  # fmt: skip
    stillborn = "STILLBIRTH" in observations
    return hl7.adt(
        "A03" if not stillborn else "A08", baby, hl7.Hospital("RQ3"), control, at(f"{died_at}:30"), died_at=died_at,
        indicator="Y", discharge="5" if stillborn else "4", visit=control,
        observations=tuple((code.replace("_", "-"), value) for code, value in observations.items()),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("observations", "reason"),
    [
        ({"GESTATION": "31+0", "STILLBIRTH": "Y", "ATTENDED": "Y"}, "scope.stillbirth"),
        ({"GESTATION": "21+4", "TERMINATION": "Y", "SIGNS_OF_LIFE": "Y"}, "scope.termination"),
        ({"GESTATION": "23+0", "STILLBIRTH": "Y", "ATTENDED": "Y", "SIGNS_OF_LIFE": "N"}, "scope.stillbirth"),
    ],
)
def test_s6_births_that_are_no_childs_death_leave_only_a_count(cdr_try: Try, observations: dict, reason: str) -> None:
    answer = cdr_try({"birth.hl7": birth("B1", **observations)})
    assert not answer["cases"]
    assert only(answer["passed_over"])["reason"] == reason


def test_s6_a_stillbirth_that_nobody_attended_is_in_scope_until_the_coroner_says_so(cdr_try: Try) -> None:
    unattended = birth("B2", GESTATION="36+0", STILLBIRTH="Y", ATTENDED="N", **{"STILLBIRTH_AT_HOME": "Y"})
    answer = cdr_try({"birth.hl7": unattended})
    case = only(answer["cases"])
    assert (case["state"], case["rule"], leads(case)[0]) == ("open", "scope.unattended-stillbirth", "BSOL")
    assert case["jar"]["required"]
    assert "unattended-stillbirth" in case["jar"]["reasons"]


def test_s6_a_live_birth_before_viability_is_in_scope(cdr_try: Try) -> None:
    case = only(cdr_try({"birth.hl7": birth("B3", GESTATION="22+1", LIVEBIRTH="Y")})["cases"])
    assert (case["state"], case["rule"], leads(case)[0]) == ("open", "scope.child", "BSOL")
    assert not case["jar"]["required"]


NEWHAM_BOY = Child(
    "Whitaker", "Jonah", "2019-11-04", "male", invented_nhs_number(16449), lines=("5 High Street",), postcode="E13 8SL"
)


def s9() -> dict[str, bytes]:
    died = "2026-02-11T15:05"
    stay = {"died_at": died, "indicator": "Y", "discharge": "4", "visit": "K1", "ward": "LION^^^RP4"}
    misspelt = dataclasses.replace(NEWHAM_BOY, family="Whittaker", birth_date="2019-04-11", nhs_number=None)
    practice = hl7.Hospital("F84004", "GP")
    informal = fhir.patient(NEWHAM_BOY, died_at="2026-02-11", national_status="1")
    formal = fhir.patient(NEWHAM_BOY, died_at="2026-02-11", national_status="2")
    return {
        "adt.hl7": hl7.adt("A03", NEWHAM_BOY, GOSH, "K1", at("2026-02-11T15:30:00"), diagnoses=("C91.0",), **stay),
        "notice.json": fhir.message(
            fhir.patient(NEWHAM_BOY, died_at=f"{died}:00Z"), "RP4", "K-2", "2026-02-11T16:00:00Z", encounter_site="RP4"
        ),
        "gp.hl7": hl7.adt("A31", NEWHAM_BOY, practice, "P1", at("2026-02-12T09:00:00"), died_at="2026-02-11", indicator="Y"),
        "hospice.json": fhir.message(
            fhir.patient(misspelt, died_at="2026-02-11"), "8DX53", "H-1", "2026-02-12T10:00:00Z"
        ),
        "informal.json": fhir.message(informal, "X26", "n-1", "2026-02-11T18:00:00Z", event="pds-death-notification-1"),
        "formal.json": fhir.message(formal, "X26", "n-2", "2026-02-16T18:00:00Z", event="pds-death-notification-1"),
    }  # fmt: skip


def test_s9_an_expected_death_told_by_many_is_one_case(cdr_try: Try) -> None:
    messages = s9()
    answer = cdr_try(messages, "--at", "2026-02-17T09:00:00Z")
    case = next(case for case in answer["cases"] if "adt.hl7#0" in case["from"])
    told = set(case["from"])
    assert told >= {"adt.hl7#0", "notice.json#0", "gp.hl7#0", "informal.json#0", "formal.json#0"}
    # The misspelt form has no identifier and another birth date: one case, or a person is asked; never a second review.
    if "hospice.json#0" not in told:
        assert any("hospice.json#0" in (review["a"], review["b"]) for review in answer["reviews"])
    assert leads(case) == ("WELC", ["NCL"])
    assert not case["jar"]["required"]


def test_s9_replaying_everything_changes_nothing(cdr_try: Try) -> None:
    messages = s9()
    again = {f"z-again-{name}": body for name, body in messages.items()}
    once = cdr_try(messages, "--at", "2026-02-17T09:00:00Z")["cases"]
    assert cdr_try(messages | again, "--at", "2026-02-17T09:00:00Z")["cases"] == once


def sudden(child: Child, died_at: str, **also: object) -> bytes:
    event = {"event_id": "E1", "type": "sudden-death", "at": died_at, "suspicious": "no"}
    person = police.deceased(child, "P1", life_extinct_at=died_at, **also)
    return police.report("E23000013", "13-1", died_at, [person], event=event)


@pytest.mark.parametrize(
    ("lad_code", "died_at", "lead", "then"),
    [
        ("E07000029", "2026-01-05T10:00:00", "CUMBRIA", None),
        ("E06000029", "2019-03-15T10:00:00", "PDORSOM", "PDOR-OLD"),
        ("E08000037", "2020-03-10T10:00:00", "NSTYNE", "STYNE-OLD"),
    ],
)
def test_s12_retired_codes_and_merged_panels(
    cdr_try: Try, lad_code: str, died_at: str, lead: str, then: str | None
) -> None:
    child = Child("Moss", "Tom", "2011-01-01", "male", lines=("1 Fell Lane",))
    case = only(cdr_try({"p.json": sudden(child, died_at, address={"lad_code": lad_code, "use": "home"})})["cases"])
    assert case["lead"]["cdop"] == lead
    assert case["lead"].get("then") == then
    assert case["state"] == "open"


def test_s12_an_unknown_code_is_held_and_never_dropped(cdr_try: Try) -> None:
    child = Child("Moss", "Tom", "2011-01-01", "male", lines=("1 Fell Lane",))
    message = sudden(child, "2026-01-05T10:00:00", address={"lad_code": "E07009999", "use": "home"})
    case = only(cdr_try({"p.json": message})["cases"])
    assert (case["state"], case["rule"], case["lead"]) == ("held", "held.unknown-area", None)


@pytest.mark.parametrize(
    ("born", "died_at", "is_child"),
    [
        ("2008-05-10", "2026-05-09T23:50", True),
        ("2008-05-10", "2026-05-10T00:05", False),
        ("2008-02-29", "2026-02-28T12:00", True),
        ("2008-02-29", "2026-03-01T12:00", False),
    ],
)
def test_s15_the_eighteenth_birthday_decides(cdr_try: Try, born: str, died_at: str, is_child: bool) -> None:
    person = dataclasses.replace(READING_GIRL, birth_date=born)
    message = hl7.adt(
        "A03", person, OXFORD, "A1", at(f"{died_at}:30"), died_at=died_at, indicator="Y", discharge="4", visit="V1"
    )
    answer = cdr_try({"m.hl7": message}, "--at", "2026-06-01T09:00:00Z")
    if is_child:
        assert only(answer["cases"])["rule"] == "scope.child"
    else:
        assert (answer["cases"], answer["passed_over"]) == ([], [{"ref": "m.hl7#0", "reason": "scope.adult"}])


def living(number: str, at_time: str, dead: bool) -> bytes:
    child = dataclasses.replace(READING_GIRL, nhs_number=number)
    return fhir.message(fhir.patient(child, deceased=dead), "RTH", f"L-{at_time}", f"{at_time}Z")


def test_a_living_child_is_passed_over_even_where_the_message_says_not_dead(cdr_try: Try) -> None:
    answer = cdr_try({"alive.json": living(invented_nhs_number(1), "2026-03-09T06:00:00", dead=False)})
    assert (answer["cases"], answer["waiting"]) == ([], [])
    assert answer["passed_over"] == [{"ref": "alive.json#0", "reason": "living"}]


def test_not_dead_after_dead_takes_the_case_back_in_any_order(cdr_try: Try) -> None:
    number = invented_nhs_number(1)
    dead, alive = living(number, "2026-03-09T06:00:00", dead=True), living(number, "2026-03-09T07:00:00", dead=False)
    for messages in ({"a.json": dead, "b.json": alive}, {"a.json": alive, "b.json": dead}):
        answer = cdr_try(messages)
        assert only(answer["cases"])["rule"] == "scope.retracted"
        assert answer["passed_over"] == []


def test_s6_a_termination_closes_a_case_that_another_message_opened(cdr_try: Try) -> None:
    number = invented_nhs_number(77)
    baby = Child("Shaw", "BABY", "2026-05-04", "female", number, lines=("3 Park View",), postcode="B4 6NH")
    stay = {"died_at": "2026-05-04T10:40", "indicator": "Y", "discharge": "4", "visit": "V1"}
    hospital = hl7.Hospital("RQ3")
    died = hl7.adt("A03", baby, hospital, "X1", at("2026-05-04T11:00:00"), **stay)
    ended = hl7.adt(
        "A08", baby, hospital, "X2", at("2026-05-04T15:00:00"), observations=(("TERMINATION", "Y"),), **stay
    )
    case = only(cdr_try({"died.hl7": died, "ended.hl7": ended})["cases"])
    assert (case["state"], case["rule"]) == ("out-of-scope", "scope.termination")
    alone = cdr_try({"ended.hl7": ended})
    assert (alone["cases"], alone["waiting"]) == ([], [])
    assert alone["passed_over"] == [{"ref": "ended.hl7#0", "reason": "scope.termination"}]
