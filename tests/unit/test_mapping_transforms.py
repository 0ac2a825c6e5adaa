"""Each transform does what its examples say, and never tells the value it could not read."""

import pytest

from integration_engine.mapping.registry import Example, Refused, shape
from integration_engine.mapping.transforms import TRANSFORMS

EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{number}")
    for name, transform in TRANSFORMS.items()
    for number, example in enumerate(transform.examples)
]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_in_the_documentation_is_true(name: str, example: Example) -> None:
    run = TRANSFORMS[name].bind(example.argument)
    if example.refused:
        with pytest.raises(Refused) as refusal:
            run(example.given)
        assert refusal.value.code == example.refused
    else:
        assert run(example.given) == example.gives


def test_every_transform_is_documented_with_examples() -> None:
    assert [name for name, one in TRANSFORMS.items() if not one.meaning or not one.examples] == []


@pytest.mark.parametrize(
    "name", ["date", "datetime", "postcode", "nhs_number", "integer", "grams", "age", "boolean", "time"]
)
def test_a_refusal_never_repeats_the_value(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        TRANSFORMS[name].bind()("Zebediah7x")
    assert "zebediah" not in f"{refusal.value} {refusal.value.why} {refusal.value.code}".lower()


@pytest.mark.parametrize("number", ["1111111111", "0000000000", "4444444444"])
def test_a_repeated_digit_passes_modulus_11_or_not_and_is_never_an_nhs_number(number: str) -> None:
    with pytest.raises(Refused) as refusal:
        TRANSFORMS["nhs_number"].bind()(number)
    assert refusal.value.identifier is None


def test_the_digits_of_a_mistyped_nhs_number_are_worth_keeping() -> None:
    with pytest.raises(Refused) as refusal:
        TRANSFORMS["nhs_number"].bind()("999 000 0019")
    assert refusal.value.identifier == "9990000019"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("29/02/2024", "2024-02-29"),
        ("1.2.2026", "2026-02-01"),
        ("01-02-2026 00:00", "2026-02-01"),
        ("20260329013000", "2026-03-29"),
        ("20140109000000+0000", "2014-01-09"),
        ("1st February 2026", "2026-02-01"),
        ("02/2026", "2026-02"),
    ],
)
def test_dates_are_read_day_first_and_to_the_precision_given(written: str, read: str) -> None:
    assert TRANSFORMS["date"].bind()(written) == read


@pytest.mark.parametrize(
    "impossible", ["29/02/2026", "2026-13-01", "20260230", "0001-01-01", "9999-12-31T23:59:59-12:00", "32/01/2026"]
)
def test_a_day_that_never_was_is_refused(impossible: str) -> None:
    with pytest.raises(Refused) as refusal:
        TRANSFORMS["datetime"].bind()(impossible)
    assert refusal.value.code == "bad-date"


def test_the_repeated_hour_of_autumn_keeps_its_two_meanings() -> None:
    read = TRANSFORMS["datetime"].bind()
    assert read("202610250130+0100") == "2026-10-25T01:30+01:00"
    assert read("202610250130+0000") == "2026-10-25T01:30+00:00"


def test_an_argument_a_transform_does_not_take_is_an_error_at_load() -> None:
    with pytest.raises(TypeError):
        TRANSFORMS["strip"].bind("x")


@pytest.mark.parametrize(
    ("value", "looks"),
    [
        ("Zebediah!", "9 characters: letters, others"),
        ("12345", "5 digits"),
        ("x", "1 letter"),
        ("", "nothing"),
        ({"a": 1}, "an object"),
        ([1, 2], "a list of 2"),
        (True, "true or false"),
        (12, "a number"),
        (None, "null"),
    ],
)
def test_a_shape_describes_without_telling(value: object, looks: str) -> None:
    assert shape(value) == looks
