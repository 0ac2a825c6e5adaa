"""Has the C library give memory back that large messages took.

Left to itself glibc gives every thread an arena of its own, and each large block that is freed raises the size from which
blocks are mapped by themselves: a process that once had large messages in several threads at a time keeps about as much for
good, in pieces that nobody uses. With two arenas, and large blocks always mapped, what is freed is gone.
"""

import ctypes

# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_MEBIBYTE = 1024 * 1024
_CHOSEN = ((_ARENA_MAX, 2), (_MMAP_THRESHOLD, _MEBIBYTE), (_TRIM_THRESHOLD, 4 * _MEBIBYTE))


def give_memory_back() -> bool:
    """Choose so for this process, before it has threads. False where its C library has no such choices (musl); then it keeps
    what it had at its fullest, and nothing else is different."""
    try:
        choose = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    answers = [choose(which, value) for which, value in _CHOSEN]
    return answers == [1] * len(_CHOSEN)
