"""The page on trends is held to the command: its examples come out as printed, its tables list what there is."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from integration_engine.cli import trends
from integration_engine.trends.breakdowns import CHAINS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trends.md").read_text(encoding="utf-8")
APP = typer.Typer()
APP.command()(trends.command)
_EXAMPLE = re.compile(r"^    cdr trends (docs/[^\n]+)\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def words(text: str) -> list[str]:
    """A table's figures and names without the white space and rules between them, which follow the terminal's width."""
    return [word for word in text.split() if not set(word) <= {"─"}]


@pytest.mark.parametrize(("asked", "printed"), _EXAMPLE.findall(PAGE))
def test_an_example_comes_out_as_the_page_prints_it(asked: str, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "110")
    found = CliRunner().invoke(APP, shlex.split(asked))
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    for line in printed.splitlines():
        assert words(line) in [words(one) for one in lines], line


def test_there_are_examples() -> None:
    assert len(_EXAMPLE.findall(PAGE)) >= 2


def test_every_breakdown_is_on_the_page() -> None:
    listed = re.findall(r"^\| (`[^|]+`) \|", PAGE.partition("| `--by` | counts by |")[2], re.MULTILINE)
    assert {name for cell in listed for name in re.findall(r"`([\w-]+)`", cell)} == set(CHAINS)
