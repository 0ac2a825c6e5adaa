"""The child death record: for each field the value held true, why it won, and every differing value with its source."""

from typing import Any

from integration_engine.record.account import Account, Canonical, Text

RECORD_SCHEMA = "record/1"


class Won(Canonical):
    """Why a value is the one held true: the notice that states it, the place in its message, and the ranking that decided."""

    notice: Text
    path: Text
    profile: Text
    rule: Text


class Conflict(Canonical):
    """A differing value that did not win, and the notice that states it. ``value`` is written as the field itself is."""

    field: Text
    value: Any
    notice: Text


class ChildDeathRecord(Account):
    """What is held true about one child's death. ``record/1``. Built by ``survivorship.fold``, never by hand."""

    provenance: dict[str, Won] = {}
    conflicts: tuple[Conflict, ...] = ()
