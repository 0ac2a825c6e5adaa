"""Runs benchmarks: those named, or all but the long and the special ones, and shows every figure beside its floor.

    python -m benchmarks [NAME ...] [OPTION ...] [--json FILE]

``python -m benchmarks NAME --help`` tells the options of one. An option is given to every benchmark that knows it.
"""

import argparse
import importlib
import sys
from itertools import dropwhile, takewhile
from pathlib import Path
from types import ModuleType

from benchmarks.figures import Report

NAMES = ("reading", "firehose", "pipeline", "durable", "latency", "linkage", "simulate", "trends")
BY_NAME = ("crowd", "growth", "memory", "linkage-blocking", "linkage-store")


def main() -> None:
    asked = list(takewhile(lambda given: not given.startswith("-"), sys.argv[1:])) or list(NAMES)
    given = list(dropwhile(lambda given: not given.startswith("-"), sys.argv[1:]))
    for name in asked:
        if name not in (*NAMES, *BY_NAME):
            raise SystemExit(f"no such benchmark: {name}; there are {', '.join((*NAMES, *BY_NAME))}")
    ours = argparse.ArgumentParser(prog="benchmarks", add_help=False)
    ours.add_argument("--json", type=Path, help="Write the figures to this file too.")
    said, given = ours.parse_known_args(given)
    modules = {name: importlib.import_module(f"benchmarks.{name.replace('-', '_')}") for name in asked}
    chosen = _options(modules, given)
    report = Report()
    try:
        for name, module in modules.items():
            print(f"== {name}", flush=True)
            report.add(name, module.measure(chosen[name], report))
    finally:
        report.show()
        if said.json:
            report.write(said.json)


def _options(modules: dict[str, ModuleType], given: list[str]) -> dict[str, argparse.Namespace]:
    """What each benchmark is told. An option that none of them knows ends the program."""
    chosen, unknown = {}, set(given)
    for name, module in modules.items():
        ask = argparse.ArgumentParser(
            prog=f"benchmarks {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        getattr(module, "options", lambda _: None)(ask)
        chosen[name], left = ask.parse_known_args(given)
        unknown &= set(left)
    if unknown:
        raise SystemExit(f"no such option: {' '.join(sorted(unknown))}")
    return chosen


if __name__ == "__main__":
    main()
