"""Joint agency response, by hand-written messages: every fact of the table, its edges, and what lies just beyond them."""

from pathlib import Path

import pytest

from tests.acceptance.outside import adt, case_of, coroner, police, tried

EXTERNAL, SUDDEN = ["external-cause"], ["sudden-no-cause"]
NOTHING: list[str] = []


@pytest.mark.parametrize(
    ("codes", "reasons"),
    [
        *((code, EXTERNAL) for code in ("V01", "V01.0", "V010", "V99", "W00", "W99.9", "X59.9", "X60", "X84.9", "Y09")),
        *((code, EXTERNAL) for code in ("Y34", "Y40.0", "Y98", "Y98.9", "Y989", "v43.5")),
        *((code, NOTHING) for code in ("V00", "U99", "U99.9", "Y99", "Z00", "Z99", "T71", "S06.0", "J18.9", "V", "Y9")),
        *((code, SUDDEN) for code in ("R95", "R95.9", "R96", "R96.0", "R98", "R99", "R99X", "r99")),
        *((code, NOTHING) for code in ("R94", "R94.8", "R97", "R9", "P95", "I46.1")),
        ("J18.9 V43.5", EXTERNAL),
        ("J18.9 K12 R99", SUDDEN),
        ("V43.5 R99", [*EXTERNAL, *SUDDEN]),
    ],
)
def test_a_coded_diagnosis_in_any_position_calls_for_a_response(tmp_path: Path, codes: str, reasons: list[str]) -> None:
    diagnoses = "\r".join(f"DG1|{n}||{code}^Words^I10" for n, code in enumerate(codes.split(), 1))
    case = case_of(tried(tmp_path, [adt(more=diagnoses)]))
    assert (case["jar"]["reasons"], case["jar"]["required"]) == (reasons, bool(reasons))


def test_a_code_of_another_system_is_no_icd_10_code(tmp_path: Path) -> None:
    assert case_of(tried(tmp_path, [adt(more="DG1|1||W65^Words^SCT")]))["jar"]["reasons"] == []


@pytest.mark.parametrize(
    ("conclusion", "reasons"),
    [
        *((word, EXTERNAL) for word in ("accident", "misadventure", "alcohol-related", "drug-related", "suicide")),
        *((word, EXTERNAL) for word in ("road-traffic-collision", "unlawful-killing", "Accident", "Drug related")),
        *((word, NOTHING) for word in ("industrial-disease", "lawful-killing", "natural-causes", "open", "narrative")),
    ],
)
def test_a_conclusion_that_names_an_outer_cause_calls_for_a_response(
    tmp_path: Path, conclusion: str, reasons: list[str]
) -> None:
    row = {
        "event": "CONCLUDED",
        "event_at": "2026-03-10T08:00",
        "conclusion": conclusion,
        "conclusion_at": "2026-03-10",
    }
    case = case_of(tried(tmp_path, [coroner(row)]))
    assert case["jar"]["reasons"] == reasons
    assert "rapid-review" not in case["flags"]
    assert "s16c_due" not in case["clocks"]


@pytest.mark.parametrize("conclusion", ["suicide; neglect", "natural-causes; neglect", "accident;neglect"])
def test_neglect_as_a_rider_asks_for_a_rapid_review_and_starts_its_clock(tmp_path: Path, conclusion: str) -> None:
    row = {
        "event": "CONCLUDED",
        "event_at": "2026-03-10T08:00",
        "conclusion": conclusion,
        "conclusion_at": "2026-03-10",
    }
    case = case_of(tried(tmp_path, [coroner(row)]))
    assert "rapid-review" in case["flags"]
    assert case["clocks"]["s16c_due"] == "2026-03-17T23:59:59+00:00"


@pytest.mark.parametrize("suspicious", ["no", "yes", "unexplained", None])
@pytest.mark.parametrize(
    ("event", "reasons"),
    [
        *((one, EXTERNAL) for one in ("road-traffic-collision", "fire", "drowning", "suspected-suicide", "homicide")),
        ("sudden-death", SUDDEN),
        ("other", NOTHING),
    ],
)
def test_a_police_event_calls_for_a_response(
    tmp_path: Path, event: str, reasons: list[str], suspicious: str | None
) -> None:
    also = {"yes": ["suspicious"], "unexplained": SUDDEN}.get(suspicious or "", NOTHING)
    case = case_of(tried(tmp_path, [police(event={"type": event, "suspicious": suspicious})]))
    assert set(case["jar"]["reasons"]) == {*reasons, *also}
    assert ("rtss" in case["flags"]) == (event == "suspected-suicide")
    if case["jar"]["required"]:
        starts = (case["jar"]["team"], case["jar"]["told"], case["jar"]["police_force"])
        assert starts == ("JAR-OXON", ["JAR-BERKS"], "E23000038")


@pytest.mark.parametrize(
    ("custody", "ombudsman"),
    [("police", True), ("prison-yoi", True), ("secure-home", True), ("immigration", True), ("detained-mha", False)],
)
def test_custody_and_detention_call_for_a_response(tmp_path: Path, custody: str, ombudsman: bool) -> None:
    case = case_of(tried(tmp_path, [police({"custody": custody})]))
    assert case["jar"]["reasons"] == ["custody-or-mha"]
    assert ("ppo" in case["flags"]) == ombudsman


def test_no_custody_calls_for_none(tmp_path: Path) -> None:
    assert not case_of(tried(tmp_path, [police({"custody": "none"})]))["jar"]["required"]


@pytest.mark.parametrize("event", ["drowning", "other"])
def test_another_nation_runs_the_response_to_a_death_there(tmp_path: Path, event: str) -> None:
    cardiff = {"lad_code": "W06000015"}
    case = case_of(tried(tmp_path, [police({"place_of_death": cardiff}, {"type": event, "place": cardiff})]))
    assert (case["jar"]["mode"], case["jar"]["team"], case["notify"]) == ("run-elsewhere", None, ["wales"])
    assert case["jar"]["required"] == (event == "drowning")


def test_the_force_where_a_child_drowned_in_wales_leads_for_the_police(tmp_path: Path) -> None:
    cardiff = {"lad_code": "W06000015"}
    case = case_of(tried(tmp_path, [police({"place_of_death": cardiff}, {"type": "drowning", "place": cardiff})]))
    assert case["jar"]["police_force"] == "W15000003"


def test_a_death_abroad_modifies_the_response(tmp_path: Path) -> None:
    abroad = {"place_of_death": {"country": "ESP", "type": "abroad"}}
    case = case_of(tried(tmp_path, [police(abroad, {"type": "drowning", "place": {"country": "ESP"}})]))
    assert (case["jar"]["required"], case["jar"]["mode"], case["copies"]) == (True, "modified", [])
