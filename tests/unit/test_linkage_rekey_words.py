"""What a message that joins two numbers may join: one child under one name, never an adoption, nor two of a family."""

from typing import Any

import pytest

from integration_engine.linkage.rekeys import one_child
from tests.linkage_rows import ROWAN, said

OTHER_DAY, NEXT_DAY = {"birth_date": "2018-05-16"}, {"birth_date": "2018-05-15"}
NAMELESS = {"given": None}


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        pytest.param({}, {}, "same", id="one name"),
        pytest.param({}, OTHER_DAY | {"sex": "F"}, "same", id="one name, and birth and sex miswritten"),
        pytest.param({}, {"family": "Oyelaran"}, "another-name", id="another family"),
        pytest.param({}, {"given": "Edgar"}, "another-name", id="another given name"),
        pytest.param({}, {"family": "Oyelaran", "given": "Edgar"}, "another-name", id="another name"),
        pytest.param({}, {"family": None, "given": "Edgar"}, "doubtful", id="another given name, no family's"),
        pytest.param({}, {"family": None}, "same", id="one given name, no family's"),
        pytest.param(NAMELESS, {}, "same", id="a family's name, the same birth and sex"),
        pytest.param(NAMELESS, NEXT_DAY, "same", id="a family's name, a day apart"),
        pytest.param(NAMELESS, OTHER_DAY, "doubtful", id="a family's name, two days apart"),
        pytest.param(NAMELESS, {"birth_date": "2018-05-12"}, "doubtful", id="a family's name, two days before"),
        pytest.param(NAMELESS, {"sex": "F"}, "doubtful", id="a family's name, another sex"),
        pytest.param(NAMELESS, {"sex": None}, "same", id="a family's name, a sex that isn't told"),
        pytest.param({"birth_order": 1}, {"birth_order": 2}, "doubtful", id="one name, the other twin"),
        pytest.param({"birth_order": 1}, {}, "same", id="one name, one order told"),
        pytest.param({"given": "Twin 1"}, {"given": "Twin 2"}, "doubtful", id="twins who aren't named"),
        pytest.param(
            {"given": "Muhammad", "middle": "Yusuf"},
            {"given": "Muhammad", "middle": "Haris"},
            "doubtful",
            id="a name that brothers share, another second one",
        ),
        pytest.param(
            {"given": "Muhammad", "middle": "Yusuf"},
            {"given": "Muhammad"},
            "same",
            id="a name that brothers share alone",
        ),
        pytest.param({"middle": "Ellis"}, {"middle": "Omar"}, "same", id="a name of one's own, another second one"),
    ],
)
def test_who_two_numbers_of_one_message_can_be(one: dict[str, Any], other: dict[str, Any], word: str) -> None:
    a, b = said("a", ROWAN, one), said("b", ROWAN, other)
    assert one_child(a, b) == one_child(b, a) == word
