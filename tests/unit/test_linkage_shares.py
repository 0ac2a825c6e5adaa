"""How common names are: a frozen table, bounded where a count knows nothing."""

from pathlib import Path

import pytest

from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import known, slip, spelled
from integration_engine.linkage.shares import NameSharesError, name_shares


def rarity(table: str, name: str) -> float:
    return shipped().rarity(table, spelled(name))


def test_a_common_name_says_less_than_a_rare_one() -> None:
    assert rarity("family", "khan") < rarity("family", "jones") < rarity("family", "hathaway")
    assert rarity("given", "muhammad") < rarity("given", "olivia") < rarity("given", "rowan")


def test_every_spelling_of_a_name_is_as_common_as_the_name() -> None:
    assert rarity("given", "mohamed") == rarity("given", "muhammad") < 6


def test_a_name_in_no_table_says_less_than_the_rarest_that_is_counted() -> None:
    assert rarity("family", "quillonshaw") < rarity("family", "hathaway") == 12


@pytest.mark.parametrize(("one", "other"), [("ella", "ellie"), ("mia", "mila"), ("barton", "burton"), ("zain", "zaid")])
def test_two_names_that_people_bear_are_no_slip_of_each_other(one: str, other: str) -> None:
    assert known(one)
    assert known(other)
    assert not slip(one, other)


@pytest.mark.parametrize(
    ("typed", "meant"), [("jonh", "john"), ("olivai", "olivia"), ("smihh", "smith"), ("jame", "james")]
)
def test_a_misspelling_that_people_are_registered_under_is_still_a_slip(typed: str, meant: str) -> None:
    assert slip(typed, meant)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("given,rowan\n", r"shares\.csv line 1: not table,name,millionths"),
        ("# a word\ngiven,rowan,many\n", r"shares\.csv line 2: not table,name,millionths"),
        ("middle,rowan,20\n", r"shares\.csv line 1: not table,name,millionths"),
        ("given,rowan,0\n", r"shares\.csv line 1: no share is 0 millionths"),
        ("given,rowan,20\n", r"shares\.csv: a table is empty"),
    ],
)
def test_a_broken_table_is_refused_with_the_line(text: str, complaint: str, tmp_path: Path) -> None:
    broken = tmp_path / "shares.csv"
    broken.write_text(text, encoding="utf-8")
    with pytest.raises(NameSharesError, match=complaint):
        name_shares(broken)
