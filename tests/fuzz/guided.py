"""Fuzzing that follows the code: atheris changes inputs for as long as they reach new paths.

    python -m tests.fuzz.guided er7 --minutes 60

An input that breaks the contract of ``targets`` ends it, and is written to the corpus: from then on every test run tries it.
Of what reached new paths the smallest inputs are kept that reach them all; where these are too many for a repository, the
larger ones are left out. Needs the extra ``fuzz``.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fuzz.targets import CORPUS, TARGETS

MOST_KEPT_BYTES = 160 * 1024
"""How much of one target's corpus is kept."""
_LONGEST_BYTES = 8192
# A single input that takes longer hangs; one that needs more memory leaks.
_SLOWEST_S, _MOST_MIB = 10, 2048
# Whatever has another name was named by a person, or broke something: it stays.
_BY_CONTENT = re.compile(r"[0-9a-f]{40}")


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("target", choices=TARGETS)
    ask.add_argument("--minutes", type=float, default=60.0)
    said = ask.parse_args()
    kept = CORPUS / said.target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cdr-fuzz-") as name:
        found, seeded, least = (Path(name) / each for each in ("found", "seeds", "least"))
        for folder in (found, seeded, least):
            folder.mkdir()
        for number, body in enumerate(TARGETS[said.target].begins_with()):
            for folder in (seeded, least):
                (folder / f"seed-{number}").write_bytes(body)
        words = Path(name) / "words"
        words.write_text("\n".join(_written(TARGETS[said.target].words)))
        limits = [f"-max_len={_LONGEST_BYTES}", f"-timeout={_SLOWEST_S}", f"-rss_limit_mb={_MOST_MIB}"]
        run = [f"-max_total_time={round(said.minutes * 60)}", f"-artifact_prefix={kept}/broken-", f"-dict={words}"]
        folders = [str(found), str(kept), str(seeded)]
        status = _fuzz(said.target, [*folders, *run, *limits, "-print_final_stats=1"])
        # Each path once, and not how often it is gone: what is kept is to be tried in every test run.
        _fuzz(said.target, ["-merge=1", "-use_counters=0", str(least), str(kept), str(found), *limits])
        left_out = _keep(least, kept)
    print(f"{len(list(kept.iterdir()))} inputs are kept in {kept}, {left_out} are left out")
    return status


def _fuzz(target: str, arguments: Sequence[str]) -> int:
    """atheris takes over the process it runs in and ends it, so it gets one of its own."""
    return subprocess.run([sys.executable, "-m", "tests.fuzz.inside", target, *arguments], check=False).returncode


def _written(words: Sequence[bytes]) -> Iterator[str]:
    """Words as libFuzzer's dictionaries have them."""
    yield from ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in words)


def _keep(least: Path, kept: Path) -> int:
    """Put the least worth keeping beside the examples that every run has in the place of what was; how many had no room."""
    for path in kept.iterdir():
        if _BY_CONTENT.fullmatch(path.name):
            path.unlink()
    room = MOST_KEPT_BYTES - sum(path.stat().st_size for path in kept.iterdir())
    named = {path.read_bytes() for path in kept.iterdir()}
    left_out = 0
    worth = (path for path in least.iterdir() if _BY_CONTENT.fullmatch(path.name))
    for path in sorted(worth, key=lambda each: (each.stat().st_size, each.name)):
        room -= path.stat().st_size
        if room < 0:
            left_out += 1
        elif path.read_bytes() not in named:
            shutil.copy(path, kept)
    return left_out


if __name__ == "__main__":
    sys.exit(main())
