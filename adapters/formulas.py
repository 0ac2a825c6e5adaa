"""Cells as spreadsheets write them: those that they would run, those that they keep from being run, and those that came to
nothing."""

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that starts so is a formula to a spreadsheet (OWASP, CSV injection)."""
_MARK = "'"
# What a spreadsheet shows, and exports, where a formula came to nothing: Excel in English and in German, LibreOffice.
_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!", "#GETTING_DATA"}
    | {"#BEZUG!", "#WERT!", "#NV", "#ZAHL!", "#ÜBERLAUF!"}
)
# ... and where the column was too narrow for what stands in it.
_SHOWN_NOTHING = re.compile(r"#{3,}|Err:\d{3}", re.ASCII)
# How people and programs keep a number or a day from being made something else: ="0123", '0123.
_AS_TEXT = re.compile(r"=\"([^\"]*)\"|'([\d/ .:-]+)", re.ASCII)
# What copying from a web page or a calendar leaves behind: no width, or only which way the text runs.
UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what starts like one."""
    return _MARK + text if text.startswith(STARTS) else text


def unmarked(text: str) -> str:
    """What ``safe_cell`` was given. Nobody's own text starts with an apostrophe before one of ``STARTS``."""
    return text[1:] if text.startswith(_MARK) and text[1:].startswith(STARTS) else text


def stated(cell: str) -> str:
    """What a cell says: without white space and what nobody sees at its ends, and without a spreadsheet's marks."""
    bare = cell.strip()
    if not bare.isascii():
        bare = bare.strip(UNSEEN).strip()
    if not bare.startswith(("=", _MARK)):
        return bare
    found = _AS_TEXT.fullmatch(bare)
    return (found[1] or found[2] or "").strip() if found else unmarked(bare)


ERROR_VALUE = "an error of the spreadsheet stands here, no value: put the formula right, or make the column wider"


def is_error(text: str) -> bool:
    """Whether this is a spreadsheet's error and no value."""
    return text.startswith(("#", "Err:")) and (text.upper() in _ERRORS or bool(_SHOWN_NOTHING.fullmatch(text)))
