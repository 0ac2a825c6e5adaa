"""A disk so small that it is soon full: memory that looks like one, mounted for as long as a test needs it."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from integration_engine.services.private import account, new_folder

_CHUNK = bytes(64 * 1024)


class SmallDisk:
    """``place`` is where it is mounted; the PostgreSQL server of this machine may write there."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._filler = place / "filler"

    def fill(self) -> None:
        """Until there is no room for anything more."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (len(_CHUNK), 4096, 1):
                with suppress(OSError):
                    while filler.write(_CHUNK[:size]) == size:
                        pass
        with pytest.raises(OSError, match="No space left") as full:
            (self.place / "another").write_bytes(_CHUNK)
        assert full.value.errno == errno.ENOSPC
        (self.place / "another").unlink()

    def make_room(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mount one. Where nobody may mount anything - no root, nor the right to - the test says so and ends."""
    owner = account("postgres")
    place = new_folder("disk", owner)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        place.rmdir()
        pytest.skip(f"a small disk can't be mounted here, so that none can be filled: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        shutil.rmtree(place, ignore_errors=True)
