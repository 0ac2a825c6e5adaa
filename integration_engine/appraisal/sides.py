"""Two notices side by side, for a page: what each says, how they agree, and the waterfall of it.

Without values a side shows only that it says something: a page can be passed on that names nobody.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from integration_engine.appraisal.account import Account
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.wording import comparison, level
from integration_engine.reports.page import Line, Sides

_ORDER = (
    "given", "family", "birth", "death", "sex", "nhs", "local_ref", "home", "practice", "mother", "mother_nhs", "place",
    "order", "weight", "gestation", "person", "coroner", "event",
)  # fmt: skip
_SAID, _NOT = "said", "–"


def sides(account: Account, *, caption: str, notes: Iterable[str] = (), values: bool) -> Sides:
    """The two notices of an account. ``values``: with names, dates and numbers, else only what is said and what isn't."""
    return Sides(
        caption=caption,
        heads=(_head(account.a), _head(account.b)),
        lines=tuple(_lines(account, values)),
        unit="bits",
        total=account.waterfall.score,
        notes=tuple(notes),
        marks=(("ask", account.waterfall.asked_from), ("join", account.waterfall.joined_from)),
    )


def _head(e: Evidence) -> str:
    return f"{e.id} ({e.kind.replace('-', ' ')})" if e.kind else e.id


def _lines(account: Account, values: bool) -> Iterator[Line]:
    steps = {step.comparison: step for step in account.waterfall.steps}
    mine, theirs = stated(account.a), stated(account.b)
    names = ["prior", *_ORDER, *(name for name in steps if name not in (*_ORDER, "prior"))]
    before = 0.0
    for name in names:
        step, left, right = steps.get(name), mine.get(name, ""), theirs.get(name, "")
        if step is None and not left and not right:
            continue
        agreement = level(name, step.level) if step else _uncompared(name, left, right, account)
        one, other = (_shown(text, values) if name in _ORDER else "" for text in (left, right))
        yield Line(comparison(name), one, other, agreement, step.bits if step else None, before)
        before += step.bits if step else 0.0


def _shown(text: str, values: bool) -> str:
    return (text if values else _SAID) if text else _NOT


def _uncompared(name: str, left: str, right: str, account: Account) -> str:
    if name == "given" and not (account.a.given and account.b.given):
        return "not named yet"
    return "not comparable" if left and right else "only one says"


def stated(e: Evidence) -> Mapping[str, str]:
    """What a notice says, by comparison, as linkage reads it."""
    return {
        "given": _given(e),
        "family": _name(e.family, e.also_family, "formerly"),
        "birth": _interval(e.birth_from, e.birth_to, "" if e.birth_unit == "day" else e.birth_unit),
        "death": _interval(e.death_from, e.death_to, _clock(e)),
        "sex": {"M": "boy", "F": "girl"}.get(e.sex, e.sex),
        "nhs": e.nhs or (f"{e.nhs_typed} (invalid)" if e.nhs_typed else ""),
        "local_ref": e.local_ref.replace("|", " "),
        "home": "; ".join((*e.addresses, *e.postcodes)),
        "practice": e.gp,
        "mother": " ".join((e.mother_given, *e.mother_family)).strip(),
        "mother_nhs": e.mother_nhs,
        "place": "; ".join(sorted(e.places)),
        "order": _order(e),
        "weight": f"{e.weight_g} g" if e.weight_g else "",
        "gestation": f"{e.gestation_days // 7} weeks" if e.gestation_days else "",
        "person": e.person,
        "coroner": "; ".join(ref.replace("|", " ") for ref in e.coroner_refs),
        "event": e.event_ref,
    }


def _given(e: Evidence) -> str:
    return _name(e.given, e.also_given, "known as") or ("a placeholder" if e.unnamed else "")


def _name(words: tuple[str, ...], also: tuple[str, ...], how: str) -> str:
    return " ".join((*words, *((f"({how} {' '.join(also)})",) if also else ())))


def _interval(first: int, last: int, beside: str) -> str:
    if not last:
        return ""
    days = [date.fromordinal(day).isoformat() for day in (first, last) if day]
    text = days[0] if first == last else " to ".join(days)
    return f"{text} ({beside})" if beside else text


def _clock(e: Evidence) -> str:
    return time.strftime("%H:%M", time.localtime(60 * e.death_minute)) if e.death_minute else ""


def _order(e: Evidence) -> str:
    if e.order or e.order_hint:
        return str(e.order or e.order_hint)
    return "one of several" if e.multiple else ""
