"""Writes a stream of invented notices, one JSON object a line, to standard output.

python -m benchmarks.linkage_stream --children 20000 --seed 1 --profile stress > stream.jsonl
"""

import argparse
import sys

import orjson

from benchmarks.linkage_stream.profile import names, profile
from benchmarks.linkage_stream.stream import stream


def main() -> None:
    about = "Writes a stream of invented notices, one JSON object a line, to standard output."
    asked = argparse.ArgumentParser(prog="python -m benchmarks.linkage_stream", description=about)
    asked.add_argument("--children", type=int, default=10_000, help="about how many; a family is never cut off")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--profile", choices=names(), default="ordinary")
    asked.add_argument("--deaths-a-year", type=float, help="how close together in time (default: the profile's)")
    asked.add_argument("--noise", type=float, help="multiplies every rate of mistakes (default: the profile's)")
    given = asked.parse_args()
    changes = {
        key: value
        for key, value in (("deaths_a_year", given.deaths_a_year), ("noise", given.noise))
        if value is not None
    }
    for row in stream(given.children, given.seed, profile(given.profile, **changes)):
        sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
