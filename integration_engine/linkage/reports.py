"""What is said of several children at once and is therefore nobody's own.

A report names the coroner it told once, whichever of its persons the reference is about. Where it tells of several children
the reference may be any of theirs, and counts for none. Nor does a partner's own reference under which it tells of two
children, or which is that of the event: a force numbers the incident, not the dead.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from integration_engine.linkage.agreement import BORN_APART
from integration_engine.linkage.comparison import birth_level, nhs_level
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.naming import conflicting


def each_ones_own(said: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """The same evidence, by id, without the references that are several children's."""
    persons: defaultdict[str, set[str]] = defaultdict(set)
    for e in said.values():
        if e.report:
            persons[e.report].add(e.person)
    shared = frozenset(_shared(said))
    found: dict[str, Evidence] = {}
    for id, e in said.items():
        refs = () if len(persons.get(e.report, ())) > 1 else e.coroner_refs
        local = "" if e.local_ref in shared or names_the_event(e) else e.local_ref
        found[id] = (
            e if (refs, local) == (e.coroner_refs, e.local_ref) else replace(e, coroner_refs=refs, local_ref=local)
        )
    return found


def names_the_event(e: Evidence) -> bool:
    """Whether a partner's own reference is the event's."""
    return bool(e.event_ref) and e.local_ref == f"{e.partner}|{e.event_ref}"


def _shared(said: Mapping[str, Evidence]) -> Iterator[str]:
    """The references under which one partner tells of two children: by another given name, and another birth or number."""
    under: defaultdict[str, list[Evidence]] = defaultdict(list)
    for e in said.values():
        if e.local_ref and (e.given or e.birth_day):
            under[e.local_ref].append(e)
    for reference, told in under.items():
        if len(told) > 1 and any(_two(a, b) for a, b in combinations(told, 2)):
            yield reference


def _two(a: Evidence, b: Evidence) -> bool:
    return conflicting(a, b) and (birth_level(a, b) in BORN_APART or nhs_level(a, b) == "different")
