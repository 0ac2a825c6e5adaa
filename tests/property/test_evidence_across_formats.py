"""One child told of in two formats is the same evidence, field by field, where both formats can say it."""

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Submission
from adapters.hospital_fhir.adapter import ADAPTER as FHIR
from adapters.hospital_hl7.adapter import ADAPTER as HL7
from adapters.police.adapter import ADAPTER as POLICE
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.mapping.profile import load_profile
from integration_engine.synthetic import fhir, police
from integration_engine.synthetic.hl7 import Hospital, adt
from integration_engine.synthetic.person import Child, invented_nhs_number

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DIED = "2026-03-09T04:10"
NAMES = st.sampled_from(["Ava", "Ava Rose", "BABY", "Twin 2", "Baby of Sarah", "Muhammad Yusuf", "Zoë", "Anne-Marie"])
FAMILIES = st.sampled_from(["Harrow", "O'Brien", "Okafor-Bello", "van der Berg", "MCALLISTER", "Łuczak"])
CHILDREN = st.builds(
    Child,
    family=FAMILIES,
    given=NAMES,
    birth_date=st.sampled_from(["2014-05-09", "2026-03-07", "2026-03-09"]),
    sex=st.sampled_from(["male", "female", "unknown"]),
    nhs_number=st.none() | st.integers(1, 99).map(invented_nhs_number),
    nhs_status=st.sampled_from(["01", "02", "08"]),
    lines=st.sampled_from([(), ("1 Quay Street",), ("Flat 2", "40 Beech Grove")]),
    postcode=st.sampled_from([None, "RG1 1LZ", "ZZ99 3VZ"]),
    birth_order=st.sampled_from([None, 1, 2, 3]),
    mother=st.sampled_from([None, "Sarah Okafor", "Ruth O'Brien"]),
)
SAYS = (
    *(
        "nhs",
        "nhs_verified",
        "nhs_doubted",
        "given",
        "family",
        "unnamed",
        "sex",
        "birth_from",
        "birth_to",
        "birth_unit",
    ),
    *("death_from", "death_to", "death_minute", "postcodes", "mother_given", "mother_family", "order", "order_hint"),
    *("known_multiple", "weight_g", "gestation_days"),
)


def evidence(adapter: Any, profile: str, body: bytes) -> Evidence:
    [reading] = adapter.read(Submission(body, NOW), load_profile(profile))
    notice = reading.deciding.notice
    assert notice is not None
    return evidence_of(notice)


def by_hl7(child: Child, weight: int | None, gestation: str | None) -> Evidence:
    told = tuple((code, str(value)) for code, value in (("BIRTHWEIGHT", weight), ("GESTATION", gestation)) if value)
    hospital = Hospital("PAS", "RTH")
    body = adt(
        "A03",
        child,
        hospital,
        "M1",
        NOW,
        died_at=DIED,
        indicator="Y",
        discharge="4",
        visit="V1",
        observations=told,
    )
    return evidence(HL7, "nhs-adt", body)


def by_fhir(child: Child, weight: int | None, gestation: str | None) -> Evidence:
    bundle = orjson.loads(fhir.message(fhir.patient(child, died_at=f"{DIED}:00Z"), "RTH", "F1", "2026-03-10T09:00:00Z"))
    subject = {
        "reference": next(one["fullUrl"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Patient")
    }
    for n, (code, value) in enumerate((("BIRTHWEIGHT", weight), ("GESTATION", gestation))):
        if value:
            seen = {
                "resourceType": "Observation",
                "id": f"o{n}",
                "status": "final",
                "subject": subject,
                "valueString": str(value),
            }
            coded = {"code": {"coding": [{"code": code}]}}
            bundle["entry"].append(
                {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-0000000009{n:02}", "resource": seen | coded}
            )
    return evidence(FHIR, "uk-core-r4", orjson.dumps(bundle))


@settings(max_examples=150, deadline=None)
@given(CHILDREN, st.none() | st.integers(300, 5000), st.sampled_from([None, "26+3", "40"]))
def test_a_child_by_hl7_and_by_fhir_is_the_same_evidence(
    child: Child, weight: int | None, gestation: str | None
) -> None:
    if not child.birth_date.startswith("2026"):
        weight = gestation = None  # an older child's record is no longer about the birth
    one, other = by_hl7(child, weight, gestation), by_fhir(child, weight, gestation)
    assert {field: getattr(one, field) for field in SAYS} == {field: getattr(other, field) for field in SAYS}


@settings(max_examples=100, deadline=None)
@given(CHILDREN, st.none() | st.integers(300, 5000))
def test_a_child_by_police_is_the_same_evidence_as_by_hl7(child: Child, weight: int | None) -> None:
    birth = {"birth": {"outcome": "live", "weight_g": weight}} if weight else {}
    dead = police.deceased(child, "P1", life_extinct_at=f"{DIED}:00", **birth) | {"role": "deceased"}
    told = evidence(
        POLICE,
        "police-sudden-death",
        police.report("E23000038", "1-1", "2026-03-09T09:00:00", [dead], event={"event_id": "E1"}),
    )
    hospital = by_hl7(child, weight, None)
    kept = (
        "nhs",
        "given",
        "family",
        "unnamed",
        "sex",
        "birth_from",
        "birth_to",
        "death_from",
        "death_minute",
        "weight_g",
    )
    assert {field: getattr(told, field) for field in kept} == {field: getattr(hospital, field) for field in kept}
