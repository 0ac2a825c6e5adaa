"""The planners' page is true: each of its worked examples is run, and comes to what the page shows."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from integration_engine.cli import _build

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    cdr (simulate [^\n]+)\n\n```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def words(line: str) -> str:
    return " ".join(line.split())


@pytest.mark.parametrize(("line", "shown"), EXAMPLES, ids=["four-areas", "seven-panels"])
def test_a_worked_example_comes_to_what_the_page_shows(
    line: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(_build(["simulate"]), shlex.split(line))
    assert done.exit_code == 0, done.output
    said = {words(one) for one in done.output.splitlines()}
    assert [one for one in shown.splitlines() if words(one) not in said] == []
    page = (tmp_path / "merger.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 3


@pytest.mark.parametrize("name", ["four-areas", "seven-panels"])
def test_a_plan_on_the_page_is_the_file_that_is_run(name: str) -> None:
    plan = yaml.safe_load((ROOT / "docs" / "examples" / f"{name}.yaml").read_text(encoding="utf-8"))
    for change in (*plan["cdops"], *plan.get("jar_teams", ())):
        assert change["code"] in PAGE
        assert f"[{', '.join(change['replaces'])}]" in PAGE
