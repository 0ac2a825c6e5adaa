"""Everything hostile over the wire, good traffic beside it:  python -m tests.hostile [DIR ...]

``DIR`` holds files and a ``manifest.csv`` that says of each by which channel it comes and what is expected of it; without one
the project's own tables are sent by every way in. Prints a table, and ends with 1 where anything was harmed, or answered
otherwise than expected, or where a judgement of ours about a manifest (judged.toml) isn't needed.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from integration_engine.services import postgres, rabbitmq
from tests.hostile.corpus import judgements, of_manifest
from tests.hostile.fates import Fate
from tests.hostile.samples import Sample, own
from tests.hostile.trial import Trial, tried


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folders", metavar="DIR", type=Path, nargs="*")
    ask.add_argument("--only", metavar="TEXT", help="only what has this in its name")
    ask.add_argument(
        "--rounds", metavar="N", type=int, default=1, help="send all of it so many times, of other children"
    )
    ask.add_argument("--keep", metavar="DIR", type=Path, help="keep every process's log here")
    said = ask.parse_args()

    def made(turn: int) -> Sequence[Sample]:
        judged = judgements()
        all_of_it = (
            [each for folder in said.folders for each in of_manifest(folder, judged)] if said.folders else own(turn)
        )
        return [sample for sample in all_of_it if not said.only or said.only in sample.name]

    with rabbitmq() as broker, postgres() as database, tempfile.TemporaryDirectory(prefix="cdr-hostile-") as name:
        folder = said.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        trial = tried(broker, database, folder, made, said.rounds)
    for fate in trial.fates:
        print(_line(fate))
    _print_sum(trial)
    return 1 if trial.harm or not all(fate.as_expected for fate in trial.fates) else 0


def _line(fate: Fate) -> str:
    sample, answer = fate.sample, fate.answer
    heard = f"{answer.heard} {answer.said}".strip()
    lies = "+".join(sorted(fate.lies)) or "nowhere"
    mark, detail = "DIFF", ""
    if fate.judged_for_nothing:
        detail = " | as its manifest says: the judgement about it isn't needed"
    elif not fate.as_expected:
        said = " or ".join(sorted(sample.said))
        detail = f" | expected {' or '.join(sample.may_be)} {said} {sample.problem} {sample.detail}"
    elif sample.why:
        mark, detail = "ok *", " | " + " ".join(sample.why.split())
    else:
        mark = "ok  "
    why = ",".join(fate.codes[:3])
    return f"{mark} {sample.kind:13} {sample.road:6} {sample.name[:44]:44} {heard:26} {lies:14} {why}{detail}".rstrip()


def _print_sum(trial: Trial) -> None:
    roads = Counter(f"{fate.sample.kind} by {fate.sample.road}" for fate in trial.fates)
    right = Counter(f"{fate.sample.kind} by {fate.sample.road}" for fate in trial.fates if fate.as_expected)
    print()
    for road, number in sorted(roads.items()):
        print(f"{road:28} {right[road]:4} of {number:4} as expected")
    judged = sum(1 for fate in trial.fates if fate.as_expected and fate.sample.why)
    if judged:
        print(f"{judged} of them (*) not as their manifest says, each for a reason of its own")
    print()
    for way, number in sorted(trial.good.items()):
        print(f"good {way:28} {number:4} sent, the slowest answer {trial.slowest_s[way]:.2f} s")
    print()
    for role, (before, *after) in trial.resident.items():
        print(f"{role:8} {before:4} MiB before, after each round {', '.join(map(str, after))}")
    print()
    print("\n".join(f"HARM {sentence}" for sentence in trial.harm) or "nothing was harmed")


if __name__ == "__main__":
    sys.exit(main())
