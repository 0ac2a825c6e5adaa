"""What a gateway reads before it opens its doors."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from integration_engine.monitoring.counters import COUNTERS, MESSAGES
from integration_engine.rehearsal import rehearse

AFTERWARDS = """
import sys
from datetime import UTC, datetime
import orjson
from adapters.adapter import Submission
from adapters.registry import read
from integration_engine.rehearsal import rehearse
from tests.fhir_samples import bundle, dead
from tests.hl7_samples import death

rehearse()
loaded = set(sys.modules)
for kind, body in (("hospital-fhir", orjson.dumps(bundle(dead()))), ("hospital-hl7", death())):
    (reading,) = read(Submission(body, datetime.now(UTC), partner="RTH"), kind)
    assert reading.verdict == "notice", reading
print(*sorted(set(sys.modules) - loaded))
"""


@pytest.mark.parametrize("today", [datetime(2028, 2, 29, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
def test_a_day_is_read_and_counted_as_nobodys_message(today: datetime) -> None:
    before = COUNTERS.series(MESSAGES)
    assert rehearse(today) > 10
    assert COUNTERS.series(MESSAGES) == before


def test_a_first_message_finds_everything_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", AFTERWARDS], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
