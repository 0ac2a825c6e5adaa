"""What FHIR senders, police forces and coroners write, by hand, and what becomes of it."""

from typing import Any

import pytest

from tests.acceptance.answers import DISPUTED, NOW, OPEN, WITHDRAWN, copies, lead, only, stands
from tests.acceptance.conftest import Read, Try
from tests.native_messages import AVA, TOM, adt, js, message, national, patient, person, report, row, upload


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"deceasedDateTime": None, "deceasedBoolean": True}, "notice"),
        ({"deceasedDateTime": None}, "passed-over"),
        ({"deceasedDateTime": None, "deceasedBoolean": "true"}, "notice"),
        ({"gender": "F"}, "notice"),
        ({"extension": [national("2")]}, "notice"),
        ({"extension": [national("U")]}, "retraction"),
        ({"modifierExtension": [{"url": "http://x/y", "valueBoolean": True}]}, "refused"),
        ({"birthDate": "1950-01-01"}, "passed-over"),
    ],
)
def test_a_patient_resource_is_read_for_what_it_means(cdr_read: Read, change: dict[str, Any], verdict: str) -> None:
    (line,) = cdr_read({"m.json": js(patient(**change))})
    assert line["verdict"] == verdict
    if verdict == "refused":
        assert line["reason"] == "unknown-modifier"


def test_the_national_records_last_word_stands_by_its_own_time(cdr_try: Try) -> None:
    def said(status: str, day: int) -> bytes:
        died = "2026-03-09" if status != "U" else None
        body = patient(extension=[national(status)], deceasedDateTime=died)
        return js(
            message(body, sender="X26", event="pds-death-notification-1", sent=f"2026-03-{day}T09:00:00Z", id=status)
        )

    assert stands(cdr_try({"u.json": said("U", 12), "f.json": said("2", 10)}, *NOW)) == WITHDRAWN
    assert stands(cdr_try({"u.json": said("U", 10), "f.json": said("2", 12)}, *NOW)) == OPEN
    assert cdr_try({"u.json": said("U", 10)}, *NOW)["waiting"] == ["u.json#0"]


def test_a_header_that_names_another_person_is_refused(cdr_read: Read) -> None:
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": TOM}
    demographics = {
        "url": "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-RoutingDemographics-1",
        "extension": [{"url": "nhsNumber", "valueIdentifier": number}],
    }
    (line,) = cdr_read({"m.json": js(message(patient(), extension=[demographics]))})
    assert (line["verdict"], line["reason"]) == ("refused", "identity-disagrees")


@pytest.mark.parametrize(("code", "held"), [("R", True), ("V", True), ("N", False)])
def test_security_labels_restrict(cdr_try: Try, code: str, held: bool) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": code}
    answer = cdr_try({"m.json": js(patient(meta={"security": [label]}))}, *NOW)
    assert stands(answer) == ([("held", "held.restricted")] if held else OPEN)


def test_an_event_that_only_names_a_number_is_kept(cdr_read: Read) -> None:
    event = {"specversion": "1.0", "id": "e", "source": "x", "type": "pds-death-notification-2", "subject": AVA}
    (line,) = cdr_read(
        {"m.json": js(event | {"time": "2026-03-10T10:00:00Z", "dataref": f"https://pds.example/{AVA}"})}
    )
    assert (line["verdict"], line["notices"][0]["child"]["nhs_number"]) == ("notice", AVA)


def test_a_report_is_routed_by_home_death_and_event(cdr_try: Try) -> None:
    case = only(cdr_try({"p.json": js(report())}, *NOW))
    assert lead(case) == ("BERKS", "lead.usual-address")
    assert copies(case) == [("OXON", "copy.death"), ("WILTSW", "copy.event")]
    assert (case["jar"]["required"], case["jar"]["reasons"], case["jar"]["team"]) == (
        True,
        ["external-cause"],
        "JAR-OXON",
    )


def test_a_later_version_counts_for_what_it_says(cdr_try: Try) -> None:
    injured = js(report(person(role="injured", life_extinct_at=None)))
    later = js(report(version=2, event={"suspicious": "yes"}))
    gone = js(report(version=3, status="withdrawn", reported_at="2026-03-10T08:00:00Z"))
    assert cdr_try({"1.json": injured}, *NOW)["cases"] == []
    case = only(cdr_try({"1.json": injured, "2.json": later}, *NOW))
    assert (case["from"], "suspicious" in case["jar"]["reasons"]) == (["2.json#0"], True)
    assert stands(cdr_try({"2.json": later, "3.json": gone}, *NOW)) == WITHDRAWN
    assert stands(cdr_try({"2.json": later, "3.json": gone, "h.hl7": adt()}, *NOW)) == DISPUTED
    assert cdr_try({"3.json": gone}, *NOW)["waiting"] == ["3.json#0"]


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        ({"outcome": "still", "professional_attending": False}, [("open", "scope.unattended-stillbirth")]),
        ({"outcome": "still", "professional_attending": True}, []),
        ({"outcome": "live", "termination": True}, []),
        ({"outcome": "live", "gestation_weeks": 22}, OPEN),
    ],
)
def test_how_a_baby_was_born_decides_scope(
    cdr_try: Try, birth: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert stands(cdr_try({"p.json": js(report(person(date_of_birth="2026-03-09", birth=birth)))}, *NOW)) == expected


def test_a_coroner_withdraws_but_does_not_by_discontinuing(cdr_try: Try) -> None:
    for event, expected in (("WITHDRAWN", WITHDRAWN), ("DISCONTINUED", OPEN)):
        assert stands(cdr_try({"c.csv": upload(row(), row(event=event, event_at="12/03/2026"))}, *NOW)) == expected
    stillborn = row(event="CONCLUDED", event_at="01/09/2026", conclusion="stillbirth", conclusion_at="01/09/2026")
    born = {"date_of_birth": "09/03/2026", "given_names": "Baby"}
    answer = cdr_try({"c.csv": upload(row(**born), stillborn | born)}, *NOW)
    assert stands(answer) == [("out-of-scope", "scope.stillbirth")]


def test_a_conclusion_outranks_the_hospitals_time_and_the_difference_is_shown(cdr_try: Try) -> None:
    concluded = row(event="CONCLUDED", event_at="01/09/2026", conclusion="suicide; neglect", time_of_death="03:55")
    case = only(cdr_try({"h.hl7": adt(), "c.csv": upload(concluded)}, *NOW))
    assert case["record"]["death"]["died_at"][:16] == "2026-03-09T03:55"
    assert ("death.died_at", "h.hl7#0") in [(one["field"], one["from"]) for one in case["conflicts"]]
    assert case["record"]["coroner"]["conclusions"] == ["suicide", "neglect"]
    assert "rapid-review" in case["flags"]
    referred = only(cdr_try({"h.hl7": adt(), "c.csv": upload(row(time_of_death="03:55"))}, *NOW))
    assert referred["record"]["death"]["died_at"][:16] == "2026-03-09T04:10"


def test_dates_are_day_first_and_two_digit_years_go_back(cdr_read: Read) -> None:
    lines = cdr_read(
        {"c.csv": upload(row(date_of_death="03/04/2026", time_of_death=""), row(date_of_death="03/04/26"))}
    )
    assert lines[0]["notices"][0]["death"]["died_at"] == "2026-04-03"
    assert (lines[1]["verdict"], lines[1]["problems"][0]["path"]) == ("refused", "row 3, column date_of_death")
