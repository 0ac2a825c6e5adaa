"""Throughput of linkage on one core, and whether its cost stays flat as notices grow.

    python -m benchmarks linkage [--notices 130000]

The floor, in the same run, is what any linkage must do first: parse the rows. Cost per notice is measured at a tenth of the
notices and at all of them over the same number of days, so the larger set is ten times as dense. The notices are invented
here, with the mistakes partners make; the truth is used to count wrong clusters only.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from benchmarks.figures import Figure, Report
from integration_engine.cli.uncollected import uncollected
from integration_engine.linkage.evaluation import Evaluation, Truth, evaluate
from integration_engine.linkage.evidence import evidence_of_row
from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import placeholder
from integration_engine.linkage.resolve import resolve
from integration_engine.synthetic.person import invented_nhs_number

DAYS = 450
FIRST = date(2025, 4, 1)
# fmt: off
SYLLABLES = ("bar", "cot", "den", "eld", "far", "gil", "hol", "ket", "lan", "mor", "nor", "pen", "rad", "sel", "tam", "wen")
ENDINGS = ("by", "don", "field", "ford", "ham", "ley", "ridge", "shaw", "ton", "worth")
STREETS = ("Acorn", "Alder", "Birch", "Cedar", "Chapel", "Elder", "Field", "Grange", "Hazel", "Ivy", "Lime", "Mill", "Park")
# fmt: on
KINDS = ("hospital_hl7", "hospital_fhir", "police", "coroner")


class Town:
    """Where invented children live, are told of and die."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.names = {table: (list(s), list(accumulate(s.values()))) for table, s in shipped().names.items()}

    def name(self, table: str) -> str:
        if table == "family" and self.chance.random() < 0.5:
            return (self.chance.choice(SYLLABLES) + self.chance.choice(SYLLABLES) + self.chance.choice(ENDINGS)).title()
        names, weights = self.names[table]
        return self.chance.choices(names, cum_weights=weights)[0].title()

    def home(self) -> dict[str, str]:
        area = self.chance.choice(("LS", "BD", "M", "B", "E", "SE", "CR", "NE", "BS", "PL"))
        letters = "".join(self.chance.choice("ABDEFGHJLNPQRSTUWXYZ") for _ in range(2))
        return {
            "postcode": f"{area}{self.chance.randint(1, 20)} {self.chance.randint(1, 9)}{letters}",
            "address_line": f"{self.chance.randint(1, 180)} {self.chance.choice(STREETS)} Road",
            "gp_ods": f"{area[0]}8{self.chance.randint(1000, 9999)}",
        }


def children(town: Town, count: int) -> list[dict[str, Any]]:
    """Families of one, or of two or three born together; half of the children newborn."""
    chance, found = town.chance, []
    while len(found) < count:
        family, home, mother = town.name("family"), town.home(), town.name("given")
        born_together = chance.choices((1, 2, 3), (0.93, 0.06, 0.01))[0]
        lived = chance.randint(0, 27) if chance.random() < 0.5 else chance.randint(28, 17 * 365)
        died = FIRST + timedelta(days=chance.randrange(DAYS))
        called = list(dict.fromkeys(town.name("given") for _ in range(20)))  # nobody names twins alike
        for order in range(1, born_together + 1):
            minute = chance.randrange(24 * 60)
            found.append(
                home
                | {
                    "child": len(found),
                    "group": f"g{len(found) - order}" if born_together > 1 else "",
                    "kind": "multiple" if born_together > 1 else "",
                    "given": called.pop(),
                    "middle": town.name("given") if chance.random() < 0.4 else None,
                    "family": family,
                    "sex": chance.choice("MF"),
                    "nhs_number": invented_nhs_number(len(found) % 99_000),
                    "birth_date": (died - timedelta(days=lived)).isoformat(),
                    "death_datetime": datetime.combine(died, datetime.min.time()) + timedelta(minutes=minute),
                    "mother_given": mother,
                    "birth_order": order if born_together > 1 else None,
                    "newborn": lived < 28,
                    "place_of_death": f"{home['postcode'].split()[0]} Example Hospital",
                }
            )
            died += timedelta(days=chance.choice((0, 0, 1, 6)))
    return found[:count]


def notices(town: Town, child: dict[str, Any], serial: int) -> list[dict[str, Any]]:
    """Two or three words about one child, each with its own omissions and mistakes."""
    chance, rows = town.chance, []
    for copy in range(chance.choices((2, 3, 4), (0.5, 0.4, 0.1))[0]):
        kind = chance.choice(KINDS)
        row = {key: value for key, value in child.items() if key not in ("child", "newborn")}
        sender = f"{kind[:3]}-{child['postcode'].split()[0]}-{copy}"
        moment = child["death_datetime"] + timedelta(hours=3 + 20 * copy)
        row |= {
            "id": f"N{serial}-{copy}",
            "source": kind,
            "sender": sender,
            "local_ref": f"{serial}",
            "truth": f"E{serial}",
        }
        row |= {
            "message_type": "new",
            "notified_at": moment.isoformat(),
            "death_datetime": row["death_datetime"].isoformat(),
        }
        if kind in ("police", "coroner"):
            row |= {"gp_ods": None, "birth_order": None}
        _mistakes(town, row, bool(child["newborn"]))
        rows.append(row)
    return rows


def _mistakes(town: Town, row: dict[str, Any], newborn: bool) -> None:
    chance = town.chance
    likely = {
        "nhs_number": 0.15,
        "postcode": 0.05,
        "middle": 0.3,
        "mother_given": 0.6,
        "death_datetime": 0.03,
        "sex": 0.02,
    }
    for column, share in likely.items():
        if chance.random() < share:
            row[column] = None
    if newborn and chance.random() < 0.3:
        row["given"] = chance.choice(("Baby", "Infant", f"Baby of {row['mother_given'] or 'Ann'}", "Unnamed"))
        row["middle"] = None
    if chance.random() < 0.08:
        row |= {key: value for key, value in town.home().items() if key != "gp_ods"}
    if chance.random() < 0.03 and not placeholder(row["given"]):
        at = chance.randrange(1, len(row["given"]))
        row["given"] = row["given"][:at] + chance.choice("aeioust") + row["given"][at + 1 :]
    if row["death_datetime"] and chance.random() < 0.4:
        row["death_datetime"] = row["death_datetime"][:10]


def invented(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """About this many notices, in order of arrival."""
    town = Town(random.Random(seed))
    found: list[dict[str, Any]] = []
    for serial, child in enumerate(children(town, count * 10 // 26)):
        found += notices(town, child, serial)
    return sorted(found, key=lambda row: (row["notified_at"], row["id"]))


def measured(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], Evaluation]:
    """Processor seconds of the floor and of linkage from the same text: one thread, whatever else the machine does."""
    text = [json.dumps(row).encode() for row in rows]
    started = time.process_time()
    parsed = [json.loads(line) for line in text]
    floor = time.process_time() - started
    with uncollected():  # as cdr link does
        started = time.process_time()
        resolution = resolve(evidence_of_row(row) for row in parsed)
        taken = floor + time.process_time() - started
    truth = {row["id"]: Truth(row["truth"], row["group"], row["kind"]) for row in rows}
    return {
        "notices": len(rows),
        "notices_per_second": round(len(rows) / taken),
        "microseconds_per_notice": round(1e6 * taken / len(rows), 1),
        "floor_per_second": round(len(rows) / floor),
    }, evaluate(resolution, truth)


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--notices", type=int, default=130_000)


def measure(said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    small, _quality = measured(invented(said.notices // 10))
    large, quality = measured(invented(said.notices))
    for found in (small, large):
        yield Figure(
            f"cdr link, {found['notices']:,} notices", found["notices_per_second"], "notices/s", found["floor_per_second"]
        )  # fmt: skip
    few, many = (found["microseconds_per_notice"] for found in (small, large))
    yield Figure("processor time a notice: ten times as dense by few", many, "us", few)
    yield Figure("recall", quality.recall, "of pairs")
    yield Figure("recall after review", quality.recall_after_review, "of pairs")
    yield Figure("wrong clusters", quality.wrong_clusters, "clusters")
    yield Figure("reviews", quality.review_load, "a 100 children")
    yield Figure("reviews that are about one child", quality.review_true_share, "of reviews")
