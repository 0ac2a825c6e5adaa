"""The breakdowns trends can count by, what each lies within, and the values it has in a body of deaths."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from integration_engine.routing.reference import Reference
from integration_engine.trends.categories import Categories
from integration_engine.trends.deaths import AGE_BANDS, UNKNOWN, Values, quarter_of
from integration_engine.trends.lattice import EVERYTHING, Axis

CHAINS: Mapping[str, tuple[str, ...]] = {
    "year": ("year",),
    "quarter": ("year", "quarter"),
    "month": ("year", "quarter", "month"),
    "region": ("region",),
    "area": ("region", "area"),
    "area-then": ("region", "area", "area-then"),
    "authority": ("region", "area", "authority"),
    "police-force": ("police-force",),
    "age-band": ("age-band",),
    "sex": ("sex",),
    "category": ("category",),
    "category-told-by": ("category-told-by",),
    "expected": ("expected",),
    "decile": ("decile",),
}
"""Each breakdown with the coarser ones it lies within, coarsest first: suppression has to hold across all of them."""

TITLES: Mapping[str, str] = {
    "year": "Year of death",
    "quarter": "Quarter of death",
    "month": "Month of death",
    "region": "NHS region",
    "area": "Child death overview panel",
    "area-then": "Child death overview panel in force at death",
    "authority": "Upper-tier authority",
    "police-force": "Police force area",
    "age-band": "Age at death",
    "sex": "Sex",
    "category": "Category of death",
    "category-told-by": "How the category was told",
    "expected": "Expected or unexpected",
    "decile": "Deprivation decile",
}
TIMES = ("year", "quarter", "month")
PLACES = ("region", "area", "area-then", "authority", "police-force")
_FIXED: Mapping[str, tuple[str, ...]] = {
    "age-band": AGE_BANDS,
    "sex": ("male", "female", "indeterminate"),
    "category-told-by": ("stated", "conclusion", "event", "icd10"),
    "expected": ("expected", "unexpected"),
    "decile": tuple(str(number) for number in range(1, 11)),
}
_WAYS = {"stated": "stated", "conclusion": "coroner's conclusion", "event": "police event", "icd10": "ICD-10 code"}


@dataclass(frozen=True, slots=True)
class Words:
    """What values are called: the reference data's names and the categories' titles."""

    reference: Reference
    categories: Categories

    def __call__(self, breakdown: str, value: str) -> str:
        """A value as a person reads it."""
        if value == UNKNOWN:
            return "not known"
        if value.endswith(f" {UNKNOWN}"):
            return f"{value.removesuffix(UNKNOWN)}({breakdown} not known)"
        plain, _, inside = value.partition(" in ")
        name = self._name(breakdown, plain)
        return f"{name} ({inside})" if inside else name

    def _name(self, breakdown: str, value: str) -> str:
        if breakdown in ("area", "area-then"):
            # Every panel's name ends so; the breakdown's own says it.
            return self.reference.cdop_name(value).removesuffix(" CDOP")
        if breakdown == "authority":
            authority = self.reference.geography.authorities.get(value)
            return authority.name if authority else value
        if breakdown == "police-force":
            force = self.reference.force(value)
            return force.name if force else value
        if breakdown == "category":
            return self.categories.titles.get(value, value)
        if breakdown == "category-told-by":
            return _WAYS.get(value, value)
        if breakdown == "decile":
            return {"1": "1 (most deprived)", "10": "10 (least deprived)"}.get(value, value)
        return value


def axes(
    breakdown: str, deaths: Sequence[Values], first: date, last: date, words: Words, today: date
) -> tuple[Axis, Mapping[tuple[str, ...], str], frozenset[str]]:
    """The axis of a breakdown over these deaths, for each path of values (coarsest first) the value it is named by, and the
    values that needn't be listed where nobody died: places, and what isn't known.

    Every value there could be is on it, whether anybody died or not, or a hidden count would be known to be none or some by
    being listed. ``first`` and ``last`` bound the times. A value that lies in two coarser ones (an authority of which another
    panel took one case) is two values.
    """
    chain = CHAINS[breakdown]
    always = set(_always(breakdown, first, last, words.categories))
    paths = {tuple(death[level] for level in chain) for death in deaths} | always
    paths |= set(_places(breakdown, words.reference, today)) | ({(UNKNOWN,)} if len(chain) == 1 and always else set())
    axis = EVERYTHING
    named: dict[tuple[str, ...], str] = {(): ""}
    for depth, level in enumerate(chain, start=1):
        here = sorted({path[:depth] for path in paths}, key=lambda path: [_order(v, words.categories) for v in path])
        homes: dict[str, set[str]] = defaultdict(set)
        for path in here:
            homes[path[-1]].add(named[path[:-1]])
        names = {path: path[-1] if len(homes[path[-1]]) == 1 else f"{path[-1]} in {named[path[:-1]]}" for path in here}
        axis = Axis(level, tuple(names.values()), axis, {name: named[path[:-1]] for path, name in names.items()})
        named = named | names
    found = {path: name for path, name in named.items() if len(path) == len(chain)}
    return axis, found, frozenset(name for path, name in found.items() if path not in always or name == UNKNOWN)


def _places(breakdown: str, reference: Reference, today: date) -> Iterator[tuple[str, ...]]:
    """Every place there is today, and every panel there was, by its path."""
    if breakdown not in PLACES:
        return
    if breakdown == "police-force":
        yield from ((force.code,) for force in set(reference.forces.values()))
        return
    bodies = reference.cdops.bodies
    if breakdown == "authority":
        for authority in reference.geography.authorities.values():
            owner = reference.cdop_for(authority.code, today, today) if authority.span.holds(today) else None
            if owner and authority.upper_tier == authority.code:
                yield bodies[owner[1]].region or UNKNOWN, owner[1], authority.code
        return
    for code in bodies:
        now = reference.cdops.standing(code, today)
        if now:
            yield (bodies[now].region or UNKNOWN, now, code)[: len(CHAINS[breakdown])]


def _order(value: str, categories: Categories) -> tuple[int, str]:
    """The place of a value in its list: unknown last."""
    if value.endswith(UNKNOWN):
        return 1000, value
    for listed in (*_FIXED.values(), tuple(categories.titles)):
        if value in listed:
            return listed.index(value), value
    return 0, value


def _always(breakdown: str, first: date, last: date, categories: Categories) -> Iterator[tuple[str, ...]]:
    """The values that have a row even where nobody died: those of a fixed list, and every time of the period."""
    if breakdown == "category":
        yield from ((name,) for name in categories.titles)
    elif breakdown in _FIXED:
        yield from ((value,) for value in _FIXED[breakdown])
    elif breakdown in TIMES:
        year, month = first.year, first.month
        while (year, month) <= (last.year, last.month):
            path = (str(year), quarter_of(date(year, month, 1)), f"{year}-{month:02}")
            yield path[: len(CHAINS[breakdown])]
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def days_of(breakdown: str, value: str, first: date, last: date) -> tuple[date, date] | None:
    """The days of a time, cut to the period; None for a value that names none."""
    if value.endswith(UNKNOWN):
        return None
    year = int(value[:4])
    if breakdown == "year":
        start, end = date(year, 1, 1), date(year, 12, 31)
    else:
        opening = int(value[6:]) * 3 - 2 if breakdown == "quarter" else int(value[5:7])
        closing = opening + (2 if breakdown == "quarter" else 0)
        start = date(year, opening, 1)
        end = date(year + closing // 12, closing % 12 + 1, 1)
        end = date.fromordinal(end.toordinal() - 1)
    return max(start, first), min(end, last)
