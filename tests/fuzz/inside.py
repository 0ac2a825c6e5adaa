"""The process that fuzzes: atheris takes it over and ends it. ``guided`` starts it."""

import shlex
import sys

import atheris  # type: ignore[import-not-found,unused-ignore]

_FOLLOWED = ["adapters", "integration_engine.gateway", "integration_engine.mapping", "integration_engine.record"]

with atheris.instrument_imports(include=_FOLLOWED):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *arguments = sys.argv[1:]
    hold = TARGETS[name].hold
    # Settings and the like are made on first use; that is no finding.
    hold(b"")
    # What libFuzzer starts again, in a shell, to see which inputs are worth keeping.
    itself = shlex.join([sys.executable, "-m", "tests.fuzz.inside", name])
    atheris.Setup([itself, *arguments], hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
