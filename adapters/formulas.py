"""Cells that a spreadsheet would run: how we hand them out, and how what comes back is read as it was."""

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that starts so is a formula to a spreadsheet (OWASP, CSV injection)."""
_MARK = "'"


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what starts like one."""
    return _MARK + text if text.startswith(STARTS) else text


def unmarked(text: str) -> str:
    """What ``safe_cell`` was given. Nobody's own text starts with an apostrophe before one of ``STARTS``."""
    return text[1:] if text.startswith(_MARK) and text[1:].startswith(STARTS) else text
