"""What a process keeps of the memory that threads and large messages took: told by the C library itself."""

import subprocess
import sys

THREADS = """
import ctypes, sys, threading
from integration_engine.memory import give_memory_back

if sys.argv[1] == "chosen" and not give_memory_back():
    sys.exit(3)
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
together = threading.Barrier(8)

def take():
    library.malloc(ctypes.c_size_t(1000))
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library.malloc_stats()
"""


def arenas(chosen: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", THREADS, chosen], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return sum(line.startswith("Arena ") for line in done.stderr.splitlines())


def test_threads_share_two_places_to_keep_memory_in() -> None:
    assert arenas("chosen") == 2
    assert arenas("left to itself") > 2, "else this shows nothing"
