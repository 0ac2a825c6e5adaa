"""Runs benchmarks: those named with their options, or all but the long ones.

python -m benchmarks [reading] [durable] [linkage] [linkage-blocking] [simulate] [trends] [linkage-store] [OPTION ...]
"""

import importlib
import sys
from itertools import dropwhile, takewhile

NAMES = ("reading", "durable", "linkage", "linkage-blocking", "simulate", "trends")
LONG = ("linkage-store",)


def main() -> None:
    asked = list(takewhile(lambda given: not given.startswith("-"), sys.argv[1:])) or list(NAMES)
    options = list(dropwhile(lambda given: not given.startswith("-"), sys.argv[1:]))
    for name in asked:
        if name not in (*NAMES, *LONG):
            raise SystemExit(f"no such benchmark: {name}; there are {', '.join((*NAMES, *LONG))}")
        print(f"== {name}", flush=True)
        sys.argv = [name, *options]
        importlib.import_module(f"benchmarks.{name.replace('-', '_')}").main()


if __name__ == "__main__":
    main()
