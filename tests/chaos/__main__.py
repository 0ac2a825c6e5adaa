"""``make chaos``: rounds of seeded kills until there were enough of them, and the account of it all.

A round that fails prints its seed; ``make chaos SEED=...`` plays that round again.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from integration_engine.services import postgres, rabbitmq
from tests.chaos.house import Ground
from tests.chaos.rounds import Outcome, play

KILLS_A_ROUND = 25


def main() -> int:
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--kills", type=int, default=1000, help="how many processes die, all rounds together")
    asked.add_argument("--seed", default="", help="play this one round again")
    asked.add_argument("--times", type=int, default=1, help="how often to play it")
    asked.add_argument("--from", dest="first", default="", help="the seed that the rounds' seeds are drawn from")
    asked.add_argument("--minutes", type=float, default=120.0, help="begin no round after so long")
    asked.add_argument("--keep", type=Path, help="an empty folder for the processes' logs")
    chosen = asked.parse_args()
    if chosen.seed:
        seeds, kills = [chosen.seed] * chosen.times, KILLS_A_ROUND
    else:
        first = chosen.first or secrets.token_hex(4)
        kills = min(KILLS_A_ROUND, chosen.kills)
        seeds = [f"{first}-{number}" for number in range(-(-chosen.kills // kills))]
    with tempfile.TemporaryDirectory(prefix="cdr-chaos-", ignore_cleanup_errors=True) as name:
        return _play_all(chosen.keep or Path(name), seeds, kills, chosen.minutes)


def _play_all(folder: Path, seeds: list[str], kills: int, minutes: float) -> int:
    until = time.monotonic() + minutes * 60
    done: list[Outcome] = []
    with (
        rabbitmq(own=True) as broker,
        postgres(own=True, durable=True) as database,
        Ground.laid(broker, database, folder, ours=True) as ground,
    ):
        for seed in seeds:
            if time.monotonic() > until:
                print(f"The time is over after {len(done)} of {len(seeds)} rounds.")
                break
            done.append(play(ground, seed, kills))
            _tell(done)
    _sum_up(done)
    return 1 if any(outcome.problems for outcome in done) else 0


def _tell(done: list[Outcome]) -> None:
    last, killed = done[-1], sum(outcome.killed for outcome in done)
    word = "FAILED" if last.problems else "holds"
    print(
        f"{last.seed}  {last.store:10}  {last.killed:3} kills  {last.messages:3} messages sent {last.sent:3} times  "
        f"{last.cases:2} cases  {last.seconds:4.0f} s  {word}   ({killed} kills so far)",
        flush=True,
    )
    for problem in last.problems:
        print(f"    {problem}")
    if last.problems:
        print(f"    again: make chaos SEED={last.seed}", flush=True)


def _sum_up(done: list[Outcome]) -> None:
    where, also = Counter[str](), Counter[str]()
    for outcome in done:
        where += outcome.kills
        also += outcome.disturbed
    print("\nKilled at")
    for stage, number in sorted(where.items()):
        print(f"    {stage:24} {number:5}")
    print("Broken beside it")
    for what, number in sorted(also.items()):
        print(f"    {what:24} {number:5}")
    failed = [outcome.seed for outcome in done if outcome.problems]
    print(
        f"{where.total()} kills in {len(done)} rounds, {sum(o.messages for o in done)} messages, "
        f"{sum(o.cases for o in done)} cases: " + (f"failed: {', '.join(failed)}" if failed else "every round holds")
    )


if __name__ == "__main__":
    sys.exit(main())
