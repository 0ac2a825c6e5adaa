"""One directory, held open: everything in it is reached through its descriptor and never followed out of it.

Somebody who may write into a drop folder may put a link there at any moment, also between our looking and our opening. So a
directory is opened once, each step down from it without following links, and files by the name they have in it.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_DOWN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe somebody laid down must not make us wait for its other end.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ANSWER_MODE, _ROWS_MODE, _FOLDER_MODE = 0o664, 0o660, 0o775
_PIECE_BYTES = 1024 * 1024
# File systems that know no such thing for a directory say so in one of these ways.
_NO_SYNC = (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EACCES)


class Changed(Exception):
    """The file is not what it was when it was looked at: somebody still writes it, or has put another in its place."""


@dataclass(frozen=True, slots=True)
class State:
    """How a file lay there: two of the same are, as far as anybody can tell, the same file untouched."""

    size: int
    written_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in a directory under a name, itself and not what it may point to."""

    name: str
    what: str
    state: State
    links: int = 1


@dataclass(frozen=True, slots=True)
class Directory:
    """Held open until ``close``. ``names`` lead to it from the folder that is watched."""

    fd: int
    names: tuple[str, ...] = field(default=())

    @classmethod
    def root(cls, path: Path) -> "Directory":
        """The folder itself, which an operator named: here a link is followed. Raises OSError."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def close(self) -> None:
        os.close(self.fd)

    def __enter__(self) -> "Directory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def down(self, names: Sequence[str]) -> "Directory":
        """A directory below, each step without following a link. Raises OSError."""
        fd = os.dup(self.fd)
        for name in names:
            try:
                below = os.open(name, _DOWN, dir_fd=fd)
            finally:
                os.close(fd)
            fd = below
        return Directory(fd, (*self.names, *names))

    def folder(self, name: str) -> "Directory":
        """A directory of ours below, made where it isn't there. Raises OSError."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, _FOLDER_MODE, dir_fd=self.fd)
        return self.down([name])

    def entries(self) -> Iterator[Entry]:
        """Everything in it but what goes away meanwhile, by name. Raises OSError."""
        for name in sorted(os.listdir(self.fd), key=os.fsencode):
            with contextlib.suppress(FileNotFoundError):
                yield self.entry(name)

    def entry(self, name: str) -> Entry:
        """Raises OSError."""
        found = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        what = "file" if stat.S_ISREG(found.st_mode) else "folder" if stat.S_ISDIR(found.st_mode) else "other"
        return Entry(name, what, State(found.st_size, found.st_mtime_ns), found.st_nlink)

    def has(self, name: str) -> bool:
        try:
            self.entry(name)
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str, expected: State) -> bytes:
        """All of a file. Raises Changed unless it is, from beginning to end, as it was expected; OSError."""
        try:
            fd = os.open(name, _READ, dir_fd=self.fd)
        except OSError as problem:
            if problem.errno == errno.ELOOP:
                # a link has taken the file's place
                raise Changed from None
            raise
        try:
            _require(fd, expected)
            parts, left = [], expected.size + 1
            while left and (part := os.read(fd, min(left, _PIECE_BYTES))):
                parts.append(part)
                left -= len(part)
            _require(fd, expected)
        finally:
            os.close(fd)
        if left != 1:
            raise Changed
        return b"".join(parts)

    def small(self, name: str, limit: int) -> bytes | None:
        """A small file of our own, None where there is none or it isn't one. Raises OSError."""
        try:
            entry = self.entry(name)
            return self.read(name, entry.state) if entry.what == "file" and entry.state.size <= limit else None
        except (FileNotFoundError, Changed):
            return None

    def write(self, name: str, content: bytes, *, rows: bool = False) -> None:
        """A new file, on the disk when this returns. ``rows``: it holds what a partner's file says, and is for those alone
        who may read that. Raises OSError, FileExistsError among them."""
        fd = os.open(name, _WRITE, _ROWS_MODE if rows else _ANSWER_MODE, dir_fd=self.fd)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(fd, left) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, name: str, to: "Directory", new: str) -> None:
        """Move it, a link as a link, and have that on the disk. What has the new name is replaced. Raises OSError."""
        os.rename(name, new, src_dir_fd=self.fd, dst_dir_fd=to.fd)
        for each in {self.fd, to.fd}:
            _sync(each)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.fd)


def _require(fd: int, expected: State) -> None:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or State(found.st_size, found.st_mtime_ns) != expected:
        raise Changed


def _sync(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as problem:
        if problem.errno not in _NO_SYNC:
            raise
