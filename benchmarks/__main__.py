"""Runs benchmarks: all of them, or those named.

python -m benchmarks [reading] [durable] [linkage] [simulate] [trends]
"""

import importlib
import sys

NAMES = ("reading", "durable", "linkage", "simulate", "trends")


def main() -> None:
    asked = [name for name in sys.argv[1:] if not name.startswith("-")] or list(NAMES)
    options = [name for name in sys.argv[1:] if name.startswith("-")]
    for name in asked:
        if name not in NAMES:
            raise SystemExit(f"no such benchmark: {name}; there are {', '.join(NAMES)}")
        print(f"== {name}", flush=True)
        sys.argv = [name, *options]
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
