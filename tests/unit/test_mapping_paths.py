"""Paths find what they say in HL7 v2, FHIR, JSON, XML and tables, and say exactly where it stood."""

import pytest
from lxml import etree

from adapters.hospital_hl7.er7 import parse
from integration_engine.mapping import fhir_paths
from integration_engine.mapping.columns import matched
from integration_engine.mapping.paths import CHECKS, Er7Source, FhirSource, JsonSource, PathError, RowSource, XmlSource

MESSAGE = "\r".join(
    [
        "MSH|^~\\&|EPR|RTH|CDR|ENG|202603090430||ADT^A03|M1|P|2.4",
        "PID|1||H123^^^RTH^MR~9990000018^^^NHS^NH||HARGREAVE&of&Reading^ELSIE^MAY^^^^L~SMITH^ELSIE^^^^^M||20140509|F|||"
        '1 High St^^Reading^^RG1 8LS^^H~2 Low St^^Slough^^SL1 1AA^^C||""',
        "OBX|1|ST|8339-4^Birth weight^LN||3200",
        "OBX|2|ST|ATTENDED||Y",
        "NK1|1|HARGREAVE^RUTH|MTH^Mother",
        "NK1|2|HARGREAVE^TOM|FTH^Father",
        "ZBE|1||||LATE",
    ]
)


@pytest.fixture
def er7() -> Er7Source:
    return Er7Source(parse(MESSAGE.encode()))


@pytest.mark.parametrize(
    ("path", "values", "places"),
    [
        ("PID-5.2", ["ELSIE", "ELSIE"], ["PID-5[1].2", "PID-5[2].2"]),
        ("PID-5[7=L].1", ["HARGREAVE"], ["PID-5[1].1"]),
        ("PID-5[7=l].1.3", ["Reading"], ["PID-5[1].1.3"]),
        ("PID-3[5=NH].1", ["9990000018"], ["PID-3[2].1"]),
        ("PID-3[5!=NH].1", ["H123"], ["PID-3[1].1"]),
        ("PID-3[2].1", ["9990000018"], ["PID-3[2].1"]),
        ("PID-3[9].1", [], []),
        ("PID-11[7=H|BA].5", ["RG1 8LS"], ["PID-11[1].5"]),
        ("PID-11[7=C][5=SL1 1AA].3", ["Slough"], ["PID-11[2].3"]),
        ("PID-11[2=].1", ["1 High St", "2 Low St"], ["PID-11[1].1", "PID-11[2].1"]),
        ("PID-7", ["20140509"], ["PID-7"]),
        ("PID-13", [], []),
        ("PID-40", [], []),
        ("PV1-36", [], []),
        ("OBX[3.1=8339-4]-5", ["3200"], ["OBX[1]-5"]),
        ("OBX[2]-5", ["Y"], ["OBX[2]-5"]),
        ("OBX-3", ["8339-4", "ATTENDED"], ["OBX[1]-3", "OBX[2]-3"]),
        ("NK1[3=MTH]-2.2", ["RUTH"], ["NK1[1]-2.2"]),
        ("ZBE-5", ["LATE"], ["ZBE-5"]),
        ("MSH-9.2", ["A03"], ["MSH-9.2"]),
    ],
)
def test_an_hl7_path_finds_values_and_where_they_stood(
    er7: Er7Source, path: str, values: list[str], places: list[str]
) -> None:
    found = er7.find(path)
    assert [one.value for one in found] == values
    assert [one.path for one in found] == places


def test_the_place_an_hl7_path_found_is_a_path_to_the_same_value(er7: Er7Source) -> None:
    for path in ("PID-5.2", "PID-3[5=NH].1", "OBX[3=ATTENDED]-5", "NK1-2.1", "PID-5[7=L].1.3"):
        for found in er7.find(path):
            assert [one.value for one in er7.find(found.path)] == [found.value]


def test_the_parts_of_an_hl7_message_answer_relative_paths(er7: Er7Source) -> None:
    addresses = er7.parts("PID-11")
    assert [place for place, _ in addresses] == ["PID-11[1]", "PID-11[2]"]
    assert [part.find(".5")[0].value for _, part in addresses] == ["RG1 8LS", "SL1 1AA"]
    assert addresses[1][1].find(".5")[0].path == "PID-11[2].5"
    ((place, mother),) = er7.parts("NK1[3=MTH]")
    assert (place, mother.find("-2.2")[0].value, mother.find("-2.2")[0].path) == ("NK1[1]", "RUTH", "NK1[1]-2.2")
    assert mother.find("PID-7")[0].value == "20140509"
    assert [one.find(".2")[0].value for _, one in mother.parts("-2")] == ["RUTH"]


@pytest.mark.parametrize(
    ("language", "path", "where"),
    [
        ("hl7", "", 0),
        ("hl7", "pid-5", 0),
        ("hl7", "PID-5.", 5),
        ("hl7", "PID-0", 4),
        ("hl7", "PID-3[5NH].1", 5),
        ("hl7", "PID-3[0=NH]", 6),
        ("hl7", "PID.5", 3),
        ("hl7", "PID-3[1.2.3=x]", 0),
        ("json", "person.name", 0),
        ("json", "$.a[", 0),
        ("xpath", "//[", 0),
        ("fhirpath", "", 0),
        ("fhirpath", "Patient.name.where(", 0),
        ("fhirpath", "Patient..name", 0),
        ("fhirpath", "Patient.name)", 0),
        ("fhirpath", "Patient.name.shout()", 0),
        ("columns", "Date of Birth", 0),
    ],
)
def test_a_path_that_is_none_is_refused_with_its_place(language: str, path: str, where: int) -> None:
    with pytest.raises(PathError) as refusal:
        CHECKS[language](path)
    assert refusal.value.where >= 0
    if language == "hl7":
        assert refusal.value.where == where


PATIENT = {
    "resourceType": "Patient",
    "extension": [{"url": "https://example.org/x", "valueCode": "Y"}],
    "name": [{"use": "official", "family": "Hargreave", "given": ["Elsie", "May"]}, {"use": "maiden", "family": "Old"}],
    "deceasedDateTime": "2026-03-09",
    "active": False,
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"},
        {"system": "https://example.org/mrn", "value": "H1"},
    ],
}


@pytest.mark.parametrize(
    ("path", "values", "places"),
    [
        ("Patient.name.where(use='official').family", ["Hargreave"], ["Patient.name[0].family"]),
        (
            "Patient.name.where(use = 'official').given",
            ["Elsie", "May"],
            ["Patient.name[0].given[0]", "Patient.name[0].given[1]"],
        ),
        ("Patient.name[1].family", ["Old"], ["Patient.name[1].family"]),
        ("Patient.name.given.first()", ["Elsie"], ["Patient.name[0].given[0]"]),
        ("Patient.name.family.last()", ["Old"], ["Patient.name[1].family"]),
        ("Patient.deceased", ["2026-03-09"], ["Patient.deceasedDateTime"]),
        ("Patient.active", [False], ["Patient.active"]),
        ("Patient.extension('https://example.org/x').value", ["Y"], ["Patient.extension[0].valueCode"]),
        (
            "Patient.identifier.where(system='https://example.org/mrn' and value='H1').value",
            ["H1"],
            ["Patient.identifier[1].value"],
        ),
        ("Encounter.status", ["finished", "planned"], ["Encounter[0].status", "Encounter[1].status"]),
        ("Location.name", [], []),
        ("Patient.name.where(use='official').exists()", [True], ["Patient.name.where(use='official').exists()"]),
    ],
)
def test_a_fhir_path_finds_values_and_where_they_stood(path: str, values: list[object], places: list[str]) -> None:
    source = FhirSource(
        {"Patient": PATIENT, "Encounter": [{"status": "finished"}, {"status": "planned"}], "Location": []}
    )
    found = source.find(path)
    assert [one.value for one in found] == values
    assert [one.path for one in found] == places


@pytest.mark.parametrize(
    "path",
    [
        "Patient.name.family",
        "Patient.name.where(use='official').given",
        "Patient.name.where(use='official' and family='Hargreave').given.first()",
        "Patient.identifier.where(system='https://example.org/mrn').value",
        "Patient.name[0].given[1]",
        "Patient.name.given[2]",
        "Patient.extension('https://example.org/x').url",
        "Patient.name.where(given='Elsie').family",
        "Patient.nothing.here",
    ],
)
def test_our_own_way_through_fhir_answers_as_the_library_does(path: str) -> None:
    own = [one.value for one in FhirSource({"Patient": PATIENT}).find(path)]
    library = [value for value, _ in fhir_paths._general(path, "Patient")(PATIENT, "Patient")]
    assert own == library


def test_the_parts_of_a_resource_answer_relative_and_absolute_paths() -> None:
    source = FhirSource({"Patient": PATIENT})
    parts = source.parts("Patient.name")
    assert [part.find("family")[0].path for _, part in parts] == ["Patient.name[0].family", "Patient.name[1].family"]
    assert parts[1][1].find("Patient.deceased")[0].value == "2026-03-09"
    assert parts[0][1].find("where(use='official').family")[0].value == "Hargreave"


def test_json_paths_tell_the_place_in_the_message_not_in_the_view_made_of_it() -> None:
    report = {"persons": [{"name": "A"}, {"name": "B", "tags": ["x", "y"]}]}
    view = {"person": report["persons"][1], "kin": [report["persons"][0]], "report": report}
    source = JsonSource(view, members={"person": "$.persons[1]", "kin": ["$.persons[0]"], "report": "$"})
    assert [(one.value, one.path) for one in source.find("$.person.name")] == [("B", "$.persons[1].name")]
    assert [one.path for one in source.find("$.person.tags[*]")] == ["$.persons[1].tags[0]", "$.persons[1].tags[1]"]
    assert [one.path for one in source.find("$.report.persons[0].name")] == ["$.persons[0].name"]
    ((place, kin),) = source.parts("$.kin[*]")
    assert (place, kin.find("$.name")[0].path) == ("$.persons[0]", "$.persons[0].name")
    assert source.find("$.person.missing.deeper") == []
    assert source.find("$.person.tags[?@ == 'y']")[0].path == "$.persons[1].tags[1]"


def test_xml_paths_find_text_and_attributes_with_their_places() -> None:
    root = etree.fromstring(
        b'<c:cases xmlns:c="urn:c"><c:case id="7"><c:area> Avon </c:area><c:area/></c:case></c:cases>'
    )
    source = XmlSource(root, {"x": "urn:c"})
    assert [(one.value, one.path) for one in source.find("x:case/x:area")] == [("Avon", "/c:cases/c:case/c:area[1]")]
    assert [(one.value, one.path) for one in source.find("x:case/@id")] == [("7", "/c:cases/c:case/@id")]
    ((_, case),) = source.parts("x:case")
    assert case.find("x:area")[0].value == "Avon"
    assert source.find("unknown:case") == []


def test_headings_are_recognised_in_any_spelling_the_canonical_name_first() -> None:
    columns = {"date_of_birth": ["dob"], "area": ["district"]}
    assert matched(["DISTRICT", "Date Of-Birth", "dob"], columns) == {
        "date_of_birth": "Date Of-Birth",
        "area": "DISTRICT",
    }


def test_a_cell_is_found_with_its_row_and_the_files_own_heading() -> None:
    source = RowSource({"date_of_birth": " 2014 "}, {"date_of_birth": "DOB"}, "row 3")
    assert [(one.value, one.path) for one in source.find("date_of_birth")] == [("2014", "row 3, column DOB")]
    assert source.find("area") == ()
