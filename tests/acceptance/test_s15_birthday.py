"""S15: the eighteenth birthday."""

import dataclasses

import pytest

from integration_engine.synthetic import hl7
from tests.acceptance.conftest import Try
from tests.acceptance.stories.places import OXFORD
from tests.acceptance.stories.s01_collision import READING_GIRL
from tests.acceptance.story import at, only


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
