"""Train the linkage model and write it as a JSON that a statistician can read.

    make linkage-model                                                      on streams invented here
    python -m benchmarks.linkage_model [--notices FILE --truth COLUMN] ...  and on others
    python -m benchmarks.linkage_model --restate                            what is stated anew, what was learnt as it was

Each stream teaches alone (``linkage_model_splink``); what they teach is averaged in log-odds, so that no stream's habits
outweigh another's. u is learnt from random pairs, m from the pairs known to be one child's; what expectation maximisation
finds without that knowledge stands beside it, to compare. Both are bounded where streams of this size can't know better,
and what no stream shows is stated (``linkage_model_stated.yaml``). The truth serves here only; linkage never reads it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.linkage_model_weights import found_in, model
from benchmarks.linkage_stream.profile import profile
from benchmarks.linkage_stream.stream import stream
from integration_engine.linkage.names import TABLES

INVENTED = (("ordinary", 101), ("names", 102), ("dirty", 103))
CHILDREN = 1500
# So few deaths that the streams span two years. How often dates of strangers agree depends on how long a time they are drawn
# from: less than an engine comes to hold, so that a shared date counts for less rather than more.
DEATHS_A_YEAR = 750.0


def trained(said: argparse.Namespace) -> dict[str, Any]:
    """The model that all the streams asked for teach."""
    from benchmarks.linkage_model_splink import found, lesson

    lessons = []
    for name, seed in () if said.only else INVENTED:
        rows = list(stream(said.children, seed, profile(name, deaths_a_year=DEATHS_A_YEAR)))
        lessons.append(lesson(f"benchmarks.linkage_stream {name}, seed {seed}", rows, "truth"))
    for path in said.notices:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        lessons.append(lesson(path.name, rows, said.truth))
    of = "; ".join(f"{each.name} ({each.notices:,} notices)" for each in lessons)
    return model(
        found(lessons),
        f"make linkage-model: Splink with the engine's own comparison levels on {of}; averaged in log-odds. "
        "u is from random pairs less those of one child, m from the pairs of one child. Under found: both before "
        "bounds, and as em the m by expectation maximisation without knowing the children. The rest is stated.",
    )


def restated(path: Path) -> dict[str, Any]:
    """The model that is there, with what is stated as it is stated now."""
    text = json.loads(path.read_text(encoding="utf-8"))
    return model(found_in(text), text["made"])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--notices", type=Path, action="append", default=[], help="another stream, JSON lines")
    ask.add_argument("--truth", default="truth", help="its column that names the child")
    ask.add_argument("--only", action="store_true", help="leave out the streams invented here")
    ask.add_argument("--children", type=int, default=CHILDREN, help="of each stream invented here")
    ask.add_argument("--restate", action="store_true", help="train nothing: state anew; needs no Splink")
    ask.add_argument("--to", type=Path, default=TABLES / "model-2.json")
    said = ask.parse_args()
    text = restated(said.to) if said.restate else trained(said)
    said.to.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
