"""What holds of every name in the tables, and of any text in a name's place."""

from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from integration_engine.linkage.known import glued, known
from integration_engine.linkage.letters import rows
from integration_engine.linkage.names import (
    alike,
    called,
    never_alone,
    perhaps,
    placeholder,
    plain,
    slip,
    spelled,
    stands_for,
    words,
)
from integration_engine.linkage.shares import name_shares
from integration_engine.linkage.unnamed import stand_in
from integration_engine.linkage.written import named

VARIANTS = list(rows("variants.csv"))
DIMINUTIVES = list(rows("diminutives.csv"))
LISTED = sorted({glued(name) for _, *row in VARIANTS for name in row} | {glued(n) for row in DIMINUTIVES for n in row})
# Full names of which one is meant to be short for the other: a clerk writes Lewis for Louis, and no family has both.
MEANT = {("lewis", "louis")}

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=24)
written = st.one_of(texts, st.sampled_from(LISTED), st.lists(st.sampled_from(LISTED), max_size=3).map(" ".join))
one_word = st.one_of(st.sampled_from(LISTED), st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))


@given(written)
def test_levelling_a_levelled_name_changes_nothing(text: str) -> None:
    level = plain(text)
    assert plain(level) == level
    assert level.replace(" ", "").isascii()


@given(written)
def test_words_are_letters_and_never_fail(text: str) -> None:
    for word in (*words(text), *called(text)):
        assert word.isalpha()


@given(written, written, st.booleans())
def test_any_two_fields_can_be_read(given_names: str, family: str, said: bool) -> None:
    found = named(given_names, family, said)
    assert not (found.unnamed and found.given)
    assert all(word.isalpha() for word in (*found.given, *found.family))


@given(one_word, one_word)
def test_comparing_names_does_not_depend_on_which_comes_first(one: str, other: str) -> None:
    assert alike(one, other) == alike(other, one)
    assert slip(one, other) == slip(other, one)
    assert slip(one, other, family=True) == slip(other, one, family=True)
    assert perhaps(one, other) == perhaps(other, one)
    assert not (alike(one, other) and perhaps(one, other))


@given(one_word)
def test_a_name_is_like_itself_and_its_usual_spelling(name: str) -> None:
    assert alike(name, name)
    assert alike(name, spelled(name))
    assert spelled(name) in stands_for(name)


def test_the_usual_spelling_of_a_listed_name_is_usual() -> None:
    assert [name for name in LISTED if spelled(spelled(name)) != spelled(name)] == []


def test_no_listed_name_is_a_placeholder_and_no_placeholder_a_name() -> None:
    assert [name for name in LISTED if placeholder(name)] == []
    assert [name for name in name_shares()["given"] if placeholder(name)] == []
    assert [name for name in name_shares()["family"] if stand_in(name, family=True)] == []
    stand_ins = {
        word for kind, *row in rows("placeholders.csv") for word in row if kind in ("child", "multiple", "nameless")
    }
    assert [word for word in sorted(stand_ins) if stand_in(word) is None and word not in ("tw", "quin")] == []
    assert sorted(word for word in stand_ins if word in LISTED) == []


def test_no_spelling_stands_on_two_rows() -> None:
    spellings = Counter(glued(name) for _, *row in VARIANTS for name in row)
    assert [name for name, count in spellings.items() if count > 1] == []


def test_no_row_repeats_itself_and_no_full_name_has_two_rows() -> None:
    for row in (*[row[1:] for row in VARIANTS], *DIMINUTIVES, *rows("perhaps.csv")):
        levelled = [glued(name) for name in row]
        assert len(set(levelled)) == len(levelled), row
    full = Counter(glued(row[0]) for row in DIMINUTIVES)
    assert [name for name, count in full.items() if count > 1] == []


def test_no_full_name_is_short_for_another() -> None:
    full = sorted({spelled(glued(row[0])) for row in DIMINUTIVES})
    assert {(a, b) for a, b in combinations(full, 2) if alike(a, b)} == MEANT


def test_two_rows_of_spellings_are_two_names() -> None:
    """However they sound: a row says what is one name, and so what isn't."""
    heads = [glued(row[1]) for row in VARIANTS]
    short = {glued(name) for _, *names in DIMINUTIVES for name in names}
    joined = [
        (a, b)
        for a, b in combinations(heads, 2)
        if alike(a, b) and not ({a, b} & short) and not (never_alone(a) or never_alone(b)) and not _gods(a, b)
    ]
    assert joined == []


def _gods(one: str, other: str) -> bool:
    """Whether one is the other with God's name before it, as often left out."""
    return f"oluwa{one}" == other or f"oluwa{other}" == one


def test_what_is_perhaps_one_name_is_not_surely_one() -> None:
    sure = [(full, name) for full, *names in rows("perhaps.csv") for name in names if alike(glued(full), glued(name))]
    assert sure == []


def test_every_listed_name_is_known() -> None:
    assert [name for name in LISTED if not known(name)] == []
