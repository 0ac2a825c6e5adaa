"""Fuzzing that follows the code: atheris changes inputs for as long as they reach new paths.

    python -m tests.fuzz.guided er7 --minutes 60

An input that breaks the contract of ``targets`` ends it, and is written to the corpus: from then on every test run tries it.
What reached new paths is added too. Needs the extra ``fuzz``.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_CORPUS = Path(__file__).parent / "corpus"
_NAMES = ("er7", "tokenizer", "framer")
_LONGEST_BYTES = 4096
# A single input that takes longer hangs; one that needs more memory leaks.
_SLOWEST_S, _MOST_MIB = 10, 2048


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("target", choices=_NAMES)
    ask.add_argument("--minutes", type=float, default=60.0)
    ask.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    said = ask.parse_args()
    if said.inside is not None:
        _inside(said.target, said.inside)
        return 0
    kept = _CORPUS / said.target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cdr-fuzz-") as name:
        found, seeded = (Path(name) / each for each in ("found", "seeds"))
        for folder in (found, seeded):
            folder.mkdir()
        _write_seeds(said.target, seeded)
        limits = [f"-max_len={_LONGEST_BYTES}", f"-timeout={_SLOWEST_S}", f"-rss_limit_mb={_MOST_MIB}"]
        run = [f"-max_total_time={round(said.minutes * 60)}", f"-artifact_prefix={kept}/broken-", *limits]
        status = _again(said.target, [str(found), str(kept), str(seeded), *run])
        for path in found.iterdir():
            shutil.copy(path, kept)
    print(f"{len(list(kept.iterdir()))} inputs are kept in {kept}")
    return status


def _again(target: str, arguments: list[str]) -> int:
    """atheris takes over the process it runs in and ends it, so it gets one of its own."""
    command = [sys.executable, "-m", "tests.fuzz.guided", target, "--inside", *arguments]
    return subprocess.run(command, check=False).returncode


def _write_seeds(target: str, folder: Path) -> None:
    from tests.fuzz.targets import seeds

    for number, body in enumerate(seeds(target)):
        (folder / f"seed-{number}").write_bytes(body)


def _inside(target: str, arguments: list[str]) -> None:
    import atheris  # type: ignore[import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["adapters", "integration_engine.gateway.mllp_frames"]):
        from tests.fuzz.targets import TARGETS
    # Settings and the like are made on first use; that is no finding.
    TARGETS[target](b"")
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
