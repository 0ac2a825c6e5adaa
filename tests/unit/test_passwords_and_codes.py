"""A password is kept slowly and never as itself; a code is good once, around its half minute."""

import pytest

from integration_engine.security.identity import NotAllowed
from integration_engine.security.passwords import CodeKey, hashed, matches, new_code_key, step_of

GOOD = "a long enough one"
RFC = CodeKey(b"12345678901234567890")


def test_a_password_matches_what_was_kept_of_it_and_nothing_else_does() -> None:
    kept = hashed(GOOD, "jane")
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert matches(GOOD, kept)
    for wrong in ("", GOOD + " ", GOOD.upper(), kept, "x" * 10_000):
        assert not matches(wrong, kept)
    assert not matches(GOOD, None)
    assert not matches(GOOD, "no hash at all")
    assert hashed(GOOD, "jane") != kept


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 129, "Jane-Of-Berks"])
def test_a_short_password_or_ones_own_name_is_none(password: str) -> None:
    with pytest.raises(NotAllowed):
        hashed(password, "jane-of-berks")


@pytest.mark.parametrize("password", ["x" * 12, "x" * 128, "jane-of-berks!"])
def test_any_other_of_twelve_to_128_letters_is_a_password(password: str) -> None:
    assert matches(password, hashed(password, "Jane-of-Berks"))


def test_of_a_password_that_is_too_long_no_beginning_opens_anything() -> None:
    longest = "x" * 128
    assert not matches(longest + "y", hashed(longest, "jane"))


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_standards_own_examples(seconds: int, code: str) -> None:
    """RFC 6238 appendix B, the last six digits."""
    assert RFC.code(seconds // 30) == code


def test_a_code_is_good_one_half_minute_before_and_after_its_own_and_never_twice() -> None:
    key, step = new_code_key(), 58_000_000
    now = step * 30 + 10
    for shown in (step - 1, step, step + 1):
        assert step_of(key.code(shown), key, now, 0) == shown
    for shown in (step - 2, step + 2):
        assert step_of(key.code(shown), key, now, 0) is None
    assert step_of(key.code(step), key, now, step) is None, "used"
    assert step_of(key.code(step - 1), key, now, step) is None, "earlier than one that was used"
    for wrong in ("", "12345", "1234567", "٠٠٠٠٠٠", key.text):
        assert step_of(wrong, key, now, 0) is None


def test_what_codes_are_made_from_is_shown_by_nothing_but_itself() -> None:
    key = new_code_key()
    assert key.text not in repr(key)
    assert key.address("jane").startswith("otpauth://totp/")
    assert key.text in key.address("jane")
