"""A disk so small that it is soon full: memory that looks like one, for as long as a test needs it."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from integration_engine.services.private import account, new_folder

_MEGABYTES = 64
_CHUNK = bytes(64 * 1024)
_SHARED_MEMORY = Path("/dev/shm")


class SmallDisk:
    """``place`` is where it is; the PostgreSQL server of this machine may write there."""

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
def small_disk() -> Iterator[SmallDisk]:
    """One of 64 MB: mounted, or in a container that may mount nothing its shared memory, which is as small. Where there is
    neither, the test says so and ends."""
    owner = account("postgres")
    place = new_folder("disk", owner)
    why_not = _as_root("mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=0777", "tmpfs", str(place))
    if not why_not:
        try:
            yield SmallDisk(place)
        finally:
            assert not _as_root("umount", "--lazy", str(place))
            place.rmdir()
        return
    place.rmdir()
    if not _SHARED_MEMORY.is_dir() or shutil.disk_usage(_SHARED_MEMORY).total > 2 * _MEGABYTES * 1024 * 1024:
        pytest.skip(f"no small disk can be mounted here, and there is none, so that none can be filled: {why_not}")
    place = Path(tempfile.mkdtemp(prefix="cdr-disk-", dir=_SHARED_MEMORY))
    owner.own(place)
    try:
        yield SmallDisk(place)
    finally:
        shutil.rmtree(place)


def _as_root(*command: str) -> str:
    """Run it, where we are root or may become it without a password; what it complained of, nothing where it was done."""
    try:
        done = subprocess.run(
            [*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "there is no sudo"
    return "" if done.returncode == 0 else done.stderr.strip() or "refused"
