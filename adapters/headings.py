"""The row of headings of a partner's table: what divides its cells, and which of its columns are not read."""

from collections.abc import Iterator, Mapping, Sequence

from adapters.excerpt import DELIMITERS, HEADINGS_WITHIN, delimiter_of
from integration_engine.mapping.columns import folded, matched
from integration_engine.record.notice import Problem

Columns = Mapping[str, Sequence[str]]
"""Canonical column names, each with its synonyms."""
# Fewer known headings than this in a row may be chance.
_FEW = 2
_TOP = 20_000
_LETTERS = 26


def divided(text: str, columns: Columns) -> tuple[str, str]:
    """The delimiter of a text and the text without a spreadsheet's ``sep=`` line.

    It is what stands most often near the top, unless that makes no headings and another delimiter does: between semicolons
    an address is full of commas.
    """
    delimiter, rest = delimiter_of(text)
    if rest is text and len(headings_under(rest, delimiter, columns)) < _FEW:
        best = max(DELIMITERS, key=lambda one: len(headings_under(rest, one, columns)))
        if len(headings_under(rest, best, columns)) >= _FEW:
            return best, rest
    return delimiter, rest


def headings_under(text: str, delimiter: str, columns: Columns) -> dict[str, str]:
    """The known headings of the row near the top that has most of them: ``{canonical: heading}``."""
    rows = [[cell.strip(' "') for cell in line.split(delimiter)] for line in text[:_TOP].splitlines()[:HEADINGS_WITHIN]]
    return max((matched(cells, columns) for cells in rows), key=len, default={})


def meaning_the_same(
    headings: Sequence[str], places: Mapping[str, Sequence[int]], columns: Columns
) -> dict[str, tuple[int, ...]]:
    """Where columns stand whose headings are other words for what is read elsewhere: ``DOB`` beside ``Date of birth``.
    ``places`` is where what is read stands."""
    read = {at for standing in places.values() for at in standing}
    meant = {folded(name): canonical for canonical in places for name in (canonical, *columns[canonical])}
    found: dict[str, tuple[int, ...]] = {}
    for at, cell in enumerate(headings):
        if at not in read and (canonical := meant.get(folded(cell))):
            found[canonical] = (*found.get(canonical, ()), at)
    return found


def odd_columns(
    headings: Sequence[str], places: Mapping[str, Sequence[int]], also: Mapping[str, Sequence[int]]
) -> Iterator[Problem]:
    """Columns that are not read, and those that are there twice; ``places`` is where what is read stands, ``also`` what means
    the same. Headings may be anything: they are told by a spreadsheet's letters."""
    known = {at for standing in (*places.values(), *also.values()) for at in standing}
    if unknown := [letter(at) for at, cell in enumerate(headings) if cell.strip() and at not in known]:
        text = f"{_named(unknown)}: a heading that is not known; not read"
        yield Problem(code="unknown-column", text=text)
    for canonical, standing in also.items():
        first = letter(places[canonical][0])
        text = f"{_named([letter(at) for at in standing])}: the same as column {first}; read only where that is empty"
        yield Problem(code="column-means-the-same", text=text)
    if twice := [letter(at) for standing in places.values() for at in standing[1:]]:
        text = f"{_named(twice)}: the heading stands twice; a row in which the two columns differ is refused"
        yield Problem(code="duplicate-column", text=text)


def letter(at: int) -> str:
    """What a spreadsheet calls a column, the first being 0: A, Z, AA."""
    name = ""
    while at >= 0:
        at, place = divmod(at, _LETTERS)
        name, at = chr(ord("A") + place) + name, at - 1
    return name


def _named(letters: Sequence[str]) -> str:
    return f"column{'s' if len(letters) > 1 else ''} {', '.join(letters)}"
