"""Vetoes: what keeps two notices apart whatever they weigh.

Twins agree on almost everything that is compared. No weight can tell them apart, so weights don't decide: a *veto* says
that these are two children unless a person or a rekey says otherwise; a *hold* (see ``holds``) that they may be one child,
but that only a person may say so.
"""

from integration_engine.linkage.agreement import called_alike, of_age
from integration_engine.linkage.comparison import Compared
from integration_engine.linkage.evidence import Evidence

# Partners' dates of one death vary by days (found, pronounced, reported); one month written for another is a slip of the pen.
_DEATHS_APART_DAYS = 4
_MONTH_OFF_DAYS = 31


def vetoes(a: Evidence, b: Evidence, c: Compared) -> tuple[str, ...]:
    """Codes of what keeps these apart; empty where nothing does."""
    if of_age(a, b, c):
        return ("nhs-numbers-differ",) if c.nhs == "different" else ()
    found: list[str] = []
    if c.nhs == "different":
        found.append("nhs-numbers-differ")
    if c.order == "different":
        found.append("birth-order-differs")
    if c.given == "conflict" or c.second == "conflict":
        found.append("given-names-differ")
    called = called_alike(a, b, c)
    # One name, and a sex miswritten; but Amir and Amira, Marwan and Maryam are alike and two children.
    if c.sex == "different" and not (called and c.family != "conflict"):
        found.append("sexes-differ")
    days = max(a.death_from - b.death_to, b.death_from - a.death_to) if a.death_to and b.death_to else 0
    # A month miswritten; but a twin's number, and a dead brother's name and number, come weeks and years later.
    whole = c.given in ("equal", "swapped") and c.second != "conflict"
    miswritten = days <= _MONTH_OFF_DAYS and c.nhs == "equal" and whole and c.birth == "equal"
    if days > _DEATHS_APART_DAYS and not miswritten:
        found.append("deaths-far-apart")
    if c.local_ref == "different" and (a.kind == b.kind or c.nhs != "equal" or not called):
        found.append("local-ids-differ")
    if c.person == "different":
        found.append("event-persons-differ")
    return tuple(found)
