"""The stream: groups of children made one after the other by day of death, their notices in order of arrival."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.fairness import keep_fair
from benchmarks.linkage_stream.families import EXPECTED, MAKERS
from benchmarks.linkage_stream.making import Maker
from benchmarks.linkage_stream.misspelling import plain
from benchmarks.linkage_stream.mistakes import Desk, spoil
from benchmarks.linkage_stream.numbers import NumberBook
from benchmarks.linkage_stream.partners import CORONER, HOSPITAL, POLICE, Registers, Telling, tellings
from benchmarks.linkage_stream.profile import Profile
from benchmarks.linkage_stream.writing import Row, write

_BEGIN = datetime(2024, 1, 1)  # noqa: DTZ001  partners' rows carry no zone
_LATEST_STRANGERS = 50
_UPPER = {HOSPITAL: 0.4, POLICE: 0.5, CORONER: 0.15}


def stream(children: int, seed: int, profile: Profile) -> Iterator[Row]:
    """Notices of about ``children`` children (a family is never cut off), in order of arrival.

    The same arguments give the same rows. Memory holds only what is still to be sent.
    """
    book = Random(f"numbers {seed}")
    numbers, registers, recent = NumberBook(book), Registers(), _Recent()
    rates = [profile.rates(partner) for partner in (HOSPITAL, POLICE, CORONER)]
    kinds = {kind: share / EXPECTED.get(kind, 1) for kind, share in profile.kinds.items()}
    waiting: list[tuple[str, str, Row]] = []
    day = timedelta(days=365.25) / profile.deaths_a_year
    made = group = 0
    while made < children:
        chance = Random(f"{seed} {group}")
        now = _BEGIN + day * made + timedelta(minutes=chance.randint(0, 1439))
        while waiting and waiting[0][0] < (now - timedelta(days=2)).isoformat():
            yield heappop(waiting)[2]
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        family = MAKERS[kind](Maker(profile, numbers, chance, f"S{seed}-{group:06d}", now))
        told = [
            (child, _notices(child, profile, Desk(registers, chance, recent.number(chance)), rates)) for child in family
        ]
        keep_fair(told)
        for _, rows in told:
            for row in rows:
                heappush(waiting, (row["notified_at"], row["id"], row))
        recent.saw(family)
        registers.forget()
        made += len(family)
        group += 1
    while waiting:
        yield heappop(waiting)[2]


class _Recent:
    """NHS numbers of children lately written about: the wrong patient is mostly one of the same weeks."""

    def __init__(self) -> None:
        self._numbers: list[str] = []

    def saw(self, family: list[Child]) -> None:
        self._numbers = [*self._numbers, *(child.number for child in family if child.number)][-_LATEST_STRANGERS:]

    def number(self, chance: Random) -> str | None:
        return chance.choice(self._numbers) if self._numbers and chance.random() < 0.5 else None


def _notices(child: Child, profile: Profile, desk: Desk, rates: list[dict[str, float]]) -> list[Row]:
    """All rows about one child, in the order they are sent."""
    chance = desk.chance
    last: dict[str, Row] = {}
    rows = []
    for telling in tellings(child, profile, desk.registers, chance):
        before = last.get(telling.office)
        row = _again(before, telling, chance) if before else None
        if row is None:
            row = write(child, telling, chance)
            spoil(row, child, telling, desk, rates[telling.partner])
            _house_style(row, telling, chance)
        row["id"] = f"{chance.getrandbits(60):015x}"
        last[telling.office] = row
        rows.append(row)
    return rows


def _again(before: Row, telling: Telling, chance: Random) -> Row | None:
    """A resend, retract or plain update repeats what was said; None for an update that is written anew."""
    written_anew = telling.said == "update" and (chance.random() < 0.5 or "unnamed" in before["noise"])
    if written_anew:
        return None
    return {
        **before, "message_type": telling.said, "notified_at": telling.at.isoformat(timespec="seconds"),
        "noise": list(before["noise"])
    }  # fmt: skip


def _house_style(row: dict[str, Any], telling: Telling, chance: Random) -> None:
    """Old systems keep no marks on letters, and many keep capitals only."""
    marks = telling.source == "hospital_fhir" and chance.random() < 0.7
    upper = chance.random() < _UPPER[telling.partner]
    for column in ("given", "middle", "family", "known_as", "mother_given"):
        if row[column]:
            text = row[column] if marks else plain(row[column])
            row[column] = text.upper() if upper else text
