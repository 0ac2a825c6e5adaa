"""S12: authorities that were renamed or abolished, panels that merged, and a code nobody knows."""

import pytest

from integration_engine.synthetic import police
from integration_engine.synthetic.person import Child
from tests.acceptance.conftest import Try
from tests.acceptance.story import only


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
