"""``cdr --help``: every command with its purpose, without loading any of them."""

import subprocess
import sys

import pytest

from integration_engine.cli import _COMMANDS, _build

LISTED = """
import sys
from integration_engine.cli import main
sys.argv = ["cdr", "--help"]
try:
    main()
except SystemExit:
    pass
engine = {"integration_engine." + room for room in ("settings", "core", "linkage")}
loaded = sys.modules.keys() & (engine | {"sqlalchemy", "matplotlib"})
print("LOADED", sorted(loaded), [name for name in sys.modules if name.startswith("integration_engine.cli.")])
"""


def test_the_list_of_commands_names_each_and_loads_none() -> None:
    shown = subprocess.run([sys.executable, "-c", LISTED], check=True, capture_output=True, text=True).stdout
    listed, loaded = shown.split("LOADED")
    for name in _COMMANDS:
        assert f" {name} " in listed
    assert loaded.strip() == "[] []"


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_listed_command_is_there(name: str) -> None:
    program = _build([name])
    commands = [one.name for one in program.registered_commands]
    groups = [one.name for one in program.registered_groups]
    assert commands + groups == [name]
