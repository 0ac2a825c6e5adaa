"""What the invented streams promise to whoever measures linkage on them."""

from collections import defaultdict
from itertools import islice, pairwise
from typing import Any

import pytest

from benchmarks.linkage_stream.numbers import NumberBook, check_digit
from benchmarks.linkage_stream.profile import KINDS, UnknownProfile, names, profile
from benchmarks.linkage_stream.stream import stream
from benchmarks.linkage_stream.writing import COLUMNS

Row = dict[str, Any]
_SAID_FOR_NO_NUMBER = {"0000000000", "9999999999", "1111111111", "UNKNOWN", "N/A", "1234567890", "9990000000"}


@pytest.fixture(scope="module")
def stress() -> list[Row]:
    return list(stream(3000, 7, profile("stress")))


def _of(rows: list[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _valid(number: str) -> bool:
    return len(number) == 10 and number.isdigit() and check_digit(number[:9]) == int(number[9])


def test_the_same_seed_gives_the_same_stream_and_another_gives_another() -> None:
    one, again, other = (list(stream(200, seed, profile("dirty"))) for seed in (3, 3, 4))
    assert one == again
    assert [row["nhs_number"] for row in one] != [row["nhs_number"] for row in other]


def test_a_longer_stream_begins_with_the_same_children() -> None:
    short = list(stream(100, 5, profile("ordinary")))
    full = list(stream(300, 5, profile("ordinary")))
    assert {(row["truth"], row["id"]) for row in short} <= {(row["truth"], row["id"]) for row in full}


def test_every_kind_of_family_comes(stress: list[Row]) -> None:
    assert set(_of(stress, "kind")) == set(KINDS)


def test_rows_have_the_columns_of_tabular_notices_in_order_of_arrival(stress: list[Row]) -> None:
    assert all(tuple(row) == COLUMNS for row in stress)
    assert all(one["notified_at"] <= other["notified_at"] for one, other in pairwise(stress))
    assert len({row["id"] for row in stress}) == len(stress)


def test_nhs_numbers_are_of_the_test_range_and_valid_unless_mistyped(stress: list[Row]) -> None:
    for row in stress:
        number = row["nhs_number"]
        if number is None or number in _SAID_FOR_NO_NUMBER:
            continue
        assert number.startswith("999")
        assert _valid(number) or "number_typo" in row["noise"]
    assert all(_valid(row["mother_nhs_number"]) for row in stress if row["mother_nhs_number"])


def test_a_valid_number_is_one_childs_unless_the_row_says_what_went_wrong(stress: list[Row]) -> None:
    of: dict[str, set[str]] = defaultdict(set)
    for row in stress:
        wrong = any(mistake.startswith("number_") for mistake in row["noise"])
        if row["nhs_number"] and not wrong:
            of[row["nhs_number"]].add(row["truth"])
    assert all(len(children) == 1 for children in of.values())


def test_a_mistyped_number_is_never_anothers(stress: list[Row]) -> None:
    assert not any(_valid(row["nhs_number"]) for row in stress if row["noise"] == ["number_typo"])


def test_the_truth_of_a_child_never_contradicts_itself(stress: list[Row]) -> None:
    for rows in _of(stress, "truth").values():
        for column in ("group", "kind", "name_group"):
            assert len({row[column] for row in rows}) == 1
        clean = [row for row in rows if not any("birth" in mistake or "sex" in mistake for mistake in row["noise"])]
        assert len({(row["birth_date"], row["sex"]) for row in clean}) <= 1


def test_nobody_tells_of_a_death_before_the_birth(stress: list[Row]) -> None:
    wrong = {"birth_date_typo", "birth_year_off", "birth_date_swapped", "birth_date_partial", "birth_date_missing"}
    for row in stress:
        if row["death_datetime"] and not wrong & set(row["noise"]):
            assert (
                row["birth_date"] <= row["death_datetime"][:10] <= row["notified_at"][:10]
                or "death_date_off" in row["noise"]
            )


def test_one_office_keeps_one_reference_for_a_child(stress: list[Row]) -> None:
    for rows in _of(stress, "truth").values():
        own: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row["local_ref"] and "reference_siblings" not in row["noise"]:
                own[row["sender"]].add(row["local_ref"])
        assert all(len(references) == 1 for references in own.values())


def test_twins_share_birth_and_mother_but_not_number(stress: list[Row]) -> None:
    groups = [rows for rows in _of(stress, "group").values() if rows[0]["kind"] == "multiple"]
    assert groups
    for rows in groups:
        assert len({row["truth"] for row in rows}) >= 2
        assert (
            len({row["mother_given"].upper() for row in rows if row["mother_given"] and row["mother_given"].isascii()})
            <= 1
        )


def test_homonyms_share_name_and_birth_date_and_live_apart(stress: list[Row]) -> None:
    groups = [rows for rows in _of(stress, "group").values() if rows[0]["kind"] == "homonym"]
    clean = [[row for row in rows if not row["noise"]] for rows in groups]
    both = [rows for rows in clean if len({row["truth"] for row in rows}) == 2]
    assert both
    for rows in both:
        assert len({row["birth_date"] for row in rows}) == 1
        homes = {row["truth"]: (row["postcode"], row["address_line"]) for row in rows}
        assert len(set(homes.values())) == 2


def test_more_noise_makes_more_mistakes() -> None:
    calm, dirty = (
        sum(len(row["noise"]) for row in stream(400, 2, profile("ordinary", noise=noise))) for noise in (1.0, 2.5)
    )
    assert dirty > 1.4 * calm


def test_about_half_of_the_children_are_newborn() -> None:
    rows = _of(list(stream(1500, 9, profile("ordinary"))), "truth").values()
    first = [found[0] for found in rows if found[0]["birth_date"] and found[0]["death_datetime"]]
    lived = [row for row in first if row["birth_date"][:7] == row["death_datetime"][:7]]
    assert 0.3 < len(lived) / len(first) < 0.6


def test_a_stream_starts_without_being_made_in_full() -> None:
    assert len(list(islice(stream(10**9, 1, profile("ordinary")), 50))) == 50


def test_every_profile_can_be_read_and_an_unknown_one_is_refused() -> None:
    assert {"ordinary", "stress", "dirty", "names"} <= set(names())
    for name in names():
        assert abs(sum(profile(name).kinds.values()) - 1) < 0.1
    with pytest.raises(UnknownProfile):
        profile("imaginary")


def test_numbers_are_never_handed_out_twice_and_run_on_for_twins() -> None:
    from random import Random

    book = NumberBook(Random(1))
    pair = book.next(2, adjacent=True)
    assert 0 < int(pair[1]) - int(pair[0]) < 30
    many = [*pair, *book.next(50_000)]
    assert len(set(many)) == len(many)
    assert all(map(_valid, many))


def test_two_notices_of_twins_always_differ_in_something_a_partner_wrote(stress: list[Row]) -> None:
    own = (
        "nhs_number",
        "given",
        "sex",
        "birth_order",
        "birth_weight_g",
        "death_datetime",
        "mother_given",
        "birth_date",
    )
    for rows in _of(stress, "group").values():
        for one in rows:
            for other in rows:
                if rows[0]["kind"] != "multiple" or one["truth"] == other["truth"]:
                    continue
                told = any(row["multiple_birth"] or row["birth_order"] or row["event_ref"] for row in (one, other))
                assert told or any(one[column] and other[column] and one[column] != other[column] for column in own)


def test_a_stillborn_twin_told_of_by_mistake_is_taken_back(stress: list[Row]) -> None:
    taken_back = [
        rows for rows in _of(stress, "truth").values() if [row["message_type"] for row in rows] == ["new", "retract"]
    ]
    assert any(rows[0]["kind"] == "multiple" and not rows[0]["nhs_number"] for rows in taken_back)
