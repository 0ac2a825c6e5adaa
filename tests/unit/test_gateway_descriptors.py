"""Before the doors open the process looks at how many files it may have open, in a process whose limits are its own."""

import subprocess
import sys

import pytest

_ASK = """
import resource, sys
from integration_engine.gateway.descriptors import connections_allowed
soft, hard, asked = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(connections_allowed(asked), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "allowed", "raised", "warned"),
    [
        (4096, 4096, 1000, 1000, 4096, False),
        (512, 4096, 1000, 1000, 1256, False),
        (512, 1024, 1000, 768, 1024, True),
        (128, 128, 1000, 1, 128, True),
    ],
)
def test_the_limit_is_raised_as_far_as_it_goes_and_the_rest_is_left_for_broker_and_database(
    soft: int, hard: int, asked: int, allowed: int, raised: int, warned: bool
) -> None:
    command = [sys.executable, "-c", _ASK, *map(str, (soft, hard, asked))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(allowed), str(raised), str(hard)]
    assert ("raise it" in done.stderr) == warned
