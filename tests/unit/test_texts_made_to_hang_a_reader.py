"""Texts that a pattern could be made to look through for ever: each reader says at once what they are not. One that hangs
here would hang a whole process, and with AMQP one worker after another."""

from collections.abc import Callable

import pytest

from adapters.adapter import Submission
from adapters.registry import read
from adapters.strict_json import NotReadable, parse
from integration_engine.mapping.columns import folded
from integration_engine.record.measures import age_of, gestation_of, grams_of
from integration_engine.record.references import area_and_reference
from tests.store_samples import NOW

LONG = 200_000
ROW = (
    "area,reference,event,event_at,family_name,age,date_of_death\n"
    "oxfordshire,1-2026,REFERRED,2026-03-10,Harrowgate,{},2026-03-09\n"
)
HEADER = "MSH|^~\\&|PAS|RTH|CDR|CDR|20260310||ADT^A08|M1|P|2.4\r"


@pytest.mark.parametrize(
    "text",
    [
        "1y" + " 1d" * 25 + "!",
        "1y" + "1dand" * 25 + "!",
        "1y" + "  1d" * 25 + "!",
        "1" + " " * LONG + "!",
        "1" * LONG,
        "1lb" + " " * LONG + "!",
        "1w" + " " * LONG + "!",
    ],
    ids=["ages", "ages-and", "ages-apart", "spaces", "figures", "pounds", "weeks"],
)
@pytest.mark.parametrize("measure", [age_of, grams_of, gestation_of])
def test_what_is_made_to_look_like_a_measure_is_none(measure: Callable[[str], object], text: str) -> None:
    assert measure(text) is None


def test_a_cell_without_end_holds_no_reference() -> None:
    assert area_and_reference("a-" * LONG + "1234") == ("a-" * LONG + "1234", None)


def test_a_heading_without_end_is_only_itself() -> None:
    assert folded("Age (" + " " * LONG + "!") == "age"


def test_a_string_that_nobody_closes_is_no_json() -> None:
    with pytest.raises(NotReadable):
        parse(b'["' + b'\\"' * LONG)


def test_a_date_of_zeros_without_end_is_no_deletion() -> None:
    body = HEADER + "PID|1||9991000003^^^NHS^NH||A^B||20140509|M" + "|" * 21 + "0" * LONG + "!\r"
    (reading,) = read(Submission(body.encode(), NOW), "hospital-hl7")
    assert [item.verdict for item in reading.items] != ["retraction"]


def test_an_offices_row_whose_age_would_take_for_ever_is_answered() -> None:
    (reading,) = read(Submission(ROW.format("1y" + " 1d" * 25 + "!").encode(), NOW, "text/csv"), "coroner")
    assert ["not-an-age" in {problem.code for problem in item.problems} for item in reading.items] == [True]
