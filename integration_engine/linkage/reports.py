"""What one police report says of several children at once and is therefore nobody's own.

A report names the coroner it told once, whichever of its persons the reference is about. Where it tells of several children
the reference may be any of theirs, and counts for none.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from integration_engine.linkage.evidence import Evidence


def each_ones_own(said: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """The same evidence, by id, without the coroner's references that a report gives for several children."""
    persons: defaultdict[str, set[str]] = defaultdict(set)
    for e in said.values():
        if e.report:
            persons[e.report].add(e.person)
    return {
        id: replace(e, coroner_refs=()) if e.coroner_refs and len(persons.get(e.report, ())) > 1 else e
        for id, e in said.items()
    }
