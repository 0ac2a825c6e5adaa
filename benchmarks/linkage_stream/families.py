"""The kinds of families a stream is made of."""

from collections.abc import Callable

from benchmarks.linkage_stream import households, strangers
from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.making import Maker

MAKERS: dict[str, Callable[[Maker], list[Child]]] = {
    "single": households.single, "multiple": households.multiple, "multiple_one": households.multiple_one,
    "siblings_incident": households.siblings_incident,
    "siblings_apart": households.siblings_apart, "namesake_sibling": households.namesake_sibling,
    "homonym": strangers.homonym, "same_ward": strangers.same_ward,
    "cousins": strangers.cousins, "one_event": strangers.one_event, "adopted": households.adopted,
}  # fmt: skip
EXPECTED = {"multiple": 2.1, "siblings_incident": 2.25, "siblings_apart": 2, "namesake_sibling": 2, "homonym": 2,
            "same_ward": 2.1, "cousins": 2, "one_event": 4.5}  # fmt: skip
"""Children that a group of the kind has, on average; one where absent."""
