"""Birth order, plurality, weight and gestation of one of several babies, as each partner writes them."""

from pathlib import Path
from typing import Any

import pytest

from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.trial import asked, joined, try_files
from tests.native_messages import adt, js, message, patient, person, report, row, segment, upload

NUMBER = invented_nhs_number(80)
UCUM = "http://unitsofmeasure.org"


def obx(n: int, code: str, value: str, unit: str = "") -> str:
    return segment("OBX", f1=str(n), f2="ST", f3=code, f5=value, f6=unit)


def twin(*observed: str, **pid: str | None) -> bytes:
    """One of twins, not named: its number, which may be its twin's, and what was seen at the birth."""
    own: dict[str, str | None] = {
        "f3": f"{NUMBER}^^^NHS^NH~L1^^^RTH^PI",
        "f5": "OKAFOR^BABY",
        "f7": "20260307",
        "f11": None,
    }
    return adt("A03", "A1", *observed, **(own | {"f24": "Y"} | pid))


def elsewhere(*others: dict[str, Any], **change: Any) -> bytes:
    """The same number from another hospital."""
    child = patient(
        identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}], birthDate="2026-03-07", address=None,
        name=[{"family": "OKAFOR", "given": ["BABY"]}],
    )  # fmt: skip
    return js(message(child | change, *others, sender="RXA"))


def seen(code: str, value: Any, unit: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": f"o{code}", "status": "final", "subject": {"reference": "urn:uuid:p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }  # fmt: skip


WEIGHT, GESTATION = "8339-4", "11884-4"


def test_a_number_alone_is_no_proof_once_a_twin_is_known(tmp_path: Path) -> None:
    answer = try_files(tmp_path, {"a": twin(), "b": elsewhere()})
    assert not joined(answer, "a#0", "b#0")
    assert "multiple-birth-or-sibling-known" in asked(answer, "a#0", "b#0")


@pytest.mark.parametrize("told", [{"f25": "2"}, {"f5": "OKAFOR^TWIN 2"}, {"f5": "OKAFOR^TWIN TWO"}])
def test_the_birth_order_decides_and_another_place_is_another_child(tmp_path: Path, told: dict[str, str]) -> None:
    assert joined(try_files(tmp_path, {"a": twin(**told), "b": elsewhere(multipleBirthInteger=2)}), "a#0", "b#0")
    assert not joined(try_files(tmp_path, {"a": twin(**told), "b": elsewhere(multipleBirthInteger=1)}), "a#0", "b#0")


def test_an_order_that_the_message_itself_contradicts_decides_nothing(tmp_path: Path) -> None:
    answer = try_files(tmp_path, {"a": twin(f5="OKAFOR^TWIN 2", f25="1"), "b": elsewhere(multipleBirthInteger=1)})
    assert not joined(answer, "a#0", "b#0")
    assert asked(answer, "a#0", "b#0")


@pytest.mark.parametrize(("value", "unit"), [(640, "g"), (0.64, "kg"), (1.411, "[lb_av]")])
def test_a_birth_weight_decides_in_whatever_unit(tmp_path: Path, value: float, unit: str) -> None:
    hospital = twin(obx(1, "8339-4^^LN", "640", "g"))
    assert joined(try_files(tmp_path, {"a": hospital, "b": elsewhere(seen(WEIGHT, value, unit))}), "a#0", "b#0")
    heavier = elsewhere(seen(WEIGHT, value * 1.3, unit))
    assert not joined(try_files(tmp_path, {"a": hospital, "b": heavier}), "a#0", "b#0")


@pytest.mark.parametrize(("value", "unit"), [("26+3", ""), ("185", "d"), ("26", "wk"), ("26.4", "wk"), ("26 wks", "")])
def test_a_gestation_that_differs_keeps_apart_what_weight_would_join(tmp_path: Path, value: str, unit: str) -> None:
    hospital = twin(obx(1, "8339-4^^LN", "640", "g"), obx(2, "11884-4^^LN", value, unit))
    alike = elsewhere(seen(WEIGHT, 640, "g"), seen(GESTATION, 185, "d"))
    assert joined(try_files(tmp_path, {"a": hospital, "b": alike}), "a#0", "b#0")
    later = elsewhere(seen(WEIGHT, 640, "g"), seen(GESTATION, 30, "wk"))
    assert not joined(try_files(tmp_path, {"a": hospital, "b": later}), "a#0", "b#0")


def test_a_police_birth_block_says_the_same_as_the_hospitals_observations(tmp_path: Path) -> None:
    def told(**birth: Any) -> bytes:
        return js(
            report(
                person(
                    family_name="Okafor", given_names="Baby", date_of_birth="2026-03-07", nhs_number=NUMBER, address=None,
                    place_of_death=None, birth={"outcome": "live"} | birth,
                ),
            ),
        )  # fmt: skip

    hospital = twin(obx(1, "BIRTHWEIGHT", "0.64", "kg"))
    assert joined(try_files(tmp_path, {"a": hospital, "p": told(weight_g=640, gestation_weeks="26+3")}), "a#0", "p#0")
    assert not joined(try_files(tmp_path, {"a": hospital, "p": told(weight_g=900)}), "a#0", "p#0")


def test_a_coroners_weeks_of_gestation_are_held_against_the_hospitals(tmp_path: Path) -> None:
    def told(weeks: str) -> bytes:
        return upload(
            row(
                family_name="Okafor",
                given_names="Ida",
                date_of_birth="07/03/2026",
                nhs_number=NUMBER,
                gestation_weeks=weeks,
            )
        )

    hospital = twin(obx(1, "11884-4^^LN", "26+3"), f5="OKAFOR^IDA")
    assert joined(try_files(tmp_path, {"a": hospital, "c": told("26")}), "a#0", "c#0")
    assert not joined(try_files(tmp_path, {"a": hospital, "c": told("32")}), "a#0", "c#0")
