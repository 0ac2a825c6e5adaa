"""Where a process can be made to fail: at named stages, when the environment says so and never otherwise."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from integration_engine.stages import VARIABLE, WHAT, Fault, Injected, NotAFault, Stage, injecting, read_faults

_ENGINE = Path(__file__).resolve().parents[2] / "integration_engine"


def test_faults_are_written_as_they_are_read() -> None:
    text = "worker.committed=die@3,publisher.sent=pause:0.5@40,courier.marked=raise@1"
    assert ",".join(map(str, read_faults(text))) == text


@pytest.mark.parametrize("text", ["worker.nowhere=die@1", "worker.taken=burn@1", "worker.taken=die@0", "worker.taken"])
def test_what_names_no_fault_is_refused(text: str) -> None:
    with pytest.raises(NotAFault):
        read_faults(text)


def test_a_fault_happens_at_its_passing_only() -> None:
    reached = injecting([Fault("worker.read", "raise", 2)])
    reached("worker.read")
    reached("worker.begun")
    with pytest.raises(Injected):
        reached("worker.read")
    reached("worker.read")


def _passing(faults: str | None) -> "subprocess.CompletedProcess[str]":
    code = "from integration_engine.stages import reached; reached('worker.read'); print('went on')"
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment |= {VARIABLE: faults} if faults else {}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_a_process_dies_where_its_environment_says_and_goes_on_without_it() -> None:
    assert _passing("worker.read=die@1").returncode == -signal.SIGKILL
    assert _passing(None).stdout == "went on\n"


def test_every_stage_is_passed_somewhere_and_says_what_it_is() -> None:
    named = set()
    for module in _ENGINE.rglob("*.py"):
        if module.name != "stages.py":
            named |= set(re.findall(r'\breached\("([\w.-]+)"\)', module.read_text(encoding="utf-8")))
    assert named == set(get_args(Stage)) == WHAT.keys()
